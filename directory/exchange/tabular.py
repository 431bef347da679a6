"""An HSDS tabular package (a zip or a folder of CSV files) as entries.

The tables are put into a private SQLite file that lives as long as the reading: it joins packages larger than the memory, and goes.
"""

import json
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from directory.exchange.entries import Unreadable
from directory.exchange.errors import UnreadableError
from directory.exchange.from_hsds import HsdsEntry
from directory.exchange.problems import Problem
from directory.exchange.spreadsheets import MOST_ROWS, check_zip, csv_rows

_KINDS = {
    "organization": "organization", "organizations": "organization", "program": "program", "programs": "program", "service": "service",
    "services": "service", "location": "location", "locations": "location", "service_at_location": "service_at_location",
    "service_at_locations": "service_at_location", "services_at_location": "service_at_location", "address": "address",
    "addresses": "address", "phone": "phone", "phones": "phone", "contact": "contact", "contacts": "contact", "schedule": "schedule",
    "schedules": "schedule", "language": "language", "languages": "language", "accessibility": "accessibility",
    "accessibilities": "accessibility", "accessibility_for_disabilities": "accessibility", "service_area": "service_area",
    "service_areas": "service_area", "cost_option": "cost_option", "cost_options": "cost_option", "required_document": "required_document",
    "required_documents": "required_document", "service_capacity": "service_capacity", "service_capacities": "service_capacity",
    "unit": "unit", "units": "unit", "attribute": "attribute", "attributes": "attribute", "taxonomy": "taxonomy", "taxonomies": "taxonomy",
    "taxonomy_term": "taxonomy_term", "taxonomy_terms": "taxonomy_term",
}  # fmt: skip
_PARENTS = ("service_id", "location_id", "service_at_location_id", "contact_id", "phone_id", "link_id")
_NUMBERS = (
    "latitude",
    "longitude",
    "minimum_age",
    "maximum_age",
    "timezone",
    "amount",
    "available",
    "maximum",
    "extension",
    "interval",
)
_PIECE = 1 << 20


def read(path: Path, country: str | None = None) -> Iterator[HsdsEntry | Unreadable]:
    """The services of the package. Raises UnreadableError, also while it is read."""
    # An empty name is SQLite's private file on the disk, which nobody else can open and which goes with the connection.
    with _folder(path) as folder, closing(sqlite3.connect("")) as store:
        files = _load(folder, store)
        if "service" not in files:
            raise UnreadableError("no_services")
        package = _Package(store)
        for number, document in package.services():
            where = f"{files['service']} row {number}"
            lost = package.lost(document)
            if lost:
                problems = [Problem(where, column, "pieces", {"value": value}) for column, value in lost]
                yield Unreadable(where, problems, str(document.get("name") or ""))
            else:
                yield HsdsEntry(where, document, country)


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="waymark-package-") as made:
        try:
            with zipfile.ZipFile(path) as archive:
                check_zip(archive)
                for member in archive.infolist():
                    # The name alone: a path inside an archive leads wherever its author wants.
                    name = Path(member.filename).name
                    if member.is_dir() or not name.endswith(".csv") or Path(name).stem.lower() not in _KINDS:
                        continue
                    with archive.open(member) as packed, (Path(made) / name).open("wb") as file:
                        left = member.file_size
                        while left > 0 and (piece := packed.read(min(_PIECE, left))):
                            left -= len(piece)
                            file.write(piece)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise UnreadableError("damaged_archive", error=type(error).__name__) from None
        yield Path(made)


def _load(folder: Path, store: sqlite3.Connection) -> dict[str, str]:
    """Put every known table into the store; returns the file of each kind."""
    columns = ", ".join(f"{name} TEXT" for name in _PARENTS)
    store.execute(f"CREATE TABLE item (kind TEXT, id TEXT, number INTEGER, {columns}, data TEXT)")
    files: dict[str, str] = {}
    for path in sorted(folder.glob("*.csv")):
        kind = _KINDS.get(path.stem.lower())
        if kind is None or path.stat().st_size == 0:
            continue
        if kind in files:
            raise UnreadableError("two_tables", first=files[kind], second=path.name)
        files[kind] = path.name
        marks = ", ".join("?" * (len(_PARENTS) + 4))
        store.executemany(f"INSERT INTO item VALUES ({marks})", _items(path, kind))  # noqa: S608
    store.execute("CREATE INDEX by_id ON item (kind, id)")
    for name in _PARENTS:
        store.execute(f"CREATE INDEX by_{name} ON item ({name}, kind) WHERE {name} IS NOT NULL")
    return files


