"""A person's wish to be forgotten, and the time a human has to check it.

Somebody who controls the phone can send it too. So an open case of level E or U keeps the number and its level until a person has looked,
for a limited time (protocol 3.2); everything that was written goes at once.
"""

import os
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from cases import complaints
from cases.models import Case, Conversation, Note, ReplyDraft
from cases.ownership import change_owner, lock_conversation
from cases.referrals import course
from cases.service import open_case_of, record
from core.database import notify, now
from core.logging import get_logger
from core.resealing import renew
from core.settings import Settings

log = get_logger(__name__)

URGENT = ("E", "U")
BATCH = 100


def erase(session: Session, conversation: Conversation) -> None:
    """Delete what the cases and the conversation keep of a person. With an urgent case open, the number, the level and the notes wait."""
    conversation.safe_word_hash = conversation.duress_word_hash = None
    conversation.other_number = None
    conversation.locked_at, conversation.wrong_words = None, 0
    complaints.ask_erasure(session, conversation.id)
    course.forget(session, conversation)
    open_case = open_case_of(session, conversation.id)
    urgent = open_case is not None and open_case.level in URGENT
    if urgent:
        # The time runs from the first wish: asking again must not keep anything longer.
        conversation.erasure_asked_at = conversation.erasure_asked_at or now()
    else:
        _delete_notes(session, conversation.id)
    # What a caseworker was about to write quotes what was told, and is nobody's record of anything.
    own_cases = select(Case.id).where(Case.conversation_id == conversation.id)
    session.execute(delete(ReplyDraft).where(ReplyDraft.case_id.in_(own_cases)))
    for case in session.execute(
        select(Case).where(Case.conversation_id == conversation.id).with_for_update()
    ).scalars().all():  # fmt: skip
        case.screening = None
        record(session, case, "erasure_pending" if urgent and case is open_case else "erased")
        notify(session, case=case.id, conversation=conversation.id)
    # What was deleted here is still in every backup: with its key gone nobody reads it there.
    renew(session, conversation.person_id)


def finish_erasures(session: Session, settings: Settings, at: datetime | None = None) -> int:
    """Complete the erasures whose time to check is over, or whose case a human has closed; how many (at most BATCH)."""
    moment = at or now()
    has_open_case = exists().where(Case.conversation_id == Conversation.id, Case.state == "open")
    due = session.execute(
        select(Conversation.id)
        .where(or_(Conversation.erasure_asked_at <= moment - settings.erase_check, ~has_open_case))
        .where(Conversation.erasure_asked_at.is_not(None))
        .order_by(Conversation.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).scalars().all()  # fmt: skip
    for conversation_id in due:
        _finish(session, conversation_id)
    if due:
        log.info("erasures were completed", count=len(due))
    return len(due)


def _finish(session: Session, conversation_id: UUID) -> None:
    conversation = lock_conversation(session, conversation_id)
    asked_at = conversation.erasure_asked_at
    conversation.erasure_asked_at = None
    _delete_notes(session, conversation_id, before=asked_at)
    came_back = (
        conversation.last_inbound_at is not None and asked_at is not None and conversation.last_inbound_at > asked_at
    )
    case = open_case_of(session, conversation_id)
    if case is not None:
        record(session, case, "erased" if case.taken_at else "erased_unseen")
        if not came_back:
            # Nothing is left to work with. The case itself stays, with its level and its events, as what happened.
            case.state, case.closed_at = "closed", now()
            change_owner(session, conversation_id, "closed").new_session = True
        notify(session, case=case.id, conversation=conversation_id)
    if not came_back and not conversation.opted_out:
        _forget_number(session, conversation)
    renew(session, conversation.person_id)


def _forget_number(session: Session, conversation: Conversation) -> None:
    """The number goes, unless the person also writes elsewhere; who wrote STOP stays known by the keyed hash alone."""
    person = conversation.person
    elsewhere = session.execute(
        select(Conversation.id).where(Conversation.person_id == person.id, Conversation.id != conversation.id).limit(1)
    ).first()
    if elsewhere is None:
        person.phone = None
        person.phone_hash = os.urandom(32)
        person.retired_at = person.retired_at or now()


def _delete_notes(session: Session, conversation_id: UUID, *, before: datetime | None = None) -> None:
    """What staff wrote down says what the person told. That there was a note, and whose, stays."""
    cases = select(Case.id).where(Case.conversation_id == conversation_id)
    notes = update(Note).where(Note.case_id.in_(cases)).values(body_encrypted=None)
    if before is not None:
        notes = notes.where(Note.created_at <= before)
    session.execute(notes.execution_options(synchronize_session="fetch"))
