"""A case comes back to the queue: a partner did not answer or declined, a person was not reached. Somebody has to act, and is told why."""

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from cases.models import Case, CaseEvent
from cases.service import get_case, open_case_of, record
from core.database import notify, now
from core.settings import Settings
from gateway.models import Message

AT_WORK = timedelta(hours=1)
"""Whoever wrote to the person, or did something with the case, within this time keeps it: they see why on its page."""


def come_back(session: Session, case: Case, reason: str, settings: Settings, *, at: datetime | None = None) -> Case:
    """Put the case, or the one that the person has open by now, where somebody sees it, with a time of its own.

    A closed case opens again. One whose holder has done nothing for an hour is nobody's: a caseworker who went home must not keep it
    out of everybody's sight. The person hears nothing of it, and the bot stays as silent or as ready as it was.
    """
    moment = at or now()
    case = get_case(session, case.id)
    if case.state == "closed":
        current = open_case_of(session, case.conversation_id)
        if current is None:
            case.state, case.closed_at, case.outcome, case.assignee_id = "open", None, None, None
            case.opened_at = moment
            record(session, case, "reopened", reason=reason)
        else:
            case = get_case(session, current.id)
    case.reason = reason
    if case.assignee_id is not None and not _at_work(session, case, moment):
        case.assignee_id = None
    if case.assignee_id is None:
        case.due_at = moment + settings.target(case.level)  # type: ignore[arg-type]  # the database checks the word
    record(session, case, "came_back", reason=reason)
    notify(session, case=case.id, conversation=case.conversation_id)
    return case


def _at_work(session: Session, case: Case, at: datetime) -> bool:
    since = at - AT_WORK
    wrote = exists().where(
        Message.conversation_id == case.conversation_id,
        Message.user_id == case.assignee_id,
        Message.created_at > since,
    )
    did = exists().where(CaseEvent.case_id == case.id, CaseEvent.user_id == case.assignee_id, CaseEvent.at > since)
    return bool(session.execute(select(or_(wrote, did))).scalar_one())
