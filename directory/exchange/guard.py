"""Nothing confidential comes in by a file: what an entry says is compared with all true addresses, points and numbers at once.

`directory.guarding` holds whoever writes one entry to the same, against its own house and the hashes of all others; here every house is
opened for the length of one import, because a stranger's file may name any of them in any column.

The only answer is yes or no, and whoever asks is noted: a file of guesses is a way of looking for a house.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.logging import get_logger
from directory.confidential import ConfidentialAddress
from directory.guarding import DIGITS, ascii_digits, ending, only_digits
from directory.records import ServiceRecord
from directory.text import normalise

_NUMBERS = re.compile(r"[+(]?\d[\d\s().\-/]{6,}")
_DEGREES = re.compile(r"-?\d{1,3}[.,]\d{2,}")
_FINE = 5
"""Decimals of a point that give a house away in an entry that has nothing to do with it: coarser ones could be tried out."""
_FINE_OWN = 2
_PARTS = re.compile(r"[,;\n]")

Point = tuple[float, float]


@dataclass(slots=True)
class Secrets:
    """What must not come in, in memory for the length of one import."""

    addresses: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    """Normalised words of each address, by their first word."""
    numbers: set[str] = field(default_factory=set)
    points: set[Point] = field(default_factory=set)
    own_points: dict[UUID, Point] = field(default_factory=dict)
    """By location."""

    def __repr__(self) -> str:
        return f"Secrets({len(self.own_points)})"

    @classmethod
    def load(cls, session: Session) -> "Secrets":
        """All of them, opened with the keys of this process."""
        made = cls()
        for row in session.scalars(select(ConfidentialAddress)):
            made.add(row.location_id, row.address or "", row.point or "", row.phones or "")
        return made

    def add(self, location_id: UUID, address: str, point: str, phones: str) -> None:
        """One house."""
        words = tuple(normalise(address).split())
        street = tuple(normalise(_PARTS.split(address.strip())[0]).split())
        for known in {words if len(words) > 1 else (), street if len(street) > 2 else ()}:
            if known:
                self.addresses.setdefault(known[0], set()).add(known)
        for line in phones.splitlines():
            digits = only_digits(line)
            if len(digits) >= DIGITS:
                self.numbers.add(digits[-DIGITS:])
        try:
            latitude, longitude = (float(part) for part in point.split(","))
        except ValueError:
            return
        self.points.add((latitude, longitude))
        self.own_points[location_id] = (latitude, longitude)

    def found_in(self, texts: Iterable[str], stored: ServiceRecord | None) -> bool:
        """Whether any of them is among the texts of an entry, in order. `stored`: the entry as it is; its own points count coarser."""
        said = list(texts)
        if not (self.addresses or self.numbers or self.points):
            return False
        own = [
            self.own_points[location.id]
            for location in (stored.locations if stored else ())
            if location.id in self.own_points
        ]
        return self._address_in(said) or self._number_in(said) or self._point_in(said, own)

    def _address_in(self, texts: list[str]) -> bool:
        words = [word for text in texts for word in normalise(text).split()]
        for position, word in enumerate(words):
            for known in self.addresses.get(word, ()):
                if tuple(words[position : position + len(known)]) == known:
                    return True
        return False

    def _number_in(self, texts: list[str]) -> bool:
        return bool(self.numbers) and any(
            ending(piece) in self.numbers for text in texts for piece in _NUMBERS.findall(ascii_digits(text))
        )

    def _point_in(self, texts: list[str], own: list[Point]) -> bool:
        if not self.points:
            return False
        degrees = [piece.replace(",", ".") for text in texts for piece in _DEGREES.findall(ascii_digits(text))]
        for first, second in pairwise(degrees):
            for points, least in ((self.points, _FINE), (own, _FINE_OWN)):
                if min(_decimals(first), _decimals(second)) >= least and any(
                    _same(first, latitude) and _same(second, longitude) for latitude, longitude in points
                ):
                    return True
        return False


def note(by: str, count: int) -> None:
    """Say in the log who brought files with confidential things, how often and never which."""
    get_logger("directory.exchange").warning("confidential details in an import were refused", user=by, count=count)


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _same(text: str, degrees: float) -> bool:
    """Whether the written number is these degrees, as finely as it is written."""
    fineness = min(_decimals(text), 6)
    return abs(float(text) - degrees) <= 0.5000001 / 10.0**fineness
