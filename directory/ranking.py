"""The order in which services are named: near enough, open, spoken to, surely eligible, near, lately confirmed. Pure."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from directory.candidates import Candidate
from directory.hours import Rule, openness
from directory.models import Schedule

BANDS_KM = (50.0, 200.0, 500.0)
"""An open door at the other end of the country is no better than a nearer one that opens tomorrow."""
FRESH = timedelta(days=90)
OLD = timedelta(days=365)


class Asker(Protocol):
    """What the order needs of a `SearchRequest`."""

    @property
    def language(self) -> str | None: ...
    @property
    def under_18(self) -> bool | None: ...
    @property
    def age(self) -> float | None: ...
    @property
    def sex(self) -> str | None: ...
    @property
    def open_now(self) -> bool: ...


def ranked(candidates: Iterable[Candidate], asker: Asker, at: datetime) -> list[Candidate]:
    """The candidates at a moment, best first."""
    return sorted(candidates, key=lambda one: _key(one, asker, at))


def _key(candidate: Candidate, asker: Asker, at: datetime) -> tuple[bool, int, int, int, bool, int, float, int, UUID]:
    distance = float("inf") if candidate.distance_km is None else candidate.distance_km
    band = bisect_left(BANDS_KM, distance) if distance < float("inf") else 0
    opened = 2 if candidate.reopens else openness(candidate.hours, at)
    return (
        candidate.reopens is not None,
        # Who must go now, goes farther for an open door; whoever can wait, does not.
        opened if asker.open_now else 0,
        band,
        opened,
        asker.language is not None and asker.language not in candidate.languages,
        _doubts(candidate, asker),
        distance if distance == float("inf") else round(distance),
        age_of_news(candidate, at),
        candidate.service_id,
    )


def _doubts(candidate: Candidate, asker: Asker) -> int:
    """How many of its limits might shut this person out, because we do not know their age or sex."""
    sex = candidate.limits_sex and asker.sex is None
    return sex + (candidate.limits_age and asker.age is None and asker.under_18 is None)


def age_of_news(candidate: Candidate, at: datetime) -> int:
    """0: confirmed within ninety days, 1: within a year, 2: longer ago, 3: never."""
    if candidate.assured_date is None:
        return 3
    age = at.date() - candidate.assured_date
    return 0 if age <= FRESH else 1 if age <= OLD else 2


def as_rule(row: Schedule) -> Rule:
    """The row as the pure functions of `hours` take it."""
    return Rule(
        kind=row.kind,  # type: ignore[arg-type]  # the database checks the words
        timezone=row.timezone,
        byday=row.byday or "",
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )
