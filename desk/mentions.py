"""Colleagues whom a note calls by `@Name`: their queue says so until they open the case."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from cases.models import Case, Note, NoteMention, User
from cases.teams import in_teams_of
from core.database import now


@dataclass(frozen=True, slots=True)
class Mention:
    """A note that calls the reader: in which case, by whom."""

    case_id: UUID
    reference: str
    by: str


def named(text: str, colleagues: list[User]) -> list[User]:
    """Whom of these a note calls. The longest name wins: `@Ana Maria` is not `@Ana`."""
    rest, found = text.casefold(), []
    for one in sorted(colleagues, key=lambda user: -len(user.name)):
        called = f"@{one.name.casefold()}"
        if called in rest:
            found.append(one)
            rest = rest.replace(called, "")
    return found


def call(session: Session, note: Note, users: list[User]) -> None:
    """Tell these of the note."""
    for one in users:
        session.add(NoteMention(note_id=note.id, user_id=one.id))
    session.flush()


def unseen(session: Session, user: User) -> list[Mention]:
    """What calls this user and was not looked at yet, the newest first, once a case; a case of another team calls nobody."""
    rows = session.execute(
        select(Note, Case.number)
        .join(NoteMention, NoteMention.note_id == Note.id)
        .join(Case, Case.id == Note.case_id)
        .where(NoteMention.user_id == user.id, NoteMention.seen_at.is_(None), in_teams_of(user.id))
        .order_by(Note.created_at.desc())
        .options(joinedload(Note.user))
        .limit(20)
    )
    first: dict[UUID, Mention] = {}
    for note, number in rows:
        first.setdefault(note.case_id, Mention(note.case_id, f"K{number}", note.user.name))
    return list(first.values())


def seen(session: Session, case_id: UUID, user: User) -> None:
    """The user opened the case."""
    session.execute(
        update(NoteMention)
        .where(
            NoteMention.user_id == user.id,
            NoteMention.seen_at.is_(None),
            NoteMention.note_id.in_(select(Note.id).where(Note.case_id == case_id)),
        )
        .values(seen_at=now())
        .execution_options(synchronize_session=False)
    )
