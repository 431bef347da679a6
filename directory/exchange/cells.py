"""Single cells of a spreadsheet, read and written: what Excel does to numbers, dates and yes, and what a formula would do to its reader."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

LONGEST_CELL = 32_767
"""Characters; the most that a cell of Excel holds."""
_DANGEROUS = "=+\\-@\t\r＝＋－＠"  # noqa: RUF001  the wide forms are taken for formulas in some countries
_STARTS = re.compile(f"^'*[{_DANGEROUS}]")
_YES = frozenset({"yes", "y", "true", "1", "x", "✓"})
_NO = frozenset({"no", "n", "false", "0"})
_FIRST_DAY = date(1899, 12, 30)
"""Day 0 of Excel, with its leap day of 1900 that never was."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stood in a cell. `kind`: `text` as typed, `number` or `date` when the spreadsheet keeps it as one, `formula`, `error`."""

    text: str
    kind: Literal["text", "number", "date", "formula", "error"] = "text"


class CellError(ValueError):
    """A value that cannot be taken: the code of the problem and its values."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def neutralise(text: str) -> str:
    """The text so that no spreadsheet runs it: an apostrophe before what begins like a formula.

    >>> neutralise("=1+1"), neutralise("'=1"), neutralise("plain")
    ("'=1+1", "''=1", 'plain')
    """
    return f"'{text}" if _STARTS.match(text) else text


def quote(text: str) -> str:
    """For a workbook, whose cells say themselves that they are text: only what `restore` would change gets its apostrophe."""
    return neutralise(text) if text.startswith("'") else text


def restore(text: str) -> str:
    """The text that `neutralise` was given."""
    return text[1:] if text.startswith("'") and _STARTS.match(text) else text


def split_list(text: str) -> list[str]:
    r"""Items separated by `;`, without empty ones. A `;` inside an item is written `\;`."""
    parts = _split_escaped(text) if "\\" in text else text.split(";")
    return [item for part in parts if (item := part.strip())]


def join_list(items: Sequence[str]) -> str:
    """Items as `split_list` reads them."""
    return "; ".join(item.replace("\\", "\\\\").replace(";", "\\;") for item in items)


def _split_escaped(text: str) -> list[str]:
    parts = [""]
    escaped = False
    for character in text:
        if escaped:
            parts[-1] += character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ";":
            parts.append("")
        else:
            parts[-1] += character
    return parts


def yes_no(text: str) -> bool:
    """Raises CellError."""
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError("yes_no", value=text)


def day(text: str) -> date:
    """A date as typed or as Excel keeps it. `12/11/2026` could be two days and is refused. Raises CellError."""
    if re.fullmatch(r"\d{5}(\.0*)?", text):
        return _FIRST_DAY + timedelta(days=int(text[:5]))
    found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?", text)
    parts = (int(found[1]), int(found[2]), int(found[3])) if found else None
    if parts is None and (found := re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text)):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        if first <= 12 and second <= 12 and first != second:
            raise CellError("date_order", value=text)
        parts = (year, first, second) if second > 12 else (year, second, first)
    try:
        return date(*parts) if parts else date.fromisoformat(text)
    except ValueError:
        raise CellError("date", value=text) from None


def decimal(text: str) -> float:
    """A number; a comma before the decimals is taken too. Raises CellError."""
    if re.fullmatch(r"[+\-−]?\d+(?:[.,]\d+)?", text):  # noqa: RUF001
        return float(text.replace(",", ".").replace("−", "-"))  # noqa: RUF001
    raise CellError("rounded" if re.fullmatch(r"[\d.,]+[eE][+-]?\d+", text) else "number", value=text)


_PHONE = re.compile(
    r"^(?:(?P<type>voice|text|sms|whatsapp)\s*:?\s+)?(?P<number>[+0-9*#][0-9\s().\-/*#]*?)"
    r"(?:\s*(?:ext\.?|x)\s*(?P<extension>\d{1,9}))?(?:\s*\((?P<description>[^()]+)\))?$",
    re.IGNORECASE,
)


def phone(text: str, cell: Cell) -> dict[str, Any]:
    """Fields of a `PhoneRecord`: `whatsapp +15005550100 ext 5 (at night)`. Raises CellError."""
    if re.fullmatch(r"\d[\d.,]*[eE]\+?\d+", text):
        raise CellError("rounded", value=text)
    found = _PHONE.match(text)
    if found is None:
        raise CellError("phone", value=text)
    values: dict[str, Any] = {"number": re.sub(r"[\s().\-/]", "", found["number"])}
    if not re.fullmatch(r"\+?[0-9]{2,15}|[*#0-9]{2,20}", values["number"]):
        raise CellError("phone", value=text)
    kind = (found["type"] or "").lower()
    if kind:
        values["phone_type"] = "text" if kind == "sms" else kind
    if found["extension"]:
        values["extension"] = int(found["extension"])
    if found["description"]:
        values["description"] = found["description"].strip()
    if cell.kind == "number":
        values["eaten"] = True
    return values


def number_text(value: float) -> str:
    """A number of a spreadsheet as it was meant: without `.0`, without an exponent."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def date_text(value: datetime | date) -> str:
    """A date of a spreadsheet as it is typed here."""
    return (value.date() if isinstance(value, datetime) else value).isoformat()
