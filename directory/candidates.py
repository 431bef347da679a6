"""The query of the search: which services would take a person, the nearest of them, and those that come or answer by telephone.

One statement on one table (`findable`): the nearest come straight from an index in the order of their distance, however many there are.
Nothing here can read a true address.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal, Protocol
from uuid import UUID

from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session

from directory.distance import kilometres
from directory.findable import Findable
from directory.places import PlaceRef

Door = Literal["place", "circle", "country", "hotline"]

_LOOKED_AT = 150
"""Of the nearest ones that would take the person, so many are looked at."""
_PLACES, _OTHERS = 12, 6
"""Of these, so many are ranked of those that speak the language and never close, that do one of both, and that do neither: at night, or for
whoever speaks what few speak, the right door is seldom among the very nearest."""
_CONFIDENTIAL_STEP_KM = 10
_LINE = "talk"
"""A line for this need is named where there is none for the need that was asked for."""


class Asked(Protocol):
    """What the query needs of a `SearchRequest`."""

    @property
    def country(self) -> str | None: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def language(self) -> str | None: ...
    @property
    def under_18(self) -> bool | None: ...
    @property
    def age(self) -> float | None: ...
    @property
    def sex(self) -> str | None: ...
    @property
    def nationality(self) -> str | None: ...
    @property
    def has_papers(self) -> bool | None: ...
    @property
    def with_children(self) -> bool | None: ...
    @property
    def demonstration(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service that would take the person, at its nearest door. Fields as in `findable.Findable`."""

    service_id: UUID
    need: str
    door: Door
    location_id: UUID | None
    distance_km: float | None
    """Of a confidential place: to the middle of its area, in steps of ten kilometres."""
    is_confidential: bool
    reopens: date | None
    limits_age: bool
    limits_sex: bool
    languages: tuple[str, ...]
    hours: str
    assured_date: date | None


def candidates(session: Session, asked: Asked, place: PlaceRef | None, at: datetime) -> list[Candidate]:
    """What could be named, each service once, in no order that means anything. Empty without a country or a need."""
    if asked.country is None or not asked.needs:
        return []
    needs = tuple(dict.fromkeys(asked.needs))
    values: dict[str, Any] = {
        "country": asked.country, "language": asked.language, "today": at.date(), "demonstration": asked.demonstration, "age": asked.age,
        "is_child": asked.age is None and asked.under_18 is True, "is_adult": asked.age is None and asked.under_18 is False,
        "sex": asked.sex, "nationality": asked.nationality, "without_papers": asked.has_papers is False,
        "with_children": asked.with_children is True, "line": _LINE,
    } | {f"need_{number}": need for number, need in enumerate(needs)}  # fmt: skip
    if place is not None:
        values |= {"latitude": place.latitude, "longitude": place.longitude}
    rows = session.connection().execute(_statement(len(needs), located=place is not None), values)
    found: dict[UUID, Candidate] = {}
    for row in rows:
        candidate = _candidate(row, place)
        if candidate is not None:
            earlier = found.get(candidate.service_id)
            if earlier is None or _farther(earlier) > _farther(candidate):
                found[candidate.service_id] = candidate
    return list(found.values())


def of_service(session: Session, service_id: UUID) -> Candidate | None:
    """A service at the first of its doors, whoever asks and wherever they are. None: nobody can find it."""
    row = session.scalars(
        select(Findable).where(Findable.service_id == service_id).order_by(Findable.location_id, Findable.id)
    ).first()
    if row is None:
        return None
    return Candidate(
        row.service_id, row.need, row.door, row.location_id, None, row.is_confidential, row.reopens,  # type: ignore[arg-type]
        row.minimum_age is not None or row.maximum_age is not None, row.eligible_sex != "any", tuple(row.languages), row.hours,
        row.assured_date,
    )  # fmt: skip


def _farther(candidate: Candidate) -> float:
    return float("inf") if candidate.distance_km is None else candidate.distance_km


