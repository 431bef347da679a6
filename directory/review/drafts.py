"""A change of an entry on its way to the public: saved, submitted, approved by a second person. The live entry stays as it is until then.

Every function takes the session of its caller, who commits. `by` is the id of a user or `focal_point:<id>`; that somebody may do it at all
is the caller's to check, that it is a second person is checked here.
"""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import now
from directory import do_not_list, guarding
from directory.errors import (
    ConflictError,
    DoNotListError,
    FourEyesError,
    OpenRevisionError,
    ReasonNeededError,
    RevisionStateError,
    UnknownEntryError,
)
from directory.models import Service
from directory.records import ServiceRecord, record_hash
from directory.review import listing
from directory.review.assuring import assure
from directory.review.models import Revision
from directory.review.rebasing import laid_on_top, record_of_hash
from directory.writing import Change, Written, differences, read, write

FOCAL_POINT = "focal_point"
"""Source of what a focal point corrected; it may wait beside a draft of the desk."""
OPEN = ("draft", "submitted")


def open_revisions(session: Session, service_id: UUID) -> list[Revision]:
    """What is under way for an entry: at most one change of the desk and one correction of the focal point."""
    query = select(Revision).where(Revision.service_id == service_id, Revision.state.in_(OPEN))
    return list(session.scalars(query.order_by(Revision.source == FOCAL_POINT)))


def waiting(session: Session) -> list[Revision]:
    """Submitted changes that somebody should decide, oldest first."""
    query = select(Revision).where(Revision.state == "submitted").order_by(Revision.submitted_at, Revision.id)
    return list(session.scalars(query))


def save_draft(
    session: Session,
    record: ServiceRecord,
    *,
    by: str,
    base_hash: str | None = None,
    source: str = "form",
    may_unhide: bool = False,
    at: datetime | None = None,
) -> Revision:
    """Keep a change without showing it to anybody. A record without an id is a new entry and gets one.

    `base_hash`: `record_hash` of the entry as the author saw it; None takes it as it is now. Saving again replaces the author's own open
    draft (one that was submitted is a draft again). Raises OpenRevisionError when somebody else's is open, ConflictError when the entry
    changed since `base_hash`, DoNotListError, SecretInPublicError.
    """
    record = record if record.id else record.model_copy(update={"id": uuid4()})
    service_id: UUID = record.id  # type: ignore[assignment]
    live = _live(session, service_id, lock=True)
    if live is not None and _listing(session, service_id) == "do_not_list":
        raise DoNotListError(service_id, session.get_one(Service, service_id).listing_reason or "")
    do_not_list.refuse(session, live, record)
    guarding.check(session, live, record, may_unhide=may_unhide, draft=True)
    live_hash = record_hash(live) if live else None
    if base_hash is not None and base_hash != live_hash:
        raise _conflict(session, service_id, base_hash, record, live)
    focal = source == FOCAL_POINT
    revision = next((one for one in open_revisions(session, service_id) if (one.source == FOCAL_POINT) == focal), None)
    if revision is not None and revision.author != by:
        raise OpenRevisionError(revision.id, revision.author)
    if revision is None:
        revision = Revision(service_id=service_id, author=by, source=source, created_at=at or now(), record={})
        session.add(revision)
    revision.record = record.model_dump(mode="json")
    revision.base_hash = live_hash
    revision.state, revision.submitted_at = "draft", None
    revision.source = source
    session.flush()
    return revision


def submit(session: Session, revision_id: UUID, *, by: str, at: datetime | None = None) -> Revision:
    """Ask for approval of one's own draft. Raises RevisionStateError, OpenRevisionError for somebody else's."""
    revision = _locked(session, revision_id, "draft")
    if revision.author != by:
        raise OpenRevisionError(revision.id, revision.author)
    revision.state, revision.submitted_at = "submitted", at or now()
    session.flush()
    return revision


def discard(session: Session, revision_id: UUID, *, by: str, at: datetime | None = None) -> Revision:
    """Give up one's own open change. Raises RevisionStateError, OpenRevisionError for somebody else's."""
    revision = _locked(session, revision_id, *OPEN)
    if revision.author != by:
        raise OpenRevisionError(revision.id, revision.author)
    return _decide(session, revision, "superseded", by, at or now())


def take_over(session: Session, revision_id: UUID, *, by: str) -> Revision:
    """Become the author of somebody else's open change, to go on with it: a colleague on leave must not block an entry."""
    revision = _locked(session, revision_id, *OPEN)
    revision.author, revision.state, revision.submitted_at = by, "draft", None
    session.flush()
    return revision


def changes_of(session: Session, revision: Revision) -> list[Change]:
    """What approving the change would change in the entry as it is now, field by field."""
    return differences(_live(session, revision.service_id), record_of(revision))


