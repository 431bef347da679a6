"""What became of a message: Twilio's statuses, in whatever order they arrive. A status only moves forward."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.ownership import lock_conversation
from cases.service import open_case_of, record, set_hold
from core.database import DESK_CHANNEL, notify
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

_MOVE = text("""
    WITH told AS (
      SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:sids AS text[]), CAST(:statuses AS text[])) AS told(id, sid, word)),
    place AS (SELECT * FROM unnest(CAST(:words AS text[]), CAST(:places AS integer[])) AS place(word, number)),
    free AS (
      SELECT message.id, told.word, told.sid
      FROM message JOIN told USING (id) LEFT JOIN place AS before ON before.word = status JOIN place ON place.word = told.word
      WHERE direction = 'outbound' AND (status IS NULL OR before.number < place.number)
        AND ((state = 'sent' AND provider_sid = sid)
          OR (state = 'sending' AND provider_sid IS NULL AND held_since IS NULL))
        AND NOT (told.word = ANY(:arrived) AND EXISTS (
          SELECT FROM conversation WHERE conversation.id = conversation_id AND hold = 'delivery_failed'))
      FOR UPDATE OF message SKIP LOCKED),
    moved AS (
      UPDATE message SET status = word, error_code = NULL, state = 'sent', provider_sid = sid FROM free WHERE message.id = free.id
      RETURNING message.id, conversation_id)
    SELECT id, pg_notify(:channel, CAST(json_build_object('conversation', conversation_id, 'message', id) AS text)) FROM moved
""")


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
    """Move the statuses of messages that Twilio has, by one statement: two such callbacks come for each message.

    The first of them often overtakes the answer to our own request, which tells us Twilio's id; it tells us the same.

    It concerns the rows alone, so nobody has to wait for a conversation, and a row that somebody works on is not waited for either. False
    where `receive_status` has to look, because more is to be done, or nothing. The caller commits.
    """
    furthest: dict[UUID, int] = {}
    for n, one in enumerate(told):
        if one.message_id is None or not _usable(one.sid) or one.status not in FORWARD or one.status in FAILURES:
            continue
        if FORWARD[one.status] >= FORWARD[told[furthest.get(one.message_id, n)].status]:
            furthest[one.message_id] = n
    if not furthest:
        return [False] * len(told)
    rows = session.execute(
        _MOVE,
        {
            "ids": list(furthest),
            "sids": [told[n].sid for n in furthest.values()],
            "statuses": [told[n].status for n in furthest.values()],
            "words": list(FORWARD),
            "places": list(FORWARD.values()),
            "arrived": list(ARRIVED),
            "channel": DESK_CHANNEL,
        },
    ).all()
    moved = {furthest[row.id] for row in rows}
    for n in moved:
        log.info("a status was taken in", message=str(told[n].message_id), status=told[n].status, error_code=None)
    return [n in moved for n in range(len(told))]


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
