"""Nobody has taken a case in its time: the person is told the truth once, and the next colleague is called, on record.

A level E that nobody acknowledges in ten minutes goes to the second on call, after twenty to the duty manager (protocol 2.3); other levels
when their target is over, and when it is over twice. What the person hears promises nothing: it says that nobody has read yet.
"""

from datetime import datetime, timedelta
from uuid import UUID

import procrastinate
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Case
from cases.rota import called
from cases.service import get_case, may_be_told, record
from core.database import notify, now
from core.jobs import UPKEEP
from core.logging import get_logger
from core.settings import Level, Settings
from gateway.gateway import Gateway
from gateway.outbox import say_system

log = get_logger(__name__)

ESCALATE = "gateway.escalate"
STILL_WAITING = "say_still_waiting"
STEPS = ("second", "manager")
"""Who is called: the second on call, then the duty manager."""
BATCH = 200


def limits(level: Level, settings: Settings) -> tuple[timedelta, timedelta]:
    """How long a case of this level may wait for somebody to take it before each step."""
    if level == "E":
        return settings.escalate_second, settings.escalate_manager
    return settings.target(level), 2 * settings.target(level)


def escalate(gateway: Gateway, *, at: datetime | None = None) -> int:
    """Take every case that has waited too long a step on; how many were. Each in a transaction of its own."""
    moment = at or now()
    with gateway.sessions.begin() as session:
        waiting = session.scalars(
            select(Case.id)
            .where(Case.state == "open", Case.taken_at.is_(None), Case.escalated < len(STEPS))
            .order_by(Case.due_at)
            .limit(BATCH)
        ).all()
    escalated = 0
    for case_id in waiting:
        with gateway.sessions.begin() as session:
            escalated += _step(session, gateway, case_id, moment)
    return escalated


def _step(session: Session, gateway: Gateway, case_id: UUID, moment: datetime) -> bool:
    case = get_case(session, case_id)
    if case.state != "open" or case.taken_at is not None:
        return False
    level: Level = case.level  # type: ignore[assignment]  # the database checks the word
    # Not since it was opened: a case that was raised to E a minute ago has waited a minute as an emergency.
    waited = moment - (case.due_at - gateway.settings.target(level))
    step = sum(waited >= limit for limit in limits(level, gateway.settings))
    if step <= case.escalated:
        return False
    first = case.escalated == 0
    case.escalated = step
    # Names belong to the record: "the second on call" alone says nothing when nobody was.
    names = [user.name for user in called(session, case, step + 1, moment)]
    record(session, case, "escalated", step=STEPS[step - 1], called=", ".join(names))
    log.warning("a case waits too long", case=str(case.id), reason=STEPS[step - 1])
    if first and may_be_told(case):
        say_system(session, case.conversation, STILL_WAITING, wording=gateway.wording, settings=gateway.settings)
    notify(session, case=case.id, conversation=case.conversation_id)
    return True


def add_tasks(app: procrastinate.App, gateway: Gateway) -> None:
    """Register the schedule with the worker's application."""

    @app.periodic(cron="* * * * *")
    @app.task(name=ESCALATE, queue=UPKEEP, queueing_lock=ESCALATE, lock=ESCALATE)
    def look_for_waiting(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        escalate(gateway)
