"""The only way an entry's assured date moves: together with the row that says who confirmed it and how. The database refuses any other."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import now
from directory.errors import UnknownEntryError, VerificationDateError
from directory.models import Metadata, Service
from directory.review import listing
from directory.review.models import DirectoryTask, Verification

UNCONFIRMED = "unconfirmed"
"""Reason of an entry that the schedule took out because nobody confirmed it: a confirmation brings it back."""


def assure(
    session: Session,
    service_id: UUID,
    *,
    method: str,
    by: str,
    on: date | None = None,
    note: str | None = None,
    at: datetime | None = None,
) -> Verification:
    """Write that somebody confirmed an entry on a day (default: today), and what follows.

    The assured date never moves back: an old visit that is entered late stays in the list of verifications. An entry that was withdrawn
    because nobody confirmed it is published again, and the task about that is done. Raises UnknownEntryError, VerificationDateError for a
    day that has not come.
    """
    moment = at or now()
    day = on or moment.date()
    service = session.scalars(
        select(Service).where(Service.id == service_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if service is None:
        raise UnknownEntryError(service_id)
    if day > moment.date():
        raise VerificationDateError(day)
    verification = Verification(
        service_id=service_id, verified_on=day, method=method, by=by, note=note, created_at=moment
    )
    session.add(verification)
    # Before the date: the database looks for the verification when the date changes.
    session.flush()
    before = service.assured_date
    if before is None or day > before:
        session.add(
            Metadata(
                resource_type="service", resource_id=service_id, service_id=service_id, last_action_date=moment,
                last_action_type="update", field_name="assured_date", previous_value=str(before or ""),
                replacement_value=str(day), updated_by=by, source="focal_point" if method == "focal_point" else "form",
            )
        )  # fmt: skip
        service.assured_date, service.assured_by = day, by
        session.flush()
    if service.listing == "withdrawn" and service.listing_reason == UNCONFIRMED:
        listing.publish(session, service_id, by=listing.SYSTEM, at=moment)
    _done(session, service_id, by, moment)
    return verification


def _done(session: Session, service_id: UUID, by: str, at: datetime) -> None:
    task = session.scalars(
        select(DirectoryTask).where(
            DirectoryTask.service_id == service_id, DirectoryTask.kind == UNCONFIRMED, DirectoryTask.done_at.is_(None)
        )
    ).one_or_none()
    if task is not None:
        task.done_at, task.done_by = at, by
        session.flush()
