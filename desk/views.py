"""Views of the queue that somebody keeps under a name: a tab and filters, never a case."""

from collections.abc import Sequence
from urllib.parse import parse_qsl
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cases.models import User
from desk.errors import BadInput
from desk.models import SavedView
from desk.narrowing import Wanted

MOST = 20
LONGEST_NAME = 40


def views_of(session: Session, user: User) -> Sequence[SavedView]:
    """A user's views, by name."""
    return session.execute(
        select(SavedView).where(SavedView.user_id == user.id).order_by(func.lower(SavedView.name))
    ).scalars().all()  # fmt: skip


def save(session: Session, user: User, name: str, wanted: Wanted) -> None:
    """Keep a view; one of the same name is replaced. Raises BadInput."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadInput("view_name_needed", limit=LONGEST_NAME)
    mine = {view.name: view for view in views_of(session, user)}
    if name in mine:
        mine[name].query = wanted.query()
    elif len(mine) >= MOST:
        raise BadInput("view_too_many", limit=MOST)
    else:
        session.add(SavedView(user_id=user.id, name=name, query=wanted.query()))
    session.flush()


def remove(session: Session, user: User, view_id: UUID) -> None:
    """Forget one of one's own views."""
    session.execute(delete(SavedView).where(SavedView.id == view_id, SavedView.user_id == user.id))


def wanted_of(query: str) -> Wanted:
    """What a kept query asks for."""
    return Wanted.of(dict(parse_qsl(query)))
