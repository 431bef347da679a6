"""What Rasa remembers of a conversation goes when the conversation goes: it is in a database of its own, which no foreign key reaches.

Not told one by one while conversations are deleted: a worker that died in between would leave what somebody said behind for a month.
Instead whatever belongs to no conversation is looked for, each hour, and deleted. Rasa itself need not run.
"""

from uuid import UUID

import procrastinate
from sqlalchemy import or_, select

from app.bot_memory import connect, remembered
from cases.models import Conversation
from core.database import Sessions
from core.jobs import UPKEEP
from core.logging import get_logger

log = get_logger("app.bot_sessions")

TASK = "app.bot_sessions"
BATCH = 1000


def add_tasks(app: procrastinate.App, sessions: Sessions, engine_database_url: str | None) -> None:
    """Register the schedule with the worker's application: ten minutes after retention has run."""

    @app.periodic(cron="27 * * * *")
    @app.task(name=TASK, queue=UPKEEP, queueing_lock=TASK)
    def forget(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        if engine_database_url:
            forget_orphans(sessions, engine_database_url)


def forget_orphans(sessions: Sessions, engine_database_url: str) -> int:
    """Delete what Rasa remembers of conversations that are gone, or of which only an opt-out is left; how many."""
    gone = 0
    with connect(engine_database_url) as connection:
        for rows in remembered(connection, BATCH):
            ids = [row[0] for row in rows]
            orphans = sorted(set(ids) - _kept(sessions, ids))
            gone += connection.execute(
                "DELETE FROM engine.tracker WHERE conversation_id = ANY(%s)", (orphans,)
            ).rowcount
    if gone:
        log.info("what the bot remembered was deleted", count=gone)
    return gone


def _kept(sessions: Sessions, ids: list[str]) -> set[str]:
    """Those of them that somebody may still take up. What is kept of who wrote STOP remembers no word."""
    talks = or_(~Conversation.opted_out, Conversation.last_inbound_at.is_not(None))
    with sessions.begin() as session:
        found = session.scalars(select(Conversation.id).where(Conversation.id.in_(map(UUID, ids)), talks))
        return {str(one) for one in found}
