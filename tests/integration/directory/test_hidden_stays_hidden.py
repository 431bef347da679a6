"""A true address is read by few, each reading is written down, and nothing that writes an entry brings it back into the open."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from core.database import Sessions
from directory import confidential, guarding
from directory.confidential import ConfidentialAddress, TrueDetails, tell
from directory.errors import NothingConfidentialError, ReasonNeededError, SecretInPublicError, UnhideError
from directory.exchange.models import ImportBatch, ImportChange
from directory.models import Location, Metadata, Service
from directory.records import AddressRecord, LocationRecord, OrganizationRecord, PhoneRecord, ServiceRecord
from directory.review import drafts
from directory.review.history import state_at
from directory.review.models import Revision
from directory.writing import read, write
from tests.integration.directory.entries import APPROVER, EDITOR, START, Clock, entry, published

SECRET = TrueDetails("77 Quiet Banyan Lane, Dhaka", (23.81234, 90.43219), ("+15005550190",))


def house(**values: object) -> ServiceRecord:
    hidden = LocationRecord(country="BD", latitude=23.8, longitude=90.4, city="Dhaka", is_confidential=True)
    return entry("House", is_confidential=True, locations=(hidden,), **values)


@pytest.fixture
def hidden(session: Session) -> Service:
    service = published(session, house())
    location = read(session, service.id).locations[0]
    confidential.keep(session, location.id, SECRET)  # type: ignore[arg-type]
    return service


def where(session: Session, service: Service) -> LocationRecord:
    return read(session, service.id).locations[0]


def test_each_reading_is_on_the_log_before_anything_is_told_and_a_rollback_leaves_it(database: Engine) -> None:
    sessions = Sessions(database)
    with sessions.begin() as session:
        service = published(session, house())
        location_id = read(session, service.id).locations[0].id
    assert location_id is not None
    with sessions.begin() as session:
        guarding.remember(session, location_id, SECRET, by="u1", reason="moved in")
    with Session(database) as session:
        assert tell(session, location_id, by="u2", reason="taking a family there") == SECRET
        session.rollback()
    with Session(database) as session:
        with pytest.raises(ReasonNeededError):
            tell(session, location_id, by="u2", reason="  ")
        with pytest.raises(NothingConfidentialError):
            tell(session, service.id, by="u2", reason="looking for another")
        rows = confidential.readings(session, location_id)
        assert [(row.by, row.action, row.reason) for row in rows] == [
            ("u2", "read", "taking a family there"), ("u1", "write", "moved in"),
        ]  # fmt: skip
        said = str(session.execute(text("SELECT * FROM confidential_access")).all())
        assert "looking for another" in said, "a reading that found nothing is a reading too"
        assert not any(word in said for word in ("Banyan", "23.8", "0190"))
    assert "Banyan" not in repr(SECRET)


def test_details_are_kept_of_confidential_locations_only(session: Session) -> None:
    service = published(session, entry(locations=(LocationRecord(country="BD"),)))
    with pytest.raises(NothingConfidentialError):
        guarding.remember(session, where(session, service).id, SECRET, by="u", reason="x")  # type: ignore[arg-type]


SAYING = {
    "the address": {"description": "Come to 77 quiet  BANYAN lane!"},
    "the number": {"application_process": "Ring (500) 555 01 90 at the gate"},
    "the point": {"fees_description": "We are at 23.8125, 90.432"},
    "the number as a phone": {"phones": (PhoneRecord(number="0500 5550190"),)},
}


@pytest.mark.parametrize("what", SAYING)
def test_no_public_field_of_a_hidden_entry_can_say_its_secrets(session: Session, hidden: Service, what: str) -> None:
    record = read(session, hidden.id).model_copy(update=SAYING[what])
    for act in (
        lambda: write(session, record, by="import", source="import:1"),
        lambda: drafts.save_draft(session, record, by=EDITOR),
    ):
        with pytest.raises(SecretInPublicError) as caught:
            act()
        assert "Banyan" not in repr(caught.value).title()
        assert caught.value.path.split(".")[0] in SAYING[what]


def test_what_the_public_entry_already_says_cannot_become_the_secret(session: Session) -> None:
    service = published(session, house(description="77 Quiet Banyan Lane"))
    with pytest.raises(SecretInPublicError):
        guarding.remember(session, where(session, service).id, SECRET, by="u", reason="x")  # type: ignore[arg-type]


def test_an_import_cannot_open_a_hidden_entry(session: Session, hidden: Service) -> None:
    record = read(session, hidden.id)
    open_place = record.locations[0].model_copy(
        update={"is_confidential": False, "latitude": 23.81234, "longitude": 90.43219}
    )
    for change in (
        {"is_confidential": False},
        {"is_confidential": False, "locations": (open_place,)},
    ):
        with pytest.raises(UnhideError):
            write(session, record.model_copy(update=change), by="import", source="import:1")


@pytest.mark.parametrize(
    "values",
    [
        {"phones": (PhoneRecord(number="500-555-0190"),)},
        {"locations": (LocationRecord(country="BD", phones=(PhoneRecord(number="+15005550190"),)),)},
        {"locations": (LocationRecord(country="BD", addresses=(AddressRecord(address_1="77 QUIET Banyan lane", country="BD"),)),)},
    ],
)  # fmt: skip
def test_another_entry_of_a_file_cannot_bring_the_house_back(
    session: Session, hidden: Service, values: dict[str, object]
) -> None:
    another = entry("Another", organization=OrganizationRecord(name="Another"), **({"phones": ()} | values))
    with pytest.raises(SecretInPublicError):
        write(session, another, by="import", source="import:1")


def test_only_who_may_read_the_address_may_approve_that_it_becomes_public(session: Session, hidden: Service) -> None:
    clock = Clock()
    record = read(session, hidden.id)
    opened = record.locations[0].model_copy(update={"is_confidential": False})
    record = record.model_copy(update={"is_confidential": False, "locations": (opened,)})
    revision = drafts.save_draft(session, record, by=EDITOR, at=clock())
    drafts.submit(session, revision.id, by=EDITOR, at=clock())
    with pytest.raises(UnhideError):
        drafts.approve(session, revision.id, by=APPROVER, four_eyes=True, at=clock())
    drafts.approve(session, revision.id, by=APPROVER, four_eyes=True, may_unhide=True, at=clock())
    assert not where(session, hidden).is_confidential


def everything_but_the_table(session: Session) -> str:
    tables = [
        name
        for (name,) in session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        if name not in ("confidential_address", "place", "place_name")
    ]
    return "\n".join(str(session.execute(text(f'SELECT * FROM "{name}"')).all()) for name in tables)  # noqa: S608


def test_hiding_moves_the_address_and_cleans_history_drafts_and_imports(session: Session) -> None:
    clock = Clock()
    place = LocationRecord(
        name="Villa Quiet", country="BD", latitude=23.81234, longitude=90.43219, city="Dhaka", description="Blue door",
        addresses=(AddressRecord(address_1="77 Quiet Banyan Lane", city="Dhaka", country="BD"),),
        phones=(PhoneRecord(number="+15005550190"),),
    )  # fmt: skip
    service = published(session, entry("House", locations=(place,), description="At 77 Quiet Banyan Lane."))
    public = read(session, service.id)
    batch = ImportBatch(format="x", file_name="x", digest="x", by="x")
    session.add(batch)
    session.flush()
    session.add(
        ImportChange(
            batch_id=batch.id,
            service_id=service.id,
            action="update",
            before=public.model_dump(mode="json"),
            after_hash="x",
        )
    )
    earlier = drafts.save_draft(session, public.model_copy(update={"fees_description": "Free"}), by=EDITOR, at=clock())
    drafts.submit(session, earlier.id, by=EDITOR, at=clock())
    drafts.approve(session, earlier.id, by=APPROVER, four_eyes=True, at=clock())
    assert all(word in everything_but_the_table(session) for word in ("Banyan", "23.81234", "0190", "Blue door"))
    closed = LocationRecord(
        id=where(session, service).id, country="BD", latitude=23.8, longitude=90.4, city="Dhaka", is_confidential=True
    )
    record = read(session, service.id).model_copy(
        update={"is_confidential": True, "locations": (closed,), "description": "A house."}
    )
    with pytest.raises(SecretInPublicError):  # whoever hides an entry cleans its words first
        write(
            session, record.model_copy(update={"description": public.description}), by=EDITOR, source="form", at=clock()
        )
    write(session, record, by=EDITOR, source="form", at=clock())
    kept = confidential.all_details(session, [closed.id])  # type: ignore[list-item]
    assert kept == [TrueDetails("77 Quiet Banyan Lane, Dhaka", (23.81234, 90.43219), ("+15005550190",))]
    left = everything_but_the_table(session)
    for word in ("Banyan", "banyan", "23.81", "90.43", "0190", "Blue door", "Villa"):
        assert word not in left, word
    assert "fees_description" in {row.field_name for row in session.query(Metadata)}, "the rest of the history stays"
    before = state_at(session, service.id, START)
    assert before.is_confidential
    assert all(location.is_confidential and not location.addresses for location in before.locations)
    restored = ServiceRecord.model_validate(session.query(Revision).one().record)
    assert restored.locations[0].is_confidential


def test_seeded_details_are_still_bound_to_their_row(session: Session, hidden: Service) -> None:
    row = session.query(ConfidentialAddress).one()
    assert row.address == SECRET.address
    assert session.get_one(Location, row.location_id).is_confidential
