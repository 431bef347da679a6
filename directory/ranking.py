"""The order in which services are named: open, spoken to, surely eligible, near, lately confirmed. Pure but for reading the schedules."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from directory.candidates import Candidate
from directory.hours import Hours, Rule, state
from directory.models import Schedule, Service, ServiceLanguage

_OPENNESS = {"open": 0, "always": 0, "unknown": 1, "appointment": 1, "closed": 2}
"""Hours that are not known rank between open and closed: they must not hide a service."""
_BANDS_KM = (50.0, 200.0, 500.0)
"""An open door at the other end of the country is no better than a nearer one that opens tomorrow."""
_FRESH = timedelta(days=90)
_OLD = timedelta(days=365)


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


def best(
    session: Session, candidates: Sequence[Candidate], asker: Asker, at: datetime
) -> list[tuple[Candidate, Hours]]:
    """The candidates with their hours at a moment, best first."""
    if not candidates:
        return []
    rules = _rules(session, candidates)
    spoken = _spoken(session, candidates)
    known = [(candidate, state(rules[candidate.service.id], at)) for candidate in candidates]
    return sorted(known, key=lambda one: _key(one[0], one[1], asker, spoken.get(one[0].service.id, set()), at))


def _key(
    candidate: Candidate, hours: Hours, asker: Asker, spoken: set[str], at: datetime
) -> tuple[int, int, bool, int, float, int, str]:
    service = candidate.service
    distance = float("inf") if candidate.distance_km is None else candidate.distance_km
    return (
        bisect_left(_BANDS_KM, distance) if distance < float("inf") else 0,
        _OPENNESS[hours.kind],
        asker.language is not None and asker.language not in spoken,
        _doubts(service, asker),
        distance if distance == float("inf") else round(distance),
        _age_of_news(service, at),
        str(service.id),
    )


def _doubts(service: Service, asker: Asker) -> int:
    """How many of its limits might shut this person out, because we do not know their age or sex."""
    sex = service.eligible_sex != "any" and asker.sex is None
    limited = service.minimum_age is not None or service.maximum_age is not None
    return sex + (limited and asker.age is None and asker.under_18 is None)


def _age_of_news(service: Service, at: datetime) -> int:
    if service.assured_date is None:
        return 3
    age = at.date() - service.assured_date
    return 0 if age <= _FRESH else 1 if age <= _OLD else 2


def _rules(session: Session, candidates: Sequence[Candidate]) -> dict[UUID, list[Rule]]:
    """The rules of opening of each service: its own, or its location's. Closures of the location hold for both."""
    services = [candidate.service.id for candidate in candidates]
    locations = [candidate.location_id for candidate in candidates if candidate.location_id]
    of: dict[UUID, list[Rule]] = {}
    for row in session.scalars(
        select(Schedule)
        .where(or_(Schedule.service_id.in_(services), Schedule.location_id.in_(locations)))
        .order_by(Schedule.id)
    ):
        owner = row.service_id or row.location_id
        if owner is not None:
            of.setdefault(owner, []).append(as_rule(row))
    found: dict[UUID, list[Rule]] = {}
    for candidate in candidates:
        own = of.get(candidate.service.id, [])
        there = of.get(candidate.location_id, []) if candidate.location_id else []
        has_hours = any(rule.kind != "closure" for rule in own)
        found[candidate.service.id] = own + [rule for rule in there if not has_hours or rule.kind == "closure"]
    return found


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


def _spoken(session: Session, candidates: Sequence[Candidate]) -> dict[UUID, set[str]]:
    spoken: dict[UUID, set[str]] = {}
    ids = [candidate.service.id for candidate in candidates]
    for row in session.scalars(select(ServiceLanguage).where(ServiceLanguage.service_id.in_(ids))):
        spoken.setdefault(row.service_id, set()).add(row.language)
    return spoken
