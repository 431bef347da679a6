"""Referrals of a case as its page and a page of their own show them, in words."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cases.models import Case
from cases.referrals import course
from cases.referrals.models import FollowUp, Referral, ReferralEvent
from desk.words import Words


@dataclass(frozen=True, slots=True)
class Summary:
    """One referral in the list on the case's page."""

    id: UUID
    reference: str
    to: str
    state: str
    says: str
    at: datetime
    waits: bool
    """Somebody of the team has to do something."""
    follow_up: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a referral's history."""

    text: str
    by: str
    at: datetime


def summaries(session: Session, case: Case, words: Words) -> list[Summary]:
    """The referrals of a case, the newest first."""
    found = course.of_case(session, case.id)
    follow_ups = {
        one.referral_id: one
        for one in session.scalars(select(FollowUp).where(FollowUp.referral_id.in_([each.id for each in found])))
    }
    return [
        Summary(
            id=one.id,
            reference=one.reference,
            to=recipient(one, words),
            state=one.state,
            says=says(one, words),
            at=one.answered_at or one.sent_at or one.asked_at or one.created_at,
            waits=case.state == "open"
            and (one.state in ("draft", "agreed", "declined", "asked_back", "expired") or course.not_answered(one)),
            follow_up=follow_up(follow_ups.get(one.id), words),
        )
        for one in found
    ]


def says(referral: Referral, words: Words) -> str:
    """Its state in words."""
    return words.say("referral_not_answered" if course.not_answered(referral) else f"referral_state_{referral.state}")


def recipient(referral: Referral, words: Words) -> str:
    """Whom it goes to: the service and its organization, or the team."""
    if referral.service is not None:
        return f"{referral.service.name} · {referral.service.organization.name}"
    return referral.team.name if referral.team is not None else words.say("referral_to_gone")


def follow_up(found: FollowUp | None, words: Words) -> str:
    """What became of asking the person how it went."""
    if found is None or found.state == "cancelled":
        return ""
    said = words.say(f"follow_up_{found.state}", time=words.moment(found.due_at))
    answer = words.find(f"answer_follow_up_{found.answer}", words.find(f"answer_{found.answer}", ""))
    # A complaint is no business of the team it may be about.
    return f"{said} {answer}".strip() if found.answer != "complain" else said


def history(session: Session, referral: Referral, words: Words) -> list[Step]:
    """What happened to a referral, the newest first."""
    rows = session.scalars(
        select(ReferralEvent)
        .where(ReferralEvent.referral_id == referral.id)
        .order_by(ReferralEvent.at.desc())
        .options(joinedload(ReferralEvent.user))
    )
    return [
        Step(words.find(f"event_referral_{row.kind}", row.kind), row.user.name if row.user else "", row.at)
        for row in rows
    ]
