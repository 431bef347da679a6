"""What the search refuses, widens and says, beyond the order that `test_service_search` holds."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from directory.models import Organization, Phone, ServiceText
from directory.places import look_up
from directory.search import SearchRequest, SearchResult, find
from tests.integration.directory.builders import ALWAYS, DAY, add_service

NOON = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 12:00 in Dhaka
NIGHT = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DAY_AFTER, DAY_BEFORE = TODAY + timedelta(days=1), TODAY - timedelta(days=1)


@pytest.fixture
def request_(world: Session) -> SearchRequest:
    return SearchRequest("BD", ("shelter",), look_up(world, "Dhaka", "BD")[0].id, limit=10)


def north(world: Session, km: float) -> tuple[float, float]:
    place = look_up(world, "Dhaka", "BD")[0]
    return place.latitude + km / 111.195, place.longitude


def names(result: SearchResult) -> list[str]:
    return [service.name for service in result.services]


@pytest.mark.parametrize(
    ("service", "asked", "shown"),
    [
        ({"eligible_nationalities": ["MM"]}, {"nationality": "MM"}, True),
        ({"eligible_nationalities": ["MM"]}, {"nationality": "IN"}, False),
        ({"eligible_nationalities": ["MM"]}, {}, True),
        ({"eligible_nationalities": []}, {"nationality": "IN"}, True),
        ({"eligible_nationalities": None}, {"nationality": "IN"}, True),
        ({"legal_status": "required"}, {"has_papers": False}, False),
        ({"legal_status": "required"}, {"has_papers": True}, True),
        ({"legal_status": "required"}, {}, True),
        ({"legal_status": "unknown"}, {"has_papers": False}, True),
        ({"children_accompanying": False}, {"with_children": True}, False),
        ({"children_accompanying": False}, {"with_children": False}, True),
        ({"children_accompanying": False}, {}, True),
        ({"children_accompanying": None}, {"with_children": True}, True),
        # who is asking, in one word
        ({"maximum_age": 17}, {"who": "child"}, True),
        ({"minimum_age": 18}, {"who": "child"}, False),
        ({"maximum_age": 17}, {"who": "adult"}, False),
        ({"eligible_sex": "male"}, {"who": "woman"}, False),
        ({"eligible_sex": "female"}, {"who": "woman"}, True),
        ({"eligible_sex": "female"}, {"who": "adult"}, True),
        ({"children_accompanying": False}, {"who": "family"}, False),
        # what is said more exactly counts more
        ({"minimum_age": 18}, {"who": "child", "age": 19.0}, True),
        ({"maximum_age": 17}, {"who": "adult", "under_18": True}, True),
        # closed for a while
        ({"status": "temporarily_closed", "closed_until": DAY_AFTER}, {}, True),
        ({"status": "temporarily_closed", "closed_until": TODAY}, {}, False),
        ({"status": "temporarily_closed", "closed_until": None}, {}, False),
        ({"status": "inactive", "closed_until": DAY_AFTER}, {}, False),
        *(({"listing": listing}, {}, False) for listing in ("draft", "withdrawn", "suspended", "archived", "do_not_list")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["near", "by telephone", "a line"])
def test_only_what_would_turn_a_person_away_is_left_out(
    world: Session, organization: Organization, request_: SearchRequest, where: str, *,
    service: dict[str, Any], asked: dict[str, Any], shown: bool,
) -> None:  # fmt: skip
    doors: dict[str, dict[str, Any]] = {
        "near": {"at": north(world, 2)}, "by telephone": {"nationwide": True}, "a line": {"nationwide": True, "is_hotline": True},
    }  # fmt: skip
    add_service(world, organization, "it", **doors[where], **service)
    assert names(find(world, replace(request_, **asked), at=NOON)) == (["it"] if shown else [])


def test_what_opens_again_is_named_last_with_its_day_and_never_as_open(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    reopens = {"status": "temporarily_closed", "closed_until": DAY_AFTER}
    add_service(world, organization, "closed for now", at=north(world, 1), hours=(ALWAYS,), **reopens)
    add_service(world, organization, "far", at=north(world, 45), hours=(DAY,))
    found = find(world, request_, at=NIGHT).services
    assert [one.name for one in found] == ["far", "closed for now"]
    assert (found[1].reopens, found[1].hours.kind, found[1].hours.opens_at) == (DAY_AFTER, "closed", None)
    assert "reopens" in found[1].reasons
    assert not {"open_now", "opens_later"} & set(found[1].reasons)


@pytest.mark.parametrize(
    ("until", "moment", "told"),
    [
        (TODAY, NOON, True),
        (DAY_BEFORE, NOON, False),
        # the last day of a notice ends at the service's midnight, not at that of Greenwich
        (DAY_BEFORE, datetime(2026, 11, 22, 17, 59, tzinfo=UTC), True),
        (DAY_BEFORE, datetime(2026, 11, 22, 18, 0, tzinfo=UTC), False),
        (None, NOON, False),
    ],
)
def test_an_alert_that_has_expired_is_never_told(
    world: Session, organization: Organization, request_: SearchRequest, *, until: date | None, moment: datetime, told: bool
) -> None:  # fmt: skip
    service = add_service(world, organization, "it", at=north(world, 2), alert="No water", alert_until=until)
    assert find(world, request_, at=moment).services[0].alert == ("No water" if told else None)
    service.texts = [ServiceText(language="fr", name="it", alert="Pas d'eau", state="approved")]
    world.flush()
    french = find(world, replace(request_, language="fr"), at=moment).services[0].alert
    assert french == ("Pas d'eau" if told else None)


def test_beyond_two_hundred_kilometres_who_answers_at_once_comes_first(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "far", at=north(world, 230))
    add_service(world, organization, "line", is_hotline=True, nationwide=True)
    result = find(world, request_, at=NOON)
    assert (names(result), result.relaxed) == (["line", "far"], ("radius_200", "country", "hotline"))
    assert result.offer_person
    assert "far" in result.services[1].reasons
    assert "near" not in result.services[1].reasons
    assert result.services[1].distance_km == pytest.approx(230, abs=1)


def test_where_no_line_answers_the_need_one_to_talk_to_is_named(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "line to talk", is_hotline=True, nationwide=True, needs=("talk",))
    add_service(world, organization, "line of another", is_hotline=True, nationwide=True, needs=("work",))
    result = find(world, request_, at=NOON)
    assert (names(result), result.relaxed[-1]) == (["line to talk"], "hotline")
    add_service(world, organization, "line for this", is_hotline=True, nationwide=True)
    assert names(find(world, request_, at=NOON)) == ["line for this"]


def test_an_empty_answer_offers_a_person_and_a_full_one_need_not(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    assert find(world, request_, at=NOON).offer_person
    add_service(world, organization, "it", at=north(world, 2))
    assert not find(world, request_, at=NOON).offer_person


def test_the_open_door_and_the_one_that_speaks_the_language_are_seen_behind_many_nearer_ones(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    for number in range(60):
        at = north(world, 1 + number / 100)
        add_service(world, organization, f"near {number}", at=at, hours=(DAY,), languages=("bn",), flush=False)
    add_service(world, organization, "never closes", at=north(world, 20), hours=(ALWAYS,))
    add_service(world, organization, "speaks", at=north(world, 30), hours=(DAY,), languages=("fr",))
    found = names(find(world, replace(request_, language="fr"), at=NIGHT))
    assert found[:2] == ["never closes", "speaks"]
    assert len(found) == 10


def test_who_must_go_now_is_sent_to_an_open_door_before_a_near_one(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "near and closed", at=north(world, 2), hours=(DAY,))
    add_service(world, organization, "by telephone, open", nationwide=True, hours=(ALWAYS,))
    assert names(find(world, replace(request_, open_now=True), at=NIGHT))[0] == "by telephone, open"


def test_several_needs_are_searched_at_once_and_a_service_for_both_is_named_once(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "both", at=north(world, 1), needs=("shelter", "legal"))
    add_service(world, organization, "one", at=north(world, 2), needs=("legal",))
    assert names(find(world, replace(request_, needs=("shelter", "legal")), at=NOON)) == ["both", "one"]


def test_a_number_of_the_door_is_told_after_the_service_s_own_but_never_one_of_a_hidden_door(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    verified = {"verified_by": "tester", "verified_on": TODAY}
    own = ("+15005550001", TODAY)
    for name, hidden in (("open", False), ("hidden", True)):
        point = (23.8, 90.4) if hidden else north(world, 1)
        service = add_service(
            world, organization, name, at=point, phone=own, is_confidential=False,
            location=None if not hidden else {"is_confidential": False},
        )  # fmt: skip
        location = service.at_locations[0].location
        if hidden:
            location.addresses = []
            world.flush()
            location.is_confidential = True
        world.add(Phone(location_id=location.id, number="+15005550009", **verified))
        world.flush()
    told = {one.name: one.phones for one in find(world, request_, at=NOON).services}
    assert told == {"open": ("+15005550001", "+15005550009"), "hidden": ("+15005550001",)}
