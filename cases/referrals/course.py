"""A referral from the first choice to its end: prepared, agreed to by the person, sent, answered, taken back. The caller commits.

Nothing leaves without a consent to exactly this place, and what was taken back is unreadable in the same transaction. The conversation's
row is locked before the referral's, as everywhere, so that a withdrawal and an opening at the same second happen one after the other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.errors import NoConsent, NothingChosen, WrongState
from cases.models import Case, Consent, Conversation, User
from cases.ownership import change_owner, lock_conversation
from cases.referrals import content, follow_ups
from cases.referrals.links import new_link
from cases.referrals.models import Referral, ReferralEvent
from cases.service import get_case, held, record
from core.database import notify, now
from core.logging import get_logger
from core.settings import Settings

log = get_logger(__name__)

EDITABLE = ("draft", "asked", "agreed", "refused")
LIVE = ("draft", "asked", "agreed", "sent", "opened", "asked_back", "accepted", "expired")
"""States that a withdrawal ends."""
WAITING = ("asked", "sent", "opened", "asked_back")
"""States in which somebody else's answer is waited for, until `expires_at`."""
MOVES: dict[str, tuple[str, ...]] = {
    "draft": ("asked", "agreed", "withdrawn"),
    "asked": ("asked", "agreed", "refused", "withdrawn"),
    "refused": ("asked", "agreed", "withdrawn"),
    "agreed": ("sent", "accepted", "withdrawn"),
    "sent": ("opened", "asked_back", "accepted", "declined", "expired", "withdrawn"),
    "opened": ("asked_back", "accepted", "declined", "expired", "withdrawn"),
    "asked_back": ("sent", "accepted", "declined", "expired", "withdrawn"),
    "accepted": ("withdrawn",),
    "expired": ("sent", "accepted", "declined", "withdrawn"),
    "declined": (),
    "withdrawn": (),
}
"""From each state to those that may follow. A case handed to a team goes from `agreed` to `accepted`: there is no link to open."""


def move(session: Session, referral: Referral, to: str, *, user: User | None = None, **details: str) -> None:
    """Change the state, with its row in the referral's history and in the case's timeline. Raises WrongState."""
    if to not in MOVES[referral.state]:
        raise WrongState(referral.state)
    if referral.state == "asked":
        referral.expires_at = None
    referral.state = to
    if to in ("withdrawn", "declined", "expired"):
        referral.token_hash = None
    note(session, referral, to, user=user, **details)


def note(session: Session, referral: Referral, kind: str, *, user: User | None = None, **details: str) -> None:
    """Write down what happened, and tell the pages that show the case."""
    session.add(
        ReferralEvent(referral_id=referral.id, kind=kind, user_id=user.id if user else None, details=dict(details))
    )
    case = session.get_one(Case, referral.case_id)
    record(session, case, f"referral_{kind}", user=user, referral=str(referral.id), reference=referral.reference)
    notify(session, case=case.id, conversation=case.conversation_id)


def of_case(session: Session, case_id: UUID) -> Sequence[Referral]:
    """The referrals of a case, the newest first."""
    return session.scalars(
        select(Referral).where(Referral.case_id == case_id).order_by(Referral.created_at.desc(), Referral.id)
    ).all()


def find(session: Session, case_id: UUID, referral_id: UUID, *, lock: bool = False) -> Referral:
    """A referral of this case. Raises NoResultFound, also for another case's: whoever may read one case may not read all."""
    query = select(Referral).where(Referral.id == referral_id, Referral.case_id == case_id)
    if lock:
        get_case(session, case_id)
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def prepare(
    session: Session, case_id: UUID, user: User, *, service: UUID | None = None, team: UUID | None = None, language: str
) -> Referral:
    """Begin a referral; nothing is chosen and nobody is asked yet. Raises CaseClosed, NotTheOwner."""
    case = held(session, case_id, user)
    referral = Referral(
        case_id=case.id, conversation_id=case.conversation_id, service_id=service, team_id=team, language=language,
        created_by=user.id,
    )  # fmt: skip
    session.add(referral)
    session.flush()
    note(session, referral, "draft", user=user)
    return referral


