"""The standard's own schemas, unchanged on disk, and made strict in memory: a property that nobody declared is a mistake, not an extra.

The files refer to each other by file name. Compiled here they refer to `#/$defs/<name>`, so that one document holds a whole version.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

Version = Literal["3.0", "3.1"]
VERSIONS: tuple[Version, ...] = ("3.1", "3.0")
"""The newest first: what is served and exported when nobody asks for another."""

Kind = Literal["service", "organization", "service_at_location", "taxonomy", "taxonomy_term"]
KINDS: tuple[Kind, ...] = ("service", "organization", "service_at_location", "taxonomy", "taxonomy_term")

_AT_THE_ROOT: Mapping[str, dict[str, Any]] = {
    "organization": {"services": {"type": "array", "items": {"$ref": "#/$defs/service"}}},
    "service_at_location": {"service": {"$ref": "#/$defs/service"}},
}
"""What the standard adds where an object is a document of its own (its examples of the API), and nowhere inside another."""

_FOLDER = Path(__file__).parent / "schema"
PROFILE = Path(__file__).parent / "profile.json"
_MEANT = ("type", "format", "enum", "items", "properties", "required", "$ref", "description", "title")
"""What of a schema says something about a document; the rest (`constraints`, `core`, `datapackage_type` …) is about tables."""
_TABULAR_FORMATS = {"date": "date", "datetime": "date-time"}
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(Z|[+-][0-9]{2}:[0-9]{2})?$"
"""HH:MM with an offset, as the text of the standard wants it; its example adds seconds, so both pass."""


@lru_cache(maxsize=2)
def originals(version: Version) -> Mapping[str, dict[str, Any]]:
    """Every schema of a version by its object's name, as the standard publishes it."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((_FOLDER / version).glob("*.json"))
    }


@lru_cache(maxsize=1)
def profile() -> dict[str, Any]:
    """Our declared profile: what it changes in the schemas (as a JSON Merge Patch by object) and how to read what is exported."""
    return cast("dict[str, Any]", json.loads(PROFILE.read_text(encoding="utf-8")))


@lru_cache(maxsize=4)
def strict(version: Version, *, with_profile: bool = False) -> Mapping[str, dict[str, Any]]:
    """The schemas without room for unknown properties, dates checked as dates, references local; with the profile's changes if asked."""
    made = {}
    for name, schema in originals(version).items():
        changed = _merged(schema, profile()["schemas"].get(name, {})) if with_profile else schema
        made[name] = {**_strict(changed), "additionalProperties": False}
    return made


@lru_cache(maxsize=32)
def compiled(kind: str, version: Version, *, listed: bool = False, with_profile: bool = False) -> dict[str, Any]:
    """One self-contained schema for documents of a kind. `listed`: as an item of a list, without the lists that it holds when full."""
    definitions = dict(strict(version, with_profile=with_profile))
    root = definitions[kind]
    root = {**root, "properties": {**root["properties"], **_AT_THE_ROOT.get(kind, {})}}
    if listed:
        definitions = {name: without_lists(schema) for name, schema in definitions.items()}
        root = without_lists(root)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": definitions}


def without_lists(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object in a list: one-to-one properties only."""
    properties = {name: value for name, value in schema["properties"].items() if value.get("type") != "array"}
    return {**schema, "properties": properties}


def _strict(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    made = {name: _meant(name, value) for name, value in schema.items() if name in _MEANT}
    if (kind := schema.get("datapackage_type")) in _TABULAR_FORMATS:
        made["format"] = _TABULAR_FORMATS[kind]
    elif kind == "time":
        made["pattern"] = _TIME
    return made


def _meant(name: str, value: Any) -> Any:
    if name == "properties":
        return {key: _strict(inner) for key, inner in value.items()}
    if name == "items":
        return _strict(value)
    if name == "$ref":
        return f"#/$defs/{value.removesuffix('.json')}"
    return value


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7386: what the patch names replaces, null removes."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
