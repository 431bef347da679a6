"""Measures a look-up and a search on the full gazetteer and 5,000 services. The bounds are generous; `-s` shows the numbers."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from directory.models import Organization
from directory.places import look_up
from directory.search import SearchRequest, find
from tests.integration.directory.builders import ALWAYS, DAY, NIGHT, add_service

SENTENCES = [
    ("BD", "I am in Dhaka"), ("BD", "ঢাকায় আছি"), ("BD", "cox bazar"), ("BD", "Rampur"), ("BD", "ami khulna theke"),
    ("MA", "à Casablanca"), ("MA", "في طنجة"), ("MA", "Oudja"), ("MA", "casablanka centre ville"),
    ("ZA", "Johanesburg"), ("ZA", "please help me I am in trouble near the station"), ("BR", "sao paulo"), ("BR", "Curitba"),
    (None, "Dhaka"), (None, "xyzzy qwerty asdf"), ("LA", "ຂ້ອຍຢູ່ວຽງຈັນ"),
]  # fmt: skip
NOON = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def milliseconds(calls: list[Callable[[], object]]) -> tuple[float, float]:
    """The middle and the 95th percentile."""
    spent = []
    for call in calls:
        start = time.perf_counter()
        call()
        spent.append((time.perf_counter() - start) * 1000)
    spent.sort()
    return spent[len(spent) // 2], spent[int(len(spent) * 0.95)]


def test_a_place_is_found_in_a_blink(world: Session) -> None:
    look_up(world, "warm", "BD")
    half, most = milliseconds([lambda c=c, s=s: look_up(world, s, c) for c, s in SENTENCES * 5])
    print(f"\nlook_up: p50 {half:.1f} ms, p95 {most:.1f} ms")
    assert most < 1000


def test_services_are_found_in_a_blink(world: Session, organization: Organization) -> None:
    chance = random.Random(7)
    for number in range(5000):
        point = (chance.uniform(21.0, 26.0), chance.uniform(88.5, 92.3))
        hours = chance.choice([ALWAYS, DAY, NIGHT])
        add_service(
            world, organization, f"service {number}", at=point, hours=(hours,), languages=("bn",),
            needs=(chance.choice(["shelter", "health", "legal"]),), flush=False,
        )  # fmt: skip
    world.flush()
    world.expunge_all()
    world.execute(text("ANALYZE service, service_need, service_at_location, location, schedule, service_language"))
    places = [look_up(world, name, "BD")[0].id for name in ("Dhaka", "Sylhet", "Khulna", "Teknaf")]
    requests = [
        SearchRequest("BD", (need,), place, language="bn")
        for need in ("shelter", "health", "legal", "work")
        for place in (*places, None)
    ]
    half, most = milliseconds([lambda r=r: find(world, r, at=NOON) for r in requests * 3])
    print(f"\nfind: p50 {half:.1f} ms, p95 {most:.1f} ms")
    assert most < 1500
