"""The function that finds the candidates gives what its rules say: they are written here once more, in Python, over all rows."""

import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from directory.candidates import candidates
from directory.distance import kilometres
from directory.findable import Findable, filled_once
from directory.models import Organization, Place
from directory.search import SearchRequest
from tests.integration.directory.builders import ALWAYS, DAY, add_service

NOON = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TODAY = NOON.date()
HERE = (23.79, 90.41)
AGES: list[dict[str, int]] = [
    {},
    {},
    {"minimum_age": 16},
    {"minimum_age": 18},
    {"maximum_age": 17},
    {"minimum_age": 12, "maximum_age": 25},
]


@pytest.fixture(scope="module")
def stocked(directory_engine: Engine, module_cipher: object) -> Iterator[Session]:
    """More services of each kind than are looked at, every limit among them; no two at one spot."""
    with Session(directory_engine) as session:
        organization = Organization(name="Builder's own")
        session.add_all([
            organization,
            Place(id="here", name="Here", country="BD", place_type="locality", latitude=HERE[0], longitude=HERE[1], population=1),
        ])  # fmt: skip
        session.flush()
        with filled_once(session):
            stock(session, organization)
        yield session
        session.rollback()


def stock(session: Session, organization: Organization) -> None:
    chance = random.Random(3)
    for number in range(320):
        # Few circles: which of many are looked at depends on the corners of boxes that they do not reach.
        kind = number % 8 if number % 8 != 6 or number < 80 else 0
        add_service(
            session, organization, f"it {number}", flush=False,
            needs=chance.choice((("shelter",), ("shelter",), ("shelter", "talk"), ("talk",))),
            at=None if kind == 7 else (HERE[0] + chance.gauss(0, 0.5), HERE[1] + chance.gauss(0, 0.5)),
            area_km=chance.choice((5.0, 30.0, 80.0)) if kind == 6 else None, nationwide=kind == 7,
            is_hotline=kind == 7 and chance.random() < 0.5, country=chance.choice(("BD",) * 5 + ("MA",)),
            hours=(chance.choice((ALWAYS, DAY, DAY)),), languages=chance.choice((("bn",), ("bn", "fr"), ())),
            is_example=chance.random() < 0.1, eligible_sex=chance.choice(("any", "any", "female", "male")),
            **chance.choice(AGES),
            eligible_nationalities=chance.choice((None, None, ["MM"])),
            legal_status=chance.choice(("unknown", "required", "not_required")),
            children_accompanying=chance.choice((None, True, False)),
            assured_date=chance.choice((None, date(2026, 1, 1) + timedelta(days=number))),
            **({"status": "temporarily_closed", "closed_until": TODAY + timedelta(days=number % 3)} if number % 9 == 0 else {}),
        )  # fmt: skip


def takes(row: Findable, asked: SearchRequest) -> bool:
    """Whether nothing that is known of the person would turn them away."""
    low, high = row.minimum_age, row.maximum_age
    return (
        row.country == (asked.country or "BD")
        and (row.reopens is None or row.reopens > TODAY)
        and (asked.demonstration or not row.is_example)
        and (asked.age is None or ((low is None or low <= asked.age) and (high is None or math.floor(asked.age) <= high)))
        and not (asked.age is None and asked.under_18 is True and low is not None and low >= 18)
        and not (asked.age is None and asked.under_18 is False and high is not None and high < 18)
        and (asked.sex is None or row.eligible_sex in ("any", asked.sex))
        and (asked.nationality is None or row.eligible_nationalities is None or asked.nationality in row.eligible_nationalities)
        and not (asked.has_papers is False and row.legal_status == "required")
        and not (asked.with_children is True and row.children_accompanying is False)
    )  # fmt: skip


def expected(rows: list[Findable], asked: SearchRequest) -> set[tuple[object, str]]:
    """Service and door of what the function should find, before each service is kept once."""
    located = asked.place_id is not None and asked.country != "MA"

    def on_map(latitude: float, longitude: float) -> tuple[float, float]:
        return longitude, math.degrees(math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2)))

    def away(row: Findable) -> float:
        return math.dist(on_map(*HERE), on_map(row.latitude or 0.0, row.longitude or 0.0))

    def fresh(row: Findable) -> tuple[bool, int, object]:
        return (row.assured_date is None, -(row.assured_date or date.min).toordinal(), row.service_id)

    doors = {"place": 12, "country": 6, "hotline": 6} | ({"circle": 6} if located else {})
    rules = [(need, door, most) for need in asked.needs for door, most in doors.items()]
    found: set[tuple[object, str]] = set()
    for need, door, most in [*rules, ("talk", "hotline", 6)]:
        able = [row for row in rows if row.need == need and row.door == door and takes(row, asked)]
        if door == "circle":
            able = [
                row
                for row in able
                if kilometres(*HERE, row.latitude or 0.0, row.longitude or 0.0) <= (row.radius_km or 0.0)
            ]
        first = sorted(able, key=away if door == "place" and located else fresh)[:150]
        kind = lambda row: (asked.language in row.languages, row.always)  # noqa: E731
        for _, some in groupby(sorted(first, key=kind), key=kind):
            found |= {(row.service_id, row.door) for row in list(some)[:most]}
    return found


REQUESTS = st.builds(
    SearchRequest,
    country=st.sampled_from(["BD", "BD", "MA", None]),
    needs=st.sampled_from([("shelter",), ("talk",), ("shelter", "talk")]),
    place_id=st.sampled_from(["here", "here", None]),
    language=st.sampled_from(["fr", "bn", "ar", None]),
    under_18=st.sampled_from([None, True, False]),
    age=st.sampled_from([None, None, 16.0, 17.9, 18.0, 25.5]),
    sex=st.sampled_from([None, "female", "male"]),
    demonstration=st.booleans(),
    nationality=st.sampled_from([None, "MM", "IN"]),
    has_papers=st.sampled_from([None, True, False]),
    with_children=st.sampled_from([None, True, False]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=REQUESTS.filter(lambda one: bool(one.country or one.place_id)))
def test_the_function_finds_what_the_rules_say(stocked: Session, asked: SearchRequest) -> None:
    rows = list(stocked.scalars(select(Findable)))
    place, found = candidates(stocked, asked, NOON)
    assert (place is not None) == (asked.place_id is not None and asked.country != "MA")
    wanted = expected(rows, asked)
    assert {one.service_id for one in found} == {service_id for service_id, _ in wanted}
    assert all((one.service_id, one.door) in wanted for one in found)
    assert len(found) == len({one.service_id for one in found})
