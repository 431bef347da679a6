"""The worker process: turns, outbox and upkeep, from the job queue. Many may run; a conversation's lock keeps its turns in order."""

import asyncio
import signal
import sys
from contextlib import suppress

import procrastinate
import psycopg
from sqlalchemy.exc import SQLAlchemyError

from app.bootstrap import Rooms, make_rooms
from app.bot_sessions import add_tasks as add_bot_session_tasks
from app.focal_points import make_senders
from app.migrations import standing
from cases.referrals.letters import add_tasks as add_referral_tasks
from cases.tasks import add_tasks as add_case_tasks
from core.jobs import DEAD_AFTER_SECONDS, HEARTBEAT_SECONDS, QUEUES, look_after_jobs, make_app
from core.logging import get_logger, set_up_logging
from core.settings import SettingsError, get_settings
from desk.notices import StaffTeller
from desk.notices import add_tasks as add_notice_tasks
from desk.releases import add_tasks as add_statistics_tasks
from directory.exchange.tasks import add_tasks as add_import_tasks
from directory.review.tasks import add_tasks as add_review_tasks
from gateway.tasks import add_tasks

CONCURRENCY = 8
"""Turns and sends under way at once: most of a turn is waiting for Rasa, which answers one at a time."""


SCHEMA_PAUSE = 2.0
AWAY = (procrastinate.exceptions.ConnectorException, psycopg.Error, SQLAlchemyError, OSError, TimeoutError)
"""How it shows that the database is away: while it restarts, or when it was killed."""
AWAY_PAUSE = 1.0
log = get_logger("app.worker")


async def wait_for_schema(url: str, stop: asyncio.Event) -> None:
    """Handle nothing while the database still has an older schema: a turn that breaks on it would be parked as poison.

    A newer schema is no reason to stop: migrations leave what older code reads and writes as it is.
    """
    said = False
    while not stop.is_set() and await asyncio.to_thread(standing, url) == "behind":
        if not said:
            log.error("the worker waits: the schema is older than this code", reason="waymark migrate")
            said = True
        await pause(stop, SCHEMA_PAUSE)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for so long, or until told to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def work() -> None:
    """Serve every queue until told to stop; what is under way is finished first.

    When the database goes away the queue's client ends. The process does not: to start it anew takes many seconds in which nobody is
    answered, and after a crash of the database all workers would be starting at once.
    """
    settings = get_settings()
    rooms = make_rooms(settings)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    rooms.follower.start()
    try:
        while not stop.is_set():
            try:
                await wait_for_schema(settings.database_url or "", stop)
                if not stop.is_set():
                    await serve(rooms, stop)
            except AWAY as error:
                log.warning("the database is away", error=type(error).__name__)
            await pause(stop, AWAY_PAUSE)
    finally:
        rooms.close()


async def serve(rooms: Rooms, stop: asyncio.Event) -> None:
    """Serve the queues until told to stop, or until the database goes away. Raises one of AWAY then, or just ends."""
    app = make_app(rooms.settings.database_url or "")
    register(app, rooms)
    async with app.open_async():
        log.info("worker ready", count=CONCURRENCY)
        looking_after = asyncio.create_task(look_after_jobs(app))
        told = asyncio.create_task(stop.wait())
        serving = asyncio.create_task(
            app.run_worker_async(
                queues=list(QUEUES),
                concurrency=CONCURRENCY,
                shutdown_graceful_timeout=8,
                delete_jobs="successful",
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=DEAD_AFTER_SECONDS,
                install_signal_handlers=False,
            )
        )
        try:
            await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
        finally:
            told.cancel()
            looking_after.cancel()


def register(app: procrastinate.App, rooms: Rooms) -> None:
    """Everything that runs in the background."""
    settings = rooms.settings
    add_tasks(app, rooms.gateway)
    senders = make_senders(settings, rooms.gateway)
    add_case_tasks(app, rooms.sessions, settings, senders)
    add_bot_session_tasks(app, rooms.sessions, settings.engine_database_url)
    add_review_tasks(app, rooms.sessions, settings, senders)
    add_referral_tasks(app, rooms.sessions, settings, senders)
    add_import_tasks(app, rooms.sessions)
    add_statistics_tasks(app, rooms.sessions, settings)
    add_notice_tasks(app, rooms.sessions, settings, StaffTeller(settings))


def main() -> int:
    """Exit code 0 after a clean stop, 1 when a setting is wrong."""
    try:
        set_up_logging("worker", get_settings().log_level)
        asyncio.run(work())
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
