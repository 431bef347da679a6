"""Two entries that are one service: found, decided once, and what is decided stays decided."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from directory.errors import ListingError, UnknownEntryError
from directory.records import LocationRecord, OrganizationRecord, PhoneRecord, ServiceRecord
from directory.review import listing, twins
from directory.review.history import history
from tests.integration.directory.entries import EDITOR, entry, published

NUMBER = (PhoneRecord(number="+15005550123"),)


def found(session: Session) -> list[tuple[set[UUID], str]]:
    return [({one.first_id, one.second_id}, one.reason) for one in twins.pairs(session)]


def other_house(name: str, **values: object) -> ServiceRecord:
    return entry(name, organization=OrganizationRecord(name="Other House (example)"), **values)


def test_a_number_and_a_name_that_is_alike_or_the_same_name_of_a_house_make_a_pair(session: Session) -> None:
    one = published(session, entry("Night beds for women", phones=NUMBER))
    alike = published(session, other_house("Night beds for woman", phones=NUMBER))
    published(session, other_house("Legal advice", phones=NUMBER))
    assert found(session) == [({one.id, alike.id}, "number")]
    again = published(session, entry("night beds for women", phones=()))
    assert ({one.id, again.id}, "same") in found(session)


def test_the_same_keeps_one_and_archives_the_other_with_its_history(session: Session) -> None:
    one = published(session, entry("Night beds", phones=NUMBER))
    other = published(session, other_house("Night beds", phones=NUMBER))
    twins.same(session, one.id, other.id, by=EDITOR)
    assert (one.listing, other.listing) == ("published", "archived")
    assert str(one.id) in (other.listing_reason or "")
    assert ("listing", EDITOR) in {(row.path, row.by) for row in history(session, other.id)}
    assert found(session) == []
    assert twins.of_entry(session, one.id) == []
    with pytest.raises(ListingError):
        twins.same(session, one.id, other.id, by=EDITOR)


def test_not_the_same_is_remembered_for_the_pair_and_for_no_other(session: Session) -> None:
    one = published(session, entry("Night beds", phones=NUMBER))
    other = published(session, other_house("Night beds", phones=NUMBER))
    twins.different(session, other.id, one.id, by=EDITOR)
    twins.different(session, one.id, other.id, by=EDITOR)
    assert found(session) == []
    third = published(session, other_house("Night bed", phones=NUMBER))
    assert {frozenset(pair) for pair, _ in found(session)} == {
        frozenset({one.id, third.id}),
        frozenset({other.id, third.id}),
    }


def test_a_name_alike_nearby_is_shown_on_the_entry_although_no_number_is_shared(session: Session) -> None:
    def at(longitude: float) -> tuple[LocationRecord, ...]:
        return (LocationRecord(country="BD", city="Dhaka", latitude=23.81, longitude=longitude),)

    one = published(session, entry("Mirpur legal desk", phones=(), locations=at(90.41)))
    near = published(session, other_house("Mirpur legal desks", phones=(), locations=at(90.412)))
    published(session, other_house("Mirpur legal desk far", phones=(), locations=at(90.9)))
    assert [(pair.second_id, pair.reason) for pair in twins.of_entry(session, one.id)] == [(near.id, "name")]


def test_what_is_not_there_or_one_with_itself_is_no_pair(session: Session) -> None:
    one = published(session)
    for act in (twins.same, twins.different):
        for pair in ((one.id, one.id), (uuid4(), one.id)):
            with pytest.raises(UnknownEntryError):
                act(session, *pair, by=EDITOR)
    listing.archive(session, one.id, by=EDITOR, reason="ended")
    assert twins.pairs(session) == []
