"""What became of a message: Twilio's statuses, in whatever order they arrive. A status only moves forward."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard
from uuid import UUID

from sqlalchemy import Row, exists, or_, select, tuple_, update
from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.ownership import lock_conversation
from cases.service import open_case_of, record, set_hold
from core.database import notify, notify_of_each
from core.logging import get_logger
from gateway.form import Form
from gateway.models import Message
from gateway.window import closed_meanwhile, hold, was_refused

log = get_logger(__name__)

FORWARD = {
    "accepted": 0, "scheduled": 1, "queued": 2, "sending": 3, "sent": 4, "partially_delivered": 5,
    "canceled": 6, "failed": 6, "undelivered": 6, "delivered": 7, "read": 8,
}  # fmt: skip
"""Delivered comes after failed: that it arrived is certain, that it did not is what the network believes."""
FAILURES = ("canceled", "failed", "undelivered")
ARRIVED = ("delivered", "read")
OPTED_OUT = "21610"
"""Twilio: the person replied STOP; nothing may be sent until they write START."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one callback says."""

    message_id: UUID | None
    """Ours, from the address that Twilio was given."""
    sid: str | None
    status: str

    @classmethod
    def read(cls, message_id: str | None, form: Form) -> "Told":
        """The fields of a callback, whatever stands in them."""
        status = form.text("MessageStatus") or form.text("SmsStatus") or ""
        return cls(_uuid(message_id), form.text("MessageSid") or form.text("SmsSid"), status.lower())


def receive_status(session: Session, message_id: str | None, form: Form) -> bool:
    """Take in one callback; False when it changes nothing. The caller commits."""
    told = Told.read(message_id, form)
    if told.status not in FORWARD:
        log.warning("a status that is not known", status="unknown")
        return False
    return move_together(session, [told])[0] or _take_in(session, told, form)


def _take_in(session: Session, told: Told, form: Form) -> bool:
    status, sid = told.status, told.sid
    found = _find(session, told.message_id, sid)
    if found is None:
        log.warning("a status of a message that is not known", status=status)
        return False
    # The conversation before the message: the same order as everywhere, so that nobody waits for each other.
    conversation = lock_conversation(session, found.conversation_id)
    message = session.execute(
        select(Message).where(Message.id == found.id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()
    code = _code(form.text("ErrorCode"))
    if was_refused(message, sid) or not advance(message, status):
        return False
    if not message.provider_sid:
        message.provider_sid = form.text("MessageSid")
    message.error_code = code if status in FAILURES else None
    if status in FAILURES:
        message.state = "failed"
        if closed_meanwhile(conversation, message):
            hold(session, conversation, message)
            return True
        report_failure(session, conversation, message)
    elif message.state in ("uncertain", "failed", "sending"):
        # Twilio speaks of it, so Twilio has it.
        message.state = "sent"
    if status in ARRIVED:
        end_delivery_hold(session, conversation)
    session.flush()
    notify(session, conversation=conversation.id, message=message.id)
    log.info("a status was taken in", message=str(message.id), status=status, error_code=code)
    return True


def move_together(session: Session, told: Sequence[Told]) -> list[bool]:
    """Move the statuses of messages that we know Twilio has, by a statement each kind: two such callbacks come for each message.

    It concerns the rows alone, so nobody has to wait for a conversation. False where more is to be done, or nothing. The caller commits.
    """
    plain: dict[str, dict[UUID, str]] = {}
    for one in told:
        if one.message_id and _usable(one.sid) and one.status in FORWARD and one.status not in FAILURES:
            plain.setdefault(one.status, {}).setdefault(one.message_id, one.sid)
    moved: dict[tuple[UUID, str], UUID] = {}
    for status in sorted(plain, key=FORWARD.__getitem__):
        moved |= {(row.id, status): row.conversation_id for row in _move(session, plain[status], status)}
    if moved:
        notify_of_each(session, [{"conversation": moved[key], "message": key[0]} for key in moved])
    for message_id, status in moved:
        log.info("a status was taken in", message=str(message_id), status=status, error_code=None)
    return [one.message_id is not None and (one.message_id, one.status) in moved for one in told]


def _move(session: Session, messages: Mapping[UUID, str], status: str) -> Sequence[Row[UUID, UUID]]:
    behind = [known for known, place in FORWARD.items() if place < FORWARD[status]]
    delivery_in_doubt = exists().where(
        Conversation.id == Message.conversation_id, Conversation.hold == "delivery_failed"
    )
    free = (
        select(Message.id)
        .where(
            tuple_(Message.id, Message.provider_sid).in_(list(messages.items())),
            Message.direction == "outbound",
            Message.state == "sent",
            or_(Message.status.is_(None), Message.status.in_(behind)),
            *([] if status not in ARRIVED else [~delivery_in_doubt]),
        )
        .with_for_update(skip_locked=True)
    )
    return session.execute(
        update(Message)
        .where(Message.id.in_(free))
        .values(status=status, error_code=None)
        .returning(Message.id, Message.conversation_id)
        .execution_options(synchronize_session=False)
    ).all()


def advance(message: Message, status: str | None) -> bool:
    """Move a message's status forward; False when it is known or behind."""
    if status not in FORWARD or (message.status in FORWARD and FORWARD[message.status] >= FORWARD[status]):
        return False
    message.status = status
    return True


def report_failure(session: Session, conversation: Conversation, message: Message) -> None:
    """A message did not arrive: whoever works on an urgent case hears of it, and an opt-out at Twilio becomes one here."""
    if message.error_code == OPTED_OUT:
        conversation.opted_out, conversation.opt_out_pending = True, False
    case = open_case_of(session, conversation.id)
    if case is not None and case.level in ("E", "U"):
        if message.state == "failed":
            # The number may be somebody else's by now: nobody writes first until somebody writes from it (protocol 3.2).
            set_hold(session, conversation.id, "delivery_failed")
        record(
            session,
            case,
            "not_delivered",
            message=str(message.id),
            error_code=message.error_code or "",
            state=message.state,
        )
        notify(session, case=case.id, conversation=conversation.id)


def end_delivery_hold(session: Session, conversation: Conversation) -> None:
    """Messages arrive again, or somebody wrote from the number. Every other reason to hold stays."""
    if conversation.hold == "delivery_failed":
        set_hold(session, conversation.id, None)


def _find(session: Session, own_id: UUID | None, sid: str | None) -> Message | None:
    """Our id first: a callback may overtake the answer that tells us Twilio's."""
    ways = []
    if own_id:
        ways.append(Message.id == own_id)
    if _usable(sid):
        ways.append(Message.provider_sid == sid)
    if not ways:
        return None
    query = select(Message).where(or_(*ways), Message.direction == "outbound").order_by(Message.seq)
    return session.execute(query).scalars().first()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _usable(sid: str | None) -> TypeGuard[str]:
    return bool(sid) and str(sid).isprintable()


def _code(text: str | None) -> str | None:
    return text if text and text.isascii() and text.isdigit() and len(text) <= 8 else None
