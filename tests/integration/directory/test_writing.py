"""An entry comes back as it was written, and only what changed is a change."""

from datetime import date, time
from decimal import Decimal
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import now
from directory.errors import UnknownEntryError
from directory.models import Metadata, Organization, Service
from directory.records import (
    AccessibilityRecord,
    AddressRecord,
    AreaRecord,
    AttributeRecord,
    CapacityRecord,
    ContactRecord,
    CostRecord,
    DocumentRecord,
    LocationRecord,
    OrganizationRecord,
    PhoneRecord,
    ProgramRecord,
    ScheduleRecord,
    ServiceRecord,
    TextRecord,
    flatten,
)
from directory.writing import differences, read, write

DAY = ScheduleRecord(kind="weekly", timezone="Asia/Dhaka", byday="MO,TU", opens_at=time(9), closes_at=time(17))


def everything() -> ServiceRecord:
    """An entry in which every field says something."""
    return ServiceRecord(
        organization=OrganizationRecord(
            name="Example House (example)", alternate_name="EH", description="Invented.",
            website="https://house.example", email="desk@house.example", uri="urn:example",
        ),
        program=ProgramRecord(name="Example programme", description="Invented."),
        country="BD", name="Night beds (example)", alternate_name="Beds", description="A bed for a night.",
        url="https://house.example/beds", email="beds@house.example", status="temporarily_closed",
        closed_until=date(2027, 1, 2), closed_reason="Repairs", alert="No water", alert_until=date(2026, 12, 31),
        application_process="Ring first", fees_description="Free", interpretation_services="By phone",
        minimum_age=12.5, maximum_age=60, eligible_sex="female", eligibility_description="Women",
        eligible_nationalities=("IN", "NP"), legal_status="not_required", children_accompanying=True,
        documents_required=True, walk_in=False, referral_needed=True, needs=("health", "shelter"), languages=("bn", "en"),
        texts={"bn": TextRecord(name="রাতের শয্যা (উদাহরণ)", description="এক রাতের শয্যা", state="approved")},
        phones=(
            PhoneRecord(number="+15005550100", languages=("bn",), verified_by="Tester", verified_on=date(2026, 11, 1)),
            PhoneRecord(number="+15005550101", phone_type="text", extension=5),
        ),
        contacts=(ContactRecord(name="Desk (example)", phones=(PhoneRecord(number="+15005550102"),)),),
        schedules=(DAY, ScheduleRecord(
            kind="closure", timezone="Asia/Dhaka", valid_from=date(2026, 12, 1), valid_to=date(2026, 12, 3), notes="Feast"
        )),
        areas=(AreaRecord(country="BD", latitude=23.8, longitude=90.4, radius_km=25, name="Dhaka"),),
        locations=(
            LocationRecord(
                name="House", country="BD", latitude=23.81234567, longitude=90.41, city="Dhaka", state_province="Dhaka",
                addresses=(AddressRecord(address_1="1 Example Street (example)", city="Dhaka", country="BD"),),
                accessibility=(AccessibilityRecord(description="Ramp"),), schedules=(DAY,),
                phones=(PhoneRecord(number="+15005550103"),), transportation="Bus 1", description="Blue door",
            ),
        ),
        costs=(CostRecord(option="bed", currency="BDT", amount=Decimal("10.50")),),
        documents=(DocumentRecord(document="Any paper"),),
        capacities=(CapacityRecord(unit="bed", available=3, maximum=10, updated=now()),),
        attributes=(AttributeRecord(taxonomy="Partner's", code="X1", label="Beds"),),
        source="a partner's file", source_id="17",
    )  # fmt: skip


def test_every_field_comes_back_as_it_was_written(session: Session) -> None:
    record = everything()
    silent = set(ServiceRecord.model_fields) - {path.split(".")[0] for path in flatten(record)}
    assert silent == {"id"}, "an example that leaves a field out proves nothing about it"
    written = write(session, record, by="tester", source="form")
    assert written.created
    assert differences(record, read(session, written.service.id)) != [], "ids are new"
    again = write(session, record.model_copy(update={"id": written.service.id}), by="tester", source="form")
    assert (again.created, again.changes) == (False, [])
    assert write(session, read(session, written.service.id), by="tester", source="form").changes == []


