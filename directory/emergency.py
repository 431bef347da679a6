"""The emergency number of a country: told only when somebody in the country has verified it lately.

Two of seven countries have conflicting numbers in the public lists, and a wrong number costs minutes. The data ships
unverified; a deployment's verifier puts a name and a date to it. A demonstration shows what would be told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_DATA = Path(__file__).parent / "data" / "emergency_numbers.yml"
VERIFIED_FOR = timedelta(days=90)
"""A verification older than this no longer counts."""


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """One number of a country. `kinds`: what it reaches (`any`, `police`, `ambulance`, `fire`)."""

    country: str
    number: str
    kinds: tuple[str, ...]
    verified_by: str | None
    verified_on: date | None
    note: str

    def is_verified(self, today: date) -> bool:
        """Whether somebody vouches for it, and did so within the last ninety days."""
        if not self.verified_by or self.verified_on is None:
            return False
        return timedelta(0) <= today - self.verified_on <= VERIFIED_FOR


@lru_cache(maxsize=4)
def numbers(path: Path = _DATA) -> tuple[EmergencyNumber, ...]:
    """Every number in the data, in the order in which it would be told."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_number(country, entry) for country, entries in content.items() for entry in entries)


def _number(country: str, entry: dict[str, Any]) -> EmergencyNumber:
    if entry["verified_on"] is not None and not isinstance(entry["verified_on"], date):
        raise ValueError(f"{_DATA.name}: {country}: verified_on is a date without quotes")
    return EmergencyNumber(
        country, str(entry["number"]), tuple(entry["kinds"]), entry["verified_by"], entry["verified_on"],
        entry.get("note", ""),
    )  # fmt: skip


_owned: Mapping[str, EmergencyNumber] = {}


def adopt(entries: Mapping[str, EmergencyNumber]) -> None:
    """Tell these, by country, in place of those of the file: what somebody of this deployment verified."""
    global _owned  # noqa: PLW0603 - one set of numbers a process, as the file is
    _owned = dict(entries)


def number_for(
    country: str | None, *, demonstration: bool, today: date | None = None, path: Path = _DATA, own: bool = True
) -> str | None:
    """The number to tell in this country, or None: a verified one, or in a demonstration the first that is known.

    `own`: numbers that were adopted go before those of the file.
    """
    day = today or datetime.now(UTC).date()
    adopted = _owned.get(country or "") if own else None
    known = [*([adopted] if adopted else []), *(entry for entry in numbers(path) if entry.country == country)]
    for entry in known:
        if entry.is_verified(day):
            return entry.number
    return known[0].number if demonstration and known else None
