"""Bringing back what an entry was: one field, or all of it. As a change that somebody approves like any other, never by itself."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from directory.errors import OpenRevisionError, UnknownEntryError
from directory.models import Metadata
from directory.records import ServiceRecord, flatten, orders
from directory.review.drafts import FOCAL_POINT, open_revisions, save_draft
from directory.review.history import as_confidential_as, state_at, take_back, unflatten
from directory.review.models import Revision
from directory.writing import Change, read

RESTORE = "restore"
_ITEMS = frozenset(
    {"phones", "contacts", "schedules", "areas", "locations", "costs", "documents", "capacities", "attributes"}
)


def restore_field(session: Session, change_id: UUID, *, by: str, at: datetime | None = None) -> Revision:
    """A draft that gives one field back what it was before a change of the history (`history.FieldChange.id`).

    A field of something that is gone (a number, an address) brings all of it back, and one of something that was added takes all of it
    away: half a number helps nobody. Raises UnknownEntryError, OpenRevisionError when a change is under way, ValidationError when the
    field's earlier value fits the entry no more.
    """
    row = session.get(Metadata, change_id)
    if row is None or row.service_id is None or row.field_name.split(".", 1)[0] not in ServiceRecord.model_fields:
        raise UnknownEntryError(change_id)
    earlier = state_at(session, row.service_id, row.last_action_date - timedelta(microseconds=1))
    live = read(session, row.service_id)
    was, flat, order = flatten(earlier), flatten(live), orders(live)
    item = _item(row.field_name)
    if item and _holds(was, item) != _holds(flat, item):
        flat = {path: value for path, value in flat.items() if not path.startswith(f"{item}.")}
        flat |= {path: value for path, value in was.items() if path.startswith(f"{item}.")}
        order |= {path: keys for path, keys in orders(earlier).items() if path == item.rpartition(".")[0]}
    else:
        take_back(flat, order, Change(row.field_name, row.previous_value, row.replacement_value))
    return _draft(session, as_confidential_as(live, unflatten(flat, order, live)), by=by, at=at)


def restore_state(
    session: Session, service_id: UUID, moment: datetime, *, by: str, at: datetime | None = None
) -> Revision:
    """A draft of the whole entry as it stood at a moment. Raises UnknownEntryError, OpenRevisionError when a change is under way."""
    return _draft(session, state_at(session, service_id, moment), by=by, at=at)


def _draft(session: Session, record: ServiceRecord, *, by: str, at: datetime | None) -> Revision:
    if record.id is None:
        raise RuntimeError("an earlier state without an id")
    for revision in open_revisions(session, record.id):
        if revision.source != FOCAL_POINT:
            raise OpenRevisionError(revision.id, revision.author)
    return save_draft(session, record, by=by, source=RESTORE, at=at)


def _item(path: str) -> str | None:
    """The path of the list item that a field belongs to."""
    parts = path.split(".")
    if parts[0] == "attributes":
        return path.rpartition(".")[0]
    if parts[0] == "texts" or (parts[0] in _ITEMS and len(parts) > 2):
        depth = 4 if len(parts) > 4 else 2
        return ".".join(parts[:depth])
    return None


def _holds(flat: dict[str, str], item: str) -> bool:
    return any(path.startswith(f"{item}.") for path in flat)
