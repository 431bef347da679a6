"""WhatsApp's window: free text reaches a person only within a day of their last message. What comes later waits for them.

A text is held, a neutral approved template tells the person that an answer waits (`gateway/invitations.py`), and what was held leaves, in
order and once, when they write. SMS has no window.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.models import Conversation
from core.database import notify, now
from core.jobs import OUTBOX, defer
from core.logging import get_logger
from gateway.models import Message

log = get_logger(__name__)

SEND = "gateway.send"
INVITE = "gateway.invite"
WINDOW = timedelta(hours=24)
"""After the person's last message; later Twilio refuses anything but approved templates."""
_CLOSED = "63016"
INVITATION = "say_message_waiting"
NOTICES = frozenset({"say_human_takes_over", "say_human_left", "say_case_closed", "say_still_waiting"})
"""Nobody is called back to a phone only to hear who reads there now."""
KEPT_BACK = ("stop", "leave", "erase")
"""Somebody who writes one of these words does not ask for what waits."""


def is_open(conversation: Conversation, at: datetime | None = None) -> bool:
    """Whether a free text can reach the person now."""
    last = conversation.last_inbound_at
    return conversation.channel != "whatsapp" or (last is not None and (at or now()) - last < WINDOW)


def closed_meanwhile(conversation: Conversation, message: Message) -> bool:
    """Whether Twilio refused a free text because the window closed between our look and its own."""
    return conversation.channel == "whatsapp" and message.error_code == _CLOSED and message.key != INVITATION


def hold(session: Session, conversation: Conversation, message: Message) -> None:
    """Put a text back until the person writes, and see to it that they hear of it. The conversation must be locked."""
    if message.provider_sid:
        # What Twilio still says of the attempt that it refused is no news of the next one.
        stored = json.loads(message.extra or "{}")
        message.extra = json.dumps(stored | {"refused": [*stored.get("refused", ()), message.provider_sid]})
    message.state, message.held_since = "held", now()
    message.provider_sid = message.status = message.error_code = None
    message.attempts = 0
    log.info("a message is held", message=str(message.id), conversation=str(conversation.id))
    if message.key not in NOTICES:
        defer(
            session, INVITE, queue=OUTBOX, lock=f"outbox:{conversation.id}", conversation_id=str(conversation.id)
        )  # fmt: skip
    session.flush()
    notify(session, conversation=conversation.id, message=message.id)


def release(session: Session, conversation: Conversation, *, word: str | None = None) -> int:
    """The person wrote: what was held for them leaves now, in its order, behind what they wrote. How many. The conversation must be locked.

    `word` is what their whole message means by itself. What the bot or the service said under an older owner is dropped, and a
    caseworker's text when the desk no longer has the conversation. Where nobody knows who writes, everything waits on.
    """
    if conversation.channel != "whatsapp":
        return 0  # nothing is ever held
    # A human who has the conversation has judged who writes; the bot waits for the word.
    unknown = conversation.locked_at is not None and conversation.owner != "desk"
    if conversation.silent or conversation.hold or unknown or word in KEPT_BACK or not is_open(conversation):
        return 0
    leaving = 0
    for row in _held(session, conversation):
        if _stale(conversation, row):
            row.state = "dropped"
        else:
            leaving += 1
            row.state = "queued"
            row.seq = session.execute(select(func.nextval(func.pg_get_serial_sequence("message", "seq")))).scalar_one()
            defer(session, SEND, queue=OUTBOX, lock=f"outbox:{conversation.id}", message_id=str(row.id))
        session.flush()
        notify(session, conversation=conversation.id, message=row.id)
    if leaving:
        log.info("held messages leave", conversation=str(conversation.id), count=leaving)
    return leaving


def forget_held(session: Session, conversation: Conversation) -> None:
    """The person wants no messages: what was held is never sent, not even when they come back."""
    for row in _held(session, conversation):
        row.state = "dropped"


def _held(session: Session, conversation: Conversation) -> Sequence[Message]:
    return (
        session.execute(
            select(Message)
            .where(Message.conversation_id == conversation.id, Message.state == "held")
            .order_by(Message.seq)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .scalars()
        .all()
    )


def was_refused(message: Message, sid: str | None) -> bool:
    """Whether an id of Twilio's belongs to an attempt of this message that Twilio refused."""
    return bool(sid) and sid in json.loads(message.extra or "{}").get("refused", ())


def _stale(conversation: Conversation, row: Message) -> bool:
    if row.author == "caseworker":
        return conversation.owner != "desk"
    return row.epoch < conversation.epoch
