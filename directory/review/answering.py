"""What the focal point answers through the link: all is right, something differs, or we are closed.

A right entry is confirmed at once. A correction waits for somebody of the desk like any other change. "Closed" counts at once: nobody may
be sent to a shut door while it waits to be read.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import now
from core.links import digest_of
from directory.errors import DeadLinkError, ListingError
from directory.models import Service
from directory.records import PhoneRecord, ScheduleRecord, ServiceRecord
from directory.review import drafts, listing
from directory.review.assuring import assure
from directory.review.models import FocalPoint, VerificationRequest
from directory.review.todo import open_task
from directory.writing import differences, read

FOCAL_POINT = drafts.FOCAL_POINT
CLOSED_FOR_GOOD = "closed for good, says the focal point"


@dataclass(frozen=True, slots=True)
class Corrections:
    """What differs. None: as it is shown. `description` is in `language` (None: the original), `hours` replace the weekly ones."""

    phones: tuple[str, ...] | None = None
    description: str | None = None
    language: str | None = None
    hours: tuple[ScheduleRecord, ...] | None = None
    reopened: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A link that works: the entry as the public sees it, and who is asked in which language."""

    request: VerificationRequest
    focal_point: FocalPoint
    service: Service
    record: ServiceRecord


def open_link(session: Session, token: str, *, lock: bool = False, at: datetime | None = None) -> Asked:
    """What a link leads to. Raises DeadLinkError, the same for a link that never was, was used, or is too old."""
    query = select(VerificationRequest).where(
        VerificationRequest.token_hash == digest_of(token),
        VerificationRequest.answered_at.is_(None),
        VerificationRequest.expires_at > (at or now()),
    )
    if lock:
        # Two presses of one button are one answer.
        query = query.with_for_update()
    request = session.scalars(query).one_or_none()
    focal_point = session.get(FocalPoint, request.focal_point_id) if request else None
    service = session.get(Service, request.service_id) if request else None
    if request is None or focal_point is None or service is None:
        raise DeadLinkError
    if not focal_point.is_active or service.listing in ("do_not_list", "archived"):
        raise DeadLinkError
    return Asked(request, focal_point, service, read(session, service.id))


def confirm(session: Session, token: str, *, at: datetime | None = None) -> None:
    """Everything is right. Raises DeadLinkError."""
    moment = at or now()
    asked = open_link(session, token, lock=True, at=moment)
    assure(session, asked.service.id, method=FOCAL_POINT, by=_name(asked), at=moment)
    _answered(session, asked, "confirmed", moment)


def correct(session: Session, token: str, corrections: Corrections, *, at: datetime | None = None) -> None:
    """Something differs: a change that waits for approval, with the focal point's remark; a remark alone is a task.

    The entry counts as confirmed from this day once the change is approved. Raises DeadLinkError, ValueError for what cannot be an entry.
    """
    moment = at or now()
    asked = open_link(session, token, lock=True, at=moment)
    record = corrected(asked.record, corrections)
    if differences(asked.record, record):
        earlier = [one for one in drafts.open_revisions(session, asked.service.id) if one.source == FOCAL_POINT]
        for revision in earlier:  # another focal point's, or their own of another link: the newest word counts
            drafts.discard(session, revision.id, by=revision.author, at=moment)
        revision = drafts.save_draft(session, record, by=_name(asked), source=FOCAL_POINT, at=moment)
        revision.note = corrections.message or None
        drafts.submit(session, revision.id, by=_name(asked), at=moment)
        asked.request.revision_id = revision.id
    else:
        open_task(session, asked.service.id, "correction", note=corrections.message or None, at=moment)
    _answered(session, asked, "corrected", moment)


def close(
    session: Session,
    token: str,
    how: Literal["for_a_while", "for_good"],
    *,
    reason: str,
    until: date | None = None,
    at: datetime | None = None,
) -> None:
    """They are closed, which is confirmed with it. For good: out of the bot at once, and a task to archive it.

    Raises DeadLinkError, ReasonNeededError.
    """
    moment = at or now()
    asked = open_link(session, token, lock=True, at=moment)
    by = _name(asked)
    assure(session, asked.service.id, method=FOCAL_POINT, by=by, at=moment)
    if how == "for_a_while":
        listing.close_temporarily(
            session, asked.service.id, by=by, reason=reason, until=until, source=FOCAL_POINT, at=moment
        )
    else:
        with suppress(ListingError):  # suspended or a draft already: nobody is told of it
            listing.suspend(session, asked.service.id, by=by, reason=CLOSED_FOR_GOOD, at=moment)
        open_task(session, asked.service.id, "closed", note=reason.strip() or None, at=moment)
    _answered(session, asked, "closed", moment)


def corrected(record: ServiceRecord, corrections: Corrections) -> ServiceRecord:
    """The entry with the corrections. Raises ValueError (pydantic's) for a number that is none, or hours that cannot be."""
    update: dict[str, object] = {}
    if corrections.phones is not None:
        known = {phone.number: phone for phone in record.phones}
        wanted = dict.fromkeys(PhoneRecord(number=number).number for number in corrections.phones)
        update["phones"] = tuple(known.get(number) or PhoneRecord(number=number) for number in wanted)
    if corrections.description is not None:
        language = corrections.language
        if language in record.texts:
            text = record.texts[language].model_copy(update={"description": corrections.description})
            update["texts"] = record.texts | {language: text}
        else:
            update["description"] = corrections.description
    if corrections.hours is not None:
        closures = tuple(rule for rule in record.schedules if rule.kind == "closure")
        update["schedules"] = (*corrections.hours, *closures)
    if corrections.reopened:
        update |= {"status": "active", "closed_until": None, "closed_reason": None}
    return ServiceRecord.model_validate(record.model_copy(update=update).model_dump())


def _name(asked: Asked) -> str:
    return f"focal_point:{asked.focal_point.id}"


def _answered(session: Session, asked: Asked, answer: str, at: datetime) -> None:
    asked.request.answered_at, asked.request.answer = at, answer
    session.flush()
