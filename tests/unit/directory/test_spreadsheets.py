"""What spreadsheets and programs do to a file is understood, refused with a remedy, or bounded; never guessed and never a crash."""

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.exchange import cells
from directory.exchange.cells import CellError, day, join_list, neutralise, restore, split_list
from directory.exchange.entries import Asked, Unreadable
from directory.exchange.errors import UnreadableError
from directory.exchange.formats import Source
from directory.exchange.rows import TemplateEntry
from directory.exchange.template import read
from directory.records import ServiceRecord

HEADER = ["organization", "country", "name", "phones", "minimum age", "closed until", "languages"]


def asked(path: Path, format_: str = "csv") -> list[Asked]:
    found = list(read(path, format_))
    return [Asked(None, list(one.problems)) if isinstance(one, Unreadable) else one.asks(None) for one in found]


def csv_file(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def workbook(path: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


ROW = "Café (example),BR,Abrigo São José (example),+15005550100,16,2026-12-31,pt; en\n"
TEXT = ",".join(HEADER) + "\n" + ROW


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_encoding_and_separator_of_excel_is_read(tmp_path: Path, encoding: str, separator: str) -> None:
    text = TEXT.replace("pt; en", '"pt; en"').replace(",", separator).replace("\n", "\r\n")
    text = "\ufeff" + text if encoding == "utf-16-le" else text
    (found,) = asked(csv_file(tmp_path / "x.csv", text, encoding))
    assert found.errors == []
    assert found.record is not None
    assert (found.record.name, found.record.organization.name) == ("Abrigo São José (example)", "Café (example)")
    assert (found.record.minimum_age, found.record.closed_until, found.record.languages) == (
        16.0,
        date(2026, 12, 31),
        ("en", "pt"),
    )
    assert [one.code for one in found.warnings] == (["encoding_guessed"] if encoding == "cp1252" else [])


def test_an_encoding_that_would_turn_letters_into_others_is_refused(tmp_path: Path) -> None:
    text = TEXT.replace("Abrigo São José (example)", "Приют для женщин и детей, ночлег, помощь юриста и врача").replace(
        "Café", "Дом"
    )
    for encoding in ("cp1251", "cp1256"):
        words = (
            text
            if encoding == "cp1251"
            else TEXT.replace("Abrigo São José (example)", "مأوى للنساء والأطفال ومساعدة قانونية").replace(
                "Café", "دار"
            )
        )
        with pytest.raises(UnreadableError, match="UTF-8"):
            asked(csv_file(tmp_path / "x.csv", words, encoding))


def test_the_line_that_names_the_separator_is_none_of_the_rows(tmp_path: Path) -> None:
    (found,) = asked(csv_file(tmp_path / "x.csv", "sep=,\n" + TEXT))
    assert found.record is not None


def test_a_workbook_with_real_numbers_dates_and_gaps(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "x.xlsx",
        [HEADER, [], ["House (example)", "BD", "Beds (example)", "+15005550100", 16.0, datetime(2026, 12, 31), None],  # noqa: DTZ001
         [None] * 7, ["House (example)", "BD", "Advice (example)", 999, 17.5, 46387, "bn"],
         ["House (example)", "BD", "Eaten (example)", 15005550100, None, None, None],
         ["House (example)", "BD", "Formula (example)", "=1+1", None, None, None]],
    )  # fmt: skip
    first, second, eaten, formula = asked(path, "xlsx")
    assert first.record is not None
    assert (first.record.minimum_age, first.record.closed_until) == (16.0, date(2026, 12, 31))
    assert second.record is not None
    assert (second.record.phones[0].number, second.record.closed_until) == ("999", date(2026, 12, 31))
    assert [(one.where, one.column, one.code) for one in eaten.errors] == [("row 6", "phones", "eaten")]
    assert [(one.where, one.column, one.code) for one in formula.errors] == [("row 7", "phones", "formula")]


def test_a_number_that_lost_its_plus_is_the_one_that_is_stored(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["id", "name", "phones"], ["", "Beds (example)", 15005550100]])
    (entry,) = read(path, "xlsx")
    assert isinstance(entry, TemplateEntry)
    stored = ServiceRecord.model_validate({
        "organization": {"name": "House (example)"}, "country": "BD", "name": "Beds (example)",
        "phones": [{"number": "+15005550100", "verified_by": "x", "verified_on": "2026-11-01"}],
    })  # fmt: skip
    found = entry.asks(stored)
    assert found.record is not None, found.errors
    assert found.record.phones == stored.phones


def test_merged_cells_are_further_places_of_the_row_above(tmp_path: Path) -> None:
    header = ["organization", "country", "name", "city", "address"]
    rows = [
        header,
        ["House (example)", "BD", "Beds (example)", "Dhaka", "1 Example Street"],
        [None, None, None, "Sylhet", "2 Example Street"],
    ]
    (found,) = asked(workbook(tmp_path / "x.xlsx", rows), "xlsx")
    assert found.record is not None, found.errors
    assert [place.city for place in found.record.locations] == ["Dhaka", "Sylhet"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,organisation\nx,y\n", "organization"), ("name,name\nx,y\n", "twice"), ("city\nDhaka\n", "no column “name”"),
        ("\n\n", "empty"), ("", "empty"), ("a\0b", "not a text file"),
    ],
)  # fmt: skip
def test_a_header_that_is_wrong_stops_the_file(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnreadableError, match=says):
        asked(csv_file(tmp_path / "x.csv", text))


