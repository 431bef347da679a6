"""Our template as CSV and XLSX: one row a service at a location, written and read. What is exported and imported again changes nothing.

A cell that still says what the export would write leaves its field exactly as it is stored, with everything the cell cannot show (who
verified a number, ids, remarks). Only cells that say something else are read.
"""

import csv
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from directory.exchange.cells import LONGEST_CELL, Cell, neutralise, quote
from directory.exchange.columns import LOCATION, SERVICE, TEXT, headers, row_of
from directory.exchange.entries import Unreadable
from directory.exchange.errors import UnreadableError
from directory.exchange.failures import Failure
from directory.exchange.problems import Problem
from directory.exchange.rows import Row, TemplateEntry
from directory.exchange.spreadsheets import MOST_ROWS, csv_rows, xlsx_rows
from directory.records import ServiceRecord

REQUIRED = ("name",)
_TRANSLATED = re.compile(r"^(.+?)\s*\[\s*([A-Za-z-]+)\s*\]$")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")

Exported = tuple[ServiceRecord, date | None]
"""An entry to be written, and the day on which it was last verified."""


def write_csv(entries: Iterable[Exported], out: IO[str], languages: Sequence[str]) -> int:
    """Write the entries as CSV with a byte order mark, by which Excel knows UTF-8. Returns the number of rows.

    `out` is opened with `newline=""`; `languages`: of the translations, which must be known before the first row.
    """
    names = headers(languages)
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(names)
    count = 0
    for cells in _rows(entries, languages):
        writer.writerow([neutralise(cells[name]) for name in names])
        count += 1
    return count


def write_xlsx(entries: Iterable[Exported], out: IO[bytes], languages: Sequence[str]) -> int:
    """Write the entries as a workbook of text cells: nothing is run, no plus and no zero is eaten. Returns the number of rows."""
    names = headers(languages)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("services")
    sheet.freeze_panes = "F2"
    count = 0
    for cells in chain([dict(zip(names, names, strict=True))], _rows(entries, languages)):
        row = []
        for name in names:
            cell = WriteOnlyCell(sheet, value=None)
            cell.value = quote(cells[name])[:LONGEST_CELL] or None
            cell.number_format = "@"
            if cells[name]:
                cell.data_type = "s"
            row.append(cell)
        sheet.append(row)
        count += 1
    book.save(out)
    return count - 1


def _rows(entries: Iterable[Exported], languages: Sequence[str]) -> Iterator[dict[str, str]]:
    for record, verified_on in entries:
        for location in record.locations or (None,):
            yield row_of(record, location, languages, verified_on)


def read(path: Path, format_: str) -> Iterator[TemplateEntry | Unreadable]:
    """The entries of a file of the template; `format_`: `csv` or `xlsx`. Raises UnreadableError, also while it is read."""
    known = frozenset((*SERVICE, *LOCATION))
    sheet = xlsx_rows(path) if format_ == "xlsx" else csv_rows(path, known)
    rows = _filled(sheet.rows)
    names = _header(next(rows, None))
    notes = [Problem("file", "", "encoding_guessed", {"value": sheet.encoding})] if sheet.encoding else []
    yield from _entries(rows, names, notes)


def _filled(rows: Iterator[tuple[int, list[Cell]]]) -> Iterator[tuple[int, list[Cell]]]:
    count = 0
    for number, cells in rows:
        if any(cell.text.strip() for cell in cells):
            count += 1
            if count > MOST_ROWS + 1:
                raise UnreadableError("too_many_rows", most=MOST_ROWS)
            yield number, cells


def _header(row: tuple[int, list[Cell]] | None) -> list[str | None]:
    """The columns by position; None: not read (`#` at its beginning, or no header). Raises UnreadableError."""
    if row is None:
        raise UnreadableError("empty")
    names: list[str | None] = []
    seen: set[str] = set()
    for position, cell in enumerate(row[1], start=1):
        written = " ".join(cell.text.replace("\ufeff", "").split())
        if not written or written.startswith("#"):
            names.append(None)
            continue
        name = _known(written, position)
        if name in seen:
            raise UnreadableError("column_twice", column=name)
        seen.add(name)
        names.append(name)
    for required in REQUIRED:
        if required not in seen:
            raise UnreadableError("no_column", column=required)
    return names


def _known(written: str, position: int) -> str:
    lowered = written.lower()
    if lowered in SERVICE or lowered in LOCATION:
        return lowered
    found = _TRANSLATED.match(written)
    if found and found[1].lower() in TEXT and _LANGUAGE.match(found[2]):
        return f"{found[1].lower()} [{found[2]}]"
    # A misspelt column that was passed over in silence would be a loss that nobody sees.
    near = difflib.get_close_matches(lowered, [*SERVICE, *LOCATION], n=1)
    ending, meant = ("_near", {"near": near[0]}) if near else ("", {})
    kept = Failure(f"unknown_header{ending}", {"position": str(position), **meant})
    raise UnreadableError(f"unknown_column{ending}", kept=kept, column=written[:60], **meant)


def _entries(
    rows: Iterator[tuple[int, list[Cell]]], names: Sequence[str | None], notes: list[Problem]
) -> Iterator[TemplateEntry | Unreadable]:
    """Rows below each other that are of one service, put together."""
    group: list[Row] = []
    for number, cells in rows:
        row, problems = _row(number, cells, names)
        if problems:
            if group:
                yield TemplateEntry(group, names, notes)
                group = []
            yield Unreadable(row.where, problems, row.text("name"))
        elif group and row.continues(group[0]):
            group.append(row)
        else:
            if group:
                yield TemplateEntry(group, names, notes)
                notes = []
            group = [row]
    if group:
        yield TemplateEntry(group, names, notes)


def _row(number: int, cells: list[Cell], names: Sequence[str | None]) -> tuple[Row, list[Problem]]:
    where = f"row {number}"
    problems: list[Problem] = []
    kept: dict[str, Cell] = {}
    if any(cell.text.strip() for cell in cells[len(names) :]):
        problems.append(Problem(where, "", "too_many_cells"))
    for name, cell in zip(names, cells, strict=False):
        if name is None:
            continue
        if cell.kind in ("formula", "error"):
            code = "formula" if cell.kind == "formula" else "cell_error"
            problems.append(Problem(where, name, code, {} if code == "formula" else {"value": cell.text}))
        elif len(cell.text) > LONGEST_CELL:
            sizes: dict[str, Any] = {"length": str(len(cell.text)), "most": str(LONGEST_CELL)}
            problems.append(Problem(where, name, "too_long", sizes))
        else:
            kept[name] = cell
    return Row(number, kept), problems
