"""When an entry that was public becomes confidential: its address moves to where it is encrypted, and out of everything that remembers.

The history, earlier drafts and the memory of imports would otherwise tell for ever where the house is. Backups are not reached: the manual
says so.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from directory import confidential
from directory.confidential import TrueDetails
from directory.guarding import secret_words, tells
from directory.models import Metadata
from directory.records import LocationRecord, ServiceRecord
from directory.review.models import Revision

_STAYS = frozenset({"is_confidential", "country", "city", "state_province", "location_type"})
"""What a hidden location still says."""


def newly_hidden(before: ServiceRecord | None, after: ServiceRecord) -> list[LocationRecord]:
    """Locations of the stored entry that the new one hides."""
    if before is None:
        return []
    hidden = {one.id for one in after.locations if one.is_confidential}
    public = [one for one in before.locations if not one.is_confidential]
    return (
        public if after.is_confidential and not before.is_confidential else [one for one in public if one.id in hidden]
    )


def keep(session: Session, locations: list[LocationRecord], after: ServiceRecord) -> list[TrueDetails]:
    """Move what the locations said into the encrypted table, unless somebody has entered it there already; what they said."""
    told = {phone.number for phone in after.phones}
    staying = {one.id for one in after.locations}
    moved = []
    for location in locations:
        lines = [
            ", ".join(part for part in (one.address_1, one.address_2, one.city, one.postal_code) if part)
            for one in location.addresses
        ]
        details = TrueDetails(
            "\n".join(lines) or None,
            (location.latitude, location.longitude) if location.latitude is not None and location.longitude is not None else None,
            tuple(phone.number for phone in location.phones if phone.number not in told),
        )  # fmt: skip
        moved.append(details)
        if location.id in staying and location.id and not confidential.all_details(session, [location.id]):
            confidential.keep(session, location.id, details)
    return moved


def forget(session: Session, service_id: UUID, locations: list[LocationRecord], moved: list[TrueDetails]) -> None:
    """Take the locations' details out of the history, of drafts and of what imports remember."""
    from directory.exchange.models import ImportChange  # noqa: PLC0415 - its room imports writing, which asks this module

    ids = {str(one.id) for one in locations}
    towns = {word.casefold() for one in locations for word in (one.city, one.state_province) if word}
    told = [(secret_words(details, towns), details) for details in moved]
    gone = [
        row.id
        for row in session.scalars(select(Metadata).where(Metadata.service_id == service_id))
        if _of_hidden(row.field_name, ids)
        or any(tells(text, *one) for one in told for text in (row.previous_value, row.replacement_value))
    ]
    session.execute(delete(Metadata).where(Metadata.id.in_(gone)))
    for revision in session.scalars(select(Revision).where(Revision.service_id == service_id)):
        revision.record = _hidden(revision.record, ids, told)
    for change in session.scalars(select(ImportChange).where(ImportChange.service_id == service_id)):
        change.before = _hidden(change.before, ids, told) if change.before else None
    session.flush()


def _of_hidden(path: str, ids: set[str]) -> bool:
    parts = path.split(".")
    if parts[0] != "locations" or len(parts) < 3 or parts[1] not in ids:
        return False
    return parts[2] not in _STAYS and parts[2] != "schedules"


def _hidden(record: dict[str, Any], ids: set[str], told: list[tuple[set[str], TrueDetails]]) -> dict[str, Any]:
    """The record as JSON with the locations hidden and every text that told them empty."""
    clean: dict[str, Any] = _without(record, told)
    for location in clean.get("locations") or ():
        if location.get("id") in ids:
            location |= {
                "is_confidential": True, "addresses": [], "phones": [], "name": "", "description": None,
                "transportation": None, "accessibility": [], "place_id": None,
            }  # fmt: skip
            for degrees in ("latitude", "longitude"):
                location[degrees] = None if location.get(degrees) is None else round(location[degrees], 1)
    return clean


def _without(value: Any, told: list[tuple[set[str], TrueDetails]]) -> Any:
    if isinstance(value, dict):
        return {name: _without(inner, told) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, told) for inner in value]
    if isinstance(value, str) and any(tells(value, *one) for one in told):
        return "…"
    return value
