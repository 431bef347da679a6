"""Whether an entry still holds: which are due, which overdue, and what a colleague found out by ringing or going there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import now
from directory.models import Service
from directory.review.assuring import UNCONFIRMED, assure
from directory.review.models import Verification
from directory.review.policy import Policy
from directory.writing import read, write

Freshness = Literal["fresh", "due", "overdue", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Due:
    """An entry that has to be confirmed, and by when."""

    service_id: UUID
    name: str
    due_on: date


def due(session: Session, policy: Policy, *, at: datetime | None = None, limit: int = 500) -> list[Due]:
    """Published entries whose confirmation ends within the days in which the focal point is asked, soonest first."""
    today = (at or now()).date()
    column = policy.due_on_column()
    return _listed(session, policy, column >= today, column <= today + timedelta(days=policy.ask_before), limit=limit)


def overdue(session: Session, policy: Policy, *, at: datetime | None = None, limit: int = 500) -> list[Due]:
    """Published entries whose confirmation has ended, and those that were withdrawn for it, longest ago first."""
    return _listed(session, policy, policy.due_on_column() < (at or now()).date(), withdrawn=True, limit=limit)


def freshness(service: Service, policy: Policy, *, at: datetime | None = None) -> Freshness:
    """How fresh an entry is, for a list."""
    today, day = (at or now()).date(), policy.due_on(service)
    if service.listing == "withdrawn" and service.listing_reason == UNCONFIRMED:
        return "withdrawn"
    if day < today:
        return "overdue"
    return "due" if day <= today + timedelta(days=policy.ask_before) else "fresh"


def verify(
    session: Session,
    service_id: UUID,
    *,
    by: str,
    method: Literal["phone", "visit", "website"],
    on: date | None = None,
    note: str | None = None,
    phones: Collection[UUID] = (),
    at: datetime | None = None,
) -> Verification:
    """A colleague confirmed the entry. `phones`: ids of its numbers that were rung and answered rightly; they may be told from now on.

    Raises UnknownEntryError, VerificationDateError for a day that has not come.
    """
    moment = at or now()
    verification = assure(session, service_id, method=method, by=by, on=on, note=note, at=moment)
    if phones:
        record = read(session, service_id)
        rung = {"verified_by": by, "verified_on": verification.verified_on}
        numbers = tuple(phone.model_copy(update=rung) if phone.id in set(phones) else phone for phone in record.phones)
        write(session, record.model_copy(update={"phones": numbers}), by=by, source="form", at=moment)
    return verification


def verifications(session: Session, service_id: UUID) -> list[Verification]:
    """Who confirmed the entry, newest first."""
    query = select(Verification).where(Verification.service_id == service_id)
    return list(session.scalars(query.order_by(Verification.verified_on.desc(), Verification.created_at.desc())))


def _listed(session: Session, policy: Policy, *rules: object, withdrawn: bool = False, limit: int) -> list[Due]:
    column = policy.due_on_column()
    listed = Service.listing == "published"
    if withdrawn:
        listed |= (Service.listing == "withdrawn") & (Service.listing_reason == UNCONFIRMED)
    query = select(Service.id, Service.name, column).where(listed, *rules).order_by(column, Service.id).limit(limit)  # type: ignore[arg-type]
    return [Due(*row) for row in session.execute(query)]
