"""The whole directory in a file: published entries only, a batch in memory at a time, all as of one moment."""

import io
import json
from collections.abc import Callable, Iterator
from typing import IO, Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from directory.exchange.template import write_csv, write_xlsx
from directory.hsds.documents import Document, Reader, service_document, taxonomy_document
from directory.hsds.entries import Entry, all_entries, published
from directory.hsds.schemas import VERSIONS, Version
from directory.hsds.tabular import Package
from directory.hsds.taxonomies import taxonomies
from directory.models import ServiceText, Taxonomy

Format = Literal["hsds-3.1", "hsds-3.0", "tabular", "xlsx", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
EVERY = 1000
"""Entries after which `progress` hears how far it is."""


def export(
    session: Session, kind: Format, reader: Reader, out: IO[bytes], *, progress: Callable[[int], None] | None = None
) -> dict[str, int]:
    """Write the directory; returns how many of each object were written. `session` must be new: it is set to see one moment.

    `hsds-…`: a JSON array of full services, one a line. `tabular`: a zip of tables. `xlsx`, `csv`: our template, to be
    corrected and imported again; so it has what administrators need and the public is not told, such as numbers to be verified.
    """
    # Entries that are edited meanwhile would otherwise be there twice, or half.
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    entries = _counted(all_entries(session, published(demonstration=reader.demonstration)), progress)
    if kind in ("xlsx", "csv"):
        return _template(session, entries, kind, out)
    if kind == "tabular":
        return _tabular(session, entries, reader, out)
    return _json(entries, reader, out, "3.0" if kind == "hsds-3.0" else "3.1")


def _json(entries: Iterator[Entry], reader: Reader, out: IO[bytes], version: Version) -> dict[str, int]:
    count = 0
    out.write(b"[")
    for entry in entries:
        out.write(b",\n" if count else b"\n")
        document = service_document(entry, reader, version=version)
        out.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
        count += 1
    out.write(b"\n]\n")
    return {"service": count}


def _tabular(session: Session, entries: Iterator[Entry], reader: Reader, out: IO[bytes]) -> dict[str, int]:
    with Package(VERSIONS[0]) as package:
        for taxonomy in _taxonomies(session):
            package.add(taxonomy, "taxonomy")
        for entry in entries:
            package.add(service_document(entry, reader))
        package.save(out)
        return dict(package.counts)


def _template(session: Session, entries: Iterator[Entry], kind: str, out: IO[bytes]) -> dict[str, int]:
    languages = session.scalars(select(ServiceText.language).distinct().order_by(ServiceText.language)).all()
    rows = ((entry.record, entry.assured_date) for entry in entries)
    if kind == "xlsx":
        return {"row": write_xlsx(rows, out, languages)}
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        return {"row": write_csv(rows, text, languages)}
    finally:
        text.detach()  # who gave `out` closes it


def _taxonomies(session: Session) -> list[Document]:
    """The taxonomies that attributes are of; ours also where nobody has loaded them yet."""
    ours = [
        taxonomy_document(one.id, one.name, one.description, uri=None, version=one.version)
        for one in taxonomies().values()
    ]
    rows = session.scalars(select(Taxonomy).order_by(Taxonomy.id))
    return ours + [
        taxonomy_document(row.id, row.name, row.description, uri=row.uri, version=row.version) for row in rows
    ]


def _counted(entries: Iterator[Entry], progress: Callable[[int], None] | None) -> Iterator[Entry]:
    for number, entry in enumerate(entries, start=1):
        yield entry
        if progress is not None and number % EVERY == 0:
            progress(number)
