"""Rows of cells out of CSV and XLSX files, whatever program wrote them, with bounds: a file may be a mistake or an attack.

Bytes are read in pieces and rows are handed out one by one, so that a long file costs no more memory than a short one.
"""

import codecs
import csv
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import IO, Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from directory.exchange.cells import LONGEST_CELL, Cell, date_text, number_text, restore
from directory.exchange.errors import UnreadableError

MOST_ROWS = 500_000
MOST_COLUMNS = 500
MOST_BYTES = 512 * 1024 * 1024
"""Of a file as it lies on the disk."""
MOST_UNPACKED = 2 * 1024 * 1024 * 1024
_MOST_RATIO = 300
"""Times that a member of a zip may grow; worksheets grow 10 to 40 times, a bomb a thousand times."""
_MANY_LETTERS = 0.25
"""Share of accented letters above which a text read as Windows-1252 was written in another alphabet."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file: number as the spreadsheet shows it, cells. `encoding`: what was guessed, if it was."""

    rows: Iterator[tuple[int, list[Cell]]]
    encoding: str | None = None


DAMAGED = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError,  # the archive: packed unknown ways, locked, cut off
    KeyError, ValueError, IndexError, SyntaxError, TypeError, AttributeError, OSError,  # what is in it
)  # fmt: skip
"""What the libraries raise for a workbook that is none, besides their own errors."""


def check_zip(archive: zipfile.ZipFile) -> None:
    """Raises UnreadableError for an archive that grows beyond what any honest one does. Nothing is unpacked for that."""
    total = 0
    members = archive.infolist()
    if len(members) > 2_000:
        raise UnreadableError("too_many_files")
    for member in members:
        total += member.file_size
        if total > MOST_UNPACKED or (
            member.file_size > 10_000_000 and member.file_size > _MOST_RATIO * max(1, member.compress_size)
        ):
            raise UnreadableError("unpacks_too_large")


def check_size(path: Path) -> None:
    """Raises UnreadableError for a file that is missing, empty or too large."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UnreadableError("not_readable", error=error.strerror or type(error).__name__) from None
    if size == 0:
        raise UnreadableError("empty")
    if size > MOST_BYTES:
        raise UnreadableError("too_large", most=MOST_BYTES // 1024 // 1024)


def csv_rows(path: Path, columns: frozenset[str]) -> Sheet:
    """Rows of a CSV file in any encoding and with any separator that Excel writes. `columns`: headers by which the separator is told.

    Raises UnreadableError, also while the rows are read.
    """
    check_size(path)
    encoding, guessed = _encoding(path)
    return Sheet(_csv_rows(path, encoding, columns), guessed)


def _csv_rows(path: Path, encoding: str, columns: frozenset[str]) -> Iterator[tuple[int, list[Cell]]]:
    csv.field_size_limit(LONGEST_CELL * 8)
    line = 0
    with path.open(encoding=encoding, newline="") as file:
        try:
            # The first line too: of a file that is not in the encoding that its beginning promises, that is where it shows.
            separator, skipped = _separator(file, columns)
            line = skipped
            reader = csv.reader(file, delimiter=separator, strict=False)
            for row in reader:
                number, line = line + 1, reader.line_num + skipped
                yield number, [Cell(restore(value)) for value in row[: MOST_COLUMNS + 1]]
        except (csv.Error, UnicodeError) as error:
            raise UnreadableError("damaged_line", line=line + 1, error=str(error)) from None


def _separator(file: IO[str], columns: frozenset[str]) -> tuple[str, int]:
    """What stands between the cells, and how many lines said so; the file then stands where its rows begin."""
    first = file.readline(200_000)
    if first.lower().startswith("sep=") and len(first.strip()) <= 5:
        return first.strip()[4:] or ",", 1
    separator = max(
        ",;\t",
        key=lambda mark: sum(name.strip().strip('"').strip().lower() in columns for name in first.split(mark)),
    )
    file.seek(0)
    if file.read(1) != "\ufeff":
        file.seek(0)
    return separator, 0


def _encoding(path: Path) -> tuple[str, str | None]:
    """How to decode the file, and the same as a name when it is a guess that the reader should check."""
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", None
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig", None
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while piece := file.read(1 << 20):
                if b"\0" in piece:
                    raise UnreadableError("not_text")
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _windows(path)
    return "utf-8", None


def _windows(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        sample = file.read(1 << 20)
    letters = sum(byte > 0x40 for byte in sample)
    high = sum(byte >= 0xC0 for byte in sample)
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        high = letters
    if high > _MANY_LETTERS * letters:
        # Arabic, Cyrillic or Bangla in an old encoding would become nonsense that looks like letters.
        raise UnreadableError("not_utf8")
    return "cp1252", "Windows-1252"


def xlsx_rows(path: Path) -> Sheet:
    """Rows of the first sheet of a workbook. Raises UnreadableError, also while the rows are read."""
    check_size(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_zip(archive)
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except UnreadableError:
        raise
    except (*DAMAGED, InvalidFileException) as error:
        raise UnreadableError("not_workbook", error=type(error).__name__) from None
    return Sheet(_xlsx_rows(book))


def _xlsx_rows(book: Any) -> Iterator[tuple[int, list[Cell]]]:
    try:
        sheet = book.worksheets[0]
        # The size that a workbook claims may be wrong or absurd; the rows tell the truth.
        sheet.reset_dimensions()
        for number, row in enumerate(islice(sheet.iter_rows(), MOST_ROWS + 2), start=1):
            yield number, _trimmed([_cell(cell) for cell in row[: MOST_COLUMNS + 1]])
    except DAMAGED as error:
        raise UnreadableError("damaged_workbook", error=type(error).__name__) from None
    finally:
        book.close()


def _trimmed(cells: list[Cell]) -> list[Cell]:
    while cells and not cells[-1].text:
        cells.pop()
    return cells


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell("")
    if cell.data_type in ("f", "e"):
        return Cell(str(value), "formula" if cell.data_type == "f" else "error")
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int | float):
        return Cell(number_text(value), "number")
    if isinstance(value, datetime | date):
        return Cell(date_text(value), "date")
    return Cell(value.strftime("%H:%M") if isinstance(value, time) else restore(str(value)))
