"""What the directory's editors should look at: one open task of a kind for an entry, however often it is called for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from core.database import now
from directory.errors import UnknownTaskError
from directory.review.models import DirectoryTask

_FIRST = ("not_safe", "closed", "feedback", "correction", "unconfirmed")
_LONGEST = 2000


def open_tasks(session: Session, *, service_id: UUID | None = None, limit: int = 500) -> list[DirectoryTask]:
    """Open tasks: dangers first, then the oldest."""
    order = case({kind: position for position, kind in enumerate(_FIRST)}, value=DirectoryTask.kind, else_=len(_FIRST))
    query = select(DirectoryTask).where(DirectoryTask.done_at.is_(None))
    if service_id is not None:
        query = query.where(DirectoryTask.service_id == service_id)
    return list(session.scalars(query.order_by(order, DirectoryTask.created_at, DirectoryTask.id).limit(limit)))


def open_task(
    session: Session, service_id: UUID, kind: str, *, note: str | None = None, at: datetime | None = None
) -> DirectoryTask:
    """Open a task, or add the note to the one that is open."""
    task = session.scalars(
        select(DirectoryTask)
        .where(DirectoryTask.service_id == service_id, DirectoryTask.kind == kind, DirectoryTask.done_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if task is None:
        task = DirectoryTask(service_id=service_id, kind=kind, note=note, created_at=at or now())
        session.add(task)
    elif note and note not in (task.note or ""):
        task.note = "\n".join(line for line in (task.note, note) if line)[-_LONGEST:]
    session.flush()
    return task


def finish(session: Session, task_id: UUID, *, by: str, note: str | None = None, at: datetime | None = None) -> None:
    """Mark a task as done. Doing it twice changes nothing. Raises UnknownTaskError."""
    task = session.get(DirectoryTask, task_id, with_for_update=True)
    if task is None:
        raise UnknownTaskError(task_id)
    if task.done_at is None:
        task.done_at, task.done_by, task.done_note = at or now(), by, note
        session.flush()
