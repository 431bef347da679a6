"""Complaints about staff or a place, apart from the case team: whom they are about must not read them (PSEA; protocol 2.5).

One named reader; where none is named any auditor, and any supervisor where there is no auditor. Every reading leaves a row.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session, selectinload

from cases.errors import NotTheReader
from cases.models import Complaint, ComplaintEvent, ComplaintWords, Conversation, User
from core.database import now
from core.logging import get_logger
from core.settings import Settings

log = get_logger(__name__)

OUTSIDE = "auditor"
"""Who reads complaints where nobody is named: a role that works on no cases, so that nobody judges what is said of them."""
READERS = frozenset({"supervisor"})
"""Who reads them where there is no such account either: unread, they would help nobody."""
NAMED = READERS | {"administrator", OUTSIDE}
"""Whom the deployment may name."""
BATCH = 100


def add(session: Session, conversation: Conversation, message_id: UUID, words: str | None) -> Complaint:
    """Keep a complaint, or more words of the one that is open. A message is kept once, however often its turn runs.

    Without words the person said only that they complain. The conversation must be locked.
    """
    complaint = _open(session, conversation.id)
    if complaint is None:
        complaint = Complaint(conversation_id=conversation.id, language=conversation.language)
        session.add(complaint)
        session.flush()
        _record(session, complaint, "kept")
        log.warning("a complaint was kept", complaint=str(complaint.id))
    known = select(ComplaintWords.id).where(ComplaintWords.message_id == message_id)
    if words and session.execute(known).first() is None:
        row = ComplaintWords(complaint_id=complaint.id, message_id=message_id, body=words)
        session.add(row)
        if complaint.read_at is not None:
            complaint.read_at = complaint.noticed_at = None
    session.flush()
    return complaint


def take_back(session: Session, conversation: Conversation) -> list[tuple[UUID, str]]:
    """It was no complaint: the record goes, and its words by message are given back to the conversation."""
    complaint = _open(session, conversation.id)
    if complaint is None:
        return []
    words = [(each.message_id, each.body) for each in complaint.words if each.body is not None]
    # What somebody has read stays on record, with who read it.
    if complaint.read_at is None:
        session.execute(delete(Complaint).where(Complaint.id == complaint.id))
        session.expire_all()
    else:
        complaint.closed_at = now()
        _record(session, complaint, "taken_back")
    session.flush()
    return words


def may_read(session: Session, user: User, settings: Settings) -> bool:
    """Whether a member of staff is the reader of complaints."""
    named = settings.complaints_reader
    roles = set(user.roles)
    if not user.active or not NAMED & roles:
        return False
    if named is not None:
        return user.name == named
    return OUTSIDE in roles if _has_outsider(session) else bool(READERS & roles)


def listed(session: Session, user: User, settings: Settings) -> Sequence[Complaint]:
    """The open complaints, oldest first. Raises NotTheReader."""
    _require(session, user, settings)
    return session.scalars(select(Complaint).where(Complaint.closed_at.is_(None)).order_by(Complaint.created_at)).all()


def read(session: Session, number: int, user: User, settings: Settings) -> Complaint:
    """One complaint with its words; that it was read is written down. Raises NotTheReader, NoResultFound."""
    _require(session, user, settings)
    complaint = session.execute(
        select(Complaint).where(Complaint.number == number).options(selectinload(Complaint.words)).with_for_update()
    ).scalar_one()
    complaint.read_at = complaint.read_at or now()
    _record(session, complaint, "read", user)
    return complaint


def close(session: Session, number: int, user: User, settings: Settings) -> Complaint:
    """Done with: its words are deleted when the time of a closed case is over. Raises NotTheReader, NoResultFound."""
    complaint = read(session, number, user, settings)
    complaint.closed_at = complaint.closed_at or now()
    _record(session, complaint, "closed", user)
    return complaint


def waiting(session: Session) -> int:
    """How many complaints nobody has read yet."""
    return len(
        session.scalars(select(Complaint.id).where(Complaint.read_at.is_(None), Complaint.closed_at.is_(None))).all()
    )


def readers(session: Session, settings: Settings) -> list[User]:
    """Who may read them now."""
    staff = session.scalars(select(User).where(User.active).order_by(User.name)).all()
    return [user for user in staff if may_read(session, user, settings)]


def ask_erasure(session: Session, conversation_id: UUID) -> None:
    """The person asks for erasure. Whom it is about may hold the phone and ask too: the words wait to be read, for a limited time."""
    session.execute(
        update(Complaint)
        .where(Complaint.conversation_id == conversation_id, Complaint.erasure_asked_at.is_(None))
        .values(erasure_asked_at=now())
        .execution_options(synchronize_session="fetch")
    )


def delete_words(session: Session, settings: Settings, at: datetime | None = None) -> int:
    """Delete the words whose time is over: erasure asked for, or closed as long as a case is kept. How many (at most BATCH)."""
    moment = at or now()
    has_words = Complaint.id.in_(select(ComplaintWords.complaint_id).where(ComplaintWords.body_encrypted.is_not(None)))
    asked = Complaint.erasure_asked_at.is_not(None)
    read_or_late = or_(Complaint.read_at.is_not(None), Complaint.erasure_asked_at <= moment - settings.erase_check)
    due = session.scalars(
        select(Complaint)
        .where(has_words, or_(asked & read_or_late, Complaint.closed_at <= moment - settings.retention))
        .order_by(Complaint.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for complaint in due:
        session.execute(
            update(ComplaintWords)
            .where(ComplaintWords.complaint_id == complaint.id)
            .values(body_encrypted=None)
            .execution_options(synchronize_session="fetch")
        )
        _record(session, complaint, "erased")
    return len(due)


def _open(session: Session, conversation_id: UUID) -> Complaint | None:
    return session.execute(
        select(Complaint)
        .where(Complaint.conversation_id == conversation_id, Complaint.closed_at.is_(None))
        .order_by(Complaint.created_at.desc())
        .limit(1)
    ).scalar_one_or_none()


def _has_outsider(session: Session) -> bool:
    return (
        session.execute(select(User.id).where(User.active, User.roles.contains([OUTSIDE])).limit(1)).first() is not None
    )


def _require(session: Session, user: User, settings: Settings) -> None:
    if not may_read(session, user, settings):
        raise NotTheReader(user.name)


def _record(session: Session, complaint: Complaint, kind: str, user: User | None = None) -> None:
    session.add(ComplaintEvent(complaint_id=complaint.id, kind=kind, user_id=user.id if user else None))
    session.flush()
