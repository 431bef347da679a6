"""A batch is undone: what it changed becomes what it was, what it made goes. Entries that changed since then are left and named."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from core.database import now
from directory.bulk_read import read_bulk
from directory.exchange.applying import LOCK
from directory.exchange.errors import UnknownBatchError
from directory.exchange.models import ImportBatch, ImportChange
from directory.exchange.plan import GROUP, Progress
from directory.models import (
    Attribute,
    Location,
    Metadata,
    Organization,
    Program,
    Service,
    ServiceAtLocation,
)
from directory.records import ServiceRecord, record_hash
from directory.review.models import Feedback, Revision, Verification
from directory.writing import write


@dataclass(frozen=True, slots=True)
class Left:
    """An entry that was not touched, and why: `changed`, `in_use` (verified or reported since), `decided` (its revision), `gone`."""

    service_id: UUID
    name: str
    reason: str


@dataclass(slots=True)
class Undone:
    """What undoing did."""

    removed: int = 0
    restored: int = 0
    withdrawn: int = 0
    """Revisions that no longer wait."""
    left: list[Left] = field(default_factory=list)


def undo(
    session: Session, batch_id: UUID, *, by: str, at: datetime | None = None, progress: Progress | None = None
) -> Undone:
    """Undo a batch; flushes, does not commit. Raises UnknownBatchError when there is none or it was undone already."""
    session.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": LOCK})
    batch = session.get(ImportBatch, batch_id, with_for_update=True)
    if batch is None:
        raise UnknownBatchError("there is no such batch")
    if batch.undone_at is not None:
        raise UnknownBatchError("the batch was undone already")
    moment = at or now()
    batch.undone_at, batch.undone_by = moment, by
    batch_began = batch.created_at
    session.flush()
    undoing = _Undoing(session, batch_id, by, moment, batch_began)
    change_ids = list(
        session.scalars(select(ImportChange.id).where(ImportChange.batch_id == batch_id).order_by(ImportChange.id))
    )
    for start in range(0, len(change_ids), GROUP):
        undoing.group(change_ids[start : start + GROUP])
        session.expunge_all()
        if progress:
            progress(min(start + GROUP, len(change_ids)))
    undoing.sweep()
    return undoing.done


class _Undoing:
    def __init__(self, session: Session, batch_id: UUID, by: str, at: datetime, began: datetime) -> None:
        self._session, self._by, self._at, self._began = session, by, at, began
        self._batch_source = f"import:{batch_id}"
        self._source = f"undo:{batch_id}"
        self._organizations: set[UUID] = set()
        self.done = Undone()

    def group(self, change_ids: Sequence[UUID]) -> None:
        session = self._session
        changes = list(session.scalars(select(ImportChange).where(ImportChange.id.in_(change_ids))))
        ids = [change.service_id for change in changes]
        there = set(session.scalars(select(Service.id).where(Service.id.in_(ids)).with_for_update()))
        records = {record.id: record for record in read_bulk(session, list(there))}
        used = self._in_use(ids)
        removed: list[UUID] = []
        for change in changes:
            record = records.get(change.service_id)
            if record is None:
                self.done.left.append(Left(change.service_id, "", "gone"))
            elif change.action == "revise":
                self._withdraw(change, record)
            elif record_hash(record) != change.after_hash:
                self.done.left.append(Left(change.service_id, record.name, "changed"))
            elif change.action == "create":
                if change.service_id in used:
                    self.done.left.append(Left(change.service_id, record.name, "in_use"))
                else:
                    removed.append(change.service_id)
            elif change.before is not None:
                write(
                    session,
                    ServiceRecord.model_validate(change.before),
                    by=self._by,
                    source=self._source,
                    at=self._at,
                )
                self._unverify(change)
                self.done.restored += 1
        session.flush()
        self._remove(removed)

    def _in_use(self, ids: Sequence[UUID]) -> set[UUID]:
        """Entries that somebody has verified or reported, or that were listed or changed in another way, since the batch."""
        session = self._session
        verified = select(Verification.service_id).where(
            Verification.service_id.in_(ids), func.coalesce(Verification.note, "") != self._batch_source
        )
        reported = select(Feedback.service_id).where(Feedback.service_id.in_(ids))
        touched = select(Metadata.service_id).where(Metadata.service_id.in_(ids), Metadata.source != self._batch_source)
        revised = select(Revision.service_id).where(Revision.service_id.in_(ids))
        return {one for query in (verified, reported, touched, revised) for one in session.scalars(query) if one}

    def _withdraw(self, change: ImportChange, record: ServiceRecord) -> None:
        revision = self._session.scalars(
            select(Revision).where(Revision.service_id == change.service_id, Revision.source == self._batch_source)
        ).first()
        if revision is None or revision.state not in ("draft", "submitted"):
            self.done.left.append(Left(change.service_id, record.name, "decided"))
            return
        revision.state = "superseded"
        revision.decided_by, revision.decided_at = self._by, self._at
        revision.decision_reason = self._source
        self._unverify(change)
        self.done.withdrawn += 1

    def _unverify(self, change: ImportChange) -> None:
        """The verification that the batch brought never was; the day before counts again, unless another verification came since."""
        if change.verified_on is None:
            return
        self._session.execute(
            delete(Verification).where(
                Verification.service_id == change.service_id, Verification.note == self._batch_source
            )
        )
        self._session.execute(
            update(Service)
            .where(Service.id == change.service_id, Service.assured_by == self._batch_source)
            .values(assured_date=change.assured_before, assured_by=None)
        )

    def _remove(self, ids: Sequence[UUID]) -> None:
        if not ids:
            return
        session = self._session
        places = list(
            session.scalars(select(ServiceAtLocation.location_id).where(ServiceAtLocation.service_id.in_(ids)))
        )
        owners = list(session.scalars(select(Service.organization_id).where(Service.id.in_(ids))))
        session.add_all(
            Metadata(
                resource_type="service",
                resource_id=service_id,
                service_id=service_id,
                last_action_date=self._at,
                last_action_type="delete",
                field_name="id",
                previous_value=str(service_id),
                replacement_value="",
                updated_by=self._by,
                source=self._source,
            )
            for service_id in ids
        )
        session.execute(delete(Attribute).where(Attribute.link_entity == "service", Attribute.link_id.in_(ids)))
        session.execute(delete(Service).where(Service.id.in_(ids)))
        session.execute(
            delete(Location).where(
                Location.id.in_(places),
                ~select(ServiceAtLocation.id).where(ServiceAtLocation.location_id == Location.id).exists(),
            )
        )
        self._organizations.update(owners)
        self.done.removed += len(ids)

    def sweep(self) -> None:
        """Organizations that the batch made and that have nothing left."""
        if not self._organizations:
            return
        self._session.execute(
            delete(Program).where(
                Program.organization_id.in_(self._organizations),
                ~select(Service.id).where(Service.organization_id == Program.organization_id).exists(),
                select(Organization.id)
                .where(Organization.id == Program.organization_id, Organization.created_at >= self._began)
                .exists(),
            )
        )
        self._session.execute(
            delete(Organization).where(
                Organization.id.in_(self._organizations),
                Organization.created_at >= self._began,
                ~select(Service.id).where(Service.organization_id == Organization.id).exists(),
                ~select(Location.id).where(Location.organization_id == Organization.id).exists(),
            )
        )
