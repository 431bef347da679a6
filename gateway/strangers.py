"""A number that was silent for long may belong to somebody else (protocol 3.2): nothing of before is shown to who writes from it now."""

import os
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from cases.models import Case, Conversation, Person
from cases.service import record
from core.database import notify, now
from core.logging import get_logger
from core.settings import Settings

log = get_logger(__name__)


def last_heard(phone_hashes: Sequence[bytes]) -> Select[datetime]:
    """When anything last came from a number, on any channel. Its hashes: while their key is exchanged there are several."""
    return (
        select(func.max(func.coalesce(Conversation.last_inbound_at, Conversation.created_at)))
        .join(Person)
        .where(Person.phone_hash.in_(phone_hashes))
    )


def is_silent(last: datetime | None, settings: Settings) -> bool:
    """Whether a number was silent for so long that somebody else may have it; one that never wrote was not."""
    return last is not None and now() - last > settings.stranger_after


def retire_if_stranger(session: Session, phone_hashes: Sequence[bytes], settings: Settings) -> None:
    """Retire the person of a number that begins to write again after a long silence; who writes now is somebody new.

    The old row is found no more under the number; its cases stay with their caseworkers, who can write no more.
    """
    # Under each key there may be a row (a process lacked a key once): all of them were somebody else's.
    people = session.scalars(
        select(Person)
        .where(Person.phone_hash.in_(phone_hashes))
        .order_by(Person.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    # Of two messages at once the second waited here for the first, which has made somebody new.
    if not people or not is_silent(session.execute(last_heard(phone_hashes)).scalar_one_or_none(), settings):
        return
    for person in people:
        person.retired_at = now()
        person.phone_hash = os.urandom(32)
    session.flush()
    cases = session.scalars(
        select(Case)
        .join(Conversation)
        .where(Conversation.person_id.in_([person.id for person in people]), Case.state == "open")
    )
    for case in cases.all():
        record(session, case, "stranger")
        notify(session, case=case.id, conversation=case.conversation_id)
    log.info("a number may belong to somebody else", count=len(people))
