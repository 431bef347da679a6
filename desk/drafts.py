"""What a caseworker typed and has not sent: kept encrypted for this user and this case, until it is sent, or the case ends or is erased."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cases.models import ReplyDraft, User
from core.database import now

LONGEST = 4000
"""Characters kept; longer than any message, so that a text that is too long is not cut while it is being shortened."""


def keep(session: Session, case_id: UUID, user: User, text: str) -> None:
    """Keep what stands in the field now; an empty field keeps nothing."""
    text = text.replace("\r\n", "\n")[:LONGEST]
    if not text.strip():
        forget(session, case_id, user)
        return
    row = session.execute(_own(case_id, user).with_for_update()).scalar_one_or_none()
    if row is None:
        row = ReplyDraft(case_id=case_id, user_id=user.id)
        session.add(row)
    row.body, row.updated_at = text, now()
    session.flush()


def kept(session: Session, case_id: UUID, user: User) -> str:
    """What was kept; empty: nothing."""
    row = session.execute(_own(case_id, user)).scalar_one_or_none()
    return (row.body or "") if row is not None else ""


def forget(session: Session, case_id: UUID, user: User) -> None:
    """It was sent, or taken out of the field."""
    session.execute(delete(ReplyDraft).where(ReplyDraft.case_id == case_id, ReplyDraft.user_id == user.id))


def _own(case_id: UUID, user: User):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return select(ReplyDraft).where(ReplyDraft.case_id == case_id, ReplyDraft.user_id == user.id)
