"""HSDS 3.0 and 3.1 documents of services as entries: a list, a page with `contents`, one document, or one a line; read as a stream."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import ijson

from directory.exchange.entries import Asked, Unreadable, problem_of, validated
from directory.exchange.errors import UnreadableError
from directory.exchange.hsds_own import without_own_words
from directory.exchange.hsds_values import Values, as_uuid, values_of
from directory.exchange.merging import merged
from directory.exchange.problems import Problem, shortened
from directory.exchange.spreadsheets import MOST_BYTES, check_size
from directory.records import ServiceRecord

_LONGEST_LINE = 4_000_000
_DEEPEST = 40


class HsdsEntry:
    """One service document and where it stood."""

    def __init__(self, where: str, document: Mapping[str, Any], country: str | None = None) -> None:
        self._where = where
        self._document = document
        self._country = country

    @property
    def where(self) -> str:
        return self._where

    @property
    def id(self) -> UUID | None:
        return as_uuid("service", self._document.get("id"))

    @property
    def source_key(self) -> tuple[str, str] | None:
        return None

    @property
    def name(self) -> str:
        return shortened(self._document.get("name") or "", 120)

    @property
    def verified_on(self) -> date | None:
        said = self._document.get("assured_date")
        try:
            return date.fromisoformat(str(said)[:10]) if said else None
        except ValueError:
            return None

    def words(self) -> Iterator[str]:
        return words(self._document)

    def asks(self, stored: ServiceRecord | None) -> Asked:
        values = values_of(self._document, stored.country if stored else self._country)
        errors = self._placed(values)
        warnings = [Problem(self._where + at, column, code, filled) for at, column, code, filled in values.warnings]
        if errors:
            return Asked(None, errors, warnings)
        said = without_own_words(self._document, values.said, stored) if stored else values.said
        for attribute in said.get("attributes", ()):
            attribute.pop("named_by_term", None)
        data = merged(stored.model_dump() if stored else None, said)
        record, found = validated(data)
        for place, rule, reason in found:
            pointer, column = values.pointer(place)
            errors.append(problem_of(self._where + pointer, column, rule, reason))
        return Asked(record, errors, warnings)

    def _placed(self, values: Values) -> list[Problem]:
        return [Problem(self._where + at, column, code, filled) for at, column, code, filled in values.errors]


def record_from_document(document: Mapping[str, Any], country: str | None = None) -> ServiceRecord:
    """The record of a document by itself. Raises ValueError with the first problem."""
    asked = HsdsEntry("", document, country).asks(None)
    if asked.record is None:
        problem = asked.errors[0]
        raise ValueError(f"{problem.where} {problem.column}: {problem.says}")
    return asked.record


def words(value: Any) -> Iterator[str]:
    """Every text and number of a document, in its order. Without recursion: a document may be nested beyond all sense."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            stack.extend(reversed(list(one.values())))
        elif isinstance(one, list):
            stack.extend(reversed(one))
        elif isinstance(one, int | float) and not isinstance(one, bool):
            yield str(one)


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, Mapping | list)
            for inner in (one.values() if isinstance(one, Mapping) else one)
        ]
        if not level:
            return False
    return True


def read(path: Path, country: str | None = None) -> Iterator[HsdsEntry | Unreadable]:
    """The entries of a file. Raises UnreadableError, also while it is read."""
    check_size(path)
    if _by_lines(path):
        yield from _lines(path, country)
        return
    with path.open("rb") as file:
        first = _first(file)
    prefix, base = ("item", "") if first == b"[" else ("contents.item", "/contents")
    count = 0
    try:
        for number, document in enumerate(_stream(path, prefix)):
            count += 1
            yield _entry(f"{base}/{number}", document, country)
        if count == 0 and first == b"{":
            for document in _stream(path, ""):
                if "contents" not in document:
                    yield _entry("", document, country)
    except (ijson.JSONError, UnicodeDecodeError, RecursionError) as error:
        # yajl quotes the piece of the document that it stumbled over, which may be anything.
        raise UnreadableError("not_json", error=type(error).__name__, count=count) from None


def _first(file: Any) -> bytes:
    head: bytes = file.read(4096)
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _stream(path: Path, prefix: str) -> Iterator[Any]:
    with path.open("rb") as file:
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        yield from ijson.items(file, prefix, use_float=True)


def _by_lines(path: Path) -> bool:
    """Whether each line is a document: the first one ends where the line does, and another follows or nothing does."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE).removeprefix(b"\xef\xbb\xbf").strip()
        if not first.startswith(b"{"):
            return False
        try:
            document = json.loads(first)
        except (ValueError, RecursionError):
            # A first line that is broken: it is one a line if the second line is a document.
            return file.readline(_LONGEST_LINE).lstrip().startswith(b'{"')
        return "contents" not in document


def _lines(path: Path, country: str | None) -> Iterator[HsdsEntry | Unreadable]:
    read_bytes = 0
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            read_bytes += len(line)
            if read_bytes > MOST_BYTES:
                raise UnreadableError("grew")
            where = f"line {number}"
            if not line.endswith(b"\n") and len(line) == _LONGEST_LINE:
                while (rest := file.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                values = {"length": f"more than {_LONGEST_LINE}", "most": str(_LONGEST_LINE)}
                yield Unreadable(where, [Problem(where, "", "too_long", values)])
                continue
            text = line.removeprefix(b"\xef\xbb\xbf").strip()
            if not text:
                continue
            try:
                yield _entry(where, json.loads(text), country)
            except (ValueError, RecursionError) as error:
                reason = type(error).__name__
                yield Unreadable(where, [Problem(where, "", "unreadable_item", {"reason": reason})])


def _entry(where: str, document: Any, country: str | None) -> HsdsEntry | Unreadable:
    if not isinstance(document, Mapping):
        reason = "it is no document of a service"
        return Unreadable(where, [Problem(where, "", "unreadable_item", {"reason": reason})])
    if _too_deep(document):
        return Unreadable(where, [Problem(where, "", "unreadable_item", {"reason": "it is nested too deeply"})])
    return HsdsEntry(where, document, country)
