"""A connection is looked at before it is used: what the database ended meanwhile is replaced, and no question is asked each time."""

import asyncio

import pytest
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text

from core import database
from core.database import Sessions
from core.jobs import make_app
from tests.databases import end_connections

_PID = text("SELECT pg_backend_pid()")


def _pid(sessions: Sessions) -> int:
    with sessions.begin() as session:
        return int(session.execute(_PID).scalar_one())


def _end(sessions: Sessions, pid: int) -> None:
    """End a session of the database from outside, as a restart or an administrator does."""
    end_connections(sessions.engine.url.set(drivername="postgresql").render_as_string(hide_password=False), pid)


def test_what_the_database_has_ended_is_replaced_before_it_is_used(sessions: Sessions) -> None:
    before = _pid(sessions)
    _end(sessions, before)
    assert _pid(sessions) != before


def test_all_that_rest_are_replaced_when_one_was_ended(sessions: Sessions) -> None:
    with sessions.begin() as first, sessions.begin() as second:
        pids = {int(each.execute(_PID).scalar_one()) for each in (first, second)}
    for pid in pids:
        _end(sessions, pid)
    with sessions.begin() as first, sessions.begin() as second:
        assert pids.isdisjoint(int(each.execute(_PID).scalar_one()) for each in (first, second))


def test_a_connection_that_was_used_a_moment_ago_is_not_asked_and_one_that_rested_is(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    ping = sessions.engine.dialect.do_ping
    monkeypatch.setattr(sessions.engine.dialect, "do_ping", lambda connection: asked.append(1) or ping(connection))
    before = _pid(sessions)
    asked.clear()
    assert _pid(sessions) == before
    assert not asked
    monkeypatch.setattr(database, "ASK_AFTER_SECONDS", 0.0)
    assert _pid(sessions) == before
    assert asked


def test_the_queue_replaces_its_connection_too_and_needs_no_transaction_for_one_statement(sessions: Sessions) -> None:
    app = make_app(sessions.engine.url.render_as_string(hide_password=False))

    async def work() -> tuple[int, int]:
        async with app.open_async():
            pool: AsyncConnectionPool = app.connector.pool  # type: ignore[attr-defined]
            async with pool.connection() as connection:
                assert connection.autocommit
                before = connection.info.backend_pid
            await asyncio.to_thread(_end, sessions, before)
            row = await app.connector.execute_query_one_async("SELECT pg_backend_pid() AS pid")
            return before, int(row["pid"])

    before, after = asyncio.run(work())
    assert before != after
