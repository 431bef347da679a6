"""What every reader makes of a file: entries in its order, each able to say what record it asks for, given the one that is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError

from directory.exchange.problems import Problem
from directory.records import ServiceRecord


@dataclass(slots=True)
class Asked:
    """What an entry asks for: a record, or what is wrong with it. Warnings do not refuse it."""

    record: ServiceRecord | None
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


class Entry(Protocol):
    """One service of a file."""

    @property
    def where(self) -> str:
        """Row or pointer, as problems name it."""
        ...

    @property
    def id(self) -> UUID | None:
        """Id of the service; None: the file names none."""
        ...

    @property
    def source_key(self) -> tuple[str, str] | None:
        """Source and id at the source, by which an entry without an id of ours is found again."""
        ...

    @property
    def name(self) -> str:
        """What it is called in a list of problems."""
        ...

    @property
    def verified_on(self) -> date | None:
        """Day on which the source last confirmed it."""
        ...

    def asks(self, stored: ServiceRecord | None) -> Asked:
        """The record that it makes of the stored one: what the file does not speak of stays as it is."""
        ...

    def words(self) -> Iterator[str]:
        """Everything that the file says of it, for the check that nothing confidential is among it."""
        ...


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that is not even an entry."""

    where: str
    problems: Sequence[Problem]
    name: str = ""


def validated(data: dict[str, Any]) -> tuple[ServiceRecord | None, list[tuple[tuple[Any, ...], str, str]]]:
    """The record, or for each error where in the data, the code of the rule and the reason, which may quote the data."""
    try:
        return ServiceRecord.model_validate(data), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return None, [(item["loc"], item["type"], item["msg"].removeprefix("Value error, ")) for item in found]


def problem_of(where: str, column: str, rule: str, reason: str) -> Problem:
    """The problem for a rule of the record that was broken."""
    if rule.startswith("confidential_"):
        return Problem(where, column, "confidential_address")
    if rule == "missing":
        return Problem(where, column, "required")
    return Problem(where, column, "invalid", {"reason": reason, "rule": rule})
