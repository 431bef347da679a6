"""What a caseworker does with a case, each in one transaction: the case changes, the person is told once, the bot stops or goes on."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import service
from cases.errors import CaseClosed
from cases.models import LEVELS, NEEDS_MET, OUTCOMES, Case, Conversation, User
from cases.teams import colleagues
from core.database import notify, now
from desk import drafts, mentions, presence
from desk.errors import BadInput, NotFound
from desk.permissions import PERMISSIONS
from gateway import outbox, resending
from gateway.errors import CannotWrite
from gateway.gateway import Gateway
from gateway.models import Message

MAX_TEXT = 1600
"""Characters of one message: Twilio's limit."""
MAX_NOTE = 4000
MAX_REASON = 500

CANNOT_WRITE = {
    "opted_out": "reply_opted_out", "no_template": "reply_no_template", "empty": "reply_empty",
    "too_long": "reply_too_long", "stranger": "reply_stranger", "duress": "reply_held_duress",
    "other_person": "reply_held_other_person", "not_safe": "reply_held_not_safe",
    "delivery_failed": "reply_held_delivery_failed", "no_message": "resend_gone", "uncertain": "resend_uncertain_needed",
}  # fmt: skip
PAUSES = (1, 2, 4, 8, 24, 48, 72, 168)
"""Hours for which a case can be put aside."""


def take(session: Session, gateway: Gateway, case_id: UUID, user: User) -> bool:
    """Take the case; a second click is no second taking. Returns whether the person is told. Raises CaseClosed, NotTheOwner."""
    before = service.get_case(session, case_id).assignee_id
    case = service.take(session, case_id, user)
    return before is not None or _tell(session, gateway, case, "say_human_takes_over")


def give_back(session: Session, gateway: Gateway, case_id: UUID, user: User) -> Case:
    """The bot goes on where it was, after the person was told that nobody writes any more. Raises CaseClosed, NotTheOwner."""
    case = service.give_back(session, case_id, user)
    _tell(session, gateway, case, "say_human_left")
    outbox.resume(session, case.conversation)
    return case


def close(session: Session, gateway: Gateway, case_id: UUID, user: User, *, outcome: str, needs_met: str = "") -> Case:
    """Close with an outcome, and whether what was needed was met, where somebody knows. Raises BadInput, CaseClosed, NotTheOwner."""
    if outcome not in OUTCOMES:
        raise BadInput("outcome_needed")
    if needs_met and needs_met not in NEEDS_MET:
        raise BadInput("error_input")
    case = service.close(session, case_id, user, outcome=outcome, needs_met=needs_met or None)
    _tell(session, gateway, case, "say_case_closed")
    return case


def take_over(session: Session, case_id: UUID, user: User, reason: str) -> Case:
    """Take the case from a colleague; why is a note to them. Raises BadInput without a reason, CaseClosed, NotTheOwner."""
    reason = _tidy(reason)[:MAX_REASON]
    if not reason:
        raise BadInput("take_over_reason_needed")
    return service.take_over(session, case_id, user, reason=reason)


def pause(session: Session, case_id: UUID, user: User, hours: str) -> Case:
    """Put the case aside for one of PAUSES. Raises BadInput, CaseClosed, NotTheOwner."""
    if hours not in {str(one) for one in PAUSES}:
        raise BadInput("pause_needed")
    try:
        return service.pause(session, case_id, user, until=now() + timedelta(hours=int(hours)))
    except ValueError:
        raise BadInput("pause_emergency") from None


def hand_on(
    session: Session, gateway: Gateway, case_id: UUID, user: User, *, to: str, note: str, assigns: bool
) -> bool:
    """Give the case to a colleague of its team, with a note. Returns whether nobody held it and the person is told that somebody reads now.

    Raises BadInput for nobody or a stranger to the team, or without a note; CaseClosed, NotTheOwner.
    """
    note = note.replace("\r\n", "\n").strip()
    case = service.get_case(session, case_id)
    before = case.assignee_id
    chosen = next((one for one in who_can_take(session, case) if str(one.id) == to and one.id != before), None)
    if chosen is None:
        raise BadInput("hand_on_who_needed")
    if not note:
        raise BadInput("hand_on_note_needed")
    if len(note) > MAX_NOTE:
        raise BadInput("note_too_long", limit=MAX_NOTE)
    case = service.hand_on(session, case_id, user, chosen, note=note, assigns=assigns)
    return before is None and _tell(session, gateway, case, "say_human_takes_over")


