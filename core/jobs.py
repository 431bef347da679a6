"""Background work: Procrastinate on the same PostgreSQL. A job is written in the transaction that makes it necessary.

Arguments of jobs are ids, never bodies or numbers: the queue's table is read by operators.
"""

from typing import Any

import procrastinate
from sqlalchemy.orm import Session

TURNS = "turns"
"""Queue of what people wrote: one turn at a time per conversation."""
OUTBOX = "outbox"
"""Queue of replies on their way to Twilio."""
UPKEEP = "upkeep"
"""Queue of schedules: stalled jobs, retention, reconciliation."""

QUEUES = (TURNS, OUTBOX, UPKEEP)
"""Every queue; a test asserts that the worker serves them all."""


def make_app(conninfo: str) -> procrastinate.App:
    """The Procrastinate application for the worker (asynchronous connector)."""
    return procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=plain_conninfo(conninfo), min_size=1, max_size=8),
        worker_defaults={"listen_notify": True, "fetch_job_polling_interval": 2.0},
    )


def plain_conninfo(url: str) -> str:
    """A database URL as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


_deferrer = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo="dbname=unused"))


def defer(
    session: Session, task: str, *, queue: str, lock: str | None = None, delay_seconds: int = 0, **ids: Any
) -> int:
    """Write a job in the session's transaction: it exists if, and only if, the transaction commits. Returns the job's id."""
    connection = session.connection().connection.driver_connection
    schedule: dict[str, Any] = {"schedule_in": {"seconds": delay_seconds}} if delay_seconds else {}
    job = _deferrer.configure_task(task, allow_unknown=True, queue=queue, lock=lock, connection=connection, **schedule)
    return int(job.defer(**ids))
