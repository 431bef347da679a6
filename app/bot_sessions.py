"""What Rasa remembers of a conversation goes when the conversation goes: it is in a database of its own, which no foreign key reaches.

Not told one by one while conversations are deleted: a worker that died in between would leave what somebody said behind for a month.
Instead whatever belongs to no conversation is looked for, each hour, and deleted. Rasa itself need not run.
"""

from collections.abc import Iterator
from uuid import UUID

import procrastinate
import psycopg
from sqlalchemy import or_, select

from cases.models import Conversation
from core.database import Sessions
from core.jobs import UPKEEP, plain_conninfo
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
    with psycopg.connect(plain_conninfo(engine_database_url), autocommit=True, connect_timeout=5) as connection:
        for ids in _remembered(connection):
            orphans = sorted(set(ids) - _kept(sessions, ids))
            gone += connection.execute(
                "DELETE FROM engine.tracker WHERE conversation_id = ANY(%s)", (orphans,)
            ).rowcount
    if gone:
        log.info("what the bot remembered was deleted", count=gone)
    return gone


def _remembered(connection: psycopg.Connection) -> Iterator[list[str]]:
    """Ids of all conversations that Rasa remembers, some at a time. None before it has run for the first time."""
    if connection.execute("SELECT to_regclass('engine.tracker')").fetchone() == (None,):
        return
    last = ""
    while rows := connection.execute(
        "SELECT conversation_id FROM engine.tracker WHERE conversation_id > %s ORDER BY conversation_id LIMIT %s",
        (last, BATCH),
    ).fetchall():
        yield [row[0] for row in rows]
        last = rows[-1][0]


def _kept(sessions: Sessions, ids: list[str]) -> set[str]:
    """Those of them that somebody may still take up. What is kept of who wrote STOP remembers no word."""
    talks = or_(~Conversation.opted_out, Conversation.last_inbound_at.is_not(None))
    with sessions.begin() as session:
        found = session.scalars(select(Conversation.id).where(Conversation.id.in_(map(UUID, ids)), talks))
        return {str(one) for one in found}
