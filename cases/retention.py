"""What people wrote is not kept longer than the notice says: a schedule deletes it, and leaves a row that says that it ran.

The notice (`say_notice_more`) promises "at most 90 days after we finish". A conversation with an open case is never touched.
Of who wrote STOP only that remains: forgotten, they would be written to again.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session

from cases.models import Case, Conversation, Person, RetentionRun
from core.database import now
from core.logging import get_logger
from core.settings import Settings

log = get_logger(__name__)

BATCH = 500
"""Conversations deleted in one transaction, so that nobody waits for a lock."""


def delete_expired(session: Session, settings: Settings, at: datetime | None = None) -> RetentionRun:
    """Delete the conversations whose time is over, with their messages, cases, words, notes and consents, and people without any left."""
    moment = at or now()
    expired = (
        session.execute(
            select(Conversation)
            .join(Person)
            .where(_expired(settings, moment))
            # What is kept of an opt-out has nothing in it that could expire, unless the number is another person's by now.
            .where(
                or_(~Conversation.opted_out, Conversation.last_inbound_at.is_not(None), Person.retired_at.is_not(None))
            )
            .order_by(Conversation.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True, of=Conversation)
        )
        .scalars()
        .all()
    )
    kept = [
        _opt_out(conversation)
        for conversation in expired
        if conversation.opted_out and not conversation.person.retired_at
    ]
    session.execute(delete(Conversation).where(Conversation.id.in_([conversation.id for conversation in expired])))
    if kept:
        session.execute(insert(Conversation).values(kept))
    gone = session.execute(
        delete(Person).where(~exists().where(Conversation.person_id == Person.id)).returning(Person.id)
    ).all()
    run = RetentionRun(conversations=len(expired), people=len(gone), at=moment)
    session.add(run)
    session.flush()
    log.info("retention ran", count=len(expired))
    return run


def would_delete(session: Session, settings: Settings, at: datetime | None = None) -> tuple[int, int]:
    """A dry run: how many conversations, and how many people without any left, would go now. Nothing is touched."""
    expired = (
        select(Conversation.id, Conversation.person_id, Conversation.opted_out, Person.retired_at)
        .join(Person)
        .where(_expired(settings, at or now()))
        .where(or_(~Conversation.opted_out, Conversation.last_inbound_at.is_not(None), Person.retired_at.is_not(None)))
    )
    rows = session.execute(expired).all()
    # What remains of an opt-out keeps its person.
    going = {row.person_id for row in rows if not row.opted_out or row.retired_at}
    kept = {row.person_id for row in rows if row.opted_out and not row.retired_at}
    staying = session.execute(
        select(Conversation.person_id)
        .where(Conversation.person_id.in_(going), Conversation.id.not_in([row.id for row in rows]))
        .distinct()
    ).scalars()
    return len(rows), len(going - kept - set(staying))


def _expired(settings: Settings, moment: datetime) -> ColumnElement[bool]:
    has_case = exists().where(Case.conversation_id == Conversation.id)
    has_open_case = exists().where(Case.conversation_id == Conversation.id, Case.state == "open")
    last_closed = (
        select(func.max(Case.closed_at))
        .where(Case.conversation_id == Conversation.id)
        .correlate(Conversation)
        .scalar_subquery()
    )
    last_word = func.greatest(func.coalesce(Conversation.last_inbound_at, Conversation.created_at), last_closed)
    return ~has_open_case & (
        (has_case & (last_word < moment - settings.retention))
        | (~has_case & (last_word < moment - settings.retention_without_case))
    )


def _opt_out(conversation: Conversation) -> dict[str, object]:
    """A conversation with nothing in it but that nothing may be sent, and since when it is silent."""
    return {
        "id": conversation.id,
        "person_id": conversation.person_id,
        "channel": conversation.channel,
        "our_address": conversation.our_address,
        "opted_out": True,
        "created_at": conversation.last_inbound_at or conversation.created_at,
    }