def test_a_remark_column_is_not_read_and_a_cell_too_many_is_named(tmp_path: Path) -> None:
    first, second, third = asked(
        csv_file(
            tmp_path / "x.csv",
            f"#todo,{','.join(HEADER)}\nask,{ROW}ask,{ROW.strip()},more\nask,a,BD,{'x' * 40_000},,,,\n",
        )
    )
    assert first.record is not None
    assert [one.code for one in second.errors] == ["too_many_cells"]
    assert [one.code for one in third.errors] == ["too_long"]


def test_what_is_no_workbook_and_what_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    for content in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0" + b"\0" * 600, b"PK\x05\x06" + b"\0" * 18):
        path.write_bytes(content)
        with pytest.raises(UnreadableError):
            list(Source.of(path).entries())
        with pytest.raises(UnreadableError):
            asked(path, "xlsx")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    with pytest.raises(UnreadableError, match="grows far too large"):
        asked(path, "xlsx")


@pytest.mark.parametrize(
    ("text", "found"),
    [("2026-12-31", date(2026, 12, 31)), ("31/12/2026", date(2026, 12, 31)), ("12/31/2026", date(2026, 12, 31)),
     ("7.7.2026", date(2026, 7, 7)), ("46387", date(2026, 12, 31)), ("2026-12-31T00:00:00Z", date(2026, 12, 31))],
)  # fmt: skip
def test_dates_that_can_be_one_day_only_are_read(text: str, found: date) -> None:
    assert day(text) == found


@pytest.mark.parametrize(
    ("text", "code"), [("12/11/2026", "date_order"), ("2026-02-30", "date"), ("soon", "date"), ("1.1.26", "date")]
)
def test_other_dates_are_asked_for(text: str, code: str) -> None:
    with pytest.raises(CellError) as caught:
        day(text)
    assert caught.value.code == code


@given(st.text(st.sampled_from("=+-@'\t\rab;\\ ＝")))
def test_neutralised_text_comes_back_and_is_no_formula(text: str) -> None:
    assert restore(neutralise(text)) == text
    assert neutralise(text)[:1] not in {*"=+-@\t\r＝"} or not text


@given(st.lists(st.text(st.sampled_from("ab;\\ ,"), min_size=1).map(str.strip).filter(bool)))
def test_a_list_comes_back(items: list[str]) -> None:
    assert split_list(join_list(items)) == items


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_entries_problems_or_unreadable(tmp_path: Path, content: bytes, headed: bool) -> None:  # noqa: FBT001
    path = tmp_path / "x"
    path.write_bytes((",".join(HEADER) + "\n").encode() + content if headed else content)
    try:
        for entry in Source.of(path, country="BD").entries():
            for problem in entry.problems if isinstance(entry, Unreadable) else entry.asks(None).errors:
                assert problem.says
    except UnreadableError:
        return


@pytest.mark.parametrize("text", ["+1 500 555-0100", "whatsapp +15005550100 ext 5 (at night)", "sms: 16263", "*123#"])
def test_numbers_are_read_as_people_write_them(text: str) -> None:
    assert cells.phone(text, cells.Cell(text))["number"]
