"""What leaves as a document of the standard is valid in strict mode, says what the entry says, and nothing that must stay."""

from dataclasses import replace
from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from core.catalogues import Catalogues
from core.database import now
from core.settings import PROJECT
from directory.hsds.documents import (
    Reader,
    organization_document,
    service_at_location_documents,
    service_document,
)
from directory.hsds.entries import Entry, all_entries, published, read_entries
from directory.hsds.schemas import VERSIONS, Version
from directory.hsds.validation import errors
from directory.models import Location, Organization, Phone, Service
from directory.records import LocationRecord, PhoneRecord, ScheduleRecord, ServiceRecord
from directory.writing import write
from tests.integration.directory.test_writing import everything

TODAY = date(2026, 11, 28)
READER = Reader(today=TODAY)
ID = UUID(int=1, version=4)
NOW = now()


@pytest.fixture(scope="module")
def catalogues() -> Catalogues:
    return Catalogues.load(PROJECT / "locale", ("en", "ar", "bn"))


def publish(session: Session, record: ServiceRecord, **values: Any) -> Entry:
    """The record written and published, as an entry."""
    service = write(session, record, by="tester", source="form").service
    service.listing = "published"
    for name, value in values.items():
        setattr(service, name, value)
    session.flush()
    return read_entries(session, [service.id])[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_entry_in_which_every_field_says_something_is_valid_in_every_form(
    session: Session, version: Version, catalogues: Catalogues
) -> None:
    entry = replace(publish(session, everything()), assured_date=TODAY)
    for reader in (READER, Reader(("bn",), demonstration=True, catalogues=catalogues, today=TODAY)):
        for listed in (False, True):
            assert (
                errors(
                    service_document(entry, reader, version=version, listed=listed), "service", version, listed=listed
                )
                == []
            )
            (at,) = service_at_location_documents(entry, reader, version=version, listed=listed)
            assert errors(at, "service_at_location", version, listed=listed) == []
            organization = entry.record.organization
            assert organization.id is not None
            whole = organization_document(
                organization, organization.id, [entry], reader, version=version, listed=listed, with_services=not listed
            )
            assert errors(whole, "organization", version, listed=listed) == []


def test_an_older_version_lacks_what_it_did_not_have(session: Session) -> None:
    entry = publish(session, everything())
    newer, older = (service_document(entry, READER, version=version) for version in VERSIONS)
    assert "capacities" in newer
    assert "capacities" not in older
    assert [problem.path for problem in errors(newer, "service", "3.0")] != []


def test_only_a_verified_number_is_told(session: Session) -> None:
    entry = publish(session, everything())
    document = service_document(entry, READER)
    assert [phone["number"] for phone in document["phones"]] == ["+15005550100"]
    assert "+15005550101" not in str(document)
    assert "+15005550102" not in str(document), "of a contact"
    assert "+15005550103" not in str(document), "of a location"
    shown = service_document(entry, replace(READER, demonstration=True))
    assert len(shown["phones"]) == 2


def test_an_invented_number_is_told_in_a_demonstration_only_although_it_is_marked_as_verified(session: Session) -> None:
    entry = publish(session, everything())
    phone = session.get_one(Phone, entry.record.phones[0].id)
    phone.is_example = True
    session.flush()
    (entry,) = read_entries(session, [entry.id])
    assert "phones" not in service_document(entry, READER)


def test_a_text_that_nobody_approved_is_not_told(session: Session) -> None:
    entry = publish(session, everything())
    document = service_document(entry, Reader(("bn",), today=TODAY))
    assert document["name"] == "রাতের শয্যা (উদাহরণ)"
    draft = entry.record.texts["bn"].model_copy(update={"state": "draft"})
    entry = replace(entry, record=entry.record.model_copy(update={"texts": {"bn": draft}}))
    assert service_document(entry, Reader(("bn",), today=TODAY))["name"] == "Night beds (example)"
    assert "রাতের" not in str(service_document(entry, Reader(("bn",), today=TODAY)))


def test_an_alert_is_told_until_its_last_day(session: Session) -> None:
    entry = publish(session, everything())
    assert service_document(entry, Reader(today=date(2026, 12, 31)))["alert"] == "No water"
    late = service_document(entry, Reader(today=date(2027, 1, 1)))
    assert "alert" not in late
    assert "alert_until" not in str(late)


def test_a_hidden_house_gives_away_only_its_area(session: Session) -> None:
    location = LocationRecord(
        name="Rose house", country="BD", latitude=23.8, longitude=90.4, city="Dhaka", is_confidential=True,
        description="Behind the mosque", transportation="Bus 7", phones=(),
    )  # fmt: skip
    entry = publish(session, everything().model_copy(update={"is_confidential": True, "locations": (location,)}))
    document = service_document(entry, replace(READER, demonstration=True))
    (at,) = document["service_at_locations"]
    assert (at["location"]["latitude"], at["location"]["longitude"], at["location"]["name"]) == (23.8, 90.4, "Dhaka")
    assert "addresses" not in at["location"]
    assert "confidential" in {one["taxonomy_term"]["code"] for one in at["location"]["attributes"]}
    for secret in ("Rose house", "mosque", "Bus 7"):
        assert secret not in str(document)


def test_an_open_service_in_a_hidden_house_gives_away_only_its_area(session: Session) -> None:
    location = LocationRecord(
        name="Rose house", country="BD", latitude=23.8, longitude=90.4, city="Dhaka", is_confidential=True,
        phones=(PhoneRecord(number="+15005550188", verified_by="Tester", verified_on=TODAY),), description="Behind the mosque",
    )  # fmt: skip
    entry = publish(session, everything().model_copy(update={"locations": (location,)}))
    document = str(service_document(entry, replace(READER, demonstration=True)))
    assert not any(secret in document for secret in ("Rose house", "mosque", "+15005550188"))


def test_what_is_not_published_or_invented_or_half_hidden_is_not_read_at_all(session: Session) -> None:
    entry = publish(session, everything())
    service = session.get_one(Service, entry.id)

    def told(*, demonstration: bool = False) -> int:
        session.flush()
        return len(list(all_entries(session, published(demonstration=demonstration))))

    assert told() == 1
    for listing in ("draft", "withdrawn", "suspended", "archived", "do_not_list"):
        session.get_one(Service, entry.id).listing = listing
        assert told() == 0, listing
    service = session.get_one(Service, entry.id)
    service.listing, service.is_example = "published", True
    assert (told(), told(demonstration=True)) == (0, 1)
    session.get_one(Service, entry.id).is_example = False
    organization = session.get_one(Organization, entry.record.organization.id)
    organization.is_example = True
    assert (told(), told(demonstration=True)) == (0, 1)
    organization = session.get_one(Organization, entry.record.organization.id)
    organization.is_example = False
    session.get_one(Service, entry.id).is_confidential = True
    assert told(demonstration=True) == 0, "its location is not hidden"
    location = session.get_one(Location, entry.record.locations[0].id)
    assert not location.is_confidential


def test_an_entry_that_breaks_the_rules_is_left_out_and_the_others_are_read(session: Session) -> None:
    entry = publish(session, everything())
    other = publish(session, everything().model_copy(update={"name": "Other"}))
    session.get_one(Phone, entry.record.phones[0].id).number = "not a number"
    session.flush()
    assert [one.id for one in read_entries(session, [entry.id, other.id])] == [other.id]


_times = st.times().map(lambda moment: moment.replace(microsecond=0, second=0))
_schedules = st.builds(
    ScheduleRecord,
    kind=st.sampled_from(("weekly", "always", "appointment", "unknown", "closure")),
    timezone=st.sampled_from(("Asia/Dhaka", "Africa/Casablanca", "Asia/Kathmandu", "America/Sao_Paulo")),
    byday=st.sampled_from(("MO", "SA,SU", "MO,TU,WE,TH,FR")),
    opens_at=_times,
    closes_at=_times,
    valid_from=st.dates(date(2026, 10, 1), date(2026, 12, 10)),
    valid_to=st.dates(date(2026, 12, 11), date(2027, 2, 1)),
    notes=st.none() | st.just("Feast"),
)


_changes = st.fixed_dictionaries(
    {
        "schedules": st.lists(_schedules, max_size=5).map(tuple),
        "url": st.sampled_from(
            ("https://a.example/x y", "https://উদাহরণ.example/পথ", "https://[", "http://ok.example?q=%zz", None)
        ),
        "eligible_nationalities": st.none() | st.lists(st.sampled_from(("IN", "NP")), unique=True).map(tuple),
        "eligible_sex": st.sampled_from(("any", "female", "male")),
        "legal_status": st.sampled_from(("unknown", "not_required", "required")),
        "children_accompanying": st.none() | st.booleans(),
    }
)


@settings(max_examples=60)
@given(_changes)
def test_whatever_an_entry_says_its_documents_are_valid(changes: dict[str, Any]) -> None:
    organization = everything().organization.model_copy(update={"uri": changes["url"]})
    record = everything().model_copy(update={**changes, "organization": organization})
    entry = Entry(_with_ids(record), id=ID, last_modified=NOW)
    for version in VERSIONS:
        assert errors(service_document(entry, READER, version=version), "service", version) == []


def test_hours_of_the_morning_and_the_evening_stay_apart(session: Session) -> None:
    morning = ScheduleRecord(kind="weekly", timezone="Asia/Dhaka", byday="MO", opens_at=time(8), closes_at=time(12))
    evening = morning.model_copy(update={"opens_at": time(16), "closes_at": time(20)})
    entry = publish(session, everything().model_copy(update={"schedules": (morning, evening)}))
    hours = {(one["opens_at"], one["closes_at"]) for one in service_document(entry, READER)["schedules"]}
    assert hours == {("08:00+06:00", "12:00+06:00"), ("16:00+06:00", "20:00+06:00")}


def _with_ids(record: ServiceRecord) -> ServiceRecord:
    """The record as the database gives it: everything has an id. Its addresses may be ones that `records` would refuse."""
    plain = record.model_copy(
        update={"url": None, "organization": record.organization.model_copy(update={"uri": None})}
    )
    data = plain.model_dump()
    _number(data)
    made = ServiceRecord.model_validate(data)
    organization = made.organization.model_copy(update={"uri": record.organization.uri})
    return made.model_copy(update={"url": record.url, "organization": organization})


def _number(value: Any) -> None:
    if isinstance(value, dict):
        if "id" in value and value["id"] is None:
            value["id"] = uuid4()
        for inner in value.values():
            _number(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _number(inner)
