"""Files that somebody brings to the desk: kept encrypted, looked at and applied by jobs, forgotten after a day.

A page does: `receive` in a request, then `start`; the job fills `plan_json`. `confirm` starts the job that applies it. `done` counts
entries meanwhile. `examine` may be called in the request itself for a file that is `SMALL`.
"""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.database import Sessions, notify, now
from core.jobs import UPKEEP, defer
from directory.exchange.applying import apply, dry_run
from directory.exchange.errors import (
    ChangedFileError,
    OutdatedPlanError,
    RefusedEntriesError,
    UnreadableError,
    UploadStateError,
)
from directory.exchange.failures import Failure
from directory.exchange.formats import Source, Stream, spooled
from directory.exchange.models import ImportUpload, ImportUploadPart
from directory.exchange.plan import Plan, Progress

KEPT = timedelta(hours=24)
MOST_UPLOAD = 100 * 1024 * 1024
SMALL = 200 * 1024
"""Bytes that are looked at within a request; a longer file is a job's."""
EXAMINE, APPLY = "directory.examine_upload", "directory.apply_upload"
_LOCK = "directory.import"
_PIECE = 1 << 20
_PAUSE = 1.0
"""Seconds between two notes of how far a job is."""


def receive(
    session: Session,
    stream: Stream,
    *,
    file_name: str,
    by: str,
    review: bool,
    format_: str | None = None,
    country: str | None = None,
    at: datetime | None = None,
) -> ImportUpload:
    """Keep a file. Flushes, does not commit. Raises UnreadableError for what is certainly no file of services.

    `review`: changes of entries go to an approver (`Settings.four_eyes`). `country`: of documents that name none.
    """
    with spooled(stream, file_name, format_, country) as source:
        size = source.path.stat().st_size
        if size > MOST_UPLOAD:
            raise UnreadableError("too_large", most=MOST_UPLOAD // 1024 // 1024)
        upload = ImportUpload(
            file_name=file_name, format=source.format, country=country, by=by, review=review, size=size, created_at=at or now()
        )  # fmt: skip
        session.add(upload)
        session.flush()
        with source.path.open("rb") as file:
            position = 0
            while piece := file.read(_PIECE):
                part = ImportUploadPart(
                    upload_id=upload.id, position=position, content=base64.b64encode(piece).decode()
                )
                session.add(part)
                session.flush()
                session.expunge(part)
                position += 1
    return upload


def start(session: Session, upload_id: UUID) -> None:
    """Have a job look at it."""
    defer(session, EXAMINE, queue=UPKEEP, lock=_LOCK, upload_id=str(upload_id))


def confirm(session: Session, upload_id: UUID, *, all_or_nothing: bool = False) -> None:
    """Have a job apply what its dry run showed. Raises UploadStateError when there is no dry run to agree to."""
    upload = session.get(ImportUpload, upload_id, with_for_update=True)
    if upload is None or upload.state != "examined" or plan_of(upload) is None:
        raise UploadStateError(upload.state if upload else "gone")
    upload.state, upload.all_or_nothing, upload.done, upload.failure = "applying", all_or_nothing, 0, None
    session.flush()
    defer(session, APPLY, queue=UPKEEP, lock=_LOCK, upload_id=str(upload_id))


def discard(session: Session, upload_id: UUID) -> None:
    """Forget a file now. One that is being applied stays."""
    session.execute(delete(ImportUpload).where(ImportUpload.id == upload_id, ImportUpload.state != "applying"))


def plan_of(upload: ImportUpload) -> Plan | None:
    """The dry run of a file; None while there is none."""
    return Plan.from_json(json.loads(upload.plan_json)) if upload.plan_json else None


@contextmanager
def opened(session: Session, upload: ImportUpload) -> Iterator[Source]:
    """The file on the disk, for as long as the block lasts."""
    with spooled(_Parts(session, upload.id), upload.file_name, upload.format, upload.country) as source:
        yield source


class _Parts:
    """The pieces of an upload as a stream, one in memory at a time."""

    def __init__(self, session: Session, upload_id: UUID) -> None:
        self._session, self._upload_id, self._position = session, upload_id, 0

    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002  a piece is what it is
        part = self._session.scalars(
            select(ImportUploadPart).where(
                ImportUploadPart.upload_id == self._upload_id, ImportUploadPart.position == self._position
            )
        ).one_or_none()
        if part is None:
            return b""
        self._position += 1
        content = base64.b64decode(part.content or "")
        self._session.expunge(part)
        return content


def examine(sessions: Sessions, upload_id: UUID) -> None:
    """The dry run of an upload. Its own transactions; nothing of the directory changes."""
    with sessions.begin() as session:
        upload = session.get(ImportUpload, upload_id, with_for_update=True)
        if upload is None or upload.state in ("applying", "applied"):
            return
        upload.state, upload.done, upload.failure, upload.plan_json = "waiting", 0, None, None
    changes: dict[str, Any]
    try:
        with sessions.begin() as session:
            upload = session.get_one(ImportUpload, upload_id)
            by, review = upload.by, upload.review
            with opened(session, upload) as source:
                plan = dry_run(session, source, by=by, review=review, progress=_noted(sessions, upload_id))
        changes = {"state": "examined", "plan_json": json.dumps(plan.as_json(), ensure_ascii=False)}
    except UnreadableError as error:
        changes = {"state": "failed", "failure": error.kept.stored()}
    except Exception:
        _end(sessions, upload_id, {"state": "failed", "failure": Failure("not_looked_at").stored()})
        raise
    _end(sessions, upload_id, changes)


def apply_upload(sessions: Sessions, upload_id: UUID) -> None:
    """Apply what the dry run of an upload showed, in one transaction. What cannot be applied is examined again or says why."""
    changes: dict[str, Any]
    try:
        with sessions.begin() as session:
            upload = session.get(ImportUpload, upload_id)
            if upload is None or upload.state != "applying":
                return
            by, review, whole, plan = upload.by, upload.review, upload.all_or_nothing, plan_of(upload)
            with opened(session, upload) as source:
                done = apply(
                    session,
                    source,
                    by=by,
                    plan=plan,
                    review=review,
                    all_or_nothing=whole,
                    progress=_noted(sessions, upload_id),
                )
            # In the transaction of the import: a crash after it must not leave a file that can be applied a second time.
            session.execute(delete(ImportUploadPart).where(ImportUploadPart.upload_id == upload_id))
            upload = session.get_one(ImportUpload, upload_id)
            upload.state, upload.batch_id = "applied", done.batch.id
            upload.plan_json = json.dumps(done.plan.as_json(), ensure_ascii=False)
            notify(session, importing=upload_id)
    except (ChangedFileError, OutdatedPlanError):
        _end(sessions, upload_id, {"state": "waiting", "plan_json": None})
        examine(sessions, upload_id)
        _end(sessions, upload_id, {"failure": Failure("outdated").stored()})
    except (RefusedEntriesError, UnreadableError) as error:
        changes = {"state": "examined", "failure": error.kept.stored()}
        _end(sessions, upload_id, changes)
    except Exception:
        _end(sessions, upload_id, {"state": "failed", "failure": Failure("not_applied").stored()})
        raise


def forget(session: Session, *, at: datetime | None = None) -> int:
    """Delete what is older than a day; returns how many. One that a job died over goes too."""
    moment = at or now()
    result = session.execute(
        delete(ImportUpload).where(ImportUpload.created_at < moment - KEPT).returning(ImportUpload.id)
    )
    return len(result.all())


def _noted(sessions: Sessions, upload_id: UUID) -> Progress:
    """Writes down how far a job is, in transactions of its own, so that the page sees it while the import's is open."""
    last = 0.0

    def note(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _PAUSE:
            last = time.monotonic()
            with sessions.begin() as session:
                session.execute(update(ImportUpload).where(ImportUpload.id == upload_id).values(done=done))
                notify(session, importing=upload_id)

    return note


def _end(sessions: Sessions, upload_id: UUID, changes: dict[str, Any]) -> None:
    with sessions.begin() as session:
        upload = session.get(ImportUpload, upload_id)
        if upload is not None:
            for name, value in changes.items():
                setattr(upload, name, value)
            notify(session, importing=upload_id)
