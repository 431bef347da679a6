"""What happens by itself: focal points are asked and reminded, then a colleague gets a task, then the bot names the entry no more.

Each step finds by itself what it has to do and does it once, so the schedule may run as often as it likes and after any pause. Invented
entries of a demonstration are left alone: nobody answers for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from core.database import now
from directory.errors import NoFocalPointError
from directory.models import Organization, Service
from directory.review import listing
from directory.review.asking import ask, send_later
from directory.review.assuring import UNCONFIRMED
from directory.review.models import DirectoryTask, Verification, VerificationRequest
from directory.review.policy import Policy
from directory.review.todo import open_task

BATCH = 200
"""Entries of one transaction."""


@dataclass(frozen=True, slots=True)
class Done:
    """How many entries each step took up."""

    asked: int = 0
    reminded: int = 0
    tasks: int = 0
    withdrawn: int = 0

    @property
    def more(self) -> bool:
        """Whether a step was full, so that there may be more to do."""
        return BATCH in (self.asked, self.reminded, self.tasks, self.withdrawn)


def run(session: Session, policy: Policy, *, at: datetime | None = None) -> Done:
    """One batch of every step."""
    moment = at or now()
    return Done(
        withdrawn=_withdraw(session, policy, moment),
        tasks=_tasks(session, policy, moment),
        reminded=_remind(session, policy, moment),
        asked=_ask(session, policy, moment),
    )


def _ask(session: Session, policy: Policy, at: datetime) -> int:
    """Ask for entries that are due and were not asked for since they were last confirmed. Without a focal point a colleague asks."""
    begins = policy.due_on_column() - policy.ask_before
    asked = exists().where(
        VerificationRequest.service_id == Service.id,
        VerificationRequest.expires_at > at,
        VerificationRequest.answered_at.is_(None) | (VerificationRequest.created_at >= begins),
    )
    has_task = _open_task(UNCONFIRMED)
    due = _published(session, begins <= at.date(), ~asked, ~has_task)
    for service_id in due:
        try:
            ask(session, service_id, policy=policy, at=at)
        except NoFocalPointError:
            open_task(session, service_id, UNCONFIRMED, at=at)
    return len(due)


def _remind(session: Session, policy: Policy, at: datetime) -> int:
    confirmed = exists().where(
        Verification.service_id == VerificationRequest.service_id,
        Verification.created_at >= VerificationRequest.created_at,
    )
    reminded = 0
    for number, days in enumerate(policy.reminders_after):
        requests = session.scalars(
            select(VerificationRequest)
            .join(Service, Service.id == VerificationRequest.service_id)
            .where(
                VerificationRequest.answered_at.is_(None),
                VerificationRequest.expires_at > at,
                VerificationRequest.reminders == number,
                VerificationRequest.created_at <= at - timedelta(days=days),
                # Two reminders of one night, after a pause of the schedule, would be one nuisance and no second chance.
                VerificationRequest.last_reminder_at.is_(None)
                | (VerificationRequest.last_reminder_at <= at - timedelta(days=1)),
                Service.listing == "published",
                ~confirmed,
            )
            .order_by(VerificationRequest.created_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True, of=VerificationRequest)
        ).all()
        for request in requests:
            request.reminders, request.last_reminder_at = number + 1, at
            send_later(session, request)
        session.flush()
        reminded = max(reminded, len(requests))
    return reminded


def _tasks(session: Session, policy: Policy, at: datetime) -> int:
    late = _published(session, policy.due_on_column() + policy.task_after <= at.date(), ~_open_task(UNCONFIRMED))
    for service_id in late:
        open_task(session, service_id, UNCONFIRMED, at=at)
    return len(late)


def _withdraw(session: Session, policy: Policy, at: datetime) -> int:
    """Out of the bot, with a task whatever happened before: somebody must know that a door is gone from it."""
    gone = _published(session, policy.due_on_column() + policy.withdraw_after <= at.date())
    for service_id in gone:
        open_task(session, service_id, UNCONFIRMED, at=at)
        listing.withdraw(session, service_id, by=listing.SYSTEM, reason=UNCONFIRMED, at=at)
    return len(gone)


def _published(session: Session, *rules: ColumnElement[bool]) -> Sequence[UUID]:
    invented = exists().where(Organization.id == Service.organization_id, Organization.is_example)
    query = (
        select(Service.id)
        .where(Service.listing == "published", ~Service.is_example, ~invented, *rules)
        .order_by(Service.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def _open_task(kind: str) -> ColumnElement[bool]:
    return exists().where(
        DirectoryTask.service_id == Service.id, DirectoryTask.kind == kind, DirectoryTask.done_at.is_(None)
    )
