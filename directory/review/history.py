"""What an entry was: each change of each field with who and when, and the whole entry as it stood at a moment.

The history is the rows that `writing.write` leaves; an earlier state is today's with the later changes taken back.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from directory.errors import UnknownEntryError
from directory.models import Metadata
from directory.records import ServiceRecord, flatten, orders
from directory.review.models import Revision
from directory.writing import Change, read

_JSON_FIELDS = frozenset({"needs", "languages", "eligible_nationalities"})
_LISTS = frozenset({
    "phones", "contacts", "addresses", "schedules", "areas", "locations", "costs", "documents", "capacities", "accessibility",
})  # fmt: skip
_ORDER = ".order"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One change of one field. Empty text: it was not there.

    `path` as in `records.flatten`, or `<list>.order`, `listing`, `listing_reason`, `assured_date`.
    """

    id: UUID
    path: str
    before: str
    after: str
    at: datetime
    by: str
    source: str
    approved_by: str | None


def history(
    session: Session, service_id: UUID, *, path: str | None = None, before: datetime | None = None, limit: int = 500
) -> list[FieldChange]:
    """Changes of an entry, newest first; of one field with `path`, older than a moment with `before` (for the next page)."""
    query = (
        select(Metadata, Revision.decided_by)
        .outerjoin(
            Revision,
            and_(
                Revision.service_id == Metadata.service_id,
                Revision.decided_at == Metadata.last_action_date,
                Revision.state == "approved",
            ),
        )
        .where(Metadata.service_id == service_id)
        .order_by(Metadata.last_action_date.desc(), Metadata.field_name)
        .limit(limit)
    )
    if path is not None:
        query = query.where(Metadata.field_name == path)
    if before is not None:
        query = query.where(Metadata.last_action_date < before)
    return [
        FieldChange(
            row.id, row.field_name, row.previous_value, row.replacement_value, row.last_action_date, row.updated_by,
            row.source, approver,
        )
        for row, approver in session.execute(query)
    ]  # fmt: skip


def state_at(session: Session, service_id: UUID, at: datetime) -> ServiceRecord:
    """The entry as it stood at a moment, changes of that very moment included.

    What is confidential today stays so: an earlier state never brings a hidden house back into the open. Raises UnknownEntryError.
    """
    live = read(session, service_id)
    flat, order = flatten(live), orders(live)
    for row in session.scalars(
        select(Metadata)
        .where(Metadata.service_id == service_id, Metadata.last_action_date > at)
        .order_by(Metadata.last_action_date.desc())
    ):
        take_back(flat, order, Change(row.field_name, row.previous_value, row.replacement_value))
    if "name" not in flat:
        raise UnknownEntryError(service_id)
    return as_confidential_as(live, unflatten(flat, order, live))


def take_back(flat: dict[str, str], order: dict[str, list[str]], change: Change) -> None:
    """Undo one change in the flat form of a record. Fields that are not of the record (listing, assured date) are left alone."""
    if change.path.split(".", 1)[0] not in ServiceRecord.model_fields:
        return
    if change.path.endswith(_ORDER):
        order[change.path.removesuffix(_ORDER)] = change.before.split()
    elif change.before:
        flat[change.path] = change.before
    else:
        flat.pop(change.path, None)


def as_confidential_as(live: ServiceRecord, record: ServiceRecord) -> ServiceRecord:
    """The record with everything hidden that is hidden in the live entry."""
    hidden = {location.id for location in live.locations if location.is_confidential}
    locations = tuple(
        location.model_copy(
            update={
                "is_confidential": True, "addresses": (), "latitude": _tenth(location.latitude),
                "longitude": _tenth(location.longitude), "phones": (),
            }
        )
        if location.id in hidden or live.is_confidential else location
        for location in record.locations
    )  # fmt: skip
    return record.model_copy(
        update={"is_confidential": record.is_confidential or live.is_confidential, "locations": locations}
    )


def _tenth(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, 1)


def unflatten(flat: Mapping[str, str], order: Mapping[str, Iterable[str]], live: ServiceRecord) -> ServiceRecord:
    """A record of the live entry from a flat form: `unflatten(flatten(live), orders(live), live)` is the entry.

    Raises pydantic's ValidationError when the fields do not make one.
    """
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        parts = _parts(path)
        branch = tree
        for part in parts[:-1]:
            branch = branch.setdefault(part, {})
        branch[parts[-1]] = json.loads(value) if parts[-1] in _JSON_FIELDS else value
    _lists("", tree, {path: list(keys) for path, keys in order.items()})
    tree["id"] = live.id
    # Under another name it may be another organization: with the id of today's, restoring would rename that one.
    for name, one in (("organization", live.organization), ("program", live.program)):
        if one is not None and name in tree and tree[name].get("name") == one.name:
            tree[name]["id"] = one.id
    return ServiceRecord.model_validate(tree)


def _parts(path: str) -> list[str]:
    # Items have ids of hexadecimal digits, except attributes: a partner's taxonomy may have dots in its name.
    if path.startswith("attributes."):
        key, _, name = path.removeprefix("attributes.").rpartition(".")
        return ["attributes", key, name]
    return path.split(".")


def _lists(path: str, tree: dict[str, Any], order: dict[str, list[str]]) -> None:
    for name, branch in tree.items():
        if not isinstance(branch, dict):
            continue
        here = f"{path}.{name}" if path else name
        if name == "attributes":
            tree[name] = list(branch.values())
        elif name in _LISTS:
            kept = order.get(here, [])
            place = {key: position for position, key in enumerate(kept)}
            keys = sorted(branch, key=lambda key: (place.get(key, len(place)), key))
            for key in keys:
                _lists(f"{here}.{key}", branch[key], order)
            tree[name] = [{"id": key, **branch[key]} for key in keys]
        elif here != "texts":
            _lists(here, branch, order)
