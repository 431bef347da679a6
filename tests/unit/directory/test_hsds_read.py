"""Documents of the standard become records; what our own export says of an entry is no change of it; nonsense is refused, not raised."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.database import now
from directory.exchange.entries import Unreadable
from directory.exchange.errors import UnreadableError
from directory.exchange.from_hsds import HsdsEntry, read, record_from_document
from directory.hsds.documents import Reader, service_document
from directory.hsds.entries import AttributeRow, Entry
from directory.hsds.schemas import Version
from directory.records import ServiceRecord
from directory.writing import differences, like
from tests.unit.directory.records_of_all_kinds import service_records, with_ids

SERVICE = "5ad2f1c0-7d0a-4a51-9a42-000000000001"
ORGANIZATION = "5ad2f1c0-7d0a-4a51-9a42-000000000002"


def document(**changes: Any) -> dict[str, Any]:
    """A full document as another system writes it; invented."""
    made: dict[str, Any] = {
        "id": SERVICE, "name": "Legal help (example)", "alternate_name": "Advice", "description": "Advice on papers.",
        "url": "https://house.example/legal", "email": "legal@house.example", "status": "temporarily closed", "fees": "Free",
        "minimum_age": 16, "maximum_age": 99.5, "assured_date": "2026-10-01", "last_modified": "2026-10-01T10:00:00Z",
        "alert": "No lift this week", "eligibility_description": "Everybody",
        "organization": {"id": ORGANIZATION, "name": "House (example)", "description": "Invented", "website": "https://house.example"},
        "program": {"id": str(uuid4()), "name": "Papers", "description": ""},
        "phones": [{"id": str(uuid4()), "number": '"+1 500 555 0100"', "type": "sms", "extension": 7, "languages": [{"code": "fr"}]}],
        "languages": [{"id": str(uuid4()), "name": "French", "code": "fr"}, {"code": "ar"}],
        "schedules": [
            {"id": str(uuid4()), "freq": "WEEKLY", "byday": "MO,TU", "opens_at": "09:00+01:00", "closes_at": "12:30:00", "timezone": 1},
            {"freq": "MONTHLY", "bymonthday": "1", "opens_at": "09:00", "closes_at": "10:00", "notes": "First of the month"},
            {"freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR,SA,SU", "opens_at": "00:00", "closes_at": "23:59", "valid_to": "2027-01-01"},
        ],
        "service_areas": [
            {"name": "Morocco"}, {"name": "Somewhere"},
            {"name": "Square", "extent_type": "geojson", "extent": json.dumps(
                {"type": "Polygon", "coordinates": [[[-7.7, 33.5], [-7.5, 33.5], [-7.5, 33.7], [-7.7, 33.7], [-7.7, 33.5]]]})},
        ],
        "service_at_locations": [{
            "id": str(uuid4()), "phones": [{"number": "+15005550101"}],
            "location": {
                "id": str(uuid4()), "name": "Office", "location_type": "physical", "latitude": 33.589886, "longitude": -7.603869,
                "transportation": "Tram 1", "accessibility": [{"description": "Ramp"}],
                "addresses": [{"address_1": "1 Example Street (example)", "city": "Casablanca", "state_province": "", "postal_code": "",
                               "country": "MA", "address_type": "physical"}],
            },
        }],
        "cost_options": [{"option": "photo", "currency": "mad", "amount": 35}],
        "required_documents": [{"document": "Any paper"}, {"document": "  "}],
        "contacts": [{"name": "Reception", "phones": [{"number": "+15005550102"}]}],
        "capacities": [{"unit": {"name": "appointment"}, "available": 3, "updated": "2026-10-01T12:00:00+01:00"}],
        "attributes": [
            {"link_type": "kind", "taxonomy_term": {"code": "LEG", "name": "Legal", "taxonomy": "Partner's list"}},
            {"taxonomy_term": {"code": "legal", "name": "Legal", "taxonomy": "Waymark needs"}},
        ],
    }  # fmt: skip
    made.update(changes)
    return {key: value for key, value in made.items() if value is not None}


def test_a_full_document_is_read() -> None:
    entry = HsdsEntry("/contents/0", document())
    asked = entry.asks(None)
    assert asked.errors == []
    record = asked.record
    assert record is not None
    assert (record.id, record.organization.id, record.country) == (UUID(SERVICE), UUID(ORGANIZATION), "MA")
    assert (record.status, record.fees_description, record.minimum_age, record.maximum_age) == (
        "temporarily_closed",
        "Free",
        16.0,
        99.5,
    )
    (phone,) = record.phones
    assert (phone.number, phone.phone_type, phone.extension, phone.languages) == ("+15005550100", "text", 7, ("fr",))
    assert record.languages == ("ar", "fr")
    weekly, monthly, always = record.schedules
    assert (weekly.byday, weekly.opens_at, weekly.closes_at, weekly.timezone) == (
        "MO,TU",
        time(9),
        time(12, 30),
        "Africa/Casablanca",
    )
    assert monthly.kind == "unknown"
    assert "First of the month" in (monthly.notes or "")
    assert (always.kind, always.valid_to) == ("always", date(2027, 1, 1))
    country, square = record.areas
    assert (country.radius_km, square.latitude, square.longitude) == (None, 33.6, -7.6)
    assert 13 < (square.radius_km or 0) < 16
    (place,) = record.locations
    assert (place.city, place.country, place.latitude, place.phones[0].number) == (
        "Casablanca",
        "MA",
        33.58989,
        "+15005550101",
    )
    assert place.addresses[0].state_province is None
    assert (record.costs[0].amount, record.costs[0].currency) == (Decimal("35.00"), "MAD")
    assert [one.document for one in record.documents] == ["Any paper"]
    assert record.capacities[0].updated == datetime(2026, 10, 1, 11, tzinfo=UTC)
    assert (record.needs, [one.code for one in record.attributes]) == (("legal",), ["LEG"])
    assert record.alert is None
    assert entry.verified_on == date(2026, 10, 1)
    assert sorted(one.code for one in asked.warnings) == ["alert_end", "area", "monthly", "required"]
    assert all(phone.verified_on is None for phone in record.phones), "no file makes a number one that people are told"


@pytest.mark.parametrize(
    ("changes", "where", "column", "code"),
    [
        ({"name": None}, "/contents/0", "name", "required"),
        ({"organization": None}, "/contents/0", "organization", "required"),
        ({"status": "open"}, "/contents/0", "status", "choice"),
        ({"phones": [{"number": "call us"}]}, "/contents/0/phones/0", "number", "invalid"),
        ({"phones": "none"}, "/contents/0", "phones", "unreadable_item"),
        ({"phones": ["+15005550100"]}, "/contents/0/phones/0", "", "unreadable_item"),
        ({"schedules": [{"freq": "WEEKLY", "byday": "XX"}]}, "/contents/0/schedules/0", "byday", "hours"),
        ({"schedules": [{"byday": "MO", "opens_at": "nine", "closes_at": "10:00"}]}, "/contents/0/schedules/0", "opens_at", "hours"),
        ({"service_at_locations": [{"location": {"latitude": 100, "longitude": 1}}], "attributes": None, "country": "MA"},
         "/contents/0/service_at_locations/0/location", "latitude", "invalid"),
        ({"service_at_locations": [{"location_id": "x"}]}, "/contents/0/service_at_locations/0", "location", "pieces"),
        ({"minimum_age": "old"}, "/contents/0", "minimum_age", "number"),
        ({"capacities": [{"unit": {"name": "bed"}, "available": 3}]}, "/contents/0/capacities/0", "updated", "required"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(changes: dict[str, Any], where: str, column: str, code: str) -> None:
    asked = HsdsEntry("/contents/0", document(**changes), "MA").asks(None)
    assert asked.record is None
    assert (where, column, code) in [(one.where, one.column, one.code) for one in asked.errors]


def test_without_a_country_it_is_asked_for() -> None:
    bare = document(service_at_locations=None)
    assert [one.code for one in HsdsEntry("", bare).asks(None).errors] == ["country"]
    assert record_from_document(bare, "MA").country == "MA"
    with pytest.raises(ValueError, match="country"):
        record_from_document(bare)


def test_an_id_of_another_kind_finds_its_entry_again() -> None:
    first, second = (HsdsEntry("", document(id="4711")).id for _ in range(2))
    assert first == second
    assert first != HsdsEntry("", document(id="4712")).id


def exported(stored: ServiceRecord, reader: Reader, version: Version) -> dict[str, Any]:
    places = {place.id: (uuid4(), None) for place in stored.locations if place.id}
    assert stored.id
    attributes = tuple(
        AttributeRow(
            uuid4(), one.link_type, one.value, one.label, uuid4(), one.code, one.code, "", uuid4(), one.taxonomy
        )
        for one in stored.attributes
    )
    entry = Entry(stored, stored.id, now(), at_locations=places, attributes=attributes)
    found = service_document(entry, reader, version=version)
    made: dict[str, Any] = json.loads(json.dumps(found))
    return made


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(record=service_records(), version=st.sampled_from(("3.0", "3.1")), public=st.booleans())
def test_our_own_export_changes_nothing(record: ServiceRecord, version: Version, public: bool) -> None:  # noqa: FBT001
    stored = with_ids(record)
    said = exported(stored, Reader(tuple(stored.texts) if public else (), demonstration=not public), version)
    asked = HsdsEntry("", said).asks(stored)
    assert asked.record is not None, asked.errors
    assert differences(stored, like(stored, asked.record)) == []


def test_a_change_in_an_export_is_that_change() -> None:
    stored = with_ids(record_from_document(document()))
    said = exported(stored, Reader(demonstration=True), "3.1")
    said["phones"][0]["number"] = "+15005550199"
    asked = HsdsEntry("", said).asks(stored)
    assert asked.record is not None
    found = differences(stored, like(stored, asked.record))
    assert [(one.path, one.after) for one in found] == [(f"phones.{stored.phones[0].id}.number", "+15005550199")]


def written(path: Path, kind: str, documents: list[dict[str, Any]]) -> Path:
    text = {
        "list": json.dumps(documents),
        "page": json.dumps({"total_items": len(documents), "contents": documents}, indent=1),
        "lines": "\n".join(json.dumps(one) for one in documents) + "\n",
        "bom": "\ufeff" + json.dumps(documents),
    }[kind]
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("kind", "wheres"),
    [("list", ["/0", "/1"]), ("page", ["/contents/0", "/contents/1"]), ("lines", ["line 1", "line 2"]), ("bom", ["/0", "/1"])],
)  # fmt: skip
def test_every_shape_of_a_file_is_read(tmp_path: Path, kind: str, wheres: list[str]) -> None:
    found = list(read(written(tmp_path / "x.json", kind, [document(), document(id=str(uuid4()), name="Zwei")])))
    assert [one.where for one in found] == wheres
    assert [one.name for one in found] == ["Legal help (example)", "Zwei"]


def test_one_document_is_read_pretty_or_not(tmp_path: Path) -> None:
    for indent in (None, 2):
        path = tmp_path / "x.json"
        path.write_text(json.dumps(document(), indent=indent))
        assert [one.name for one in read(path)] == ["Legal help (example)"]
    path.write_text(json.dumps({"contents": [], "total_items": 0}))
    assert list(read(path)) == []


def test_a_broken_line_does_not_lose_the_others(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    lines = [json.dumps(document()), "{broken", "[1]", "", "[" * 50_000, json.dumps(document(name="Last"))]
    path.write_text("\n".join(lines))
    found = list(read(path))
    assert [(one.where, isinstance(one, Unreadable)) for one in found] == [
        ("line 1", False), ("line 2", True), ("line 3", True), ("line 5", True), ("line 6", False),
    ]  # fmt: skip


def test_a_document_nested_beyond_sense_is_refused(tmp_path: Path) -> None:
    nested: Any = "x"
    for _ in range(100):
        nested = [nested]
    (found,) = read(written(tmp_path / "x.json", "list", [document(extra=nested)]))
    assert isinstance(found, Unreadable)


@pytest.mark.parametrize("content", [b"[{", b"nonsense", b'{"contents": [1, }', b"\xff\xfe\x00", b"[" * 1000])
def test_what_is_no_json_is_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(UnreadableError):
        list(read(path))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("id", "code", "name", "x")), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
KEYS = tuple(document())


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3))
def test_any_value_anywhere_is_a_record_or_a_problem(changes: Mapping[str, Any]) -> None:
    asked = HsdsEntry("", document() | dict(changes), "MA").asks(None)
    assert (asked.record is None) == bool(asked.errors)
    for problem in (*asked.errors, *asked.warnings):
        assert problem.says
        assert problem.remedy