def choose(session: Session, referral: Referral, fields: Iterable[content.Chosen]) -> None:
    """Say what the partner is told. Raises WrongState once it was sent, ContentError."""
    if referral.state not in EDITABLE:
        raise WrongState(referral.state)
    referral.content = content.write(content.checked(fields))
    session.flush()


def ask(session: Session, referral: Referral, user: User, settings: Settings) -> None:
    """The bot is going to ask the person (Q23). Raises WrongState, also while it asks about another place.

    From here on a time runs as for a partner: a question that nobody answers would keep the person from every place.
    """
    case = held(session, referral.case_id, user)
    asked = asked_of(session, referral.conversation_id)
    if asked is not None and (asked.id != referral.id or not not_answered(referral)):
        raise WrongState("asked")
    move(session, referral, "asked", user=user)
    referral.asked_at = now()
    referral.expires_at = referral.asked_at + settings.referral_time(case.level)


def not_answered(referral: Referral) -> bool:
    """Whether the person was asked and has not answered in the time. A late answer is still one, about exactly this place."""
    return referral.state == "asked" and referral.expires_at is None


def asked_of(session: Session, conversation_id: UUID) -> Referral | None:
    """The referral that the bot asks the person about, locked."""
    return session.scalars(
        select(Referral)
        .where(Referral.conversation_id == conversation_id, Referral.state == "asked")
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def answered(session: Session, consent: Consent) -> None:
    """The person answered a request for consent. A refusal where nothing was asked takes back what was given before.

    Refusing to talk with the service takes back every referral: who keeps nothing with us leaves nothing with others.
    """
    if consent.kind in ("talk", "referral"):
        lock_conversation(session, consent.conversation_id)
    if consent.kind == "talk" and not consent.given:
        withdraw_all(session, consent.conversation_id)
    if consent.kind != "referral":
        return
    referral = asked_of(session, consent.conversation_id)
    if referral is None:
        if not consent.given:
            withdraw_all(session, consent.conversation_id)
        return
    consent.kind = "team" if referral.team_id else "referral"
    referral.consent_id = consent.id
    move(session, referral, "agreed" if consent.given else "refused")


def agree(session: Session, referral: Referral, user: User, consent: Consent) -> None:
    """A caseworker wrote down that the person agreed, and how. Raises WrongState, CaseClosed, NotTheOwner."""
    held(session, referral.case_id, user)
    referral.consent_id = consent.id
    move(session, referral, "agreed", user=user, how=consent.how)


def send(
    session: Session, referral: Referral, user: User, way: str, settings: Settings, *, focal_point: UUID | None = None
) -> None:
    """It goes to the partner: a link for their focal point, or a printed form. Raises NoConsent, NothingChosen, WrongState, and as `held`.

    From here on its time runs: unanswered, it comes back to the queue.
    """
    case = held(session, referral.case_id, user)
    if not _agreed(session, referral):
        raise NoConsent
    if referral.service_id is None or not content.read(referral.content):
        raise NothingChosen
    at = now()
    move(session, referral, "sent", user=user, way=way)
    referral.way, referral.sent_at, referral.send_error = way, at, None
    referral.expires_at = at + settings.referral_time(case.level)
    if way == "link":
        new_link(session, referral, focal_point)
    follow_ups.plan(session, referral, settings, at)
    log.info("a referral was sent", referral=str(referral.id))


def reply(session: Session, referral: Referral, user: User, text: str, settings: Settings) -> None:
    """Answer what the partner asked back: they find it under the link they have. Raises as `send`."""
    case = held(session, referral.case_id, user)
    if referral.state != "asked_back":
        raise WrongState(referral.state)
    if not _agreed(session, referral):
        raise NoConsent
    move(session, referral, "sent", user=user, answer="yes")
    referral.reply = text
    referral.expires_at = now() + settings.referral_time(case.level)
    if referral.way == "link":
        new_link(session, referral, referral.focal_point_id)


def settle(
    session: Session,
    referral: Referral,
    settings: Settings,
    *,
    accepted: bool,
    reason: str | None = None,
    user: User | None = None,
) -> None:
    """The partner's last word, through the link, or as a caseworker (`user`) heard it by telephone. Raises WrongState."""
    move(session, referral, "accepted" if accepted else "declined", user=user, **({"reason": reason} if reason else {}))
    referral.answered_at = now()
    referral.decline_reason = reason
    if accepted:
        # The link can be read for some days more: they need it to help.
        referral.expires_at = now() + settings.referral_readable
        follow_ups.plan(session, referral, settings, now())
    else:
        follow_ups.cancel(session, referral)


def hand_over(session: Session, referral: Referral, user: User) -> Case:
    """The case goes to the team that the person agreed to, whose colleagues can read it from now on. Raises NoConsent and as `held`."""
    case = held(session, referral.case_id, user)
    if referral.team_id is None or not _agreed(session, referral):
        raise NoConsent
    move(session, referral, "accepted", user=user, team=str(referral.team_id))
    referral.answered_at = now()
    case.team_id, case.assignee_id = referral.team_id, None
    record(session, case, "team_handed_over", user=user, team=str(referral.team_id))
    change_owner(session, case.conversation_id, "desk")
    return case


def withdraw(session: Session, referral: Referral, user: User | None = None) -> None:
    """Consent is taken back, or the caseworker gives it up: unreadable at once, and its contents are gone. Raises WrongState."""
    move(session, referral, "withdrawn", user=user)
    referral.content = referral.question = referral.reply = referral.remark = None
    follow_ups.cancel(session, referral)
    session.flush()


def withdraw_all(session: Session, conversation_id: UUID) -> int:
    """Take back every referral of a conversation; how many."""
    lock_conversation(session, conversation_id)
    live = session.scalars(
        select(Referral)
        .where(Referral.conversation_id == conversation_id, Referral.state.in_(LIVE))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for referral in live:
        withdraw(session, referral)
    return len(live)


def forget(session: Session, conversation: Conversation) -> None:
    """The person wants to be forgotten: no referral can be read any more, whatever became of it; that there was one stays."""
    withdraw_all(session, conversation.id)
    for referral in session.scalars(select(Referral).where(Referral.conversation_id == conversation.id)):
        referral.content = referral.question = referral.reply = referral.remark = None
        referral.token_hash = None
    session.flush()


def expire(session: Session, referral_id: UUID, at: datetime) -> Referral | None:
    """End a referral that was not answered in its time; None: it was, a moment ago.

    Where it is the person who has not answered, it stays as it is: a late yes is a yes, and they can be asked again.
    """
    conversation_id = session.execute(
        select(Referral.conversation_id).where(Referral.id == referral_id)
    ).scalar_one_or_none()
    if conversation_id is None:
        return None
    lock_conversation(session, conversation_id)
    referral = session.get_one(Referral, referral_id, with_for_update=True, populate_existing=True)
    if referral.expires_at is None or referral.expires_at > at or referral.state not in WAITING:
        return None
    if referral.state == "asked":
        referral.expires_at = None
        note(session, referral, "not_answered")
        return referral
    move(session, referral, "expired")
    follow_ups.cancel(session, referral)
    return referral


def overdue(session: Session, at: datetime, limit: int) -> Sequence[UUID]:
    """Referrals whose time is over and that nobody has answered."""
    return session.scalars(
        select(Referral.id)
        .where(Referral.state.in_(WAITING), Referral.expires_at <= at)
        .order_by(Referral.expires_at)
        .limit(limit)
    ).all()


def _agreed(session: Session, referral: Referral) -> bool:
    """Whether the person's last word about this referral is yes."""
    consent = session.get(Consent, referral.consent_id) if referral.consent_id else None
    return consent is not None and consent.given
