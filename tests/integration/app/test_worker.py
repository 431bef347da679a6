"""A worker outlives its database: the process stays, and takes up work as soon as there is a database again."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest
from sqlalchemy import text

from app import worker
from core.database import Sessions
from core.jobs import UPKEEP, defer
from core.settings import Settings
from tests.databases import end_connections

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(what):  # noqa: ASYNC110 (the database signals nothing)
            await asyncio.sleep(0.1)


async def test_a_worker_whose_database_goes_away_goes_on_and_stops_when_told(
    settings: Settings, sessions: Sessions, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(statement: str) -> object:
        with sessions.begin() as session:
            return session.execute(text(statement)).scalar()

    def work_to_do() -> None:
        with sessions.begin() as session:
            defer(session, "gateway.forget_rejected", queue=UPKEEP, timestamp=0)

    waiting = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'gateway.forget_rejected' AND status IN ('todo', 'doing')"
    monkeypatch.setattr(worker, "get_settings", lambda: settings.model_copy(update={"database_url": database_url}))
    monkeypatch.setattr(worker, "AWAY_PAUSE", 0.1)
    running = asyncio.create_task(worker.work())
    await until(lambda: ask("SELECT count(*) FROM procrastinate_workers"))
    for _ in range(2):
        work_to_do()
        await until(lambda: ask(waiting) == 0)
        end_connections(database_url)
    work_to_do()
    await until(lambda: ask(waiting) == 0)
    assert not running.done()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(30):
        await running
