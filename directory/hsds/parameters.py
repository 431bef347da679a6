"""What a reader of the API may ask for: one table that reads requests and describes them, so that the description keeps its promise.

A filter that is misspelt or not supported is an error. Were it ignored, whoever asked for shelters would get everything.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

PER_PAGE = 50
MOST_PER_PAGE = 100
MOST_PAGES = 100_000
LONGEST_SEARCH = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class ParameterError(Exception):
    """A parameter cannot be understood or is not supported. `name`: which; `str()`: why, in one sentence for the developer who asked."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: how its text is read, its JSON Schema, and what it does."""

    read: Callable[[str, str], Any]
    schema: Mapping[str, Any]
    description: str


def _text(name: str, value: str) -> str:
    if len(value) > LONGEST_SEARCH:
        raise ParameterError(name, f"at most {LONGEST_SEARCH} characters")
    return _CONTROL.sub(" ", value).strip()


def _whole(most: int) -> Callable[[str, str], int]:
    def read(name: str, value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not 1 <= int(value) <= most:
            raise ParameterError(name, f"a whole number from 1 to {most}")
        return int(value)

    return read


def _uuid(name: str, value: str) -> UUID:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        raise ParameterError(name, "an id is a UUID")
    return UUID(value)


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise ParameterError(name, "true or false")
    return value == "true"


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ParameterError(name, "a moment as 2026-11-28T10:00:00Z, or a day as 2026-11-28") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _format(name: str, value: str) -> str:
    if value not in ("json", "ndjson"):
        raise ParameterError(name, "json or ndjson")
    return value


_ID = {"type": "string", "format": "uuid"}
_BOOLEAN = {"type": "boolean"}
PARAMETERS: Mapping[str, Parameter] = {
    "search": Parameter(
        _text, {"type": "string", "maxLength": LONGEST_SEARCH},
        "Entries that hold all of these words, in any language of the entry, accents and case aside.",
    ),
    "page": Parameter(_whole(MOST_PAGES), {"type": "integer", "minimum": 1, "maximum": MOST_PAGES}, "Number of the page, from 1."),
    "per_page": Parameter(
        _whole(MOST_PER_PAGE), {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE}, f"Entries of a page; {PER_PAGE} without it."
    ),
    "format": Parameter(
        _format, {"type": "string", "enum": ["json", "ndjson"]},
        "json: a page. ndjson: everything that the filters let through, one object a line, without pages.",
    ),
    "taxonomy_term_id": Parameter(_uuid, _ID, "Entries that have this term."),
    "taxonomy_id": Parameter(_uuid, _ID, "Entries that have any term of this taxonomy; terms of this taxonomy."),
    "organization_id": Parameter(_uuid, _ID, "Services of this organization."),
    "modified_after": Parameter(
        _moment, {"type": "string", "format": "date-time"}, "Entries modified at or after this moment. A moment without zone is UTC."
    ),
    "minimal": Parameter(_flag, _BOOLEAN, "Only id and last_modified, of everything that the filters let through, in one page."),
    "full": Parameter(_flag, _BOOLEAN, "Items with everything that they hold."),
    "full_service": Parameter(_flag, _BOOLEAN, "Organizations with everything they hold, their services included."),
    "top_only": Parameter(_flag, _BOOLEAN, "Only terms without a parent."),
    "parent_id": Parameter(_uuid, _ID, "Only terms below this one."),
}  # fmt: skip
UNSUPPORTED = {
    "postcode": "not supported: most places of this directory have no postal codes; filter by what you read, or ask for an export",
    "proximity": "not supported: a distance from a hidden house could be used to find it; filter by what you read, or ask for an export",
}
_PAGED = ("search", "page", "per_page", "format")
LISTS: Mapping[str, tuple[str, ...]] = {
    "services": (*_PAGED, "taxonomy_term_id", "taxonomy_id", "organization_id", "modified_after", "minimal", "full"),
    "service_at_locations": (*_PAGED, "taxonomy_term_id", "taxonomy_id", "organization_id", "modified_after", "full"),
    "organizations": (*_PAGED, "taxonomy_term_id", "taxonomy_id", "full", "full_service"),
    "taxonomies": _PAGED,
    "taxonomy_terms": (*_PAGED, "taxonomy_id", "top_only", "parent_id"),
}
ITEMS: Mapping[str, tuple[str, ...]] = {name: (("full_service",) if name == "organizations" else ()) for name in LISTS}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. None: no such filter; all filters hold together."""

    search: str = ""
    page: int = 1
    per_page: int = PER_PAGE
    format: str = "json"
    taxonomy_term_id: UUID | None = None
    taxonomy_id: UUID | None = None
    organization_id: UUID | None = None
    modified_after: datetime | None = None
    minimal: bool = False
    full: bool = False
    full_service: bool = False
    top_only: bool = False
    parent_id: UUID | None = None


def read_parameters(pairs: Iterable[tuple[str, str]], allowed: Iterable[str]) -> Asked:
    """The parameters of a request. Raises ParameterError for one that is unknown here, given twice or not understood."""
    allowed = tuple(allowed)
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in UNSUPPORTED:
            raise ParameterError(name, UNSUPPORTED[name])
        if name not in allowed:
            raise ParameterError(
                _text("parameter", name[:40]) or "parameter", f"unknown here; there are {', '.join(allowed) or 'none'}"
            )
        if name in values:
            raise ParameterError(name, "given twice")
        values[name] = PARAMETERS[name].read(name, value)
    return Asked(**values)


def accepted_languages(header: str) -> tuple[str, ...]:
    """The languages of an Accept-Language header, the best first, a region before its language; what is no language is passed over."""
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.partition(";")
        match = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", weight) if weight else None
        quality = float(match[1]) if match else 0.0 if weight else 1.0
        if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", tag.strip()) and quality > 0:
            wanted.append((-quality, position, tag.strip()))
    tags: dict[str, None] = {}
    for _, _, tag in sorted(wanted):
        primary = tag.split("-", 1)[0].lower()
        tags.setdefault(tag if "-" in tag else primary)
        tags.setdefault(primary)
    return tuple(tags)
