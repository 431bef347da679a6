"""What people wrote is not kept longer than the notice says: a schedule deletes it, and leaves a row that says that it ran.

The notice (`say_notice_more`) promises "at most 90 days after we finish". A conversation with an open case is never touched.
"""

from datetime import datetime

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from cases.models import Case, Conversation, Person, RetentionRun
from core.database import now
from core.logging import get_logger
from core.settings import Settings

log = get_logger(__name__)

BATCH = 500
"""Conversations deleted in one transaction, so that nobody waits for a lock."""


def delete_expired(session: Session, settings: Settings, at: datetime | None = None) -> RetentionRun:
    """Delete the conversations whose time is over, with their messages, cases, notes and consents, and people without any left."""
    moment = at or now()
    has_case = exists().where(Case.conversation_id == Conversation.id)
    has_open_case = exists().where(Case.conversation_id == Conversation.id, Case.state == "open")
    last_closed = (
        select(func.max(Case.closed_at))
        .where(Case.conversation_id == Conversation.id)
        .correlate(Conversation)
        .scalar_subquery()
    )
    last_word = func.greatest(func.coalesce(Conversation.last_inbound_at, Conversation.created_at), last_closed)
    expired = (
        session.execute(
            select(Conversation.id)
            .where(
                ~has_open_case,
                # Who asked for no more messages and would be forgotten would be written to again: the opt-out stays.
                ~Conversation.opted_out,
                (has_case & (last_word < moment - settings.retention))
                | (~has_case & (last_word < moment - settings.retention_without_case)),
            )
            .order_by(Conversation.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        .scalars()
        .all()
    )
    session.execute(delete(Conversation).where(Conversation.id.in_(expired)))
    gone = session.execute(
        delete(Person).where(~exists().where(Conversation.person_id == Person.id)).returning(Person.id)
    ).all()
    run = RetentionRun(conversations=len(expired), people=len(gone), at=moment)
    session.add(run)
    session.flush()
    log.info("retention ran", count=len(expired))
    return run
