"""What the dialogue needs from outside, as one protocol: places, services, cases, consent. The live one is in `live.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """A place the person may mean. `label` is its name with its region."""

    id: str
    label: str
    country: str | None
    latitude: float
    longitude: float
    exact: bool = False
    """The text was this name and nothing else."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service as shown. `values` are those of the message `say_service`."""

    id: str
    values: Mapping[str, str | int | float]
    is_example: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A case that a person will see: its reference and the time by which somebody writes."""

    reference: str
    level: str
    due_at: datetime


class World(Protocol):
    """One turn's view of the deployment, the directory and the cases. Each call belongs to the turn's one transaction."""

    countries: tuple[str, ...]
    languages: Sequence[tuple[str, str]]
    """Code and name in its own script, in the order offered."""
    on_call: bool

    def look_up(self, text: str, country: str | None) -> Sequence[Place]:
        """Up to three places that the text may mean, the likeliest first."""
        ...

    def services(
        self,
        need: str,
        *,
        country: str | None,
        place: Place | None,
        language: str | None,
        under_18: bool | None,
        limit: int,
    ) -> Sequence[Service]:
        """Services for a need, the nearest first."""
        ...

    def emergency_number(self, country: str | None) -> str | None:
        """A number that somebody in the country has verified, or None."""
        ...

    def open_case(
        self,
        *,
        level: str,
        rules: Sequence[str],
        needs: Sequence[str],
        answers: Mapping[str, object],
        reason: str,
        contact: str | None,
    ) -> Opened:
        """Open the conversation's case or bring it up to date; a level never falls."""
        ...

    def record_consent(self, kind: str, *, given: bool, language: str | None) -> None:
        """Keep one answer to one request for consent."""
        ...
