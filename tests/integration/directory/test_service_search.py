from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from directory.models import Organization
from directory.places import look_up
from directory.search import SearchRequest, SearchResult, find
from tests.integration.directory.builders import DAY, NIGHT, UNKNOWN, add_service

NOON = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 12:00 in Dhaka
MIDNIGHT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
DHAKA = (23.79, 90.41)
FRESH, STALE = date(2026, 11, 1), date(2024, 1, 1)


def north(km: float) -> tuple[float, float]:
    return DHAKA[0] + km / 111.2, DHAKA[1]


@pytest.fixture
def request_(world: Session) -> SearchRequest:
    return SearchRequest("BD", ("shelter",), look_up(world, "Dhaka", "BD")[0].id, limit=10)


def names(result: SearchResult) -> list[str]:
    return [service.name for service in result.services]


FRENCH = {"language": "fr"}
RANKING: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], datetime]] = [
    # what decides, the better one, the other one, the request, the moment
    ("open before closed", {"hours": (NIGHT,), "at": north(9)}, {"hours": (DAY,), "at": north(1)}, {}, MIDNIGHT),
    ("open before unknown", {"hours": (DAY,), "at": north(9)}, {"hours": (UNKNOWN,), "at": north(1)}, {}, NOON),
    ("unknown before closed", {"hours": (UNKNOWN,), "at": north(9)}, {"hours": (NIGHT,), "at": north(1)}, {}, NOON),
    ("no hours are unknown hours", {"hours": (), "at": north(9)}, {"hours": (NIGHT,), "at": north(1)}, {}, NOON),
    ("spoken to before near", {"languages": ("bn", "fr"), "at": north(9)}, {"languages": ("bn",), "at": north(1)}, FRENCH, NOON),
    ("open before spoken", {"languages": ("bn",), "at": north(9)}, {"hours": (NIGHT,), "languages": ("fr",), "at": north(1)}, FRENCH, NOON),
    ("surely for them before perhaps", {"at": north(9)}, {"at": north(1), "eligible_sex": "female"}, {}, NOON),
    ("near before far", {"at": north(3)}, {"at": north(30), "assured_date": FRESH}, {}, NOON),
    ("fresh before stale", {"at": north(3), "assured_date": FRESH}, {"at": north(3), "assured_date": STALE}, {}, NOON),
    ("stale before never confirmed", {"at": north(3), "assured_date": STALE}, {"at": north(3)}, {}, NOON),
    ("a place before a team that comes", {"at": north(3)}, {"at": north(3), "area_km": 20.0}, {}, NOON),
]  # fmt: skip


@pytest.mark.parametrize(
    ("better", "other", "asked", "moment"), [row[1:] for row in RANKING], ids=[row[0] for row in RANKING]
)
def test_the_order_of_what_is_named(
    world: Session, organization: Organization, request_: SearchRequest, *,
    better: dict[str, Any], other: dict[str, Any], asked: dict[str, Any], moment: datetime,
) -> None:  # fmt: skip
    # Written in both orders: nothing may depend on which row came first.
    for first, second in (("better", "other"), ("other", "better")):
        with world.begin_nested() as nested:
            for name in (first, second):
                add_service(world, organization, name, **(better if name == "better" else other))
            assert names(find(world, replace(request_, **asked), at=moment)) == ["better", "other"]
            nested.rollback()


@pytest.mark.parametrize(
    ("service", "asked", "shown"),
    [
        ({"needs": ("health",)}, {}, False),
        ({"needs": ()}, {}, False),
        ({"needs": ("health", "shelter")}, {}, True),
        ({"status": "inactive"}, {}, False),
        ({"status": "temporarily_closed"}, {}, False),
        ({"status": "defunct"}, {}, False),
        ({"country": "MA"}, {}, False),
        ({"is_example": True}, {}, False),
        ({"is_example": True}, {"demonstration": True}, True),
        # age
        ({"maximum_age": 17}, {"under_18": False}, False),
        ({"maximum_age": 17}, {"under_18": True}, True),
        ({"maximum_age": 17}, {"under_18": None}, True),
        ({"minimum_age": 18}, {"under_18": True}, False),
        ({"minimum_age": 18}, {"under_18": False}, True),
        ({"minimum_age": 18}, {"under_18": None}, True),
        ({"minimum_age": 12, "maximum_age": 25}, {"under_18": True}, True),
        ({"minimum_age": 12, "maximum_age": 25}, {"under_18": False}, True),
        ({"maximum_age": 17}, {"age": 17.9}, True),
        ({"maximum_age": 17}, {"age": 18.0}, False),
        ({"minimum_age": 18}, {"age": 17.9}, False),
        ({"minimum_age": 18}, {"age": 18.0}, True),
        # sex
        ({"eligible_sex": "female"}, {"sex": "male"}, False),
        ({"eligible_sex": "female"}, {"sex": "female"}, True),
        ({"eligible_sex": "female"}, {"sex": None}, True),
        ({"eligible_sex": "any"}, {"sex": "male"}, True),
    ],
)
def test_nobody_is_sent_where_they_would_be_turned_away(
    world: Session, organization: Organization, request_: SearchRequest, *,
    service: dict[str, Any], asked: dict[str, Any], shown: bool,
) -> None:  # fmt: skip
    add_service(world, organization, "it", at=north(2), **service)
    assert names(find(world, replace(request_, **asked), at=NOON)) == (["it"] if shown else [])
    assert names(find(world, replace(request_, place_id=None, **asked), at=NOON)) == (["it"] if shown else [])


