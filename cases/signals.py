"""An urgent sign without consent: nothing of it is kept but the level, for a day, so that who comes back is known to be urgent.

Source: protocol, section 2.6.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from cases.models import LEVELS, Signal
from core.database import now

KEPT_FOR = timedelta(hours=24)


def keep(session: Session, conversation_id: UUID, level: str) -> None:
    """Keep a level for a day; a graver one that is kept already stays. Raises ValueError for what is no level of a case."""
    if level not in LEVELS:
        raise ValueError(f"a signal has a level of {LEVELS}, not {level!r}")
    known = read(session, conversation_id)
    worst = min([level, *([known] if known else [])], key=LEVELS.index)
    session.merge(Signal(conversation_id=conversation_id, level=worst, expires_at=now() + KEPT_FOR))
    session.flush()


def read(session: Session, conversation_id: UUID) -> str | None:
    """The level kept for a conversation, unless its day is over."""
    kept = session.get(Signal, conversation_id)
    return kept.level if kept is not None and kept.expires_at > now() else None


def forget(session: Session) -> int:
    """Delete the signals whose day is over; how many."""
    return len(
        session.execute(delete(Signal).where(Signal.expires_at <= now()).returning(Signal.conversation_id)).all()
    )
