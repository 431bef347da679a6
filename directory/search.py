"""Which services to name to a person: those that will take them, then the ones that are open, understand them, and are near.

What would turn a person away is a hard filter: country, status, age, sex. All else only orders. Nothing is widened
silently: `relaxed` says so.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.database import now
from directory.candidates import Candidate, in_country, nationwide, near
from directory.hours import Hours
from directory.models import Address, Phone, Service
from directory.places import PlaceRef, get_place
from directory.ranking import best

RADII_KM = (50.0, 200.0)
"""First how far a person may go for it, then how far help may be at most before the whole country is searched."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Who needs what, where. None: not known, which excludes nothing.

    `country` may be None when `place_id` is given. `under_18`: True, False, or None for unsure and skipped. `sex`: female or male.
    """

    country: str | None
    needs: tuple[str, ...]
    place_id: str | None = None
    language: str | None = None
    under_18: bool | None = None
    age: float | None = None
    sex: str | None = None
    demonstration: bool = False
    limit: int = 3


@dataclass(frozen=True, slots=True)
class FoundService:
    """A service as it may be told. A confidential one has no address, and a distance to the middle of its area only."""

    id: UUID
    name: str
    description: str
    language: str | None
    """Language of name and description; None: the organization's own."""
    organization: str
    needs: tuple[str, ...]
    hours: Hours
    distance_km: float | None
    address: str | None
    confidential_address: bool
    phones: tuple[str, ...]
    languages: tuple[str, ...]
    eligible_sex: str
    walk_in: bool
    referral_needed: bool
    documents_required: bool
    is_hotline: bool
    is_example: bool
    assured_date: date | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """At most `limit` services, best first. `relaxed`: what was widened to find them (`radius_200`, `country`, `hotline`), in order."""

    services: tuple[FoundService, ...]
    relaxed: tuple[str, ...] = ()
    country: str | None = None
    place: PlaceRef | None = None


def find(session: Session, request: SearchRequest, *, at: datetime | None = None) -> SearchResult:
    """Services for the request at a moment (default: now). Never one of another country; empty without a need or a country."""
    moment = at or now()
    place = get_place(session, request.place_id) if request.place_id else None
    if place is not None and request.country not in (None, place.country):
        place = (
            None  # the country was said; a place elsewhere is a mistake, and another country's services would be one
        )
    country = request.country or (place.country if place else None)
    if country is None or not request.needs or request.limit < 1:
        return SearchResult((), country=country, place=place)
    request = replace(request, country=country)
    candidates, relaxed = _gather(session, request, place)
    chosen = best(session, candidates, request, moment)[: request.limit]
    if not chosen or relaxed:
        hotlines = best(session, nationwide(session, request, hotline=True), request, moment)[:1]
        if hotlines:
            chosen = [*chosen[: request.limit - 1], *hotlines]
            relaxed = (*relaxed, "hotline")
    return SearchResult(_told(session, chosen, request), relaxed, country, place)


def _gather(
    session: Session, request: SearchRequest, place: PlaceRef | None
) -> tuple[list[Candidate], tuple[str, ...]]:
    """Candidates of the smallest circle that holds any, and what had to be widened for them."""
    elsewhere = nationwide(session, request, hotline=False)
    if place is None:
        return in_country(session, request, None) + elsewhere, ()
    if found := near(session, request, place, RADII_KM[0]):
        return found + elsewhere, ()
    if found := near(session, request, place, RADII_KM[1]):
        return found + elsewhere, ("radius_200",)
    return in_country(session, request, place) + elsewhere, ("radius_200", "country")


def _told(session: Session, chosen: list[tuple[Candidate, Hours]], request: SearchRequest) -> tuple[FoundService, ...]:
    services = {
        service.id: service
        for service in session.scalars(
            select(Service)
            .where(Service.id.in_([candidate.service.id for candidate, _ in chosen]))
            .options(
                joinedload(Service.organization),
                selectinload(Service.texts),
                selectinload(Service.phones),
                selectinload(Service.needs),
                selectinload(Service.languages),
            )
        )
    }
    addresses = _addresses(session, [candidate for candidate, _ in chosen])
    return tuple(
        _found(services[candidate.service.id], candidate, hours, request, addresses.get(candidate.location_id))
        for candidate, hours in chosen
    )


def _addresses(session: Session, candidates: list[Candidate]) -> dict[UUID | None, str]:
    """One line for each location whose address may be told."""
    open_to_all = [one.location_id for one in candidates if one.location_id and not one.is_confidential]
    rows = session.scalars(
        select(Address)
        .where(Address.location_id.in_(open_to_all), Address.address_type == "physical")
        .order_by(Address.id.desc())
    )
    return {
        row.location_id: ", ".join(line for line in (row.address_1, row.address_2, row.city) if line) for row in rows
    }


def _found(
    service: Service, candidate: Candidate, hours: Hours, request: SearchRequest, address: str | None
) -> FoundService:
    texts = {text.language: text for text in service.texts if text.state == "approved"}
    text = texts.get(request.language or "") or texts.get("en")
    return FoundService(
        id=service.id,
        name=text.name if text else service.name,
        description=text.description if text else service.description,
        language=text.language if text else None,
        organization=service.organization.name,
        needs=tuple(sorted(need.need for need in service.needs)),
        hours=hours,
        distance_km=candidate.distance_km,
        address=address,
        confidential_address=candidate.is_confidential,
        phones=tuple(phone.number for phone in service.phones if _may_be_told(phone, request)),
        languages=tuple(sorted(language.language for language in service.languages)),
        eligible_sex=service.eligible_sex,
        walk_in=service.walk_in,
        referral_needed=service.referral_needed,
        documents_required=service.documents_required,
        is_hotline=service.is_hotline,
        is_example=service.is_example,
        assured_date=service.assured_date,
    )


def _may_be_told(phone: Phone, request: SearchRequest) -> bool:
    return request.demonstration or (phone.verified_on is not None and not phone.is_example)
