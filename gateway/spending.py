"""What a stranger can make us spend: the bot answers one conversation, and all of them together, so often in an hour and no more.

Whoever writes on is not lost: alarms are heard as always, and a human gets the conversation. Only the machine falls silent.
"""

import time
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import now
from core.logging import get_logger
from core.settings import Settings
from gateway.models import Message

log = get_logger(__name__)

HOUR = timedelta(hours=1)
LOOK_SECONDS = 10.0
"""How often a process adds up what the whole line has sent."""
SPENT = ("queued", "sending", "sent", "uncertain")
Limit = Literal["conversation", "line"]

_looked: tuple[float, int] = (0.0, 0)


def exceeded(session: Session, conversation_id: UUID, settings: Settings) -> Limit | None:
    """Which limit the next answer would exceed, or None."""
    answers, segments = settings.most_answers(), settings.most_segments()
    if answers and _answered(session, conversation_id, answers):
        return "conversation"
    if segments and spent(session, segments) >= segments:
        log.error("the budget of an hour is spent: the bot answers nobody", reason="segments")
        return "line"
    return None


def _answered(session: Session, conversation_id: UUID, most: int) -> bool:
    """Whether the person has written so many messages in the last hour: read from the newest backwards, in a conversation of any length."""
    oldest = session.scalar(
        select(Message.created_at)
        .where(Message.conversation_id == conversation_id, Message.direction == "inbound", Message.author == "person")
        .order_by(Message.seq.desc())
        .offset(most)
        .limit(1)
    )
    return oldest is not None and now() - oldest < HOUR


def spent(session: Session, most: int, *, fresh: bool = False) -> int:
    """Segments of the last hour, as far as `most`. Reads a bounded number of the newest rows, and not more often than every ten seconds."""
    global _looked  # noqa: PLW0603
    at, known = _looked
    if not fresh and time.monotonic() - at < LOOK_SECONDS:
        return known
    newest = select(Message).order_by(Message.seq.desc()).limit(3 * most).subquery()
    total = session.scalar(
        select(func.coalesce(func.sum(func.coalesce(newest.c.segments, 1)), 0)).where(
            newest.c.direction == "outbound", newest.c.state.in_(SPENT), newest.c.created_at > now() - HOUR
        )
    )
    _looked = time.monotonic(), int(total or 0)
    return _looked[1]
