"""A file is applied: all its good entries, or nothing, in one transaction that the caller commits. What was done is kept for undoing it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.database import now
from directory.bulk_read import read_bulk
from directory.errors import DirectoryError
from directory.exchange import guard
from directory.exchange.bulk import copy_rows, write_bulk
from directory.exchange.errors import ChangedFileError, OutdatedPlanError, RefusedEntriesError
from directory.exchange.formats import Source
from directory.exchange.models import ImportBatch, ImportChange
from directory.exchange.plan import Examiner, Outcome, Plan, Prepared, Progress, Tally
from directory.exchange.problems import Problem
from directory.models import Metadata, Service
from directory.records import record_hash
from directory.review.models import Revision, Verification
from directory.writing import write

LOCK = 7_390_119
"""Advisory lock: two imports at once could each make the same entry."""

Seen = Callable[[Outcome], None]
Writer = Callable[..., dict[UUID, str]]


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, and the plan as it turned out."""

    batch: ImportBatch
    plan: Plan


def dry_run(
    session: Session,
    source: Source,
    *,
    by: str,
    review: bool = False,
    progress: Progress | None = None,
    seen: Seen | None = None,
) -> Plan:
    """What the file would do. Writes nothing. `seen` gets every outcome, also those the plan does not keep. Raises UnreadableError.

    `review`: changes of entries go to an approver, so that an entry whose change waits already cannot be changed again.
    """
    plan = Plan(source.format, source.name, source.digest())
    tally = Tally(plan)
    examiner = Examiner(session, review=review, read=read_bulk)
    for group in examiner.groups(source.entries()):
        for one in group:
            tally.add(one.outcome)
            if seen:
                seen(one.outcome)
        if progress:
            progress(sum(plan.counts.values()))
    tally.close()
    _note(by, examiner)
    return plan


def apply(
    session: Session,
    source: Source,
    *,
    by: str,
    plan: Plan | None = None,
    review: bool = False,
    publish: bool = False,
    all_or_nothing: bool = False,
    progress: Progress | None = None,
    seen: Seen | None = None,
    at: datetime | None = None,
    writer: Writer = write_bulk,
) -> Applied:
    """Write the good entries of the file; flushes, does not commit. After an exception the caller rolls back.

    `plan`: the dry run that a person agreed to: what differs from it is not done. `review`: changed entries become submitted revisions
    and new ones drafts. `publish`: people may be told of new entries at once. Raises UnreadableError, ChangedFileError,
    OutdatedPlanError, RefusedEntriesError.
    """
    digest = source.digest()
    if plan is not None and plan.digest != digest:
        raise ChangedFileError
    session.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": LOCK})
    moment = at or now()
    batch = ImportBatch(format=source.format, file_name=source.name, digest=digest, by=by, created_at=moment)
    session.add(batch)
    session.flush()
    batch_id = batch.id
    done = Plan(source.format, source.name, digest)
    tally = Tally(done)
    examiner = Examiner(session, review=review, read=read_bulk, lock=True)
    writing = _Writing(session, batch_id, by, moment, review=review, publish=publish and not review, writer=writer)
    for group in examiner.groups(source.entries()):
        # What was agreed to is compared before the database has its say about single entries.
        for one in group:
            tally.add(one.outcome)
        refused = writing.group([one for one in group if one.outcome.action in ("create", "update")])
        for one in refused:
            done.counts[one.outcome.action] -= 1
            done.counts["refused"] += 1
            one.outcome.action = "refused"
        if seen:
            for one in group:
                seen(one.outcome)
        if progress:
            progress(sum(done.counts.values()))
    tally.close()
    _note(by, examiner)
    if plan is not None and plan.fingerprint != done.fingerprint:
        raise OutdatedPlanError
    if all_or_nothing and done.counts["refused"]:
        raise RefusedEntriesError(done.counts["refused"])
    batch = session.get_one(ImportBatch, batch_id)
    batch.created, batch.changed = done.counts["create"], done.counts["update"]
    batch.unchanged, batch.refused = done.counts["same"], done.counts["refused"]
    session.flush()
    return Applied(batch, done)


def _note(by: str, examiner: Examiner) -> None:
    if examiner.confidential:
        guard.note(by, examiner.confidential)


