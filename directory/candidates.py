"""The queries of the search: which services could take a person, and how far each is. Nothing here can read a true address.

A box on an index first, distances after it: a hundred thousand services answer in milliseconds without an extension for maps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import Session

from directory.distance import box, kilometres
from directory.models import Location, Organization, Service, ServiceArea, ServiceAtLocation, ServiceNeed
from directory.places import PlaceRef

_MOST = 60
"""Candidates that are ranked: the nearest ones, because distance is all the database knows of the order."""
_CONFIDENTIAL_STEP_KM = 10
_ADULT = 18


class Asked(Protocol):
    """What the queries need of a `SearchRequest`."""

    @property
    def country(self) -> str | None: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def under_18(self) -> bool | None: ...
    @property
    def age(self) -> float | None: ...
    @property
    def sex(self) -> str | None: ...
    @property
    def demonstration(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service that would take the person, at its nearest location if it has one."""

    service: Service
    location_id: UUID | None = None
    distance_km: float | None = None
    is_confidential: bool = False


def near(session: Session, asked: Asked, place: PlaceRef, km: float) -> list[Candidate]:
    """Services within `km` of the place, and those that come to a circle around it."""
    around = box(place.latitude, place.longitude, km)
    query = (
        _located(asked)
        .where(Location.latitude.between(around.south, around.north))
        .where(Location.longitude.between(around.west, around.east))
    )
    found = _nearest(session, query, place)
    circles = session.execute(
        _eligible(asked, select(Service, ServiceArea).join(ServiceArea, ServiceArea.service_id == Service.id))
        .where(ServiceArea.country == asked.country, not_(Service.is_hotline))
        .where(ServiceArea.radius_km.is_not(None))
        .order_by(Service.id)
    )
    coming = [service for service, area in circles if _reaches(area, place)]
    inside = [one for one in found if one.distance_km is not None and one.distance_km <= km]
    return _once([*inside, *(Candidate(service, is_confidential=service.is_confidential) for service in coming)])


def _reaches(area: ServiceArea, place: PlaceRef) -> bool:
    if area.latitude is None or area.longitude is None or area.radius_km is None:
        return False
    return kilometres(place.latitude, place.longitude, area.latitude, area.longitude) <= area.radius_km


def in_country(session: Session, asked: Asked, place: PlaceRef | None) -> list[Candidate]:
    """Services with a location anywhere in the country, the nearest to the place when there is one."""
    return _nearest(session, _located(asked), place)


def nationwide(session: Session, asked: Asked, *, hotline: bool) -> list[Candidate]:
    """Services for the whole country without a place to go to: hotlines, or the others."""
    everywhere = exists().where(ServiceArea.service_id == Service.id, ServiceArea.radius_km.is_(None))
    query = _eligible(asked, select(Service)).where(
        Service.is_hotline if hotline else and_(not_(Service.is_hotline), everywhere)
    )
    return [
        Candidate(service, is_confidential=service.is_confidential)
        for service in session.scalars(query.order_by(Service.id).limit(_MOST))
    ]


def _eligible[*T](asked: Asked, query: Select[*T]) -> Select[*T]:
    """Only services that would not turn this person away."""
    rules: list[ColumnElement[bool]] = [
        Service.country == asked.country,
        Service.status == "active",
        Service.listing == "published",
        exists().where(ServiceNeed.service_id == Service.id, ServiceNeed.need.in_(asked.needs)),
    ]
    if not asked.demonstration:
        invented = exists().where(Organization.id == Service.organization_id, Organization.is_example)
        rules += [not_(Service.is_example), not_(invented)]
    if asked.age is not None:
        rules += [
            or_(Service.minimum_age.is_(None), Service.minimum_age <= asked.age),
            # "Up to 17" is until the eighteenth birthday.
            or_(Service.maximum_age.is_(None), func.floor(asked.age) <= Service.maximum_age),
        ]
    elif asked.under_18 is True:
        rules.append(or_(Service.minimum_age.is_(None), Service.minimum_age < _ADULT))
    elif asked.under_18 is False:
        rules.append(or_(Service.maximum_age.is_(None), Service.maximum_age >= _ADULT))
    if asked.sex is not None:
        rules.append(Service.eligible_sex.in_(("any", asked.sex)))
    return query.where(*rules)


def _located(asked: Asked) -> Select[Service, Location]:
    query = (
        select(Service, Location)
        .join(ServiceAtLocation, ServiceAtLocation.service_id == Service.id)
        .join(Location, Location.id == ServiceAtLocation.location_id)
        .where(
            Location.country == asked.country,
            not_(Service.is_hotline),
            # A hidden service at a location that somebody forgot to hide: not even its distance may be told.
            or_(not_(Service.is_confidential), Location.is_confidential),
        )
    )
    return _eligible(asked, query)


def _nearest(session: Session, query: Select[Service, Location], place: PlaceRef | None) -> list[Candidate]:
    """The rows of the query as candidates, nearest first, each service once."""
    if place is None:
        rows = session.execute(query.order_by(Service.assured_date.desc().nulls_last(), Service.id).limit(_MOST))
        return _once(_candidate(service, location, None) for service, location in rows)
    # Degrees of longitude shrink towards the poles; good enough to order by, kilometres are computed after.
    shrink = func.cos(func.radians(place.latitude))
    rough = func.power(Location.latitude - place.latitude, 2) + func.power(
        (Location.longitude - place.longitude) * shrink, 2
    )
    rows = session.execute(query.order_by(rough, Service.id).limit(_MOST))
    return _once(
        sorted(
            (_candidate(service, location, place) for service, location in rows),
            key=lambda one: float("inf") if one.distance_km is None else one.distance_km,
        )
    )


def _candidate(service: Service, location: Location, place: PlaceRef | None) -> Candidate:
    hidden = service.is_confidential or location.is_confidential
    distance = None
    if place is not None and location.latitude is not None and location.longitude is not None:
        exact = kilometres(place.latitude, place.longitude, location.latitude, location.longitude)
        distance = max(1, round(exact / _CONFIDENTIAL_STEP_KM)) * float(_CONFIDENTIAL_STEP_KM) if hidden else exact
    return Candidate(service, location.id, distance, hidden)


def _once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each service at its first candidate."""
    kept: dict[UUID, Candidate] = {}
    for candidate in candidates:
        kept.setdefault(candidate.service.id, candidate)
    return list(kept.values())