_ABLE = """
WITH able AS NOT MATERIALIZED (
    SELECT service_id, need, door, location_id, latitude, longitude, radius_km, is_confidential, reopens, languages, hours, always,
        assured_date, minimum_age IS NOT NULL OR maximum_age IS NOT NULL AS limits_age, eligible_sex <> 'any' AS limits_sex,
        coalesce(CAST(:language AS varchar) = ANY(languages), false) AS speaks
    FROM findable WHERE country = :country
        AND (reopens IS NULL OR reopens > :today)
        AND (:demonstration OR NOT is_example)
        AND (CAST(:age AS float8) IS NULL
            OR (coalesce(minimum_age <= :age, true) AND coalesce(floor(CAST(:age AS float8)) <= maximum_age, true)))
        AND (NOT :is_child OR coalesce(minimum_age < 18, true))
        AND (NOT :is_adult OR coalesce(maximum_age >= 18, true))
        AND (CAST(:sex AS varchar) IS NULL OR eligible_sex IN ('any', :sex))
        AND (CAST(:nationality AS varchar) IS NULL OR coalesce(:nationality = ANY(eligible_nationalities), true))
        AND (NOT :without_papers OR legal_status <> 'required')
        AND (NOT :with_children OR children_accompanying IS DISTINCT FROM false))
"""
"""Only what would turn this person away: what is not known of them shuts nobody out. "Up to 17" is until the eighteenth birthday.

One statement for all: one for each set of conditions would be planned anew at nearly every search.
"""
_HERE = "on_map(:latitude, :longitude)"
_FRESH = "assured_date DESC NULLS LAST, service_id"


@lru_cache(maxsize=64)
def _statement(needs: int, *, located: bool) -> TextClause:
    """The statement for a number of needs, made once, so that the server keeps its plan.

    Longer than 4,096 characters it would be taken apart anew by psycopg at every search.
    """
    return text(_ABLE + " UNION ALL ".join(_parts(needs, located=located)))


def _parts(needs: int, *, located: bool) -> Iterator[str]:
    for number in range(needs):
        near = f"on_map(latitude, longitude) <-> {_HERE}" if located else _FRESH
        yield _few(f"need = :need_{number} AND door = 'place'", near, _PLACES)
        yield _few(f"need = :need_{number} AND door = 'country'", _FRESH, _OTHERS)
        yield _few(f"need = :need_{number} AND door = 'hotline'", _FRESH, _OTHERS)
        if located:
            around = f"around_on_map(latitude, longitude, radius_km) @> box({_HERE}, {_HERE})"
            yield _few(f"need = :need_{number} AND door = 'circle' AND {around}", _FRESH, _OTHERS)
    yield _few("need = :line AND door = 'hotline'", _FRESH, _OTHERS)


def _few(which: str, order: str, of_each: int) -> str:
    return (
        f"(SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY speaks, always ORDER BY away) AS nth FROM ("  # noqa: S608
        f"SELECT *, row_number() OVER (ORDER BY {order}) AS away FROM able WHERE {which} ORDER BY {order} LIMIT {_LOOKED_AT}"
        f") AS near) AS few WHERE nth <= {of_each})"
    )


def _candidate(row: Any, place: PlaceRef | None) -> Candidate | None:
    """The row with its distance. None: the place is in the corner of a box that the circle does not reach."""
    distance = None
    if place is not None and row.latitude is not None:
        distance = kilometres(place.latitude, place.longitude, row.latitude, row.longitude)
    if row.door == "circle":
        if distance is None or distance > row.radius_km:
            return None
        distance = None  # where it starts from says nothing to a person
    elif distance is not None and row.is_confidential:
        distance = max(1, round(distance / _CONFIDENTIAL_STEP_KM)) * float(_CONFIDENTIAL_STEP_KM)
    return Candidate(
        row.service_id, row.need, row.door, row.location_id, distance, row.is_confidential, row.reopens, row.limits_age, row.limits_sex,
        tuple(row.languages), row.hours, row.assured_date,
    )  # fmt: skip
