"""The query of the search: which services would take a person, the nearest of them, and those that come or answer by telephone.

One call on one table (`findable`): the nearest come straight from an index in the order of their distance, however many there are.
Nothing here can read a true address.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from directory.distance import kilometres
from directory.findable import Findable
from directory.places import PlaceRef

Door = Literal["place", "circle", "country", "hotline"]

_CONFIDENTIAL_STEP_KM = 10
_LINE = "talk"
"""A line for this need is named where there is none for the need that was asked for."""


class Asked(Protocol):
    """What the query needs of a `SearchRequest`."""

    @property
    def country(self) -> str | None: ...
    @property
    def place_id(self) -> str | None: ...
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


class Candidate(NamedTuple):
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


def candidates(session: Session, asked: Asked, at: datetime) -> tuple[PlaceRef | None, list[Candidate]]:
    """The place, and what could be named: each service once, in no order that means anything; none without a country or a need.

    No place: none was asked for, it is not there, or it is not in the country that was said. A place elsewhere is a mistake, and another
    country's services would be one.
    """
    rows = session.connection().execute(_NEAREST, {
        "place": asked.place_id, "country": asked.country, "needs": list(dict.fromkeys(asked.needs)), "line": _LINE,
        "language": asked.language, "today": at.date(), "demonstration": asked.demonstration, "age": asked.age,
        "is_child": asked.age is None and asked.under_18 is True, "is_adult": asked.age is None and asked.under_18 is False,
        "sex": asked.sex, "nationality": asked.nationality, "without_papers": asked.has_papers is False,
        "with_children": asked.with_children is True,
    }).all()  # fmt: skip
    place = PlaceRef(**rows[0][0]) if rows[0][0] else None
    found: dict[UUID, Candidate] = {}
    for row in rows:
        candidate = _candidate(row, place)
        if candidate is not None:
            earlier = found.get(candidate.service_id)
            if earlier is None or _farther(earlier) > _farther(candidate):
                found[candidate.service_id] = candidate
    return place, list(found.values())


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


_NEAREST = text("""
    SELECT CASE WHEN found.nth IS NULL OR found.nth = 1 THEN to_json(place) END, found.*
    FROM (SELECT) AS once
    LEFT JOIN (SELECT id, name, country, place_type, latitude, longitude, population, region FROM place) AS place
        ON place.id = CAST(:place AS varchar) AND place.country = coalesce(CAST(:country AS varchar), place.country)
    LEFT JOIN LATERAL nearest_findable(
        coalesce(CAST(:country AS varchar), place.country), CAST(:needs AS varchar[]), :line, on_map(place.latitude, place.longitude),
        CAST(:language AS varchar), :today, :demonstration, CAST(:age AS float8), :is_child, :is_adult, CAST(:sex AS varchar),
        CAST(:nationality AS varchar), :without_papers, :with_children
    ) WITH ORDINALITY AS found (
        service_id, need, door, location_id, latitude, longitude, radius_km, is_confidential, reopens, limits_age, limits_sex, languages,
        hours, assured_date, nth
    ) ON true
    ORDER BY found.nth
""")
"""The place stands in the first row, which is there without a candidate too. The function, with the conditions of the search, is in
migration 0023: there its parts are planned once for each connection."""


def _candidate(row: Sequence[Any], place: PlaceRef | None) -> Candidate | None:
    """The row with its distance. None: no candidate, or the place is in the corner of a box that the circle does not reach."""
    (
        _, service_id, need, door, location_id, latitude, longitude, radius_km, is_confidential, reopens, limits_age, limits_sex, languages,
        hours, assured_date, _,
    ) = row  # fmt: skip
    if service_id is None:
        return None
    distance = None
    if place is not None and latitude is not None:
        distance = kilometres(place.latitude, place.longitude, latitude, longitude)
    if door == "circle":
        if distance is None or distance > radius_km:
            return None
        distance = None  # where it starts from says nothing to a person
    elif distance is not None and is_confidential:
        distance = max(1, round(distance / _CONFIDENTIAL_STEP_KM)) * float(_CONFIDENTIAL_STEP_KM)
    return Candidate(
        service_id,
        need,
        door,
        location_id,
        distance,
        is_confidential,
        reopens,
        limits_age,
        limits_sex,
        tuple(languages),
        hours,
        assured_date,
    )
