"""The tabular package: the same documents as tables in one zip, with a datapackage of our own (the standard's own one is broken in 3.1).

A table grows in a file of its own, so that a hundred thousand entries never stand in memory; only the ids of what several entries share do.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Self
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from directory.hsds.documents import Document
from directory.hsds.schemas import Version, originals, strict

_SHARED = frozenset({"organization", "program", "location", "taxonomy", "taxonomy_term", "unit"})
"""Objects that several entries hold: a row is written once."""
_ALWAYS = ("organization", "service", "location", "service_at_location")
_MAY_BE_EMPTY = frozenset({"description"})
"""Required in JSON, where an empty text will do; in a table an empty text is none, so the table cannot require it."""
_TYPES = {"date": "date", "datetime": "datetime"}
_NOT_REFERENCES = frozenset({"parent_organization_id", "parent_id"})
"""May name what is not published and so not in the package."""


@dataclass(slots=True)
class Package:
    """Tables that grow. Used as a context; `save` puts them into a zip."""

    version: Version
    counts: dict[str, int] = field(default_factory=dict)
    _files: dict[str, tuple[IO[str], Any]] = field(default_factory=dict)
    _seen: set[UUID] = field(default_factory=set)
    _stack: ExitStack = field(default_factory=ExitStack)
    _folder: Path = field(default_factory=Path)

    def __enter__(self) -> Self:
        """Begin with empty tables."""
        self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="waymark-export-")))
        for kind in _ALWAYS:
            self._table(kind)
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the tables."""
        self._stack.close()

    def add(self, document: Document, kind: str = "service", **parents: str) -> None:
        """The rows of a document and of everything in it, each with the ids of what holds it."""
        schema = originals(self.version)[kind]["properties"]
        if kind in _SHARED:
            identifier = UUID(document["id"])
            if identifier in self._seen:
                return
            self._seen.add(identifier)
        row = {name: value for name, value in document.items() if not isinstance(value, dict | list)}
        row |= {name: value for name, value in parents.items() if name in schema}
        for name, value in document.items():
            if isinstance(value, dict) and (inner := _kind(schema[name])):
                if f"{name}_id" in schema:
                    row[f"{name}_id"] = value["id"]
                self.add(value, inner)
        if kind == "attribute":
            row |= {"link_id": parents["link_id"], "link_entity": parents["link_entity"]}
        self._table(kind).writerow(row)
        self.counts[kind] = self.counts.get(kind, 0) + 1
        below = {f"{kind}_id": document["id"], "link_id": document["id"], "link_entity": kind}
        for name, value in document.items():
            if isinstance(value, list) and (inner := _kind(schema[name].get("items", {}))):
                for item in value:
                    self.add(item, inner, **below)

    def save(self, out: IO[bytes]) -> None:
        """The zip: the tables and `datapackage.json`. `out` need not be seekable."""
        with ZipFile(out, "w", ZIP_DEFLATED) as archive:
            kinds = sorted(self._files, key=list(originals(self.version)).index)
            archive.writestr("datapackage.json", json.dumps(datapackage(self.version, kinds), indent=2))
            for kind in kinds:
                handle, _ = self._files[kind]
                handle.flush()
                archive.write(handle.name, originals(self.version)[kind]["path"])

    def _table(self, kind: str) -> Any:
        if kind not in self._files:
            handle = self._stack.enter_context((self._folder / f"{kind}.csv").open("w", encoding="utf-8", newline=""))
            writer = csv.DictWriter(handle, columns(self.version, kind))
            writer.writeheader()
            self._files[kind] = handle, writer
        return self._files[kind][1]


def columns(version: Version, kind: str) -> list[str]:
    """The columns of a table: what an object says itself, not what it holds."""
    properties = originals(version)[kind]["properties"]
    return [name for name, value in properties.items() if value.get("type") not in (None, "array", "object")]


def datapackage(version: Version, kinds: Iterable[str]) -> dict[str, Any]:
    """The description of a package with these tables, as Tabular Data Package."""
    present = list(kinds)
    return {
        "name": "waymark-directory",
        "profile": "tabular-data-package",
        "title": f"Directory of services, HSDS {version}",
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "resources": [_resource(version, kind, present) for kind in present],
    }


def _resource(version: Version, kind: str, present: list[str]) -> dict[str, Any]:
    schema = originals(version)[kind]
    names = columns(version, kind)
    return {
        "name": schema["path"].removesuffix(".csv"),
        "path": schema["path"],
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [_field(version, kind, name) for name in names],
            "missingValues": [""],
            "primaryKey": "id",
            "foreignKeys": [
                {
                    "fields": name,
                    "reference": {
                        "resource": originals(version)[target]["path"].removesuffix(".csv"),
                        "fields": "id",
                    },
                }
                for name in names
                if name not in _NOT_REFERENCES and (target := name.removesuffix("_id")) in present and name.endswith("_id")
            ],
        },
    }  # fmt: skip


def _field(version: Version, kind: str, name: str) -> dict[str, Any]:
    told: Mapping[str, Any] = originals(version)[kind]["properties"][name]
    required = set(strict(version, with_profile=True)[kind].get("required", ())) | set(
        originals(version)[kind].get("tabular_required", ())
    )
    made: dict[str, Any] = {
        "name": name,
        "type": _TYPES.get(told.get("datapackage_type", ""), told["type"]),
    }
    if made["type"] == "datetime":
        made["format"] = "any"
    constraints: dict[str, Any] = {}
    if told.get("format") in ("uuid", "email"):
        made["format"] = told["format"]
    if name == "id":
        constraints["unique"] = True
    if name in required and name not in _MAY_BE_EMPTY:
        constraints["required"] = True
    if "enum" in told:
        constraints["enum"] = told["enum"]
    if constraints:
        made["constraints"] = constraints
    return made


def _kind(told: Mapping[str, Any]) -> str | None:
    """The object that a property holds."""
    reference = told.get("$ref")
    return reference.removesuffix(".json") if isinstance(reference, str) else None
