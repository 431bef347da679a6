"""What keeps a hidden house hidden when entries are written: nothing puts it back into the open, and no public word tells it.

`writing.write` asks here for every entry, so a form, a file, a focal point and a restore are held to the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from directory import confidential
from directory.confidential import TrueDetails
from directory.errors import NothingConfidentialError, SecretInPublicError, UnhideError
from directory.models import Location, ServiceAtLocation
from directory.records import LocationRecord, ServiceRecord, flatten
from directory.text import normalise

DIGITS = 8
"""Last digits by which a number is known, with or without its country's code."""
_SHORTEST = 6
"""Shorter parts of an address are words like any other."""
_NEAR = 0.02
"""Degrees (2 km) within which two numbers in a text are the house's coordinates."""
_DECIMAL = re.compile(r"-?\d{1,3}[.,]\d{2,}")


def check(
    session: Session,
    before: ServiceRecord | None,
    after: ServiceRecord,
    *,
    may_unhide: bool = False,
    draft: bool = False,
) -> None:
    """Raises UnhideError when something hidden would become public, SecretInPublicError when a public field says a secret.

    `may_unhide`: somebody who may read true addresses wants it so. `draft`: nothing becomes public yet, only secrets are looked for.
    """
    if before is not None and not may_unhide and not draft and _unhides(before, after):
        raise UnhideError(before.id)
    for path, hashes in () if may_unhide else _hashes(after):
        if hashes & confidential.all_hashes(session):
            raise SecretInPublicError(path)
    hidden = {one.id for one in _locations(before, after) if one.is_confidential and one.id}
    opened = {one.id for one in after.locations if not one.is_confidential and one.id in hidden}
    if hidden and not (may_unhide and opened):
        for details in confidential.all_details(session, hidden):
            say_nothing_of(details, after)


def remember(session: Session, location_id: UUID, details: TrueDetails, *, by: str, reason: str) -> None:
    """Keep the true details of a confidential location, logged. For somebody with `directory.confidential` (the caller checks it).

    Raises NothingConfidentialError for a location that is not confidential, SecretInPublicError when its public entry says them,
    ReasonNeededError.
    """
    from directory.writing import read_many  # noqa: PLC0415 - writing asks this module before it writes

    location = session.get(Location, location_id)
    if location is None or not location.is_confidential:
        raise NothingConfidentialError(location_id)
    services = session.scalars(select(ServiceAtLocation.service_id).where(ServiceAtLocation.location_id == location_id))
    for record in read_many(session, list(services)):
        say_nothing_of(details, record)
    confidential.remember(session, location_id, details, by=by, reason=reason)


def rehash(session: Session, *, after: UUID | None, batch: int) -> tuple[UUID | None, int]:
    """Hash what is hidden with the key that writes now, some rows at a time (`confidential.rehash`)."""
    return confidential.rehash(session, after=after, batch=batch)


def say_nothing_of(details: TrueDetails, record: ServiceRecord) -> None:
    """Raises SecretInPublicError, with the path of the field and never its content, when the entry says one of the details."""
    towns = {normalise(word or "") for one in record.locations for word in (one.city, one.state_province, one.country)}
    words = secret_words(details, towns)
    for path, value in flatten(record).items():
        if tells(value, words, details):
            raise SecretInPublicError(path)


def says_nothing(session: Session, record: ServiceRecord, text: str) -> bool:
    """Whether a text that somebody writes beside the entry (a remark, a note) tells none of its secrets."""
    hidden = [one.id for one in record.locations if one.is_confidential and one.id]
    return not any(tells(text, secret_words(one), one) for one in confidential.all_details(session, hidden))


def secret_words(details: TrueDetails, towns: Iterable[str] = ()) -> set[str]:
    """The parts of an address by which it is recognised, normalised; towns are public."""
    address = details.address or ""
    parts = {normalise(part) for part in [address, *re.split(r"[,;\n]", address)]}
    return {part for part in parts if len(part) >= _SHORTEST and part not in set(towns)}


def tells(text: str, words: set[str], details: TrueDetails) -> bool:
    """Whether a text has a part of the address, a number of the house, or a coordinate finer than the area."""
    normalised = normalise(text)
    if any(word in normalised for word in words):
        return True
    digits = only_digits(text)
    if any(len(tail) >= _SHORTEST and tail in digits for tail in map(ending, details.phones)):
        return True
    if details.point is None:
        return False
    found = [float(number.replace(",", ".")) for number in _DECIMAL.findall(text)]
    return all(any(abs(number - degrees) < _NEAR for number in found) for degrees in details.point)


def _unhides(before: ServiceRecord, after: ServiceRecord) -> bool:
    hidden = {one.id for one in before.locations if one.is_confidential}
    public = {one.id for one in after.locations if not one.is_confidential}
    return (before.is_confidential and not after.is_confidential) or bool(hidden & public)


def _hashes(record: ServiceRecord) -> Iterator[tuple[str, set[bytes]]]:
    for phone in record.phones:
        yield "phones", confidential.hashes_of_number(phone.number)
    for contact in record.contacts:
        for phone in contact.phones:
            yield "contacts", confidential.hashes_of_number(phone.number)
    for location in record.locations:
        for phone in location.phones:
            yield "locations", confidential.hashes_of_number(phone.number)
        for address in location.addresses:
            whole = ", ".join(part for part in (address.address_1, address.address_2, address.city) if part)
            yield "locations", confidential.hashes_of_address(address.address_1) | confidential.hashes_of_address(whole)


def _locations(*records: ServiceRecord | None) -> list[LocationRecord]:
    return [location for record in records if record for location in record.locations]


def ascii_digits(text: str) -> str:
    """The text with the digits of every script as 0 to 9: a number written in Bangla digits is the same number."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(sign)) if unicodedata.category(sign) == "Nd" else sign for sign in text)


def only_digits(text: str) -> str:
    """The digits of a text, as 0 to 9."""
    return "".join(sign for sign in ascii_digits(text) if sign.isdecimal())


def ending(number: str) -> str:
    """The last digits of a number, by which it is known with or without its country's code."""
    return only_digits(number)[-DIGITS:]
