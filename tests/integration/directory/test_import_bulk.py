"""Many entries at once leave the same rows and the same history as one after the other."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from directory.bulk_read import TABLES, read_bulk
from directory.exchange.applying import write_one_by_one
from directory.exchange.bulk import write_bulk
from directory.exchange.plan import Outcome, Prepared
from directory.records import ServiceRecord, record_hash
from directory.writing import like, read_many, write
from tests.unit.directory.records_of_all_kinds import service_records, with_ids

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 9, tzinfo=UTC)
COMPARED = (*TABLES, "organization", "program", "attribute", "taxonomy", "taxonomy_term", "metadata")
# Ids that are made when writing, and clocks of rows that only say when they were made.
MADE = {
    "service_at_location": {"id"}, "attribute": {"id", "taxonomy_term_id"}, "taxonomy": {"id"}, "taxonomy_term": {"id", "taxonomy_id"},
    "metadata": {"id"}, "organization": {"created_at", "last_modified"}, "service": {"created_at", "listing_since"},
}  # fmt: skip


def contents(session: Session) -> dict[str, list[str]]:
    session.flush()
    found = {}
    for table in COMPARED:
        rows = session.execute(text(f'SELECT * FROM "{table}"')).mappings()  # noqa: S608
        found[table] = sorted(
            str({name: value for name, value in sorted(row.items()) if name not in MADE.get(table, ())}) for row in rows
        )
    return found


def prepared(
    session: Session, records: list[ServiceRecord], before: dict[UUID | None, ServiceRecord]
) -> list[Prepared]:
    found = []
    for record in records:
        known = before.get(record.id)
        after = like(known, record) if known else record
        outcome = Outcome("row 1", "update" if known else "create", record.name, record.id)
        found.append(Prepared(outcome, known, after))
    return found


def changed(old: ServiceRecord, new: ServiceRecord) -> ServiceRecord:
    """The new record in the place of the old one: the first item of each list is the old first one, written anew."""
    if old.is_confidential != new.is_confidential:
        # Hiding and opening are not written in bulk.
        return old.model_copy(update={"description": new.description, "texts": new.texts})
    update: dict[str, Any] = {
        "id": old.id,
        "organization": new.organization.model_copy(update={"id": old.organization.id}),
    }
    for name in ("phones", "schedules", "areas", "costs", "documents", "capacities", "contacts", "locations"):
        mine, theirs = list(getattr(new, name)), getattr(old, name)
        if mine and theirs:
            mine[0] = mine[0].model_copy(update={"id": theirs[0].id})
            update[name] = tuple(mine)
    if new.program and old.program:
        update["program"] = new.program.model_copy(update={"id": old.program.id})
    return ServiceRecord.model_validate(new.model_copy(update=update).model_dump())


# Not shrunk: an example costs a second, and what differs says which table and row it is.
@settings(
    max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # fmt: skip
@given(
    olds=st.lists(service_records(), min_size=1, max_size=2),
    news=st.lists(service_records(), min_size=1, max_size=2),
    fresh=service_records(),
)
def test_both_ways_of_writing_leave_the_same_rows(
    session: Session, olds: list[ServiceRecord], news: list[ServiceRecord], fresh: ServiceRecord
) -> None:
    first = [with_ids(record) for record in olds]
    found = []
    second: list[ServiceRecord] | None = None
    for writer in (write_one_by_one, write_bulk):
        savepoint = session.begin_nested()
        writer(session, prepared(session, first, {}), by="u1", source="test", at=AT)
        session.expunge_all()
        ids = [record.id for record in first if record.id]
        stored = {record.id: record for record in read_many(session, ids)}
        assert read_bulk(session, ids) == list(stored.values())
        second = second or [changed(stored[old.id], with_ids(new)) for old, new in zip(first, news, strict=False)] + [
            with_ids(fresh)
        ]
        hashes = writer(session, prepared(session, second, stored), by="u2", source="test", at=LATER)
        session.expunge_all()
        # Undoing compares with them: a digest of anything but what is stored would leave the entry as it is.
        assert hashes == {record.id: record_hash(record) for record in read_many(session, list(hashes))}
        found.append(contents(session))
        savepoint.rollback()
        session.expunge_all()
    slow, quick = found
    for table in COMPARED:
        assert (table, [row for row in quick[table] if row not in slow[table]]) == (table, [])
        assert (table, [row for row in slow[table] if row not in quick[table]]) == (table, [])


def test_a_place_of_two_services_is_not_taken_from_the_other(session: Session) -> None:
    place = {"country": "BD", "name": "Shared", "addresses": [{"address_1": "1 Example Street", "country": "BD"}]}
    base = {"organization": {"name": "House (example)"}, "country": "BD"}
    one = write(
        session, ServiceRecord.model_validate({**base, "name": "One", "locations": [place]}), by="u", source="t"
    ).service.id
    (stored,) = read_bulk(session, [one])
    other = {**base, "name": "Two", "locations": [stored.locations[0].model_dump()]}
    two = write(session, ServiceRecord.model_validate(other), by="u", source="t").service.id
    (before,) = read_bulk(session, [two])
    after = before.model_copy(update={"locations": ()})
    write_bulk(session, [Prepared(Outcome("", "update", "", two), before, after)], by="u", source="t", at=AT)
    session.expire_all()
    assert read_bulk(session, [one, two]) == [stored, after]
