"""The jobs of this room. Their arguments are ids; what they do is idempotent, so a job that died is simply run again."""

from contextlib import suppress
from uuid import UUID

import procrastinate
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from sqlalchemy import text

from core.jobs import OUTBOX, TURNS, UPKEEP, defer
from core.logging import get_logger
from gateway import following_up, invitations, rejected, waiting
from gateway.errors import ProviderError, SendLater
from gateway.gateway import Gateway
from gateway.receive import TURN
from gateway.reconcile import reconcile
from gateway.sending import MAX_ATTEMPTS, send
from gateway.turn import handle_next
from gateway.window import SEND

log = get_logger(__name__)

LEFT_BEHIND = "gateway.left_behind"
FORGET_REJECTED = "gateway.forget_rejected"
RECONCILE = "gateway.reconcile"
_LEFT_BEHIND = text("""
    SELECT message.id, message.conversation_id, message.direction
    FROM message
    WHERE message.created_at < now() - make_interval(secs => :seconds)
      AND ((message.direction = 'inbound' AND message.state = 'received')
        OR (message.direction = 'outbound' AND message.state IN ('queued', 'sending')))
      AND NOT EXISTS (
        SELECT 1 FROM procrastinate_jobs AS job
        WHERE job.status IN ('todo', 'doing')
          AND job.lock = CASE message.direction WHEN 'inbound' THEN '' ELSE 'outbox:' END || message.conversation_id)
    ORDER BY message.seq
    LIMIT 500
""")


class Backoff(BaseRetryStrategy):
    """Tries again after 1, 2, 4 … seconds, at most a minute apart. The job keeps its place: those behind it wait, so order holds."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Again, unless it was the last attempt."""
        if job.attempts + 1 >= self.attempts:
            return None
        if not isinstance(exception, SendLater):
            log.error(
                "a job failed", task=job.task_name, job=job.id, attempt=job.attempts, error=type(exception).__name__
            )
        return RetryDecision(retry_in={"seconds": min(60, 2**job.attempts)})


def add_tasks(app: procrastinate.App, gateway: Gateway) -> None:
    """Register the jobs with the worker's application."""

    @app.task(name=TURN, queue=TURNS, retry=Backoff(12), pass_context=True)
    def turn(context: JobContext, conversation_id: str) -> None:
        handle_next(gateway, UUID(conversation_id), again=context.job.attempts > 0)

    @app.task(name=SEND, queue=OUTBOX, retry=Backoff(MAX_ATTEMPTS + 4))
    def send_message(message_id: str) -> None:
        send(gateway, UUID(message_id))

    @app.periodic(cron="* * * * *")
    @app.task(name=LEFT_BEHIND, queue=UPKEEP, queueing_lock=LEFT_BEHIND)
    def left_behind(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        pick_up_left_behind(gateway)

    invitations.add_tasks(app, gateway)
    waiting.add_tasks(app, gateway)
    following_up.add_tasks(app, gateway)

    @app.periodic(cron="41 * * * *")
    @app.task(name=FORGET_REJECTED, queue=UPKEEP, queueing_lock=FORGET_REJECTED)
    def forget_rejected(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        with gateway.sessions.begin() as session:
            rejected.forget(session)

    @app.periodic(cron="*/5 * * * *")
    @app.task(name=RECONCILE, queue=UPKEEP, queueing_lock=RECONCILE, lock=RECONCILE, retry=Backoff(6))
    def compare_with_twilio(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        # It failed: that is noted for the health page, and the next run looks back as far as this one would have.
        with suppress(ProviderError):
            reconcile(gateway)


def pick_up_left_behind(gateway: Gateway, *, seconds: int = 120) -> int:
    """Defer jobs for messages that have none although they are not done: their job failed for good, or was deleted. How many."""
    with gateway.sessions.begin() as session:
        rows = session.execute(_LEFT_BEHIND, {"seconds": seconds}).all()
        for row in rows:
            log.warning("a message without a job is taken up", message=str(row.id), direction=row.direction)
            if row.direction == "inbound":
                defer(
                    session, TURN, queue=TURNS, lock=str(row.conversation_id), conversation_id=str(row.conversation_id)
                )
            else:
                defer(session, SEND, queue=OUTBOX, lock=f"outbox:{row.conversation_id}", message_id=str(row.id))
    return len(rows)
