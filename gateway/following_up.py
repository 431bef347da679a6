"""The clock of referrals: unanswered ones come back to the queue, and two days later the bot asks the person how it went (Q24).

Every step is a transaction of its own, under the conversation's lock, and looks again at what it found: a job that runs twice does it once.
"""

from datetime import datetime
from uuid import UUID

import procrastinate
from sqlalchemy.orm import Session

from cases.models import Case, Conversation
from cases.ownership import lock_conversation
from cases.referrals import course, follow_ups
from cases.referrals.models import FollowUp, Referral
from cases.service import may_be_told
from core.database import now
from core.jobs import UPKEEP
from core.logging import get_logger
from gateway.gateway import Gateway
from gateway.outbox import resume, why_silent
from gateway.returning import come_back

log = get_logger(__name__)

LOOK = "gateway.follow_up"
BATCH = 100
ASKABLE = ("sent", "opened", "asked_back", "accepted")


def follow_up(gateway: Gateway, *, at: datetime | None = None) -> int:
    """Do all that is due; how many steps were taken."""
    moment = at or now()
    with gateway.sessions.begin() as session:
        late = course.overdue(session, moment, BATCH)
        due = follow_ups.waiting(session, moment, BATCH)
    steps = 0
    for referral_id in late:
        with gateway.sessions.begin() as session:
            steps += _expire(session, gateway, referral_id, moment)
    for follow_up_id in due:
        with gateway.sessions.begin() as session:
            steps += _ask(session, gateway, follow_up_id, moment)
    return steps


def _expire(session: Session, gateway: Gateway, referral_id: UUID, moment: datetime) -> bool:
    referral = course.expire(session, referral_id, moment)
    if referral is None:
        return False
    reason = "referral_unanswered"
    if referral.state == "asked":
        reason = "referral_not_answered"
    elif referral.question and not referral.reply:
        # Nobody of ours answered: what the partner wanted to know must not look like their silence.
        reason = "referral_question_waits"
    come_back(session, session.get_one(Case, referral.case_id), reason, gateway.settings, at=moment)
    log.warning("a referral was not answered in its time", referral=str(referral_id))
    return True


def _ask(session: Session, gateway: Gateway, follow_up_id: UUID, moment: datetime) -> bool:
    """Ask, ask again, or give it to a human."""
    found = session.get(FollowUp, follow_up_id)
    if found is None:
        return False
    conversation = lock_conversation(session, found.conversation_id)
    found = session.get_one(FollowUp, follow_up_id, with_for_update=True, populate_existing=True)
    if found.state not in ("due", "asked") or found.due_at > moment:
        return False
    referral = session.get_one(Referral, found.referral_id, populate_existing=True)
    case = session.get_one(Case, referral.case_id, populate_existing=True)
    if referral.state not in ASKABLE:
        found.state = "cancelled"
    elif found.state == "asked" and found.tries >= follow_ups.TRIES:
        found.state = "not_reached"
        course.note(session, referral, "not_reached")
        come_back(session, case, "follow_up_not_reached", gateway.settings, at=moment)
    elif not _may_ask(conversation, case):
        # Nobody may write first, or somebody is writing with them: a human asks, or asks the partner instead.
        found.state = "by_hand"
        course.note(session, referral, "follow_up_by_hand")
        come_back(session, case, "follow_up_by_hand", gateway.settings, at=moment)
    else:
        # With the place, so that a "no" can say what was wrong there.
        place = str(referral.service_id) if referral.service_id else None
        resume(session, conversation, prompt="follow_up", value=place)
        found.state, found.asked_at, found.tries = "asked", moment, found.tries + 1
        found.due_at = follow_ups.in_slot(session, referral, moment + gateway.settings.follow_up_wait)
        course.note(session, referral, "followed_up")
    return True


def _may_ask(conversation: Conversation, case: Case) -> bool:
    return why_silent(conversation) is None and conversation.owner != "desk" and may_be_told(case)


def add_tasks(app: procrastinate.App, gateway: Gateway) -> None:
    """Register the schedule with the worker's application."""

    @app.periodic(cron="*/5 * * * *")
    @app.task(name=LOOK, queue=UPKEEP, queueing_lock=LOOK, lock=LOOK)
    def look_for_due(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        follow_up(gateway)
