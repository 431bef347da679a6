"""When a conversation locks: after so long a pause that nobody knows any more who holds the phone (protocol 3.2)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Conversation
from core.settings import Settings
from gateway.asked import last_question, times_written
from gateway.models import Message
from screening.questions import questionnaire


def is_locked(session: Session, conversation: Conversation, times: Sequence[datetime], settings: Settings) -> bool:
    """Whether nobody knows any more who writes: locked since an earlier message, or by the pause before this one.

    `times`: when this message and the one before it were written.
    """
    if conversation.new_session:
        return False
    if conversation.locked_at is not None:
        return True
    pause = times[0] - times[1] if len(times) > 1 else timedelta()
    if pause <= min(settings.lock_after, settings.lock_after_sensitive):
        return False
    return pause > _patience(session, conversation, settings)


def next_is_locked(session: Session, conversation: Conversation, row: Message, settings: Settings) -> bool:
    """Whether a message waits to be read that came after a pause: what was said before it and has not left is not for whoever wrote it.

    What is said behind the lock anybody may read. What was held for WhatsApp's window leaves because of such a message, by rules of its
    own (gateway/window.py).
    """
    behind = conversation.locked_at is not None and row.created_at >= conversation.locked_at
    if conversation.owner != "bot" or row.held_since is not None or behind:
        return False
    waiting = session.scalars(
        select(Message)
        .where(
            Message.conversation_id == conversation.id,
            Message.direction == "inbound",
            Message.author == "person",
            Message.state == "received",
            Message.seq > row.seq,
        )
        .order_by(Message.seq)
        .limit(1)
    ).one_or_none()
    return waiting is not None and is_locked(session, conversation, times_written(session, waiting, 2), settings)


def begin_anew(conversation: Conversation, message: Message) -> None:
    """A new, empty session begins with this message: what was asked before can no longer be answered."""
    conversation.new_session, conversation.session_seq = True, message.seq
    conversation.locked_at, conversation.wrong_words = None, 0


def _patience(session: Session, conversation: Conversation, settings: Settings) -> timedelta:
    question = last_question(session, conversation)
    known = questionnaire().get(question.id) if question else None
    sensitive = conversation.shared_phone or (known is not None and known.asks_class == "B")
    return settings.lock_after_sensitive if sensitive else settings.lock_after
