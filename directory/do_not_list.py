"""Entries that must never be listed again are kept, so that nobody adds them anew: not by a form, not by the next file of a partner.

`writing.write` asks here before it creates an entry or gives one another number or name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from directory.errors import DoNotListError
from directory.models import Contact, Location, Phone, Service, ServiceAtLocation
from directory.records import ServiceRecord
from directory.text import normalise

_TAIL = 8
"""Last digits that make two numbers of one country the same, with or without the country's code."""


@dataclass(frozen=True, slots=True)
class Barred:
    """An entry that must never be listed, by what it is known by."""

    service_id: UUID
    country: str
    reason: str
    name: str
    numbers: frozenset[str]


def refuse(
    session: Session, before: ServiceRecord | None, after: ServiceRecord, *, barred: Iterable[Barred] | None = None
) -> None:
    """Raises DoNotListError when the entry is one, or takes the number or the name (with the organization) of one.

    `barred`: what `load` gave, for whoever asks for many entries.
    """
    numbers, name = _numbers_of(after), _name(after.organization.name, after.name)
    if before is not None:
        numbers -= _numbers_of(before)
        name = "" if name == _name(before.organization.name, before.name) else name
    if not numbers and not name:
        return
    for one in load(session, after.country) if barred is None else barred:
        if one.service_id != after.id and one.country == after.country and (one.name == name or numbers & one.numbers):
            raise DoNotListError(one.service_id, one.reason)


def load(session: Session, country: str | None = None) -> list[Barred]:
    """All entries that must never be listed, of one country or of all."""
    query = select(Service).where(Service.listing == "do_not_list")
    listed = session.scalars(
        (query.where(Service.country == country) if country else query).options(
            selectinload(Service.organization),
            selectinload(Service.phones),
            selectinload(Service.contacts).selectinload(Contact.phones),
            selectinload(Service.at_locations).selectinload(ServiceAtLocation.location).selectinload(Location.phones),
        )
    )
    return [
        Barred(
            service.id,
            service.country,
            service.listing_reason or "",
            _name(service.organization.name, service.name),
            frozenset(_tail(phone.number) for phone in _phones(service)),
        )
        for service in listed
    ]


def _numbers_of(record: ServiceRecord) -> set[str]:
    phones = [*record.phones]
    phones += [phone for contact in record.contacts for phone in contact.phones]
    phones += [phone for location in record.locations for phone in location.phones]
    return {_tail(phone.number) for phone in phones}


def _phones(service: Service) -> Iterator[Phone]:
    yield from service.phones
    for contact in service.contacts:
        yield from contact.phones
    for at in service.at_locations:
        yield from at.location.phones


def _tail(number: str) -> str:
    digits = "".join(character for character in number if character.isdigit())
    return digits[-_TAIL:]


def _name(organization: str, service: str) -> str:
    return f"{normalise(organization)}|{normalise(service)}"
