"""What is wrong or missing in the directory, or in a file somebody brings: each finding with its place and a code to script against."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any, Literal
from uuid import UUID
from zipfile import BadZipFile, ZipFile

from pydantic import ValidationError
from sqlalchemy import and_, not_, select
from sqlalchemy.orm import Session, selectinload

from directory.errors import DirectoryError
from directory.hsds.documents import Reader, service_document
from directory.hsds.entries import BATCH, Entry, published, read_entries
from directory.hsds.schemas import Version, originals
from directory.hsds.tabular import columns
from directory.hsds.validation import Problem, errors
from directory.models import Service
from directory.records import ServiceRecord
from directory.review.policy import Policy
from directory.writing import read

_CHUNK = 1 << 16
_LONGEST = 64 * 1024 * 1024


class CheckError(DirectoryError):
    """A file cannot be checked at all; the text says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend. `where`: the id of an entry, or a place in a file; `severity`: `error` keeps people from help, `warning` may."""

    severity: Literal["error", "warning"]
    code: str
    where: str
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        """For a line of JSON."""
        return asdict(self)


def check_directory(
    session: Session, languages: Sequence[str], today: date, policy: Policy, *, demonstration: bool
) -> Iterator[Finding]:
    """Everything to mend in the published entries, a batch in memory at a time."""
    last: UUID | None = None
    while True:
        query = select(Service).where(Service.listing == "published").order_by(Service.id).limit(BATCH)
        query = query.options(selectinload(Service.needs))
        services = session.scalars(query.where(Service.id > last) if last else query).all()
        if not services:
            return
        last = services[-1].id
        overdue = {one.id: due for one in services if (due := policy.due_on(one)) < today}
        ids = [one.id for one in services]
        told = set(
            session.scalars(select(Service.id).where(Service.id.in_(ids), published(demonstration=demonstration)))
        )
        invented = published(demonstration=True)
        examples = set(session.scalars(select(Service.id).where(Service.id.in_(ids), invented))) - told
        half_hidden = set(
            session.scalars(
                select(Service.id).where(and_(Service.id.in_(ids), Service.is_confidential, not_(invented)))
            )
        )
        entries = {entry.id: entry for entry in read_entries(session, [one for one in ids if one not in half_hidden])}
        for identifier in ids:
            where = str(identifier)
            if identifier in half_hidden:
                yield Finding(
                    "error", "confidential_location", where, "a location of a confidential service is not confidential"
                )
            elif identifier not in entries:
                yield Finding("error", "broken_rule", where, _broken(session, identifier))
            elif identifier in examples:
                yield Finding("warning", "example", where, "invented: shown in demonstrations only")
            else:
                yield from _entry(entries[identifier], languages, today, demonstration=demonstration)
                if identifier in overdue:
                    yield Finding("warning", "verification_overdue", where, overdue[identifier].isoformat())
        session.expunge_all()


def _broken(session: Session, identifier: UUID) -> str:
    try:
        read(session, identifier)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in faults)
    return ""


def _entry(entry: Entry, languages: Sequence[str], today: date, *, demonstration: bool) -> Iterator[Finding]:
    record, where = entry.record, str(entry.id)
    if not record.needs:
        yield Finding("error", "no_need", where, "nobody can find it")
    if not record.locations and not record.areas and not record.is_hotline:
        yield Finding("error", "no_place", where, "neither a location nor an area: nobody near can find it")
    document = service_document(entry, Reader(today=today, demonstration=demonstration))
    if not document.get("phones") and not record.email and not _has_address(record):
        yield Finding("error", "no_way_in", where, "no verified number, no address and no e-mail that may be told")
    unverified = sum(phone.verified_on is None for phone in record.phones)
    if unverified:
        yield Finding(
            "warning", "unverified_number", where, f"{unverified} of {len(record.phones)} numbers are told to nobody"
        )
    rules = [*record.schedules, *(rule for location in record.locations for rule in location.schedules)]
    if not any(rule.kind in ("weekly", "always", "appointment") for rule in rules):
        yield Finding("warning", "no_hours", where)
    for language in languages:
        text = record.texts.get(language)
        if text is None:
            yield Finding("warning", "missing_translation", where, language)
        elif text.state != "approved":
            yield Finding("warning", f"{text.state}_translation", where, language)
    for problem in errors(document, "service"):
        yield Finding("error", "not_hsds", where, f"{problem.path}: {problem.message}")


def _has_address(record: ServiceRecord) -> bool:
    return any(location.addresses for location in record.locations)


def check_file(path: Path, version: Version) -> Iterator[Finding]:
    """Everything in a file that the standard or our profile does not allow: JSON, lines of JSON, or a zip of tables. Raises CheckError."""
    with path.open("rb") as handle:
        if handle.read(2) == b"PK":
            yield from _check_package(path, version)
            return
        handle.seek(0)
        yield from check_documents(handle, version)


def check_documents(handle: IO[bytes], version: Version) -> Iterator[Finding]:
    """Services in JSON: one, a list, a page, or one a line. Raises CheckError when it is no JSON."""
    seen: set[str] = set()
    for number, document in enumerate(_documents(io.TextIOWrapper(handle, encoding="utf-8")), start=1):
        identifier = str(document.get("id")) if isinstance(document, dict) else ""
        if identifier and identifier in seen:
            yield Finding("error", "twice", f"{number}/id", identifier[:40])
        seen.add(identifier)
        for problem in errors(document, "service", version, with_profile=True):
            yield Finding("error", problem.rule, f"{number}{problem.path}", problem.message)


def _documents(text: io.TextIOWrapper) -> Iterator[Any]:
    """The documents of a file without holding it: values of JSON one after another, commas and the brackets of a list between them."""
    decoder = json.JSONDecoder()
    buffer, listed, ended = "", False, False
    while True:
        buffer = buffer.lstrip(" \t\r\n\ufeff,") if listed else buffer.lstrip(" \t\r\n\ufeff")
        if buffer.startswith("[") and not listed:
            buffer, listed = buffer[1:], True
            continue
        if listed and buffer.startswith("]"):
            return
        value, end = _next(decoder, buffer, ended=ended)
        if end:
            yield from (
                value["contents"] if isinstance(value, dict) and isinstance(value.get("contents"), list) else [value]
            )
            buffer = buffer[end:]
            continue
        if ended:
            if listed:
                raise CheckError("the list does not end: the file is cut off")
            return
        more = _more(text)
        ended, buffer = not more, buffer + more
        if len(buffer) > _LONGEST:
            raise CheckError("one document is longer than 64 MB")


def _more(text: io.TextIOWrapper) -> str:
    try:
        return text.read(_CHUNK)
    except UnicodeDecodeError:
        raise CheckError("the file is not text in UTF-8") from None


def _next(decoder: json.JSONDecoder, buffer: str, *, ended: bool) -> tuple[Any, int]:
    """The value at the beginning and where it ends; 0 when more of the file is needed."""
    if not buffer:
        return None, 0
    try:
        value, end = decoder.raw_decode(buffer)
    except (json.JSONDecodeError, RecursionError) as error:
        if ended or isinstance(error, RecursionError):
            raise CheckError(f"no JSON: {error}") from None
        return None, 0
    # A number may go on in what is not read yet; an object and a list may not.
    return (value, end) if ended or isinstance(value, dict | list) else (None, 0)


def _check_package(path: Path, version: Version) -> Iterator[Finding]:
    try:
        with ZipFile(path) as archive:
            names = set(archive.namelist())
            if "datapackage.json" not in names:
                raise CheckError("a tabular package has a datapackage.json")
            for kind, schema in originals(version).items():
                if schema["path"] in names:
                    with archive.open(schema["path"]) as table:
                        yield from _check_table(table, kind, schema["path"], version)
    except BadZipFile:
        raise CheckError("the zip cannot be read") from None


def _check_table(table: IO[bytes], kind: str, name: str, version: Version) -> Iterator[Finding]:
    rows = csv.DictReader(io.TextIOWrapper(table, encoding="utf-8-sig", newline=""))
    for column in set(rows.fieldnames or ()) - set(columns(version, kind)):
        yield Finding("error", "additionalProperties", f"{name}:1", f"unknown column {column[:40]!r}")
    numbers = {
        column
        for column in columns(version, kind)
        if originals(version)[kind]["properties"][column]["type"] == "number"
    }
    for number, row in enumerate(rows, start=2):
        document = {
            column: _number(value) if column in numbers else value
            for column, value in row.items()
            if column in columns(version, kind) and value
        }
        for problem in errors(document, kind, version, listed=True, with_profile=True):
            if not _is_an_empty_text(problem):
                yield Finding("error", problem.rule, f"{name}:{number}{problem.path}", problem.message)


def _is_an_empty_text(problem: Problem) -> bool:
    """A table cannot tell an empty text, which the standard allows, from none; and what an object holds stands in a table of its own."""
    return problem.rule == "required" and any(f"'{name}'" in problem.message for name in ("description", "unit"))


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
