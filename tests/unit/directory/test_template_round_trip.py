"""What is exported in the template and imported again changes nothing, whatever the entry holds; a changed cell changes its field only."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.exchange.entries import Unreadable
from directory.exchange.rows import TemplateEntry
from directory.exchange.template import read, write_csv, write_xlsx
from directory.records import ServiceRecord
from directory.writing import differences, like
from tests.unit.directory.records_of_all_kinds import LANGUAGES, service_records, with_ids


def exported(records: list[ServiceRecord], folder: Path, format_: str, verified: date | None = None) -> Path:
    path = folder / f"file.{format_}"
    if format_ == "csv":
        with path.open("w", encoding="utf-8", newline="") as out:
            write_csv(((record, verified) for record in records), out, LANGUAGES)
    else:
        with path.open("wb") as binary:
            write_xlsx(((record, verified) for record in records), binary, LANGUAGES)
    return path


def entries(path: Path, format_: str) -> list[TemplateEntry]:
    found = list(read(path, format_))
    assert not [one for one in found if isinstance(one, Unreadable)]
    return [one for one in found if isinstance(one, TemplateEntry)]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(records=st.lists(service_records(), min_size=1, max_size=2), format_=st.sampled_from(("csv", "xlsx")))
def test_an_export_that_comes_back_changes_nothing(tmp_path: Path, records: list[ServiceRecord], format_: str) -> None:
    stored = [with_ids(record) for record in records]
    verified = date(2026, 11, 1)
    found = entries(exported(stored, tmp_path, format_, verified), format_)
    assert [entry.id for entry in found] == [record.id for record in stored]
    for entry, record in zip(found, stored, strict=True):
        asked = entry.asks(record)
        assert (asked.errors, asked.warnings) == ([], [])
        assert asked.record is not None
        assert differences(record, like(record, asked.record)) == []
        assert entry.verified_on == verified


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(record=service_records())
def test_a_copied_entry_makes_the_same_entry_elsewhere_in_all_that_has_columns(
    tmp_path: Path, record: ServiceRecord
) -> None:
    stored = with_ids(record)
    (entry,) = entries(exported([stored], tmp_path, "csv"), "csv")
    asked = entry.asks(None)
    assert asked.errors == []
    assert asked.record is not None
    kept = {
        "contacts",
        "costs",
        "capacities",
        "attributes",
        "phones",
        "areas",
        "locations",
        "schedules",
        "program",
        "organization",
    }
    mine, theirs = asked.record.model_dump(exclude=kept), stored.model_dump(exclude=kept)
    for value in (mine, theirs):
        value["documents"] = [item["document"] for item in value["documents"]]
    assert mine == theirs


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(record=service_records(), name=st.text("abcদ ", min_size=1).map(str.strip).filter(bool))
def test_a_changed_cell_is_one_change(tmp_path: Path, record: ServiceRecord, name: str) -> None:
    stored = with_ids(record)
    path = exported([stored], tmp_path, "csv")
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    for row in rows[1:]:
        row[rows[0].index("alternate name")] = name
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    (entry,) = entries(path, "csv")
    asked = entry.asks(stored)
    assert asked.record is not None, asked.errors
    changes = differences(stored, like(stored, asked.record))
    assert [change.path for change in changes] == ([] if stored.alternate_name == name else ["alternate_name"])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "'=1", "''=1", "＝1"])
def test_no_cell_of_an_export_is_a_formula(tmp_path: Path, text: str) -> None:
    record = ServiceRecord.model_validate(
        {"organization": {"name": text}, "country": "BD", "name": text, "description": text}
    )
    path = exported([record], tmp_path, "csv")
    for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")):
        assert not [cell for cell in row if cell[:1] in "=+-@\t\r＝＋－＠" and cell]
