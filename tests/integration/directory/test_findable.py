"""The rows that the search reads follow every change of an entry, whoever makes it."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, delete, insert, select, text, update
from sqlalchemy.orm import Session

from core.database import Base
from directory.findable import filled_once, rebuild
from directory.models import (
    Location,
    Organization,
    Schedule,
    Service,
    ServiceArea,
    ServiceAtLocation,
    ServiceLanguage,
    ServiceNeed,
)
from directory.review.verification import verify
from tests.integration.directory.builders import DAY, add_service

AT = (23.8, 90.4)
DAY_ONE = date(2026, 12, 1)


@pytest.fixture
def organization_(session: Session) -> Organization:
    organization = Organization(name="Builder's own")
    session.add(organization)
    session.flush()
    return organization


@pytest.fixture
def service(session: Session, organization_: Organization) -> Service:
    return add_service(session, organization_, "it", at=AT, languages=("bn",), hours=(DAY,), needs=("shelter",))


def rows(session: Session) -> list[Any]:
    session.flush()
    return list(session.execute(text("SELECT (to_jsonb(f) - 'id')::text FROM findable AS f ORDER BY 1")).scalars())


CHANGES: dict[str, Executable | Callable[[Service], Base]] = {
    "a need more": lambda it: ServiceNeed(service_id=it.id, need="health"),
    "another need": update(ServiceNeed).values(need="legal"),
    "a need less": delete(ServiceNeed),
    "a language more": lambda it: ServiceLanguage(service_id=it.id, language="fr"),
    "a language less": delete(ServiceLanguage),
    "own hours": lambda it: Schedule(service_id=it.id, kind="always", timezone="UTC"),
    "a closure of the door": lambda it: Schedule(
        location_id=it.at_locations[0].location_id, kind="closure", timezone="UTC", valid_from=DAY_ONE, valid_to=DAY_ONE
    ),
    "other hours": update(Schedule).values(opens_at=time(9, 30)),
    "no hours": delete(Schedule),
    "moved": update(Location).values(latitude=24.5),
    "without a point": update(Location).values(latitude=None, longitude=None),
    "the door gone": delete(Location),
    "not at the door any more": delete(ServiceAtLocation),
    "for the whole country": lambda it: ServiceArea(service_id=it.id, country="BD"),
    "comes to a circle": lambda it: ServiceArea(service_id=it.id, country="BD", latitude=23.8, longitude=90.4, radius_km=20),
    "a hotline": update(Service).values(is_hotline=True),
    "withdrawn": update(Service).values(listing="withdrawn"),
    "closed for now": update(Service).values(status="temporarily_closed", closed_until=DAY_ONE),
    "ended": update(Service).values(status="defunct"),
    "for women": update(Service).values(eligible_sex="female", minimum_age=16),
    "for some nationalities": update(Service).values(eligible_nationalities=["MM", "IN"]),
    "invented": update(Service).values(is_example=True),
    "of an invented organization": update(Organization).values(is_example=True),
    "hidden, at a door that is not": update(Service).values(is_confidential=True),
    "in another country": update(Service).values(country="MA"),
    "deleted": delete(Service),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_in_what_the_search_reads_at_once(
    session: Session, service: Service, change: Executable | Callable[[Service], Base]
) -> None:
    before = rows(session)
    assert len(before) == 1
    if isinstance(change, Executable):
        session.execute(change)
    else:
        session.add(change(service))
    after = rows(session)
    assert after != before
    rebuild(session)
    assert rows(session) == after


def test_a_verification_is_in_what_the_search_reads_at_once(session: Session, service: Service) -> None:
    before = rows(session)
    verify(session, service.id, method="visit", by="tester", on=DAY_ONE - timedelta(days=30))
    after = rows(session)
    assert after != before
    rebuild(session)
    assert rows(session) == after


def test_a_service_that_is_published_later_is_found_from_then_on(session: Session, organization_: Organization) -> None:
    service = add_service(session, organization_, "it", at=AT, listing="draft")
    assert rows(session) == []
    service.listing = "published"
    assert len(rows(session)) == 1


def test_what_the_search_does_not_read_costs_it_nothing(session: Session, service: Service) -> None:
    first = session.execute(text("SELECT max(id) FROM findable")).scalar()
    service.description = "other words"
    session.flush()
    assert session.execute(text("SELECT max(id) FROM findable")).scalar() == first


def test_a_big_load_is_made_findable_once_at_its_end(session: Session, organization_: Organization) -> None:
    with filled_once(session):
        add_service(session, organization_, "it", at=AT)
        assert rows(session) == []
    assert len(rows(session)) == 1
    service = session.scalars(select(Service)).one()
    session.execute(insert(ServiceNeed).values(service_id=service.id, need="legal"))
    assert len(rows(session)) == 2
