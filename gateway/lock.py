"""When a conversation locks: after so long a pause that nobody knows any more who holds the phone (protocol 3.2)."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Conversation
from core.settings import Settings
from gateway.asked import last_question
from gateway.models import Message
from screening.questions import questionnaire


def is_locked(session: Session, conversation: Conversation, message: Message, settings: Settings) -> bool:
    """Whether nobody knows any more who writes: locked since an earlier message, or by the pause before this one."""
    if conversation.new_session:
        return False
    if conversation.locked_at is not None:
        return True
    before = session.execute(
        select(Message.created_at)
        .where(
            Message.conversation_id == conversation.id,
            Message.direction == "inbound",
            Message.author == "person",
            Message.seq < message.seq,
        )
        .order_by(Message.seq.desc())
        .limit(1)
    ).scalar_one_or_none()
    return before is not None and message.created_at - before > _patience(session, conversation, settings)


def begin_anew(conversation: Conversation, message: Message) -> None:
    """A new, empty session begins with this message: what was asked before can no longer be answered."""
    conversation.new_session, conversation.session_seq = True, message.seq
    conversation.locked_at, conversation.wrong_words = None, 0


def _patience(session: Session, conversation: Conversation, settings: Settings) -> timedelta:
    question = last_question(session, conversation)
    known = questionnaire().get(question.id) if question else None
    sensitive = conversation.shared_phone or (known is not None and known.asks_class == "B")
    return settings.lock_after_sensitive if sensitive else settings.lock_after