def who_can_take(session: Session, case: Case) -> list[User]:
    """Colleagues of the case's team who work on cases."""
    return colleagues(session, case.team_id, PERMISSIONS["case.work"])


def change_level(session: Session, case_id: UUID, user: User, level: str, reason: str) -> Case:
    """Raise or lower the level. Raises BadInput without a reason, CaseClosed, NotTheOwner."""
    reason = reason.strip()[:MAX_REASON]
    if level not in LEVELS or not reason:
        raise BadInput("level_reason_needed")
    return service.change_level(session, case_id, user, level=level, reason=reason)


def release_hold(session: Session, case_id: UUID, user: User, reason: str) -> Case:
    """Allow the team to write first again. Raises BadInput without a reason, CaseClosed, NotTheOwner."""
    reason = reason.replace("\r\n", "\n").strip()[:MAX_REASON]
    if not reason:
        raise BadInput("hold_reason_needed")
    return service.release_hold(session, case_id, user, reason=reason)


def note(session: Session, case_id: UUID, user: User, text: str) -> None:
    """Leave an internal note; colleagues who do not hold the case may. Raises BadInput."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise BadInput("note_empty")
    if len(text) > MAX_NOTE:
        raise BadInput("note_too_long", limit=MAX_NOTE)
    case = service.get_case(session, case_id)
    written = service.add_note(session, case, user, text)
    colleagues = [one for one in who_can_take(session, case) if one.id != user.id]
    mentions.call(session, written, mentions.named(text, colleagues))
    notify(session, case=case.id, conversation=case.conversation_id)


def reply(
    session: Session,
    gateway: Gateway,
    case_id: UUID,
    user: User,
    *,
    text: str,
    client_id: UUID,
    acknowledged: frozenset[str] = frozenset(),
) -> Message:
    """Write to the person; the same `client_id` again sends nothing again.

    Raises NeedsAcknowledgement for what the check warns of, BadInput, CaseClosed, NotTheOwner.
    """
    case = service.get_case(session, case_id)
    # A browser sends line breaks as CR LF; the CR would cost a character of every SMS.
    text = text.replace("\r\n", "\n")
    try:
        sent = outbox.send_as_caseworker(
            session, case.conversation, user, text, client_id,
            wording=gateway.wording, settings=gateway.settings, acknowledged=acknowledged,
        )  # fmt: skip
    except CannotWrite as fault:
        raise _refused(fault, case_id) from None
    drafts.forget(session, case_id, user)
    presence.stopped_typing(session, case_id, user)
    return sent


def resend(session: Session, gateway: Gateway, case_id: UUID, user: User, message_id: UUID, *, sure: bool) -> Message:
    """Send a message again that did not arrive. Raises as `reply`."""
    case = service.get_case(session, case_id)
    try:
        return resending.resend(
            session, case, user, message_id, sure=sure, wording=gateway.wording, settings=gateway.settings
        )
    except CannotWrite as fault:
        raise _refused(fault, case_id) from None


def text_of(session: Session, case_id: UUID, message_id: UUID) -> str:
    """What a caseworker's message of this case says; empty for one that is none or is gone."""
    row = session.execute(
        select(Message)
        .join(Case, Case.conversation_id == Message.conversation_id)
        .where(Case.id == case_id, Message.id == message_id, Message.author == "caseworker")
    ).scalar_one_or_none()
    return (row.body or "") if row is not None else ""


def _refused(fault: CannotWrite, case_id: UUID) -> CaseClosed | BadInput:
    if fault.reason == "no_case":
        return CaseClosed(case_id)
    return BadInput(CANNOT_WRITE.get(fault.reason, "error_input"), limit=MAX_TEXT)


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def channel(session: Session, case_id: UUID) -> str:
    """The channel of a case's conversation. Raises NotFound."""
    found = session.execute(
        select(Conversation.channel).join(Case, Case.conversation_id == Conversation.id).where(Case.id == case_id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def _tell(session: Session, gateway: Gateway, case: Case, key: str) -> bool:
    """Tell the person, unless a message nobody asked for could hurt them. Returns whether they are told."""
    if not service.may_be_told(case):
        return False
    said = outbox.say_system(session, case.conversation, key, wording=gateway.wording, settings=gateway.settings)
    return bool(said)
