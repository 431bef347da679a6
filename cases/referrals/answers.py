"""What the partner does through the link: reads, accepts, declines with a reason, asks back. No account; each is in the history."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from cases.errors import WrongState
from cases.referrals import course
from cases.referrals.links import open_link
from cases.referrals.models import DECLINE_REASONS, Referral
from core.database import now
from core.settings import Settings

LONGEST = 1000
"""Characters of what a partner writes."""


def read(session: Session, token: str, *, at: datetime | None = None) -> Referral:
    """Somebody opened it: the first time is a state, every time is written down. Raises DeadLink."""
    referral = open_link(session, token, at=at)
    if referral.state == "sent":
        course.move(session, referral, "opened")
    else:
        course.note(session, referral, "read")
    return referral


def accept(session: Session, token: str, settings: Settings, *, remark: str = "") -> Referral:
    """They take it. Raises DeadLink, WrongState."""
    referral = open_link(session, token)
    course.settle(session, referral, settings, accepted=True)
    referral.remark = remark.strip()[:LONGEST] or None
    return referral


def decline(session: Session, token: str, reason: str, settings: Settings, *, remark: str = "") -> Referral:
    """They cannot take it, and say why; from then on they cannot read it. Raises DeadLink, WrongState, ValueError for no reason."""
    if reason not in DECLINE_REASONS:
        raise ValueError(reason)
    referral = open_link(session, token)
    course.settle(session, referral, settings, accepted=False, reason=reason)
    referral.remark = remark.strip()[:LONGEST] or None
    return referral


def ask_back(session: Session, token: str, question: str) -> Referral:
    """They need to know something first. Raises DeadLink, WrongState, ValueError for no question."""
    question = question.replace("\r\n", "\n").strip()[:LONGEST]
    if not question:
        raise ValueError("question")
    referral = open_link(session, token)
    if referral.state == "accepted":
        raise WrongState(referral.state)
    if referral.state == "asked_back":
        course.note(session, referral, "asked_back")
    else:
        course.move(session, referral, "asked_back")
    referral.question, referral.reply = question, None
    # Nobody loses the referral while its team looks for the answer.
    referral.expires_at = max(referral.expires_at or now(), now() + timedelta(days=1))
    session.flush()
    return referral