def test_an_example_organization_hides_all_it_has(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    organization.is_example = True
    add_service(world, organization, "it", at=north(2))
    assert names(find(world, request_, at=NOON)) == []
    assert names(find(world, replace(request_, demonstration=True), at=NOON)) == ["it"]


@pytest.mark.parametrize(
    ("km", "relaxed"), [(49, ()), (51, ("radius_200",)), (199, ("radius_200",)), (230, ("radius_200", "country"))]
)
def test_what_was_widened_is_named(
    world: Session, organization: Organization, request_: SearchRequest, km: float, relaxed: tuple[str, ...]
) -> None:
    place = look_up(world, "Dhaka", "BD")[0]
    add_service(world, organization, "it", at=(place.latitude + km / 111.195, place.longitude))
    result = find(world, request_, at=NOON)
    assert (names(result), result.relaxed) == (["it"], relaxed)


def test_beyond_the_border_nothing_is_ever_found(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "near but abroad", at=north(1), country="MA")
    result = find(world, request_, at=NOON)
    assert names(result) == []
    assert result.relaxed == ("radius_200", "country")


def test_a_place_of_another_country_than_the_one_said_is_left_aside(world: Session, organization: Organization) -> None:
    add_service(world, organization, "it", at=north(2))
    elsewhere = look_up(world, "Casablanca", "MA")[0]
    result = find(world, SearchRequest("BD", ("shelter",), elsewhere.id), at=NOON)
    assert (names(result), result.place, result.services[0].distance_km) == (["it"], None, None)


def test_the_country_may_be_left_to_the_place(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "it", at=north(2))
    result = find(world, replace(request_, country=None), at=NOON)
    assert (names(result), result.country) == (["it"], "BD")
    assert find(world, SearchRequest(None, ("shelter",)), at=NOON).services == ()


def test_without_a_need_nothing_is_named(world: Session, organization: Organization, request_: SearchRequest) -> None:
    add_service(world, organization, "it", at=north(2))
    assert find(world, replace(request_, needs=()), at=NOON).services == ()


def test_the_line_is_named_last_and_only_when_nothing_is_near(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "line", is_hotline=True, nationwide=True)
    add_service(world, organization, "line for other needs", is_hotline=True, nationwide=True, needs=("health",))
    assert names(find(world, request_, at=NOON)) == ["line"]
    for number in range(3):
        add_service(world, organization, f"far {number}", at=north(100))
    result = find(world, replace(request_, limit=3), at=NOON)
    assert result.relaxed == ("radius_200", "hotline")
    assert [name[:4] for name in names(result)] == ["far ", "far ", "line"]
    add_service(world, organization, "near", at=north(1), hours=(NIGHT,))
    assert names(find(world, request_, at=NOON)) == ["near"]


def test_a_team_is_named_inside_its_circle_and_without_a_distance(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "comes", at=north(15), area_km=20.0)
    add_service(world, organization, "does not come", at=north(25), area_km=20.0)
    result = find(world, request_, at=NOON)
    assert (names(result), result.services[0].distance_km) == (["comes"], None)


def test_a_service_for_the_whole_country_is_named_beside_what_is_near(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "by telephone", nationwide=True, needs=("legal",))
    assert names(find(world, replace(request_, needs=("legal",)), at=NOON)) == ["by telephone"]


def test_three_are_named_and_no_more(world: Session, organization: Organization) -> None:
    for number in range(7):
        add_service(world, organization, f"it {number}", at=north(number + 1))
    place = look_up(world, "Dhaka", "BD")[0]
    assert names(find(world, SearchRequest("BD", ("shelter",), place.id), at=NOON)) == ["it 0", "it 1", "it 2"]


def test_a_text_is_shown_in_the_persons_language_once_somebody_approved_it(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    texts = {"fr": ("en français", "approved"), "bn": ("বাংলা", "draft"), "en": ("in English", "approved")}
    add_service(world, organization, "own name", at=north(1), texts=texts)
    shown = {
        language: find(world, replace(request_, language=language), at=NOON).services[0].name
        for language in ("fr", "bn", "ar", None)
    }
    assert shown == {"fr": "en français", "bn": "in English", "ar": "in English", None: "in English"}
    add_service(world, organization, "only its own", at=north(1), needs=("talk",))
    found = find(world, replace(request_, needs=("talk",)), at=NOON).services[0]
    assert (found.name, found.language) == ("only its own", None)


def test_an_unverified_telephone_number_is_shown_in_a_demonstration_only(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    add_service(world, organization, "verified", at=north(1), phone=("+15005550001", FRESH))
    add_service(world, organization, "unverified", at=north(2), phone=("+15005550002", None))
    told = {service.name: service.phones for service in find(world, request_, at=NOON).services}
    assert told == {"verified": ("+15005550001",), "unverified": ()}
    shown = {s.name: s.phones for s in find(world, replace(request_, demonstration=True), at=NOON).services}
    assert shown == {"verified": ("+15005550001",), "unverified": ("+15005550002",)}


def test_a_service_with_two_doors_is_named_once_at_the_nearer_one(
    world: Session, organization: Organization, request_: SearchRequest
) -> None:
    from directory.models import Address, Location, ServiceAtLocation

    service = add_service(world, organization, "it", at=north(30))
    nearer = Location(organization_id=organization.id, country="BD", latitude=DHAKA[0], longitude=DHAKA[1])
    nearer.addresses = [Address(address_1="near door", country="BD")]
    world.add(nearer)
    world.flush()
    world.add(ServiceAtLocation(service_id=service.id, location_id=nearer.id))
    world.flush()
    result = find(world, request_, at=NOON)
    assert names(result) == ["it"]
    assert result.services[0].address == "near door"
    assert result.services[0].distance_km is not None
    assert result.services[0].distance_km < 2
