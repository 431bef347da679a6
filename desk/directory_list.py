"""The list of the directory's entries: filters, counts, pages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, selectinload

from desk.freshness import FRESHNESS, Freshness, freshness_is, freshness_of
from directory.models import (
    LISTINGS,
    NEEDS,
    Location,
    Service,
    ServiceAtLocation,
    ServiceNeed,
    ServiceText,
)
from directory.review.models import Revision
from directory.review.policy import Policy
from directory.text import normalise

PAGE_SIZE = 50
LONGEST_SEARCH = 100
STAFF_ONLY = frozenset({"draft"})
"""Listings of entries that only those see who write or approve them: nobody has looked at them yet."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; None or empty: not narrowed. `missing`: a language without an approved text."""

    country: str = ""
    need: str = ""
    listing: str = ""
    fresh: str = ""
    confidential: str = ""
    missing: str = ""
    words: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        """From an address; a value that means nothing narrows nothing."""
        return cls(
            country=query.get("country", "")[:2],
            need=_one_of(query.get("need", ""), NEEDS),
            listing=_one_of(query.get("listing", ""), LISTINGS),
            fresh=_one_of(query.get("fresh", ""), FRESHNESS),
            confidential=_one_of(query.get("confidential", ""), ("yes", "no")),
            missing=query.get("missing", "")[:8],
            words=query.get("words", "")[:LONGEST_SEARCH].strip(),
        )

    def address(self, **other: str) -> str:
        """The list's address with these filters, some of them changed."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__} | other
        return "/desk/directory?" + urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the list."""

    id: UUID
    name: str
    organization: str
    country: str
    cities: tuple[str, ...]
    needs: tuple[str, ...]
    listing: str
    status: str
    freshness: Freshness
    assured_date: date | None
    is_confidential: bool
    is_example: bool
    change: str | None
    """State of the change that is under way: draft or submitted."""


@dataclass(frozen=True, slots=True)
class EntryList:
    """One page of the list, and how many there are: in all, and by listing with every other filter kept."""

    rows: list[Row]
    total: int
    by_listing: dict[str, int]
    page: int
    pages: int
    countries: list[str]


def read_list(
    session: Session, filters: Filters, policy: Policy, *, page: int, all_listings: bool, today: date
) -> EntryList:
    """The entries that pass the filters, by name. `all_listings`: those that nobody has approved yet, too."""
    counting = _rules(replace(filters, listing=""), policy, today)
    if not all_listings:
        counting.append(Service.listing.not_in(STAFF_ONLY))
    rules = [*counting, Service.listing == filters.listing] if filters.listing else counting
    counted = dict(
        iter(session.execute(select(Service.listing, func.count()).where(*counting).group_by(Service.listing)))
    )
    total = counted.get(filters.listing, 0) if filters.listing else sum(counted.values())
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(page, 1), pages)
    services = session.scalars(
        select(Service)
        .where(*rules)
        .order_by(func.lower(Service.name), Service.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
        .options(
            selectinload(Service.organization),
            selectinload(Service.needs),
            selectinload(Service.at_locations).selectinload(ServiceAtLocation.location),
        )
    ).all()
    changes = _changes(session, [service.id for service in services])
    countries = session.scalars(select(Service.country).distinct().order_by(Service.country)).all()
    rows = [_row(service, changes.get(service.id), freshness_of(service, policy, today)) for service in services]
    return EntryList(rows, total, counted, page, pages, list(countries))


def _rules(filters: Filters, policy: Policy, today: date) -> list[ColumnElement[bool]]:
    rules: list[ColumnElement[bool]] = []
    if filters.country:
        rules.append(Service.country == filters.country)
    if filters.need:
        rules.append(Service.needs.any(ServiceNeed.need == filters.need))
    if filters.listing:
        rules.append(Service.listing == filters.listing)
    if filters.fresh:
        rules.append(freshness_is(filters.fresh, policy, today))
    if filters.confidential:
        hidden = Service.is_confidential | Service.at_locations.any(
            ServiceAtLocation.location.has(Location.is_confidential)
        )
        rules.append(hidden if filters.confidential == "yes" else ~hidden)
    if filters.missing:
        rules.append(~Service.texts.any((ServiceText.language == filters.missing) & (ServiceText.state == "approved")))
    # Each word anywhere in what is public of the entry, in any of its languages.
    rules += [Service.search_text.contains(word, autoescape=True) for word in normalise(filters.words).split()]
    return rules


def _changes(session: Session, ids: list[UUID]) -> dict[UUID, str]:
    query = select(Revision.service_id, Revision.state).where(
        Revision.service_id.in_(ids), Revision.state.in_(("draft", "submitted"))
    )
    return dict(iter(session.execute(query.order_by(Revision.state))))


def _row(service: Service, change: str | None, freshness: Freshness) -> Row:
    places = [at.location for at in service.at_locations]
    return Row(
        id=service.id,
        name=service.name,
        organization=service.organization.name,
        country=service.country,
        cities=tuple(dict.fromkeys(place.city for place in places if place.city)),
        needs=tuple(sorted(need.need for need in service.needs)),
        listing=service.listing,
        status=service.status,
        freshness=freshness,
        assured_date=service.assured_date,
        is_confidential=service.is_confidential or any(place.is_confidential for place in places),
        is_example=service.is_example,
        change=change,
    )


def _one_of(value: str, known: tuple[str, ...]) -> str:
    return value if value in known else ""
