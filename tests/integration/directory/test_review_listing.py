"""People are told of published entries only, and what may never be listed does not come back by another door."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from directory.errors import DoNotListError, ListingError, ReasonNeededError
from directory.models import LISTINGS, Service
from directory.records import ContactRecord, LocationRecord, OrganizationRecord, PhoneRecord, ServiceRecord
from directory.review import drafts, listing
from directory.review.history import history
from directory.search import SearchRequest, find
from directory.writing import read, write
from tests.integration.directory.entries import EDITOR, START, Clock, entry, published

MOVES = {
    "published": lambda session, service: listing.publish(session, service.id, by=EDITOR),
    "suspended": lambda session, service: listing.suspend(session, service.id, by=EDITOR, reason="doubt"),
    "withdrawn": lambda session, service: listing.withdraw(session, service.id, by=EDITOR, reason="unconfirmed"),
    "archived": lambda session, service: listing.archive(session, service.id, by=EDITOR, reason="ended"),
    "do_not_list": lambda session, service: listing.do_not_list(session, service.id, by=EDITOR, reason="harm"),
}


def told(session: Session) -> list[str]:
    request = SearchRequest("BD", ("shelter",), demonstration=True, limit=9)
    return [service.name for service in find(session, request, at=START).services]


def everywhere(**values: object) -> ServiceRecord:
    return entry(areas=({"country": "BD"},), **values)


@pytest.mark.parametrize("start", LISTINGS)
@pytest.mark.parametrize("wanted", MOVES)
def test_an_entry_moves_as_the_table_says_and_only_published_ones_are_told(
    session: Session, start: str, wanted: str
) -> None:
    service = published(session, ServiceRecord.model_validate(everywhere().model_dump()))
    service.listing = start
    session.flush()
    if wanted in listing.MOVES[start]:
        MOVES[wanted](session, service)
        assert service.listing == wanted
        row = history(session, service.id, path="listing")[0]
        assert (row.before, row.after, row.by) == (start, wanted, EDITOR)
    else:
        with pytest.raises(ListingError):
            MOVES[wanted](session, service)
        assert service.listing == start
    assert told(session) == (["Night beds (example)"] if service.listing == "published" else [])


def test_every_listing_can_be_left_by_a_person() -> None:
    assert set(listing.MOVES) == set(LISTINGS)
    assert all(listing.MOVES.values())
    assert "published" not in listing.MOVES["do_not_list"]


@pytest.mark.parametrize("act", [listing.suspend, listing.withdraw, listing.archive, listing.do_not_list])
def test_nothing_is_taken_out_without_a_reason(session: Session, act: object) -> None:
    service = published(session)
    with pytest.raises(ReasonNeededError):
        act(session, service.id, by=EDITOR, reason=" ")  # type: ignore[operator]
    listing.suspend(session, service.id, by=EDITOR, reason="doubt")
    assert service.listing_reason == "doubt"
    assert service.listing_since > START
    listing.publish(session, service.id, by=EDITOR)
    assert service.listing_reason is None


OTHERS = {
    "the number": entry("Another name", organization=OrganizationRecord(name="Another")),
    "the number without the country's code": entry(
        "B", organization=OrganizationRecord(name="O"), phones=(PhoneRecord(number="0500 555-0100"),)
    ),
    "a contact's number": entry(
        "C", organization=OrganizationRecord(name="O"), phones=(),
        contacts=(ContactRecord(phones=(PhoneRecord(number="+15005550100"),)),),
    ),
    "a location's number": entry(
        "D", organization=OrganizationRecord(name="O"), phones=(),
        locations=(LocationRecord(country="BD", phones=(PhoneRecord(number="+15005550100"),)),),
    ),
    "the name, written otherwise": entry("NIGHT  beds (EXAMPLE)", phones=()),
}  # fmt: skip


@pytest.mark.parametrize("like", OTHERS)
def test_what_may_never_be_listed_is_not_added_again(session: Session, like: str) -> None:
    banned = published(session)
    listing.do_not_list(session, banned.id, by=EDITOR, reason="took passports")
    for act in (
        lambda: write(session, OTHERS[like], by="import", source="import:1"),
        lambda: drafts.save_draft(session, OTHERS[like], by=EDITOR),
    ):
        with pytest.raises(DoNotListError) as caught:
            act()
        assert (caught.value.service_id, caught.value.reason) == (banned.id, "took passports")
    assert session.query(Service).count() == 1


def test_another_entry_may_not_take_its_number_later_either(session: Session) -> None:
    banned = published(session)
    listing.do_not_list(session, banned.id, by=EDITOR, reason="harm")
    other = write(session, entry("Other", phones=()), by="tester", source="form").service
    with pytest.raises(DoNotListError):
        write(session, read(session, other.id).model_copy(update={"phones": entry().phones}), by="t", source="form")


def test_entries_that_shared_a_number_before_can_still_be_edited(session: Session) -> None:
    banned, sibling = published(session), published(session, entry("Soup"))
    listing.do_not_list(session, banned.id, by=EDITOR, reason="harm")
    record = read(session, sibling.id).model_copy(update={"description": "Soup at noon."})
    assert write(session, record, by=EDITOR, source="form").changes


def test_another_country_or_another_name_is_another_service(session: Session) -> None:
    banned = published(session)
    listing.do_not_list(session, banned.id, by=EDITOR, reason="harm")
    write(session, entry(country="BR"), by=EDITOR, source="form")
    write(session, entry("Day beds", phones=(PhoneRecord(number="+15005550111"),)), by=EDITOR, source="form")


def test_what_may_never_be_listed_is_not_edited_until_it_is_lifted_in_two_steps(session: Session) -> None:
    banned, clock = published(session), Clock()
    draft = drafts.save_draft(session, read(session, banned.id).model_copy(update={"description": "x"}), by=EDITOR)
    drafts.submit(session, draft.id, by=EDITOR)
    listing.do_not_list(session, banned.id, by=EDITOR, reason="harm", at=clock())
    for act in (
        lambda: drafts.approve(session, draft.id, by="other", four_eyes=True),
        lambda: drafts.save_draft(session, read(session, banned.id), by=EDITOR),
        lambda: listing.close_temporarily(session, banned.id, by=EDITOR, reason="x"),
    ):
        with pytest.raises(DoNotListError):
            act()
    listing.archive(session, banned.id, by=EDITOR, reason="mistaken for another", at=clock())
    listing.publish(session, banned.id, by=EDITOR, at=clock())
    assert [row.after for row in history(session, banned.id, path="listing")][:2] == ["published", "archived"]


def test_a_closed_entry_is_told_with_its_day_only_and_opens_again_by_itself_on_it(session: Session) -> None:
    service, clock = published(session, ServiceRecord.model_validate(everywhere().model_dump())), Clock()
    with pytest.raises(ReasonNeededError):
        listing.close_temporarily(session, service.id, by=EDITOR, reason="")
    listing.close_temporarily(session, service.id, by=EDITOR, reason="Repairs", until=date(2026, 11, 5), at=clock())
    request = SearchRequest("BD", ("shelter",), demonstration=True, limit=9)
    (closed,) = find(session, request, at=START).services
    assert (service.listing, closed.reopens, closed.hours.kind) == ("published", date(2026, 11, 5), "closed")
    assert listing.reopen_due(session, at=clock(days=2)) == []
    assert listing.reopen_due(session, at=clock(days=1)) == [service.id]
    record = read(session, service.id)
    assert (record.status, record.closed_until, record.closed_reason) == ("active", None, None)
    assert told(session) == ["Night beds (example)"]
    row = history(session, service.id, path="status")[0]
    assert (row.before, row.after, row.by) == ("temporarily_closed", "active", "system")
    assert service.assured_date is None


def test_closed_without_a_day_stays_closed_until_somebody_opens_it(session: Session) -> None:
    service, clock = published(session), Clock()
    listing.close_temporarily(session, service.id, by=EDITOR, reason="Flood", at=clock())
    assert listing.reopen_due(session, at=clock(days=400)) == []
    listing.reopen(session, service.id, by=EDITOR, at=clock())
    assert read(session, service.id).status == "active"
    assert listing.reopen(session, service.id, by=EDITOR, at=clock()).status == "active"
