"""Two days after a referral the bot asks whether it worked (Q24), at the time of day that the person called safe.

No answer is asked for once more; no answer to that, or nobody may write to them, is for a human. gateway/following_up.py does the asking.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Case
from cases.referrals.models import FollowUp, Referral
from cases.service import read_screening
from core.clocks import clock_of_country
from core.database import now
from core.settings import Settings

TRIES = 2
SLOTS = {"morning": (time(8), time(12)), "afternoon": (time(12), time(17)), "evening": (time(17), time(21))}
"""Answers to the question `contact_time`, on the clock of the country the person named."""
ANY_TIME = (time(9), time(19))
"""Who named none is not written to at night either."""


def plan(session: Session, referral: Referral, settings: Settings, at: datetime) -> None:
    """Ask some days after this. Sent again or just accepted, it is planned anew, unless the person has been asked already."""
    due = in_slot(session, referral, at + settings.follow_up_after)
    known = _of(session, referral)
    if known is None:
        session.add(FollowUp(referral_id=referral.id, conversation_id=referral.conversation_id, due_at=due))
    elif known.state in ("due", "cancelled"):
        known.state, known.due_at, known.tries, known.asked_at = "due", due, 0, None
    session.flush()


def cancel(session: Session, referral: Referral) -> None:
    """There is nothing left to ask about."""
    known = _of(session, referral)
    if known is not None and known.state in ("due", "asked"):
        known.state = "cancelled"


def answered(session: Session, conversation_id: UUID, answer: str) -> int:
    """The person said how it went; to how many referrals that is the answer."""
    asked = session.scalars(
        select(FollowUp).where(FollowUp.conversation_id == conversation_id, FollowUp.state == "asked").with_for_update()
    ).all()
    for one in asked:
        one.state, one.answer, one.answered_at = "answered", answer, now()
    session.flush()
    return len(asked)


def waiting(session: Session, at: datetime, limit: int) -> Sequence[UUID]:
    """Follow-ups whose moment has come: to ask, or to see that nobody answered."""
    return session.scalars(
        select(FollowUp.id)
        .where(FollowUp.state.in_(("due", "asked")), FollowUp.due_at <= at)
        .order_by(FollowUp.due_at)
        .limit(limit)
    ).all()


def in_slot(session: Session, referral: Referral, at: datetime) -> datetime:
    """The first moment from `at` on that lies in the time the person called safe, by the clock of their country (else UTC)."""
    answers = read_screening(session.get_one(Case, referral.case_id)).answers
    country = answers.get("country")
    clock = clock_of_country(country if isinstance(country, str) else None) or UTC
    starts, ends = SLOTS.get(str(answers.get("contact_time")), ANY_TIME)
    local = at.astimezone(clock)
    if local.time() >= ends:
        local = datetime.combine(local.date() + timedelta(days=1), starts, clock)
    elif local.time() < starts:
        local = datetime.combine(local.date(), starts, clock)
    return local.astimezone(UTC)


def _of(session: Session, referral: Referral) -> FollowUp | None:
    return session.scalars(select(FollowUp).where(FollowUp.referral_id == referral.id).with_for_update()).one_or_none()
