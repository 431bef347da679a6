"""Who has a case open now, and who types: said to the others on the page, so that two people do not answer the same person.

Nothing of it is a log: a row says nothing after a minute, and is overwritten by the next one.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from cases.models import CasePresence, User
from core.database import notify, now

HERE = timedelta(seconds=50)
"""An open page says every twenty seconds that it is there: two that got lost are not a departure."""
TYPING = timedelta(seconds=8)
FORGET = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Present:
    """A colleague who has the case open."""

    name: str
    typing: bool


def arrive(session: Session, case_id: UUID, user: User, *, typing: bool = False) -> None:
    """The user has the case open now, or types in it. Others are told only when what they see changes."""
    at = now()
    row = session.get(CasePresence, (case_id, user.id), with_for_update=True)
    if row is None:
        session.execute(delete(CasePresence).where(CasePresence.user_id == user.id, CasePresence.seen_at < at - FORGET))
        row = CasePresence(case_id=case_id, user_id=user.id, seen_at=at)
        session.add(row)
        news = True
    else:
        news = row.seen_at < at - HERE
        row.seen_at = at
    if typing:
        news = news or row.typing_at is None or row.typing_at < at - TYPING
        row.typing_at = at
    session.flush()
    if news:
        # Not `case`: whoever comes and goes must not make every queue of the house look again.
        notify(session, here=case_id)


def stopped_typing(session: Session, case_id: UUID, user: User) -> None:
    """What was typed was sent or given up."""
    row = session.get(CasePresence, (case_id, user.id))
    if row is not None and row.typing_at is not None:
        row.typing_at = None
        session.flush()
        notify(session, here=case_id)


def present(session: Session, case_id: UUID, besides: User) -> list[Present]:
    """Colleagues who have the case open now, by name."""
    at = now()
    rows = session.execute(
        select(CasePresence)
        .where(CasePresence.case_id == case_id, CasePresence.user_id != besides.id, CasePresence.seen_at > at - HERE)
        .options(joinedload(CasePresence.user))
    ).scalars()
    found = [Present(row.user.name, row.typing_at is not None and row.typing_at > at - TYPING) for row in rows]
    return sorted(found, key=lambda one: one.name.lower())
