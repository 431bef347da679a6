"""The jobs of imports at the desk; their arguments are ids."""

from uuid import UUID

import procrastinate

from core.database import Sessions
from core.jobs import UPKEEP
from directory.exchange import uploads


def add_tasks(app: procrastinate.App, sessions: Sessions) -> None:
    """Register the jobs with the worker's application."""

    @app.task(name=uploads.EXAMINE, queue=UPKEEP)
    def examine_upload(upload_id: str) -> None:
        uploads.examine(sessions, UUID(upload_id))

    @app.task(name=uploads.APPLY, queue=UPKEEP)
    def apply_upload(upload_id: str) -> None:
        uploads.apply_upload(sessions, UUID(upload_id))

    @app.periodic(cron="23 * * * *")
    @app.task(name="directory.forget_uploads", queue=UPKEEP, queueing_lock="directory.forget_uploads")
    def forget_uploads(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        with sessions.begin() as session:
            uploads.forget(session)