class _Writing:
    """Writes groups of entries of one batch."""

    def __init__(
        self,
        session: Session,
        batch_id: UUID,
        by: str,
        at: datetime,
        *,
        review: bool,
        publish: bool,
        writer: Writer,
    ) -> None:
        self._session = session
        self._batch_id, self._by, self._at = batch_id, by, at
        self._source = f"import:{batch_id}"
        self._review, self._publish = review, publish
        self._writer = writer
        self._done, self._counted_at = 0, 2_000

    def group(self, group: list[Prepared]) -> list[Prepared]:
        """Write them; returns those that the database refused, with the reason in their problems."""
        if not group:
            return []
        refused: list[Prepared] = []
        try:
            with self._session.begin_nested():
                self._write(group, self._writer)
        except (DBAPIError, DirectoryError):
            # One entry must not lose the others: each gets a savepoint of its own.
            for one in group:
                try:
                    with self._session.begin_nested():
                        self._write([one], write_one_by_one)
                except (DBAPIError, DirectoryError) as error:
                    reason = type(error.orig if isinstance(error, DBAPIError) else error).__name__
                    one.outcome.problems.append(Problem(one.outcome.where, "", "not_written", {"reason": reason}))
                    refused.append(one)
        self._session.expunge_all()
        self._done += len(group)
        if self._done >= self._counted_at:
            # The server counts rows of others' transactions only when they are committed: it would go on planning for empty tables.
            self._session.execute(text("ANALYZE organization, service, location, service_at_location, phone, contact"))
            self._counted_at *= 5
        return refused

    def _write(self, group: Sequence[Prepared], writer: Writer) -> None:
        revised = [one for one in group if self._review and one.outcome.action == "update" and _content(one)]
        waiting = {id(one) for one in revised}
        written = [one for one in group if id(one) not in waiting]
        hashes = writer(
            self._session, [one for one in written if _content(one)], by=self._by, source=self._source, at=self._at
        )
        for one in revised:
            self._revise(one)
        self._keep(written, hashes)
        self._verify(group)
        created = [one.outcome.service_id for one in written if one.outcome.action == "create"]
        if self._publish and created:
            self._session.execute(
                update(Service).where(Service.id.in_(created)).values(listing="published", listing_since=self._at)
            )
            self._session.add_all(
                Metadata(
                    resource_type="service",
                    resource_id=service_id,
                    service_id=service_id,
                    last_action_date=self._at,
                    last_action_type="update",
                    field_name="listing",
                    previous_value="draft",
                    replacement_value="published",
                    updated_by=self._by,
                    source=self._source,
                )
                for service_id in created
            )
        self._session.flush()

    def _revise(self, one: Prepared) -> None:
        if one.before is None or one.after is None or one.before.id is None:
            return
        revision = Revision(
            service_id=one.before.id,
            record=one.after.model_dump(mode="json"),
            base_hash=record_hash(one.before),
            state="submitted",
            source=self._source,
            author=self._by,
            created_at=self._at,
            submitted_at=self._at,
        )
        self._session.add(revision)
        self._session.add(
            ImportChange(
                batch_id=self._batch_id,
                service_id=one.before.id,
                action="revise",
                before=one.before.model_dump(mode="json"),
                after_hash=record_hash(one.before),
                verified_on=one.verified_on,
                assured_before=one.assured_before,
            )
        )

    def _keep(self, written: Sequence[Prepared], hashes: dict[UUID, str]) -> None:
        """What undoing needs. The hash is of what is stored now, not of what was wanted."""
        ids = [one.outcome.service_id for one in written if one.outcome.service_id]
        unread = [service_id for service_id in ids if service_id not in hashes]
        stored = {record.id: record_hash(record) for record in read_bulk(self._session, unread)} | hashes
        rows = [
            {
                "batch_id": self._batch_id,
                "service_id": one.outcome.service_id,
                "action": one.outcome.action,
                "before": one.before.model_dump(mode="json") if one.before else None,
                "after_hash": stored[one.outcome.service_id],
                "verified_on": one.verified_on,
                "assured_before": one.assured_before,
            }
            for one in written
        ]
        copy_rows(self._session, ImportChange, rows)

    def _verify(self, group: Sequence[Prepared]) -> None:
        for one in group:
            if one.verified_on and one.outcome.service_id:
                self._session.add(
                    Verification(
                        service_id=one.outcome.service_id,
                        verified_on=one.verified_on,
                        method="import",
                        by=self._by,
                        note=self._source,
                        created_at=self._at,
                    )
                )
        self._session.flush()
        by_day: dict[object, list[UUID]] = {}
        for one in group:
            if one.verified_on and one.outcome.service_id:
                by_day.setdefault(one.verified_on, []).append(one.outcome.service_id)
        for day, ids in by_day.items():
            self._session.execute(
                update(Service)
                .where(Service.id.in_(ids), func.coalesce(Service.assured_date, day) <= day)
                .values(assured_date=day, assured_by=self._source)
            )


def _content(one: Prepared) -> bool:
    """Whether the record itself changes, not only the day on which it was confirmed."""
    return one.before is None or any(change.path != "assured_date" for change in one.outcome.changes)


def write_one_by_one(
    session: Session, group: Sequence[Prepared], *, by: str, source: str, at: datetime
) -> dict[UUID, str]:
    """The plain way: each entry through `writing.write`. What is stored is to be read back."""
    for one in group:
        if one.after is not None:
            write(session, one.after, by=by, source=source, at=at)
            session.expunge_all()
    return {}


def batches(session: Session, limit: int = 50) -> list[ImportBatch]:
    """The latest batches, newest first."""
    return list(session.scalars(select(ImportBatch).order_by(ImportBatch.created_at.desc()).limit(limit)))
