"""A record taken apart into rows of tables, and ids for everything in it that has none yet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from directory.bulk_read import TABLES
from directory.records import LocationRecord, PhoneRecord, Record, ServiceRecord, TextRecord, source_hash
from directory.writing import SCALARS

Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """Rows by table and key."""

    tables: dict[str, dict[Key, Row]] = field(default_factory=dict)

    def add(self, more: Mapping[str, dict[Key, Row]]) -> None:
        """The rows of one more record."""
        for name, rows in more.items():
            self.tables.setdefault(name, {}).update(rows)

    def get(self, name: str) -> dict[Key, Row]:
        """Rows of a table."""
        return self.tables.get(name, {})

    def keys(self, name: str) -> set[Key]:
        """Keys of the rows of a table."""
        return set(self.tables.get(name, ()))


@dataclass(frozen=True, slots=True)
class Owned:
    """Who owns the rows of a record: ids of its organization, its programme and its taxonomy terms."""

    organization_id: UUID
    program_id: UUID | None
    term_ids: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """A record as it will be read back, and its rows."""

    record: ServiceRecord
    rows: dict[str, dict[Key, Row]]


def with_ids(record: ServiceRecord) -> ServiceRecord:
    """The record with an id for everything: those that have one keep it."""
    changes: dict[str, Any] = {
        name: tuple(_identified(item) for item in getattr(record, name))
        for name in ("phones", "schedules", "areas", "costs", "documents", "capacities")
    }
    changes["contacts"] = tuple(
        _identified(contact, phones=tuple(_identified(phone) for phone in contact.phones))
        for contact in record.contacts
    )
    changes["locations"] = tuple(
        _identified(
            place,
            **{
                name: tuple(_identified(item) for item in getattr(place, name))
                for name in ("addresses", "accessibility", "schedules", "phones")
            },
        )
        for place in record.locations
    )
    return record.model_copy(update={"id": record.id or uuid4(), **changes})


def _identified(item: Any, **update: Any) -> Any:
    if item.id is None:
        update["id"] = uuid4()
    return item.model_copy(update=update) if update else item


def rows_of(
    record: ServiceRecord,
    at: datetime,
    before: ServiceRecord | None,
    hashes: Mapping[tuple[UUID, str], str | None],
    owned: Owned,
    *,
    as_stored: bool = False,
) -> Taken:
    """The rows of a record in which everything has an id. `hashes`: of the stored translations (`models.ServiceText`)."""
    service_id: UUID = record.id  # type: ignore[assignment]
    texts, text_rows = _texts(record, at, before, hashes, as_stored=as_stored)
    record = _as_read(record.model_copy(update={"texts": texts}))
    rows: dict[str, dict[Key, Row]] = {name: {} for name in TABLES}
    rows["service"][service_id,] = {
        "id": service_id, "organization_id": owned.organization_id, "program_id": owned.program_id,
        **{name: getattr(record, name) for name in SCALARS},
        "eligible_nationalities": None if record.eligible_nationalities is None else list(record.eligible_nationalities),
        "listing": "draft", "listing_since": at, "is_example": False, "search_text": "", "created_at": at, "last_modified": at,
    }  # fmt: skip
    for need in record.needs:
        rows["service_need"][service_id, need] = {"service_id": service_id, "need": need}
    for language in record.languages:
        rows["service_language"][service_id, language] = {"service_id": service_id, "language": language}
    rows["service_text"] = text_rows
    _phones(rows, record.phones, service_id=service_id)
    for position, contact in enumerate(record.contacts):
        owner: Row = {"service_id": service_id, "organization_id": None, "location_id": None, "position": position}
        rows["contact"][contact.id,] = _plain(contact, "phones") | owner
        _phones(rows, contact.phones, contact_id=contact.id)
    _put(rows, "schedule", record.schedules, {"service_id": service_id, "location_id": None})
    _put(rows, "service_area", record.areas, {"service_id": service_id})
    _put(rows, "service_capacity", record.capacities, {"service_id": service_id})
    ordered: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("cost_option", record.costs),
        ("required_document", record.documents),
    )
    for name, items in ordered:
        for position, item in enumerate(items):
            rows[name][item.id,] = _plain(item) | {"service_id": service_id, "position": position}
    for place in record.locations:
        _place(rows, place, service_id, owned.organization_id)
    rows["attribute"] = {} if as_stored else {
        (service_id, number): {
            "id": uuid4(), "link_entity": "service", "link_id": service_id, "taxonomy_term_id": term_id,
            "link_type": one.link_type, "value": one.value, "label": one.label,
        }
        for number, (one, term_id) in enumerate(zip(record.attributes, owned.term_ids, strict=True))
    }  # fmt: skip
    return Taken(record, rows)


def _place(rows: dict[str, dict[Key, Row]], place: LocationRecord, service_id: UUID, organization_id: UUID) -> None:
    rows["location"][place.id,] = _plain(place, "addresses", "accessibility", "schedules", "phones") | {
        "organization_id": organization_id
    }
    _put(rows, "address", place.addresses, {"location_id": place.id, "location_is_confidential": False})
    _put(rows, "accessibility", place.accessibility, {"location_id": place.id})
    _put(rows, "schedule", place.schedules, {"service_id": None, "location_id": place.id})
    _phones(rows, place.phones, location_id=place.id)
    rows["service_at_location"][service_id, place.id] = {
        "id": uuid4(), "service_id": service_id, "location_id": place.id, "description": None,
    }  # fmt: skip


def _put(rows: dict[str, dict[Key, Row]], name: str, items: Iterable[Any], owner: Row) -> None:
    for item in items:
        rows[name][item.id,] = _plain(item) | owner


def _phones(rows: dict[str, dict[Key, Row]], phones: Sequence[PhoneRecord], **owner: UUID | None) -> None:
    nobody: Row = {"service_id": None, "location_id": None, "organization_id": None, "contact_id": None}
    for position, phone in enumerate(phones):
        rows["phone"][phone.id,] = (
            _plain(phone)
            | {"languages": list(phone.languages), "position": position, "is_example": False}
            | nobody
            | owner
        )


def _plain(record: Record, *without: str) -> Row:
    return {name: getattr(record, name) for name in type(record).model_fields if name not in without}


def _texts(
    record: ServiceRecord,
    at: datetime,
    before: ServiceRecord | None,
    hashes: Mapping[tuple[UUID, str], str | None],
    *,
    as_stored: bool,
) -> tuple[dict[str, TextRecord], dict[Key, Row]]:
    """The translations by the rule of `writing`: one of another original is outdated, whatever the record says."""
    service_id: UUID = record.id  # type: ignore[assignment]
    digest = source_hash(record)
    stored = before.texts if before else {}
    texts: dict[str, TextRecord] = {}
    rows: dict[Key, Row] = {}
    for language, wanted in sorted(record.texts.items()):
        known, known_hash = stored.get(language), hashes.get((service_id, language))
        text, kept_hash, moment = wanted, known_hash, None
        if not as_stored:
            touched = known is None or wanted.model_copy(update={"state": known.state}) != known
            if known is None or touched or (known.state != "approved" and wanted.state == "approved"):
                kept_hash, moment = digest, at
            elif known_hash is None:
                kept_hash = digest
            elif known_hash != digest and wanted.state == "approved":
                text = wanted.model_copy(update={"state": "outdated"})
        texts[language] = text
        rows[service_id, language] = {
            "service_id": service_id, "language": language, **_plain(text), "source_hash": kept_hash, "last_modified": moment or at,
        }  # fmt: skip
    return texts, rows


def _as_read(record: ServiceRecord) -> ServiceRecord:
    """The record in the order in which `writing.read` gives it back."""
    return record.model_copy(
        update={
            "needs": tuple(sorted(set(record.needs))),
            "languages": tuple(sorted(set(record.languages))),
            "schedules": _by_id(record.schedules),
            "areas": _by_id(record.areas),
            "capacities": tuple(sorted(record.capacities, key=lambda one: one.unit)),
            "locations": tuple(
                place.model_copy(
                    update={name: _by_id(getattr(place, name)) for name in ("addresses", "accessibility", "schedules")}
                )
                for place in _by_id(record.locations)
            ),
        }
    )


def _by_id(items: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: str(item.id)))
