"""What was asked and answered last, as the rows hold it."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from cases.models import Conversation
from core.turns import Payload, Sign
from gateway.models import Message
from gateway.reading import Inbound, Question

_Read = aliased(Message)


def inbound_of(message: Message) -> Inbound:
    """A message as it is read. Raises DecryptionError."""
    extra = json.loads(message.extra or "{}")
    return Inbound(
        kind=message.kind,
        body=message.body or "",
        button=extra.get("button"),
        media=tuple(extra.get("media", ())),
        help_word=extra.get("opt_out") == "HELP",
    )


def written_until(message: Message) -> ColumnElement[bool]:
    """What the person wrote in this conversation, up to this message."""
    return and_(
        Message.conversation_id == message.conversation_id,
        Message.direction == "inbound",
        Message.author == "person",
        Message.seq <= message.seq,
    )


def times_written(session: Session, message: Message, many: int) -> Sequence[datetime]:
    """When the person wrote this message and those before it, as many at most, the latest first."""
    latest = select(Message.created_at).where(written_until(message)).order_by(Message.seq.desc()).limit(many)
    return session.scalars(latest).all()


def last_question(session: Session, conversation: Conversation) -> Question | None:
    """The last question of this session that the person may have seen. One that is held they have not."""
    row = session.execute(
        select(Message.question, Message.choices, Message.multiple, Message.secret)
        .where(_asked(conversation), Message.question.is_not(None), Message.state.not_in(("dropped", "failed", "held")))
        .order_by(Message.seq.desc())
        .limit(1)
    ).one_or_none()
    return Question.stored(row.question, row.choices, multiple=row.multiple, secret=row.secret) if row else None


def asked_by_desk(session: Session, conversation: Conversation) -> bool:
    """Whether the last question was asked because the desk had the bot ask: no message of the person led to it."""
    turn = aliased(Message)
    author = session.execute(
        select(turn.author)
        .select_from(Message)
        .join(turn, turn.id == Message.turn_id)
        .where(_asked(conversation), Message.question.is_not(None), Message.state.not_in(("dropped", "failed", "held")))
        .order_by(Message.seq.desc())
        .limit(1)
    ).scalar_one_or_none()
    return author == "system"


def asked_in_this_session(session: Session, conversation: Conversation, question: str) -> bool:
    """Whether a question was asked since the session began. A button of an older one still hangs on the phone, for anybody to tap."""
    if conversation.new_session:
        return False
    found = select(Message.id).where(_asked(conversation), Message.question == question).limit(1)
    return session.execute(found).first() is not None


def read_before(message: Message) -> tuple[Payload, tuple[Sign, ...]] | None:
    """What an earlier run made of a message that cannot be read twice: its text is gone, or it has been counted."""
    stored = json.loads(message.extra or "{}").get("read_as")
    return (Payload.model_validate(stored["payload"]), tuple(stored["signs"])) if stored else None


def remember_reading(
    message: Message, payload: Payload, signs: tuple[Sign, ...] = (), *, keep_text: bool = False
) -> None:
    """Keep what a message was read as; without its text, if that is nobody's business."""
    read_as = {"payload": payload.model_dump(mode="json"), "signs": list(signs)}
    message.extra = json.dumps(json.loads(message.extra or "{}") | {"read_as": read_as})
    if not keep_text:
        message.body = None
        message.secret = True


def _asked(conversation: Conversation) -> ColumnElement[bool]:
    since = true() if conversation.session_seq is None else Message.seq > conversation.session_seq
    ours = and_(Message.conversation_id == conversation.id, Message.direction == "outbound", since)
    # What was held leaves because of the message that is read now: that message answers none of it.
    read_now = (
        select(func.min(_Read.seq))
        .where(_Read.conversation_id == conversation.id, _Read.direction == "inbound", _Read.state == "received")
        .scalar_subquery()
    )
    return and_(ours, or_(Message.held_since.is_(None), read_now.is_(None), Message.seq < read_now))
