"""Whether people are told of an entry: published, suspended, withdrawn, archived, never again; and closed for a while.

The one place that moves `Service.listing`. Each move is a row of the history with who, when and why.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import now
from directory.errors import DoNotListError, ListingError, ReasonNeededError, UnknownEntryError
from directory.models import Metadata, Service
from directory.writing import read, write

SYSTEM = "system"
"""`by` of what a schedule does."""

MOVES: dict[str, frozenset[str]] = {
    "draft": frozenset({"published", "archived", "do_not_list"}),
    "published": frozenset({"suspended", "withdrawn", "archived", "do_not_list"}),
    "withdrawn": frozenset({"published", "suspended", "archived", "do_not_list"}),
    "suspended": frozenset({"published", "withdrawn", "archived", "do_not_list"}),
    "archived": frozenset({"published", "do_not_list"}),
    # Never straight back to the public: whoever lifts it archives it first, with a reason, and a second step publishes.
    "do_not_list": frozenset({"archived"}),
}
"""From which listing an entry may go to which."""


def publish(
    session: Session, service_id: UUID, *, by: str, reason: str | None = None, at: datetime | None = None
) -> Service:
    """Tell people of the entry from now on. Raises ListingError, UnknownEntryError."""
    return _move(session, service_id, "published", by=by, reason=reason, at=at)


def suspend(session: Session, service_id: UUID, *, by: str, reason: str, at: datetime | None = None) -> Service:
    """Out of the bot until somebody has looked at it: reports, or a doubt. Raises ListingError, ReasonNeededError."""
    return _move(session, service_id, "suspended", by=by, reason=_needed(reason), at=at)


def withdraw(session: Session, service_id: UUID, *, by: str, reason: str, at: datetime | None = None) -> Service:
    """Out of the bot because nobody confirmed it; a verification brings it back. Raises ListingError, ReasonNeededError."""
    return _move(session, service_id, "withdrawn", by=by, reason=_needed(reason), at=at)


def archive(session: Session, service_id: UUID, *, by: str, reason: str, at: datetime | None = None) -> Service:
    """The service has ended; the entry stays readable for staff. Also lifts a do-not-list. Raises ListingError, ReasonNeededError."""
    return _move(session, service_id, "archived", by=by, reason=_needed(reason), at=at)


def do_not_list(session: Session, service_id: UUID, *, by: str, reason: str, at: datetime | None = None) -> Service:
    """Never to be listed, and never to be added again under the same number, or the same name of the same organization.

    Raises ListingError, ReasonNeededError. `directory.do_not_list` refuses what comes later.
    """
    return _move(session, service_id, "do_not_list", by=by, reason=_needed(reason), at=at)


def close_temporarily(
    session: Session,
    service_id: UUID,
    *,
    by: str,
    reason: str,
    until: date | None = None,
    source: str = "form",
    at: datetime | None = None,
) -> Service:
    """Closed for a while: the search leaves it out, a look-up by name says until when. `until`: first day it is open again, if known.

    Raises ReasonNeededError, DoNotListError, UnknownEntryError.
    """
    update = {"status": "temporarily_closed", "closed_reason": _needed(reason), "closed_until": until}
    service = _locked(session, service_id)
    if service.listing == "do_not_list":
        raise DoNotListError(service_id, service.listing_reason or "")
    record = read(session, service_id).model_copy(update=update)
    return write(session, record, by=by, source=source, at=at).service


def reopen(session: Session, service_id: UUID, *, by: str, source: str = "form", at: datetime | None = None) -> Service:
    """Open again after a temporary closure. Nothing happens to an entry that is not closed. Raises UnknownEntryError."""
    _locked(session, service_id)
    record = read(session, service_id)
    if record.status == "temporarily_closed":
        record = record.model_copy(update={"status": "active", "closed_reason": None, "closed_until": None})
    return write(session, record, by=by, source=source, at=at).service


def reopen_due(session: Session, *, at: datetime | None = None) -> list[UUID]:
    """Open again what was to be closed until a day that has come. The schedule's part; which entries they were."""
    moment = at or now()
    due = session.scalars(
        select(Service.id)
        .where(Service.status == "temporarily_closed", Service.closed_until <= moment.date())
        .order_by(Service.id)
        .with_for_update(skip_locked=True)
    ).all()
    for service_id in due:
        reopen(session, service_id, by=SYSTEM, source=SYSTEM, at=moment)
    return list(due)


def _move(
    session: Session, service_id: UUID, wanted: str, *, by: str, reason: str | None, at: datetime | None
) -> Service:
    moment = at or now()
    service = _locked(session, service_id)
    if wanted not in MOVES[service.listing]:
        raise ListingError(service_id, service.listing, wanted)
    note = {
        "service_id": service_id, "resource_type": "service", "resource_id": service_id, "updated_by": by,
        "source": SYSTEM if by == SYSTEM else "form", "last_action_type": "update", "last_action_date": moment,
    }  # fmt: skip
    for field, value in (("listing", wanted), ("listing_reason", reason)):
        before = getattr(service, field)
        if before != value:
            session.add(Metadata(field_name=field, previous_value=before or "", replacement_value=value or "", **note))
            setattr(service, field, value)
    service.listing_since = moment
    session.flush()
    return service


def _locked(session: Session, service_id: UUID) -> Service:
    service = session.get(Service, service_id, with_for_update=True, populate_existing=True)
    if service is None:
        raise UnknownEntryError(service_id)
    return service


def _needed(reason: str) -> str:
    if not reason.strip():
        raise ReasonNeededError
    return reason.strip()
