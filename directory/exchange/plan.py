"""The dry run: what a file would do to the directory, entry by entry, before anything is written.

Entries are looked at in groups, so that a file of any length needs little memory. The plan keeps the counts of everything, and of the
entries those that a person must see: what is refused, what changes, what may be there twice.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import batched
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from core.database import now
from directory import do_not_list, guarding
from directory.errors import DoNotListError, SecretInPublicError, UnhideError
from directory.exchange.duplicates import Duplicate, InFile, in_directory, points_of
from directory.exchange.entries import Asked, Entry, Unreadable
from directory.exchange.guard import Secrets
from directory.exchange.problems import Problem
from directory.models import Location, Organization, Service
from directory.records import ServiceRecord
from directory.review.models import Revision, Verification
from directory.writing import Change, differences, like, read_many

GROUP = 500
"""Entries that are looked at with one set of queries."""
KEPT = 2_000
"""Entries that a plan keeps of each kind; the counts are always of all."""
_KEPT_CHANGES = 200

Action = Literal["create", "update", "same", "refused"]
Progress = Callable[[int], None]
"""Called with the number of entries that are done."""


@dataclass(slots=True)
class Outcome:
    """What would become of one entry of the file."""

    where: str
    action: Action
    name: str
    service_id: UUID | None = None
    changes: list[Change] = field(default_factory=list)
    """Of an update: the fields that change."""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)

    @property
    def notable(self) -> bool:
        """Whether a person must look at it."""
        return bool(self.action in ("refused", "update") or self.warnings or self.duplicates)

    def as_json(self) -> dict[str, Any]:
        """As it is stored and printed."""
        return {
            "where": self.where,
            "action": self.action,
            "name": self.name,
            "service_id": str(self.service_id) if self.service_id else None,
            "changes": [{"path": one.path, "before": one.before, "after": one.after} for one in self.changes],
            "problems": [one.as_json() for one in self.problems],
            "warnings": [one.as_json() for one in self.warnings],
            "duplicates": [one.as_json() for one in self.duplicates],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Outcome":
        """An outcome that was stored by `as_json`."""
        return cls(
            where=data["where"],
            action=data["action"],
            name=data["name"],
            service_id=UUID(data["service_id"]) if data["service_id"] else None,
            changes=[Change(one["path"], one["before"], one["after"]) for one in data["changes"]],
            problems=[Problem.from_json(one) for one in data["problems"]],
            warnings=[Problem.from_json(one) for one in data["warnings"]],
            duplicates=[
                Duplicate(
                    one["reason"],
                    one["name"],
                    UUID(one["service_id"]) if one["service_id"] else None,
                    one["where"],
                    one["distance_km"],
                )
                for one in data["duplicates"]
            ],
        )


@dataclass(slots=True)
class Plan:
    """What a file would do. `digest`: of the file; `fingerprint`: of all that would be done, by which a changed directory is noticed."""

    format: str
    file_name: str
    digest: str
    counts: dict[str, int] = field(default_factory=lambda: {"create": 0, "update": 0, "same": 0, "refused": 0})
    with_warnings: int = 0
    with_duplicates: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    fingerprint: str = ""

    @property
    def shortened(self) -> bool:
        """Whether entries were left out of `outcomes`."""
        return sum(self.counts.values()) > len(self.outcomes)

    def as_json(self) -> dict[str, Any]:
        """As it is stored and printed."""
        return {
            "format": self.format,
            "file_name": self.file_name,
            "digest": self.digest,
            "counts": self.counts,
            "with_warnings": self.with_warnings,
            "with_duplicates": self.with_duplicates,
            "fingerprint": self.fingerprint,
            "outcomes": [one.as_json() for one in self.outcomes],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """A plan that was stored by `as_json`."""
        return cls(
            format=data["format"],
            file_name=data["file_name"],
            digest=data["digest"],
            counts=dict(data["counts"]),
            with_warnings=data["with_warnings"],
            with_duplicates=data["with_duplicates"],
            outcomes=[Outcome.from_json(one) for one in data["outcomes"]],
            fingerprint=data["fingerprint"],
        )


class Tally:
    """Counts outcomes into a plan as they come, and keeps those that are worth keeping."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._kept: dict[str, int] = {}
        self._hash = hashlib.sha256()

    def add(self, outcome: Outcome) -> None:
        """One more entry."""
        plan = self._plan
        plan.counts[outcome.action] += 1
        plan.with_warnings += bool(outcome.warnings)
        plan.with_duplicates += bool(outcome.duplicates)
        said = (outcome.where, outcome.action, [(one.path, one.before, one.after) for one in outcome.changes])
        self._hash.update(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        kind = outcome.action + ("!" if outcome.notable else "")
        count = self._kept[kind] = self._kept.get(kind, 0) + 1
        if count <= (KEPT if outcome.notable else KEPT // 10):
            plan.outcomes.append(outcome)
        plan.fingerprint = ""

    def close(self) -> None:
        """No more entries."""
        self._plan.fingerprint = self._hash.hexdigest()


@dataclass(slots=True)
class Prepared:
    """One entry on its way into the database."""

    outcome: Outcome
    before: ServiceRecord | None = None
    after: ServiceRecord | None = None
    verified_on: date | None = None
    """Day of the verification that the import brings; None: none."""
    assured_before: date | None = None


@dataclass(slots=True)
class _Known:
    """What the directory says of the entries of a group."""

    records: dict[UUID, ServiceRecord]
    rows: dict[UUID, Any]
    by_source: dict[tuple[str, str], UUID]
    waiting: set[UUID]
    verified_here: set[UUID]


class Examiner:
    """Looks at the entries of one file, in their order."""

    def __init__(self, session: Session, *, review: bool = False, read: Any = read_many, lock: bool = False) -> None:
        self._session = session
        self._review = review
        self._read = read
        self._lock = lock
        self._secrets = Secrets.load(session)
        self._barred = do_not_list.load(session)
        self._in_file = InFile()
        self._seen: set[UUID] = set()
        self._today = now().date()
        self.confidential = 0
        """Entries that were refused because something confidential was in them."""

    def groups(self, entries: Iterator[Entry | Unreadable]) -> Iterator[list[Prepared]]:
        """What each entry would do, in groups. Raises UnreadableError while the file is read."""
        for group in batched(entries, GROUP):
            yield self._group(group)

    def _group(self, group: Sequence[Entry | Unreadable]) -> list[Prepared]:
        known = self._known([entry for entry in group if not isinstance(entry, Unreadable)])
        prepared = [self._one(entry, known) for entry in group]
        self._foreign_locations(prepared)
        self._duplicates([one for one in prepared if one.outcome.action == "create"])
        return prepared

    def _known(self, entries: Sequence[Entry]) -> _Known:
        session = self._session
        ids = {entry.id for entry in entries if entry.id}
        keys = {entry.source_key for entry in entries if entry.id is None and entry.source_key}
        by_source: dict[tuple[str, str], UUID] = {}
        if keys:
            found = session.execute(
                select(Service.source, Service.source_id, Service.id)
                .where(tuple_(Service.source, Service.source_id).in_(keys))
                .order_by(Service.created_at.desc())
            )
            by_source = {(source or "", at_source or ""): service_id for source, at_source, service_id in found}
        ids |= set(by_source.values())
        if not ids:
            return _Known({}, {}, by_source, set(), set())
        if self._lock:
            session.execute(select(Service.id).where(Service.id.in_(ids)).order_by(Service.id).with_for_update())
        rows = {
            row.id: row
            for row in session.execute(
                select(
                    Service.id, Service.listing, Service.listing_reason, Service.assured_date, Service.is_confidential
                ).where(Service.id.in_(ids))
            )
        }
        records = {record.id: record for record in self._read(session, list(rows)) if record.id}
        waiting = set(
            session.scalars(
                select(Revision.service_id).where(
                    Revision.service_id.in_(ids),
                    Revision.state.in_(("draft", "submitted")),
                    Revision.source != "focal_point",
                )
            )
        )
        own = set(
            session.scalars(
                select(Verification.service_id).where(Verification.service_id.in_(ids), Verification.method != "import")
            )
        )
        imported = set(
            session.scalars(
                select(Verification.service_id).where(Verification.service_id.in_(ids), Verification.method == "import")
            )
        )
        dated = {service_id for service_id, row in rows.items() if row.assured_date and service_id not in imported}
        return _Known(records, rows, by_source, waiting, own | dated)

    def _one(self, entry: Entry | Unreadable, known: _Known) -> Prepared:
        if isinstance(entry, Unreadable):
            return Prepared(Outcome(entry.where, "refused", entry.name, problems=list(entry.problems)))
        service_id = entry.id or (known.by_source.get(entry.source_key) if entry.source_key else None)
        before = known.records.get(service_id) if service_id else None
        if self._secrets.found_in(entry.words(), before):
            self.confidential += 1
            # Neither the name nor any other problem is told: each could quote what must not be told.
            problem = Problem(entry.where, "", "confidential_words")
            return Prepared(Outcome(entry.where, "refused", "", problems=[problem]))
        outcome = Outcome(entry.where, "refused", entry.name, service_id)
        if service_id and service_id in self._seen:
            outcome.problems = [Problem(entry.where, "id", "twice")]
            return Prepared(outcome, before)
        if service_id:
            self._seen.add(service_id)
        asked = entry.asks(before)
        if asked.record is not None and before is not None and asked.record.id != before.id:
            asked.record = asked.record.model_copy(update={"id": before.id})
        outcome.warnings = asked.warnings
        outcome.problems = [*asked.errors, *self._forbidden(entry, asked, before, known)]
        if outcome.problems or asked.record is None:
            return Prepared(outcome, before)
        return self._changes(entry, outcome, before, asked.record, known)

    def _forbidden(self, entry: Entry, asked: Asked, before: ServiceRecord | None, known: _Known) -> Iterator[Problem]:
        """Why an entry that is well written may not be written all the same."""
        if before is not None and before.id is not None:
            row = known.rows[before.id]
            if row.listing == "do_not_list":
                yield Problem(entry.where, "", "do_not_list", {"reason": row.listing_reason or "–"})  # noqa: RUF001
            if before.id in known.waiting and self._review:
                yield Problem(entry.where, "", "waiting")
            if asked.record is not None and _opens(before, asked.record):
                yield Problem(entry.where, "", "confidential_opened")
        if entry.verified_on and entry.verified_on > self._today:
            yield Problem(entry.where, "", "future", {"value": str(entry.verified_on)})

    def _changes(
        self, entry: Entry, outcome: Outcome, before: ServiceRecord | None, record: ServiceRecord, known: _Known
    ) -> Prepared:
        if before is None or before.id is None:
            outcome.action = "create"
            outcome.service_id = record.id or uuid4()
            after = record if record.id else record.model_copy(update={"id": outcome.service_id})
            if self._is_barred(None, after, outcome):
                return Prepared(outcome)
            self._seen.add(outcome.service_id)
            return Prepared(outcome, None, after, entry.verified_on)
        after = like(before, record)
        outcome.changes = differences(before, after)
        if outcome.changes and self._is_barred(before, after, outcome):
            return Prepared(outcome, before)
        assured = known.rows[before.id].assured_date
        verified = entry.verified_on if entry.verified_on and (assured is None or entry.verified_on > assured) else None
        if verified and before.id in known.verified_here:
            # What we found out ourselves is not made younger by what somebody else wrote down.
            outcome.warnings.append(Problem(entry.where, "", "own_verification", {"value": str(assured)}))
            verified = None
        if verified:
            outcome.changes.append(Change("assured_date", str(assured or ""), str(verified)))
        outcome.action = "update" if outcome.changes else "same"
        return Prepared(outcome, before, after, verified, assured)

    def _is_barred(self, before: ServiceRecord | None, after: ServiceRecord, outcome: Outcome) -> bool:
        """Whether writing it would be refused: by the do-not-list, or because it would open what is hidden."""
        try:
            do_not_list.refuse(self._session, before, after, barred=self._barred)
            guarding.check(self._session, before, after)
        except DoNotListError as error:
            problem = Problem(outcome.where, "", "do_not_list_like", {"reason": error.reason or "–"})  # noqa: RUF001
        except UnhideError:
            problem = Problem(outcome.where, "", "confidential_opened")
        except SecretInPublicError:
            self.confidential += 1
            outcome.name, outcome.warnings = "", []
            problem = Problem(outcome.where, "", "confidential_words")
        else:
            return False
        outcome.action, outcome.changes = "refused", []
        outcome.problems.append(problem)
        return True

    def _foreign_locations(self, group: list[Prepared]) -> None:
        """A place that is stored already, of another service: it is never opened, moved or taken from its organization by an import."""
        wanted = _others_locations(group)
        if not wanted:
            return
        rows = self._session.execute(
            select(Location.id, Location.is_confidential, Organization.id, Organization.name)
            .join(Organization, Organization.id == Location.organization_id)
            .where(Location.id.in_(wanted))
        )
        for location_id, hidden, organization_id, organization in rows:
            for one in wanted[location_id]:
                if one.after is None:
                    continue
                owner = one.after.organization
                location = next(place for place in one.after.locations if place.id == location_id)
                if hidden and not location.is_confidential:
                    _refuse(one, Problem(one.outcome.where, "", "confidential_opened"))
                elif organization_id != owner.id and organization != owner.name:
                    _refuse(one, Problem(one.outcome.where, "", "unknown_location"))

    def _duplicates(self, created: list[Prepared]) -> None:
        records = [one.after for one in created if one.after is not None]
        for one, record, stored in zip(created, records, in_directory(self._session, records), strict=True):
            one.outcome.duplicates = [*stored, *self._in_file.look(one.outcome.where, record)]
            problem = _refusal(one.outcome.where, record, stored)
            if problem:
                _refuse(one, problem)


def _others_locations(group: list[Prepared]) -> dict[UUID, list[Prepared]]:
    """Entries by the ids of places that they name and that are not theirs yet."""
    wanted: dict[UUID, list[Prepared]] = {}
    for one in group:
        own = {location.id for location in one.before.locations} if one.before else set()
        for location in one.after.locations if one.after else ():
            if location.id and location.id not in own:
                wanted.setdefault(location.id, []).append(one)
    return wanted


def _refuse(one: Prepared, problem: Problem) -> None:
    one.outcome.action = "refused"
    one.outcome.problems.append(problem)
    one.outcome.changes = []
    one.after = None


def _opens(before: ServiceRecord, after: ServiceRecord) -> bool:
    """Whether the entry or one of its hidden places would become public."""
    hidden = {location.id for location in before.locations if location.is_confidential}
    return (before.is_confidential and not after.is_confidential) or any(
        location.id in hidden and not location.is_confidential for location in after.locations
    )


def _refusal(where: str, record: ServiceRecord, stored: Sequence[Duplicate]) -> Problem | None:
    """Why a new entry must not be made: it is there, must not be listed, or is a confidential one that would get an address."""
    for duplicate in stored:
        if duplicate.listing == "do_not_list":
            values = {"reason": duplicate.listing_reason or "–"}  # noqa: RUF001
            return Problem(where, "", "do_not_list_like", values)
        places = any(location.addresses or location.phones for location in record.locations) or points_of(record)
        if duplicate.is_confidential and duplicate.reason != "number" and places and not record.is_confidential:
            return Problem(where, "", "confidential_address")
        if duplicate.reason == "same":
            return Problem(where, "", "exists", {"id": str(duplicate.service_id)})
    return None
