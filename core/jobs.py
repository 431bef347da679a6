"""Background work: Procrastinate on the same PostgreSQL. A job is written in the transaction that makes it necessary.

Arguments of jobs are ids, never bodies or numbers: the queue's table is read by operators.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, LiteralString

import procrastinate
import psycopg
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.orm import Session

from core.database import is_quiet
from core.logging import get_logger

log = get_logger(__name__)

TURNS = "turns"
"""Queue of what people wrote: one turn at a time per conversation."""
OUTBOX = "outbox"
"""Queue of replies on their way to Twilio."""
UPKEEP = "upkeep"
"""Queue of schedules: stalled jobs, retention, reconciliation."""

HEARTBEAT_SECONDS = 5.0
"""How often a worker says that it lives."""
FETCH_SECONDS = 0.1
"""Seconds after which the queue is looked at unasked. A job that waits for another of its lock is not announced again when that ends: at
two seconds whoever wrote twice in a row heard two seconds late. (The messages of one reply do not wait for it: `gateway/sending.py`.)"""
DEAD_AFTER_SECONDS = 20.0
"""Silence after which a worker is taken for dead and its jobs are run again: so long somebody waits whose turn it had begun."""

QUEUES = (TURNS, OUTBOX, UPKEEP)
"""Every queue; a test asserts that the worker serves them all."""


def make_app(conninfo: str) -> procrastinate.App:
    """The Procrastinate application for the worker (asynchronous connector)."""
    return procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=plain_conninfo(conninfo), min_size=1, max_size=8, configure=_commit_each, pool_factory=_pool
        ),
        worker_defaults={"listen_notify": True, "fetch_job_polling_interval": FETCH_SECONDS},
    )


async def _commit_each(connection: psycopg.AsyncConnection[Any]) -> None:
    """What Procrastinate asks is one statement each time: BEGIN and COMMIT around it were two more ways to the database."""
    await connection.set_autocommit(True)


def _pool(**settings: Any) -> AsyncConnectionPool:
    return AsyncConnectionPool(**{**settings, "check": _look})


async def _look(connection: psycopg.AsyncConnection[Any]) -> None:
    """Whether the database has ended the connection. Where a look is not enough, it is asked; raises as that does."""
    if not is_quiet(connection.pgconn):
        await AsyncConnectionPool.check_connection(connection)


def plain_conninfo(url: str) -> str:
    """A database URL as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


STUCK_AFTER_SECONDS = 300.0
"""A turn or a sending that has run for so long has ended without its worker being able to say so (the database was away at that moment)."""

_RUN_AGAIN: LiteralString = """
    WITH left_behind AS (
        SELECT job.id, job.task_name
        FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
        WHERE job.status = 'doing'
          AND (worker.id IS NULL
            OR worker.last_heartbeat < now() - make_interval(secs => %(dead)s)
            OR (job.queue_name = ANY(%(short)s) AND now() - make_interval(secs => %(stuck)s) > (
              SELECT max(event.at) FROM procrastinate_events AS event
              WHERE event.job_id = job.id AND event.type = 'started')))
        FOR UPDATE OF job SKIP LOCKED)
    SELECT id, task_name, procrastinate_retry_job_v2(id, now(), NULL, NULL, NULL)::text FROM left_behind
"""


async def run_again_what_was_left(app: procrastinate.App) -> int:
    """Give the jobs of workers that died, and those whose end nobody could write down, to whoever lives; how many.

    A statement and not a job: a job that does this could be left behind itself, with its lock, and nothing would ever be run again.
    Jobs are idempotent, so one that is run although its worker was only slow does no harm.
    """
    rows = await app.connector.execute_query_all_async(
        _RUN_AGAIN, dead=DEAD_AFTER_SECONDS, stuck=STUCK_AFTER_SECONDS, short=[TURNS, OUTBOX]
    )
    for row in rows:
        log.warning("a job of a worker that died is run again", job=row["id"], task=row["task_name"])
    return len(rows)


async def look_after_jobs(app: procrastinate.App) -> None:
    """Do so for ever, in every worker. While the database is away there is nothing to do: it is tried again."""
    while True:
        try:
            await run_again_what_was_left(app)
        except (procrastinate.exceptions.ConnectorException, OSError, TimeoutError) as error:
            log.warning("jobs could not be looked after", error=type(error).__name__)
        await asyncio.sleep(HEARTBEAT_SECONDS)


_deferrer = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo="dbname=unused"))


def defer(
    session: Session, task: str, *, queue: str, lock: str | None = None, delay_seconds: int = 0, **ids: Any
) -> int:
    """Write a job in the session's transaction: it exists if, and only if, the transaction commits. Returns the job's id."""
    schedule: dict[str, Any] = {"schedule_in": {"seconds": delay_seconds}} if delay_seconds else {}
    job = _deferrer.configure_task(
        task, allow_unknown=True, queue=queue, lock=lock, connection=_connection_of(session), **schedule
    )
    return int(job.defer(**ids))


def defer_each(session: Session, task: str, *, queue: str, jobs: Mapping[str, Mapping[str, Any]]) -> None:
    """The same for many jobs of one task by one statement: the lock of each, and its ids."""
    made = [
        _deferrer.configure_task(task, allow_unknown=True, queue=queue, lock=lock).make_new_job(**ids)
        for lock, ids in jobs.items()
    ]
    _deferrer.job_manager.batch_defer_jobs(made, connection=_connection_of(session))


def _connection_of(session: Session) -> Any:
    return session.connection().connection.driver_connection