def _items(path: Path, kind: str) -> Iterator[tuple[Any, ...]]:
    rows = csv_rows(path, frozenset({"id", "name", "service_id", "location_id", "number"})).rows
    header: list[str] | None = None
    for count, (number, cells) in enumerate(rows):
        if header is None:
            header = [cell.text.replace("\ufeff", "").strip() for cell in cells]
            if len(set(header)) != len(header):
                raise UnreadableError("table_column_twice", table=path.name)
            continue
        if count > MOST_ROWS * 4:
            raise UnreadableError("table_too_long", table=path.name, most=MOST_ROWS * 4)
        data = {name: cell.text.strip() for name, cell in zip(header, cells, strict=False) if cell.text.strip()}
        if data:
            yield (kind, data.get("id"), number, *(data.get(name) for name in _PARENTS), json.dumps(data))


class _Package:
    """The tables of a package, put together around each service."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self._store = store

    def services(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Number of the row and document of each service."""
        reading = self._store.execute("SELECT number, data FROM item WHERE kind = 'service' ORDER BY rowid")
        for number, data in reading:
            yield number, self._service(json.loads(data))

    def lost(self, document: dict[str, Any]) -> list[tuple[str, str]]:
        """References of a service to rows that are not there."""
        return [
            (f"{key}_id", str(document[f"{key}_id"])[:60])
            for key in ("organization", "program")
            if document.get(f"{key}_id") and document.get(key) is None
        ]

    def _service(self, row: dict[str, Any]) -> dict[str, Any]:
        service_id = row.get("id")
        document: dict[str, Any] = _typed(row)
        for key in ("organization", "program"):
            owner = self._one(key, row.get(f"{key}_id"))
            if owner is not None:
                document[key] = _typed(owner)
        if not service_id:
            return document
        document |= self._children("service_id", service_id)
        places = self._under("service_at_location", "service_id", service_id)
        if places:
            document["service_at_locations"] = [self._place(place) for place in places]
        attributes = self._under("attribute", "link_id", service_id)
        if attributes:
            document["attributes"] = [self._attribute(attribute) for attribute in attributes]
        return document

    def _children(self, parent: str, parent_id: str) -> dict[str, Any]:
        """The lists that belong to a service, a location or a service at a location, without empty ones."""
        own = parent.removesuffix("_id")
        names = {"phone": "phones", "schedule": "schedules", "contact": "contacts", "language": "languages"}
        if own == "service":
            names |= {
                "service_area": "service_areas",
                "cost_option": "cost_options",
                "required_document": "required_documents",
                "service_capacity": "capacities",
            }
        if own == "location":
            names |= {"address": "addresses", "accessibility": "accessibility"}
        found: dict[str, Any] = {}
        for kind, name in names.items():
            rows = self._under(kind, parent, parent_id)
            if rows:
                found[name] = [self._child(kind, row) for row in rows]
        return found

    def _child(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        made = _typed(row)
        if kind == "contact" and row.get("id"):
            phones = self._under("phone", "contact_id", row["id"])
            if phones:
                made["phones"] = [self._child("phone", phone) for phone in phones]
        if kind == "phone" and row.get("id"):
            languages = self._under("language", "phone_id", row["id"])
            if languages:
                made["languages"] = languages
        if kind == "service_capacity":
            made["unit"] = self._one("unit", row.get("unit_id")) or row.get("unit")
        return made

    def _place(self, row: dict[str, Any]) -> dict[str, Any]:
        made = _typed(row)
        if row.get("id"):
            made |= self._children("service_at_location_id", row["id"])
        location = self._one("location", row.get("location_id"))
        if location is not None:
            made["location"] = _typed(location)
            if location.get("id"):
                made["location"] |= self._children("location_id", location["id"])
                # A hidden house is told by an attribute: without it a package of ours would come back as an open door.
                attributes = self._under("attribute", "link_id", location["id"])
                if attributes:
                    made["location"]["attributes"] = [self._attribute(attribute) for attribute in attributes]
        return made

    def _attribute(self, row: dict[str, Any]) -> dict[str, Any]:
        term = self._one("taxonomy_term", row.get("taxonomy_term_id"))
        if term is None:
            return row
        taxonomy = self._one("taxonomy", term.get("taxonomy_id"))
        return {**row, "taxonomy_term": {**term, **({"taxonomy_detail": taxonomy} if taxonomy else {})}}

    def _one(self, kind: str, id_: Any) -> dict[str, Any] | None:
        if not id_:
            return None
        found = self._store.execute("SELECT data FROM item WHERE kind = ? AND id = ?", (kind, id_)).fetchone()
        made: dict[str, Any] | None = json.loads(found[0]) if found else None
        return made

    def _under(self, kind: str, parent: str, parent_id: str) -> list[dict[str, Any]]:
        query = f"SELECT data FROM item WHERE {parent} = ? AND kind = ? ORDER BY rowid"  # noqa: S608  a name of ours
        return [json.loads(data) for (data,) in self._store.execute(query, (parent_id, kind))]


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers of a table as numbers, where they are; texts stay and are named by the problem."""
    made: dict[str, Any] = dict(row)
    for name in _NUMBERS:
        if name in made:
            try:
                made[name] = float(made[name])
            except ValueError:
                continue
    return made
