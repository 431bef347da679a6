"""A file is looked at, applied and undone: only what it says changes, one bad row loses nothing, and nothing confidential comes in."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from directory.confidential import ConfidentialAddress
from directory.exchange import Source, apply, dry_run, undo
from directory.exchange.errors import ChangedFileError, OutdatedPlanError, RefusedEntriesError, UnknownBatchError
from directory.exchange.models import ImportBatch
from directory.exchange.template import write_csv
from directory.models import Metadata, Organization, Service
from directory.records import ServiceRecord, record_hash
from directory.review import listing
from directory.review.models import Revision, Verification
from directory.writing import read, write
from tests.integration.directory.test_writing import everything

BY = "u1"
Rows = Sequence[dict[str, str]]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Rows], Source]:
    """Writes rows as a CSV file with the columns that they have."""

    def make(rows: Rows, name: str = "file.csv") -> Source:
        path = tmp_path / name
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns)
            writer.writeheader()
            writer.writerows(rows)
        return Source.of(path)

    return make


def row(**values: str) -> dict[str, str]:
    plain = {"organization": "House (example)", "country": "BD", "name": "Night beds (example)", "needs": "shelter"}
    return plain | {name.replace("_", " "): value for name, value in values.items()}


def stored(session: Session, **changes: Any) -> ServiceRecord:
    service = write(session, everything().model_copy(update=changes), by="tester", source="form").service
    session.flush()
    return read(session, service.id)


def exported(records: Sequence[ServiceRecord], path: Path) -> Source:
    with path.open("w", encoding="utf-8", newline="") as out:
        write_csv(((record, None) for record in records), out, ("bn",))
    return Source.of(path)


def edited(source: Source, change: Callable[[dict[str, str]], None]) -> Source:
    rows = list(csv.DictReader(io.StringIO(source.path.read_text("utf-8-sig"), newline="")))
    for cells in rows:
        change(cells)
    with source.path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return Source.of(source.path)


def problems(session: Session, source: Source) -> list[tuple[str, str, str]]:
    plan = dry_run(session, source, by=BY)
    return [(one.where, one.column, one.code) for outcome in plan.outcomes for one in outcome.problems]


def test_an_export_of_the_directory_changes_nothing_and_writes_nothing(session: Session, tmp_path: Path) -> None:
    records = [stored(session), stored(session, name="Other beds (example)", phones=())]
    rows = session.scalar(select(func.count()).select_from(Metadata))
    source = exported(records, tmp_path / "out.csv")
    plan = dry_run(session, source, by=BY)
    assert plan.counts == {"create": 0, "update": 0, "same": 2, "refused": 0}
    apply(session, source, by=BY, plan=plan)
    assert session.scalar(select(func.count()).select_from(Metadata)) == rows
    assert [read(session, record.id) for record in records if record.id] == records


def test_a_dry_run_says_each_field_that_changes_and_applying_changes_only_these(
    session: Session, tmp_path: Path
) -> None:
    before = stored(session)
    assert before.id

    def change(cells: dict[str, str]) -> None:
        cells["fees"] = "One coin"
        cells["phones"] = cells["phones"].replace("+15005550101", "+15005550177")

    source = edited(exported([before], tmp_path / "out.csv"), change)
    plan = dry_run(session, source, by=BY)
    (outcome,) = plan.outcomes
    assert ("fees_description", "Free", "One coin") in [(c.path, c.before, c.after) for c in outcome.changes]
    assert read(session, before.id) == before, "a dry run wrote something"
    done = apply(session, source, by=BY, plan=plan)
    assert (done.batch.changed, done.batch.created, done.batch.refused) == (1, 0, 0)
    after = read(session, before.id)
    assert after.fees_description == "One coin"
    assert [phone.number for phone in after.phones] == ["+15005550100", "+15005550177"]
    assert after.phones[0] == before.phones[0], "a number that the file did not change lost its verification"
    assert after.phones[1].verified_on is None
    kept = {"fees_description", "phones"}
    assert after.model_dump(exclude=kept) == before.model_dump(exclude=kept)
    sources = set(session.scalars(select(Metadata.source).where(Metadata.updated_by == BY)))
    assert sources == {f"import:{done.batch.id}"}


def test_one_bad_row_does_not_lose_the_others(session: Session, file: Callable[[Rows], Source]) -> None:
    source = file([
        row(name="One"), row(name="Two", needs="rescue"), row(name="Three", minimum_age="old"), row(name="Four", hours="sometimes"),
        row(name="Five", closed_until="12/11/2026"), row(name="", phones="+15005550100"), row(name="Seven", id="not-an-id"),
        row(name="Eight", phones="call us; 1.5E+10"), row(name="Nine"),
    ])  # fmt: skip
    assert problems(session, source) == [
        ("row 3", "needs", "invalid"), ("row 4", "minimum age", "number"), ("row 5", "hours", "hours"),
        ("row 6", "closed until", "date_order"), ("row 7", "name", "required"), ("row 8", "id", "id"), ("row 9", "phones", "phone"),
    ]  # fmt: skip
    done = apply(session, source, by=BY)
    assert (done.batch.created, done.batch.refused) == (2, 7)
    assert sorted(session.scalars(select(Service.name))) == ["Nine", "One"]
    with pytest.raises(RefusedEntriesError):
        apply(session, file([row(name="Ten"), row(name="")], "other.csv"), by=BY, all_or_nothing=True)  # type: ignore[call-arg]


def test_a_new_entry_is_a_draft_unless_the_operator_publishes(session: Session, file: Callable[[Rows], Source]) -> None:
    apply(session, file([row(name="One")]), by=BY)
    apply(session, file([row(name="Two")]), by=BY, publish=True)
    apply(session, file([row(name="Three")]), by=BY, publish=True, review=True)
    found = {name: state for name, state in session.execute(select(Service.name, Service.listing))}  # noqa: C416
    assert found == {"One": "draft", "Two": "published", "Three": "draft"}


def test_with_four_eyes_a_change_waits_for_approval(session: Session, tmp_path: Path) -> None:
    before = stored(session)
    assert before.id
    source = edited(exported([before], tmp_path / "out.csv"), lambda cells: cells.update(fees="One coin"))
    done = apply(session, source, by=BY, review=True)
    assert read(session, before.id) == before
    revision = session.scalars(select(Revision)).one()
    assert (revision.state, revision.author, revision.base_hash) == ("submitted", BY, record_hash(before))
    assert revision.record["fees_description"] == "One coin"
    assert problems(session, source) == []
    plan = dry_run(session, source, by=BY, review=True)
    assert [one.code for one in plan.outcomes[0].problems] == ["waiting"]
    undone = undo(session, done.batch.id, by=BY)
    assert undone.withdrawn == 1
    assert session.scalars(select(Revision.state)).all() == ["superseded"]


def test_a_file_or_a_directory_that_changed_since_the_dry_run_is_refused(session: Session, tmp_path: Path) -> None:
    before = stored(session)
    source = edited(exported([before], tmp_path / "out.csv"), lambda cells: cells.update(fees="One coin"))
    plan = dry_run(session, source, by=BY)
    write(session, before.model_copy(update={"fees_description": "Two coins"}), by="u2", source="form")
    with pytest.raises(OutdatedPlanError):
        apply(session, source, by=BY, plan=plan)
    session.rollback()
    with pytest.raises(ChangedFileError):
        apply(session, edited(source, lambda cells: cells.update(fees="Nothing")), by=BY, plan=plan)


def test_undo_brings_back_what_was_and_leaves_what_changed_since(session: Session, tmp_path: Path) -> None:
    first, second = stored(session), stored(session, name="Other (example)")
    source = edited(exported([first, second], tmp_path / "out.csv"), lambda cells: cells.update(fees="One coin"))
    text = source.path.read_text() + row_text(source, name="New (example)", organization="New house (example)")
    source.path.write_text(text)
    done = apply(session, Source.of(source.path), by=BY)
    assert (done.batch.created, done.batch.changed) == (1, 2)
    assert first.id
    assert second.id
    changed = read(session, second.id)
    write(session, changed.model_copy(update={"description": "Edited by hand."}), by="u2", source="form")
    session.expunge_all()
    undone = undo(session, done.batch.id, by=BY)
    assert (undone.removed, undone.restored) == (1, 1)
    assert [(one.service_id, one.reason) for one in undone.left] == [(second.id, "changed")]
    assert read(session, first.id) == first
    assert read(session, second.id).fees_description == "One coin"
    assert session.scalar(select(Organization.id).where(Organization.name == "New house (example)")) is None
    with pytest.raises(UnknownBatchError):
        undo(session, done.batch.id, by=BY)
    assert session.get_one(ImportBatch, done.batch.id).undone_by == BY


def row_text(source: Source, **values: str) -> str:
    out = io.StringIO()
    columns = next(csv.reader(io.StringIO(source.path.read_text("utf-8-sig"))))
    csv.DictWriter(out, columns, restval="").writerow({"country": "BD", "name": "x", **values})
    return out.getvalue()


def test_an_entry_that_somebody_verified_since_is_not_removed(session: Session, file: Callable[[Rows], Source]) -> None:
    done = apply(session, file([row()]), by=BY)
    service_id = session.scalars(select(Service.id)).one()
    session.add(Verification(service_id=service_id, verified_on=date(2026, 11, 2), method="phone", by="u2"))
    session.flush()
    undone = undo(session, done.batch.id, by=BY)
    assert [(one.service_id, one.reason) for one in undone.left] == [(service_id, "in_use")]


def test_the_day_of_the_source_is_a_verification_and_never_makes_ours_younger(
    session: Session, file: Callable[[Rows], Source]
) -> None:
    done = apply(session, file([row(source="partner", source_id="7", last_verified="2026-10-01")]), by=BY)
    service = session.scalars(select(Service)).one()
    assert service.assured_date == date(2026, 10, 1)
    found = session.scalars(select(Verification)).one()
    assert (found.method, found.by, found.note) == ("import", BY, f"import:{done.batch.id}")
    apply(session, file([row(source="partner", source_id="7", last_verified="2026-10-09")]), by=BY)
    assert session.scalars(select(Service.assured_date)).one() == date(2026, 10, 9), (
        "the source's word replaces its own"
    )
    session.add(Verification(service_id=service.id, verified_on=date(2026, 10, 10), method="visit", by="u2"))
    session.get_one(Service, service.id).assured_date = date(2026, 10, 10)
    session.flush()
    plan = apply(session, file([row(source="partner", source_id="7", last_verified="2026-11-01")]), by=BY).plan
    assert [one.code for one in plan.outcomes[0].warnings] == ["own_verification"]
    assert session.scalars(select(Service.assured_date)).one() == date(2026, 10, 10)
    future = file([row(name="Other", last_verified="2999-01-01")])
    assert problems(session, future) == [("row 2", "", "future")]


def test_undo_takes_the_day_back(session: Session, file: Callable[[Rows], Source]) -> None:
    apply(session, file([row(source="partner", source_id="7", last_verified="2026-10-01")]), by=BY)
    done = apply(session, file([row(source="partner", source_id="7", last_verified="2026-10-09")]), by=BY)
    assert done.plan.counts["update"] == 1
    undo(session, done.batch.id, by=BY)
    assert session.scalars(select(Service.assured_date)).one() == date(2026, 10, 1)


def test_what_may_be_there_already_is_named(session: Session, file: Callable[[Rows], Source]) -> None:
    place = {"city": "Dhaka", "latitude": "23.81", "longitude": "90.41", "location_name": "House"}
    apply(session, file([row(phones="+15005550100", **place)]), by=BY)
    plan = dry_run(session, file([
        row(name="Legal help", organization="Other (example)", phones="0015005550100"),
        row(name="Night bed (example)", organization="Other (example)", city="Dhaka", latitude="23.812", longitude="90.412"),
        row(name="Something else", organization="Other (example)", city="Dhaka", latitude="23.812", longitude="90.412"),
        row(name="Somthing else", organization="Third (example)", city="Dhaka", latitude="23.813", longitude="90.412"),
        row(name="Night bed (example)", organization="Far (example)", latitude="22.3", longitude="91.8"),
        row(**place),
    ]), by=BY)  # fmt: skip
    found = [(one.action, [(dup.reason, dup.where or "stored") for dup in one.duplicates]) for one in plan.outcomes]
    assert found == [
        ("create", [("number", "stored")]), ("create", [("name", "stored")]), ("create", []),
        ("create", [("name", "row 4")]), ("create", []), ("refused", [("same", "stored"), ("name", "row 3")]),
    ]  # fmt: skip
    assert [one.code for one in plan.outcomes[5].problems] == ["exists"]


def test_what_must_not_be_listed_does_not_come_back(session: Session, file: Callable[[Rows], Source]) -> None:
    apply(session, file([row(phones="+15005550100")]), by=BY)
    service_id = session.scalars(select(Service.id)).one()
    listing.do_not_list(session, service_id, by="u2", reason="takes passports")
    for values in (
        row(id=str(service_id)), row(), row(name="New", organization="Else", phones="+15005550100"),
    ):  # fmt: skip
        plan = dry_run(session, file([values]), by=BY)
        (problem,) = plan.outcomes[0].problems
        assert "takes passports" in problem.says


SECRET = "77 Quiet Banyan Lane"
POINT = (23.81234, 90.43219)


@pytest.fixture
def hidden(session: Session, file: Callable[[Rows], Source]) -> UUID:
    """A confidential entry with its true address, point and number."""
    apply(
        session,
        file([row(confidential="yes", city="Dhaka", latitude="23.8", longitude="90.4", phones="+15005550100")]),
        by=BY,
    )
    service_id = session.scalars(select(Service.id)).one()
    location_id = read(session, service_id).locations[0].id
    session.add(
        ConfidentialAddress(
            location_id=location_id,
            address=f"{SECRET}, Mirpur",
            point=f"{POINT[0]},{POINT[1]}",
            phones="+880 1500 555 999",
        )
    )
    session.flush()
    return service_id


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"address": "1 Other Street"}, "confidential_address"),
        ({"address": SECRET}, "confidential_words"),
        ({"latitude": "23.81", "longitude": "90.43"}, "confidential_words"),
        ({"latitude": "23.79", "longitude": "90.39"}, "confidential_address"),
        ({"location phones": "+15005550177"}, "confidential_address"),
        ({"confidential": "no"}, "confidential_opened"),
        ({"description": f"come to {SECRET.upper()}!"}, "confidential_words"),
        ({"how to apply": "at 23.812, 90.432"}, "confidential_words"),
        ({"fees": "ring 01500-555999"}, "confidential_words"),
    ],
)  # fmt: skip
def test_a_confidential_entry_gets_nothing_of_its_house(
    session: Session, hidden: UUID, tmp_path: Path, values: dict[str, str], code: str
) -> None:
    before = read(session, hidden)
    source = edited(exported([before], tmp_path / "out.csv"), lambda cells: cells.update(values))
    plan = apply(session, source, by=BY).plan
    assert plan.counts["refused"] == 1
    assert {one.code for one in plan.outcomes[0].problems} == {code}
    session.expire_all()
    assert read(session, hidden) == before


def test_a_new_row_does_not_publish_a_confidential_house(
    session: Session, hidden: UUID, file: Callable[[Rows], Source]
) -> None:
    for values in (
        row(name="A shelter", organization="Else", address=SECRET, city="Dhaka"),
        row(name="A shelter", organization="Else", latitude=str(POINT[0]), longitude=str(POINT[1])),
        row(name="A shelter", organization="Else", phones="+8801500555999"),
        row(city="Dhaka", address="1 Other Street"),
        row(
            name="Night beds",
            city="Dhaka",
            address="1 Other Street",
            latitude="23.85",
            longitude="90.45",
            organization="Else",
        ),
    ):
        plan = dry_run(session, file([values]), by=BY)
        assert plan.counts["refused"] == 1, values
        assert plan.outcomes[0].problems[0].code.startswith("confidential_")
        assert SECRET not in str(plan.as_json())


def test_a_location_of_a_confidential_entry_is_not_taken_by_another(
    session: Session, hidden: UUID, file: Callable[[Rows], Source]
) -> None:
    location_id = str(read(session, hidden).locations[0].id)
    source = file([row(name="A shop", organization="Shop (example)", location_id=location_id, address="1 Shop Street")])
    assert problems(session, source) == [("row 2", "", "confidential_opened")]


def test_an_entry_keeps_the_id_that_its_file_gives_it(session: Session, file: Callable[[Rows], Source]) -> None:
    wanted = uuid4()
    apply(session, file([row(id=str(wanted))]), by=BY)
    assert session.scalars(select(Service.id)).one() == wanted
    plan = dry_run(session, file([row(id=str(wanted)), row(name="Else"), row(id=str(wanted), name="Again")]), by=BY)
    assert [[one.code for one in outcome.problems] for outcome in plan.outcomes if outcome.action == "refused"] == [
        ["twice"]
    ]