def test_one_changed_field_is_one_change_and_one_row_of_history(session: Session) -> None:
    service = write(session, everything(), by="tester", source="form").service
    stored = read(session, service.id)
    before = len(session.scalars(select(Metadata)).all())
    phones = (stored.phones[0].model_copy(update={"number": "+15005550199"}), stored.phones[1])
    written = write(session, stored.model_copy(update={"phones": phones}), by="u1", source="form")
    (change,) = written.changes
    assert (change.path, change.before, change.after) == (
        f"phones.{stored.phones[0].id}.number", "+15005550100", "+15005550199",
    )  # fmt: skip
    rows = session.scalars(select(Metadata).order_by(Metadata.last_action_date)).all()
    assert len(rows) == before + 1
    assert [(row.updated_by, row.source, row.last_action_type) for row in rows if row.updated_by == "u1"] == [
        ("u1", "form", "update")
    ]


def test_what_a_record_does_not_hold_is_gone(session: Session) -> None:
    service = write(session, everything(), by="tester", source="form").service
    stored = read(session, service.id)
    bare = ServiceRecord(id=stored.id, organization=stored.organization, country="BD", name=stored.name)
    write(session, bare, by="tester", source="form")
    kept = read(session, service.id)
    assert (kept.phones, kept.locations, kept.texts, kept.costs, kept.attributes, kept.program) == (
        (),
        (),
        {},
        (),
        (),
        None,
    )


def test_a_new_original_makes_its_translations_outdated(session: Session) -> None:
    service = write(session, everything(), by="tester", source="form").service
    stored = read(session, service.id)
    write(session, stored.model_copy(update={"description": "Two nights."}), by="tester", source="form")
    assert read(session, service.id).texts["bn"].state == "outdated"


def test_an_organization_of_the_same_name_is_the_same(session: Session) -> None:
    for number in range(2):
        write(session, everything().model_copy(update={"name": f"Beds {number}"}), by="tester", source="form")
    assert len(session.scalars(select(Organization)).all()) == 1
    assert len(session.scalars(select(Service)).all()) == 2


def test_words_of_a_hidden_place_are_not_searched(session: Session) -> None:
    hidden = LocationRecord(
        name="Villa Secret", country="BD", latitude=23.8, longitude=90.4, city="Dhaka", is_confidential=True
    )
    record = ServiceRecord(
        organization=OrganizationRecord(name="House (example)"), country="BD", name="Beds", is_confidential=True, locations=(hidden,)
    )  # fmt: skip
    service = write(session, record, by="tester", source="form").service
    assert "villa" not in service.search_text
    assert "dhaka" in service.search_text


def test_an_entry_that_is_not_there_is_said_to_be_so(session: Session) -> None:
    with pytest.raises(UnknownEntryError):
        read(session, uuid4())


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"needs": ("rescue",)}, "not a need"),
        ({"minimum_age": 20, "maximum_age": 10}, "lowest age"),
        ({"alert": "No water"}, "last day"),
        ({"phones": ({"number": "call us"},)}, "telephone number"),
        ({"schedules": ({"kind": "weekly", "timezone": "Asia/Dhaka"},)}, "weekly hours"),
        ({"schedules": ({"kind": "always", "timezone": "Dhaka"},)}, "time zone"),
        ({"is_confidential": True, "locations": ({"country": "BD"},)}, "every location"),
        ({"locations": ({"country": "BD", "is_confidential": True, "latitude": 23.81, "longitude": 90.4},)}, "tenth"),
        ({"nmae": "x"}, "Extra inputs"),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_true_is_refused_with_the_reason(values: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ServiceRecord.model_validate({"organization": {"name": "X"}, "country": "BD", "name": "Y", **values})