def record_of(revision: Revision) -> ServiceRecord:
    """The entry as the change wants it."""
    return ServiceRecord.model_validate(revision.record)


def approve(
    session: Session,
    revision_id: UUID,
    *,
    by: str,
    four_eyes: bool,
    may_unhide: bool = False,
    at: datetime | None = None,
) -> Written:
    """Make a submitted change the live entry. A new entry is published; an existing one keeps its listing.

    `four_eyes`: whoever wrote it may not approve it (`Settings.four_eyes`). `may_unhide`: the approver may read true addresses, and so may
    decide that something hidden becomes public. Raises RevisionStateError, FourEyesError, DoNotListError, UnhideError, SecretInPublicError,
    and ConflictError when the entry changed since the author saw it (`rebase` helps when other fields changed).
    """
    moment = at or now()
    revision = _locked(session, revision_id, "submitted")
    if four_eyes and revision.author == by:
        raise FourEyesError(revision.id)
    record = record_of(revision)
    live = _live(session, revision.service_id, lock=True)
    if (record_hash(live) if live else None) != revision.base_hash:
        raise _conflict(session, revision.service_id, revision.base_hash, record, live)
    if live is not None and _listing(session, revision.service_id) == "do_not_list":
        raise DoNotListError(revision.service_id, session.get_one(Service, revision.service_id).listing_reason or "")
    written = write(session, record, by=revision.author, source=revision.source, at=moment, may_unhide=may_unhide)
    if live is None:
        listing.publish(session, revision.service_id, by=by, at=moment)
    if revision.source == FOCAL_POINT and revision.submitted_at is not None:
        # The focal point read the whole entry that day, and said what differs.
        assure(
            session, revision.service_id, method=FOCAL_POINT, by=revision.author, on=revision.submitted_at.date(),
            at=moment,
        )  # fmt: skip
    _decide(session, revision, "approved", by, moment)
    return written


def reject(session: Session, revision_id: UUID, *, by: str, reason: str, at: datetime | None = None) -> Revision:
    """Send a submitted change back. The author reads the reason. Raises RevisionStateError, ReasonNeededError."""
    if not reason.strip():
        raise ReasonNeededError
    revision = _locked(session, revision_id, "submitted")
    revision.decision_reason = reason.strip()
    return _decide(session, revision, "rejected", by, at or now())


def rebase(session: Session, revision_id: UUID) -> Revision:
    """Lay an open change on top of the entry as it is now. Raises ConflictError when both change the same field, RevisionStateError.

    It stays submitted: what is approved is read after this, with `changes_of`. Whoever rebases does not become its author.
    """
    revision = _locked(session, revision_id, *OPEN)
    live = _live(session, revision.service_id, lock=True)
    if live is None or record_hash(live) == revision.base_hash:
        return revision
    base = record_of_hash(session, revision.service_id, revision.base_hash)
    record = record_of(revision)
    merged = laid_on_top(base, record, live) if base else None
    if merged is None:
        raise _conflict(session, revision.service_id, revision.base_hash, record, live)
    revision.record, revision.base_hash = merged.model_dump(mode="json"), record_hash(live)
    session.flush()
    return revision


def _conflict(
    session: Session, service_id: UUID, base_hash: str | None, record: ServiceRecord, live: ServiceRecord | None
) -> ConflictError:
    if live is None:
        return ConflictError(service_id, [], ["name"])
    base = record_of_hash(session, service_id, base_hash) if base_hash else None
    theirs = differences(base, live)
    ours = {change.path for change in differences(base, record)}
    return ConflictError(service_id, theirs, sorted(ours & {change.path for change in theirs}) if base else ["name"])


def _locked(session: Session, revision_id: UUID, *states: str) -> Revision:
    revision = session.get(Revision, revision_id, with_for_update=True, populate_existing=True)
    if revision is None or revision.state not in states:
        raise RevisionStateError(revision_id, revision.state if revision else None)
    return revision


def _decide(session: Session, revision: Revision, state: str, by: str, at: datetime) -> Revision:
    revision.state, revision.decided_by, revision.decided_at = state, by, at
    session.flush()
    return revision


def _live(session: Session, service_id: UUID, *, lock: bool = False) -> ServiceRecord | None:
    if lock:
        # Two approvals of one entry: the second must see what the first wrote.
        session.execute(select(Service.id).where(Service.id == service_id).with_for_update())
    try:
        return read(session, service_id)
    except UnknownEntryError:
        return None


def _listing(session: Session, service_id: UUID) -> str | None:
    return session.scalar(select(Service.listing).where(Service.id == service_id))
