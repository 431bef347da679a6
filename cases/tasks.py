"""The schedules of this room."""

import procrastinate

from cases import complaint_notice, complaints, erasure, signals
from cases.retention import BATCH, delete_expired
from core.database import Sessions
from core.jobs import UPKEEP
from core.settings import Settings
from directory.review.sending import Senders


def add_tasks(app: procrastinate.App, sessions: Sessions, settings: Settings, senders: Senders) -> None:
    """Register the schedules with the worker's application. `senders`: how this copy sends letters."""

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="cases.complaint_notice", queue=UPKEEP, queueing_lock="cases.complaint_notice")
    def tell_reader(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        with sessions.begin() as session:
            complaint_notice.tell(session, settings, senders)

    @app.periodic(cron="17 * * * *")
    @app.task(name="cases.retention", queue=UPKEEP, queueing_lock="cases.retention")
    def retention(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        while True:
            with sessions.begin() as session:
                signals.forget(session)
                if delete_expired(session, settings).conversations < BATCH:
                    return

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="cases.finish_erasures", queue=UPKEEP, queueing_lock="cases.finish_erasures")
    def finish_erasures(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        while True:
            with sessions.begin() as session:
                complaints.delete_words(session, settings)
                if erasure.finish_erasures(session, settings) < erasure.BATCH:
                    return
