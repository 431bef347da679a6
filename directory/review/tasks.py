"""The schedules and jobs that keep the directory true. Arguments are ids; every job may be run again."""

from uuid import UUID

import procrastinate
from procrastinate import RetryStrategy

from core.database import Sessions
from core.jobs import UPKEEP
from core.logging import get_logger
from core.settings import Settings
from directory.review import cycle, listing
from directory.review.asking import SEND
from directory.review.letters import deliver
from directory.review.policy import load_policy
from directory.review.sending import SendError, Senders

log = get_logger(__name__)

CYCLE = "directory.review_cycle"
REOPEN = "directory.reopen"


def add_tasks(app: procrastinate.App, sessions: Sessions, settings: Settings, senders: Senders) -> None:
    """Register them with the worker's application. Raises SettingsError when the file of the cycle is wrong."""
    policy = load_policy(settings)

    @app.task(name=SEND, queue=UPKEEP, retry=RetryStrategy(max_attempts=8, exponential_wait=4))
    def send_request(request_id: str) -> None:
        failed: SendError | None = None
        with sessions.begin() as session:
            try:
                deliver(session, UUID(request_id), senders, base=settings.public_base())
            except SendError as error:
                failed = error  # why is kept, although the job fails and is tried again
        if failed is not None:
            raise failed

    @app.periodic(cron="7 * * * *")
    @app.task(name=CYCLE, queue=UPKEEP, queueing_lock=CYCLE, lock=CYCLE)
    def review_cycle(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        more = True
        while more:
            with sessions.begin() as session:
                done = cycle.run(session, policy)
            log.info("directory reviewed", count=done.asked + done.reminded + done.tasks + done.withdrawn)
            more = done.more

    @app.periodic(cron="23 * * * *")
    @app.task(name=REOPEN, queue=UPKEEP, queueing_lock=REOPEN)
    def reopen(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        with sessions.begin() as session:
            log.info("closures ended", count=len(listing.reopen_due(session)))
