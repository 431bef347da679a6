"""What people and caseworkers report of an entry: closed, no answer, turned away, wrong number, not safe. Nobody can be found by a report.

Several independent reports take an entry out of the bot until somebody has looked; "not safe" does so at once.
"""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from core.database import now
from core.encryption import cipher
from directory.errors import UnknownEntryError
from directory.models import Service
from directory.review import listing
from directory.review.models import Feedback
from directory.review.todo import open_task

Kind = Literal["closed", "no_answer", "turned_away", "wrong_number", "not_safe"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NOT_SAFE = "not safe, says a report"
REPORTS = "several independent reports"


def report(
    session: Session,
    service_id: UUID,
    kind: Kind,
    *,
    reporter: Literal["person", "caseworker"],
    reporter_key: str,
    suspend_after: int,
    at: datetime | None = None,
) -> bool:
    """Take a report; True when it took the entry out of the bot.

    `reporter_key` (id of a person or user) is not stored, only a keyed hash of it together with the entry: it tells that two reports of one
    entry are of one reporter, and not that reports of two entries are. The same report again changes nothing. `suspend_after`: so many
    different reporters suspend the entry (`WAYMARK_DIRECTORY_REPORTS`); "not safe" does it alone. Raises UnknownEntryError.
    """
    moment = at or now()
    service = session.scalars(select(Service).where(Service.id == service_id).with_for_update()).one_or_none()
    if service is None:
        raise UnknownEntryError(service_id)
    hashed = _reporter(session, service_id, f"{service_id} {reporter_key}")
    # The day and not the minute: with the minute, whoever reads both tables could find who wrote then.
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    new = session.scalar(
        insert(Feedback)
        .values(
            service_id=service_id, kind=kind, reporter=reporter, reporter_hash=hashed, created_at=day,
            id=func.gen_random_uuid(),
        )
        .on_conflict_do_update(
            index_elements=[Feedback.service_id, Feedback.kind, Feedback.reporter_hash],
            set_={"created_at": day, "handled_at": None, "handled_by": None},
            where=Feedback.handled_at.is_not(None),
        )
        .returning(Feedback.id)
    )  # fmt: skip
    if new is None:
        return False
    if kind == "not_safe":
        open_task(session, service_id, "not_safe", at=moment)
        return _suspend(session, service, NOT_SAFE, moment)
    if reporters(session, service_id) < suspend_after:
        return False
    open_task(session, service_id, "feedback", note=_said(session, service_id), at=moment)
    return _suspend(session, service, REPORTS, moment)


def _reporter(session: Session, service_id: UUID, bound: str) -> bytes:
    """The hash of who reports. What they reported under an older key comes under the one that writes: nobody counts twice."""
    keys = cipher().hash_keys
    hashed, other = keys.keep(bound, "directory-report"), aliased(Feedback)
    known = Feedback.reporter_hash.in_([form for form in keys.forms(bound, "directory-report") if form != hashed])
    moved = (other.service_id == service_id, other.kind == Feedback.kind, other.reporter_hash == hashed)
    session.execute(
        update(Feedback)
        .where(Feedback.service_id == service_id, known, ~exists().where(*moved))
        .values(reporter_hash=hashed)
        .execution_options(synchronize_session=False)
    )
    return hashed


def reporters(session: Session, service_id: UUID) -> int:
    """How many different reporters have said something about the entry that nobody has handled yet."""
    return session.scalar(select(func.count(Feedback.reporter_hash.distinct())).where(*_open(service_id))) or 0


def counts(session: Session, service_id: UUID) -> dict[str, int]:
    """Open reports of an entry by kind: what a page shows."""
    rows = session.execute(select(Feedback.kind, func.count()).where(*_open(service_id)).group_by(Feedback.kind))
    return dict(rows.all())


def handle(session: Session, service_id: UUID, *, by: str, at: datetime | None = None) -> int:
    """Somebody looked into the open reports: they count no more. How many. Publishing the entry again is a step of its own."""
    handled = session.execute(
        update(Feedback).where(*_open(service_id)).values(handled_at=at or now(), handled_by=by).returning(Feedback.id)
    )
    return len(handled.all())


def _open(service_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return Feedback.service_id == service_id, Feedback.handled_at.is_(None)


def _said(session: Session, service_id: UUID) -> str:
    return ", ".join(f"{kind}: {count}" for kind, count in sorted(counts(session, service_id).items()))


def _suspend(session: Session, service: Service, reason: str, at: datetime) -> bool:
    if "suspended" not in listing.MOVES[service.listing]:
        return False  # nobody is told of it anyway
    listing.suspend(session, service.id, by=listing.SYSTEM, reason=reason, at=at)
    return True
