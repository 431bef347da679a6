"""The check of documents can fail: each thing the standard forbids is put in on purpose and found."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from directory.hsds.schemas import KINDS, VERSIONS, Version, compiled, originals, profile, strict
from directory.hsds.validation import errors, page_errors

ID = "ac148810-d857-441c-9679-408f346de14b"
Document = dict[str, Any]


def good() -> Document:
    """A small service with something of every kind that is broken below."""
    return {
        "id": ID, "name": "Beds (example)", "status": "active", "assured_date": "2026-11-01", "last_modified": "2026-11-01T10:00:00.000Z",
        "url": "https://house.example/beds", "email": "desk@house.example", "minimum_age": 12.5,
        "phones": [{"id": ID, "number": "+15005550100"}],
        "schedules": [{"id": ID, "freq": "WEEKLY", "byday": "MO", "opens_at": "09:00+06:00", "timezone": 6, "valid_from": "2026-01-01"}],
        "service_at_locations": [{"id": ID, "location": {"id": ID, "location_type": "physical", "addresses": [{
            "id": ID, "address_1": "1 Example Street", "city": "", "state_province": "", "postal_code": "", "country": "BD",
            "address_type": "physical",
        }]}}],
    }  # fmt: skip


def put(path: str, value: Any) -> Callable[[Document], None]:
    """Sets one value at a path of names and numbers."""

    def change(document: Document) -> None:
        *way, last = path.split("/")
        target: Any = document
        for part in way:
            target = target[int(part) if part.isdigit() else part]
        if value is ...:
            del target[last]
        else:
            target[last] = value

    return change


LOCATION = "service_at_locations/0/location"
BROKEN = {
    "a misspelt field": (put("discription", "x"), "", "additionalProperties"),
    "a misspelt field deep inside": (put(f"{LOCATION}/adresses", []), f"/{LOCATION}", "additionalProperties"),
    "a null": (put("alternate_name", None), "/alternate_name", "type"),
    "a word outside the list": (put("status", "temporarily_closed"), "/status", "enum"),
    "a frequency that is none": (put("schedules/0/freq", "DAILY"), "/schedules/0/freq", "enum"),
    "a type of location that is none": (put(f"{LOCATION}/location_type", "redacted"), f"/{LOCATION}/location_type", "enum"),
    "text for a number": (put("minimum_age", "12"), "/minimum_age", "type"),
    "a zone for an offset": (put("schedules/0/timezone", "Asia/Dhaka"), "/schedules/0/timezone", "type"),
    "a number for text": (put("phones/0/number", 15005550100), "/phones/0/number", "type"),
    "an id that is none": (put("id", "17"), "/id", "format"),
    "a day that is none": (put("assured_date", "2026-02-30"), "/assured_date", "format"),
    "a day written another way": (put("schedules/0/valid_from", "01/02/2026"), "/schedules/0/valid_from", "format"),
    "a moment without zone": (put("last_modified", "2026-11-01 10:00"), "/last_modified", "format"),
    "an hour that is none": (put("schedules/0/opens_at", "9am"), "/schedules/0/opens_at", "pattern"),
    "an address that is none": (put("url", "house example"), "/url", "format"),
    "a mail address that is none": (put("email", "desk"), "/email", "format"),
    "no name": (put("name", ...), "", "required"),
    "no postal code": (put(f"{LOCATION}/addresses/0/postal_code", ...), f"/{LOCATION}/addresses/0", "required"),
    "one thing where a list belongs": (put("phones", {"id": ID, "number": "1"}), "/phones", "type"),
}  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_document_is_refused_and_the_place_named(name: str, version: Version) -> None:
    change, path, rule = BROKEN[name]
    document = good()
    assert errors(document, "service", version) == []
    change(document)
    assert [(problem.path, problem.rule) for problem in errors(document, "service", version)] == [(path, rule)]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_standards_own_required_fields_hold_for_every_object(version: Version) -> None:
    for name, schema in originals(version).items():
        missing = {problem.message.split("'")[1] for problem in errors({}, name, version) if problem.rule == "required"}
        assert missing == set(schema.get("required", ())), name


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_are_complete_and_every_object_is_closed(version: Version) -> None:
    assert set(KINDS) <= originals(version).keys()
    names = strict(version).keys()
    for name, schema in strict(version).items():
        assert schema["additionalProperties"] is False
        text = json.dumps(schema)
        for reference in text.split('"$ref": "')[1:]:
            assert reference.split('"')[0].removeprefix("#/$defs/") in names, name
    assert len(names) == {"3.0": 21, "3.1": 24}[version]


def test_the_profile_accepts_an_address_without_what_a_village_lacks_and_the_standard_does_not() -> None:
    document = good()
    address = document["service_at_locations"][0]["location"]["addresses"][0]
    for key in ("address_1", "city", "postal_code", "state_province"):
        del address[key]
    assert errors(document, "service", with_profile=True) == []
    assert len(errors(document, "service")) == 4
    address["pincode"] = "1"
    assert [problem.rule for problem in errors(document, "service", with_profile=True)] == ["additionalProperties"]


def test_the_profile_changes_only_objects_that_there_are() -> None:
    for version in VERSIONS:
        assert profile()["schemas"].keys() <= originals(version).keys()


def test_an_item_of_a_list_holds_no_lists() -> None:
    document = {name: value for name, value in good().items() if not isinstance(value, list)}
    assert errors(document, "service", listed=True) == []
    problems = errors(good(), "service", listed=True)
    assert {problem.rule for problem in problems} == {"additionalProperties"}


def test_a_page_is_checked_with_its_envelope_and_its_items() -> None:
    item = {"id": ID, "name": "n", "status": "active"}
    page = {
        "total_items": 1, "total_pages": 1, "page_number": 1, "size": 1, "first_page": True, "last_page": True, "empty": False,
        "contents": [item],
    }  # fmt: skip
    assert page_errors(page, "service") == []
    broken = deepcopy(page)
    del broken["empty"]
    broken["contents"][0]["status"] = "open"
    broken["next"] = 2
    assert {problem.path for problem in page_errors(broken, "service")} == {
        "/empty",
        "/size",
        "/next",
        "/contents/0/status",
    }
    assert page_errors([], "service")[0].rule == "type"


def test_a_message_holds_no_long_text_of_the_document() -> None:
    document = {**good(), "status": "x" * 5000}
    (problem,) = errors(document, "service")
    assert len(problem.message) < 200


def test_a_compiled_schema_is_made_once() -> None:
    assert compiled("service", "3.1") is compiled("service", "3.1")
