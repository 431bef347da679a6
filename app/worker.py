"""The worker process: turns, outbox and upkeep, from the job queue. Many may run; a conversation's lock keeps its turns in order."""

import asyncio
import sys

from app.bootstrap import make_rooms
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


async def wait_for_schema(url: str) -> None:
    """Handle nothing while the database still has an older schema: a turn that breaks on it would be parked as poison.

    A newer schema is no reason to stop: migrations leave what older code reads and writes as it is.
    """
    said = False
    while await asyncio.to_thread(standing, url) == "behind":
        if not said:
            get_logger("app.worker").error(
                "the worker waits: the schema is older than this code", reason="waymark migrate"
            )
            said = True
        await asyncio.sleep(SCHEMA_PAUSE)


async def work() -> None:
    """Serve every queue until told to stop; what is under way is finished first."""
    settings = get_settings()
    rooms = make_rooms(settings)
    await wait_for_schema(settings.database_url or "")
    app = make_app(settings.database_url or "")
    add_tasks(app, rooms.gateway)
    senders = make_senders(settings, rooms.gateway)
    add_case_tasks(app, rooms.sessions, settings, senders)
    add_bot_session_tasks(app, rooms.sessions, settings.engine_database_url)
    add_review_tasks(app, rooms.sessions, settings, senders)
    add_referral_tasks(app, rooms.sessions, settings, senders)
    add_import_tasks(app, rooms.sessions)
    add_statistics_tasks(app, rooms.sessions, settings)
    add_notice_tasks(app, rooms.sessions, settings, StaffTeller(settings))
    rooms.follower.start()
    try:
        async with app.open_async():
            get_logger("app.worker").info("worker ready", count=CONCURRENCY)
            looking_after = asyncio.create_task(look_after_jobs(app))
            try:
                await app.run_worker_async(
                    queues=list(QUEUES),
                    concurrency=CONCURRENCY,
                    shutdown_graceful_timeout=8,
                    delete_jobs="successful",
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=DEAD_AFTER_SECONDS,
                )
            finally:
                looking_after.cancel()
    finally:
        rooms.close()


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
