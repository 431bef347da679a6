"""The rota: who is on duty now, and that the bot says to people what the rota says."""

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from cases import rota
from cases.models import Duty, Team, User
from cases.teams import default_team, set_teams
from core.database import now

ZONES = ("UTC", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Dhaka", "Europe/Berlin", "Pacific/Auckland")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(days=7)


def duty(starts: str = "20:00", ends: str = "08:00", zone: str = "UTC", *days: int, **values: Any) -> Duty:
    return Duty(
        weekdays=list(days) or list(range(7)),
        starts=time.fromisoformat(starts),
        ends=time.fromisoformat(ends),
        time_zone=zone,
        languages=values.pop("languages", []),
        first_day=values.pop("first_day", date(2026, 1, 1)),
        last_day=values.pop("last_day", None),
    )


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def test_a_night_shift_passes_midnight_and_belongs_to_the_day_it_begins() -> None:
    night = duty("20:00", "08:00", "UTC", 0)  # Mondays
    assert rota.on_duty([night], at("2026-03-02T20:00"))
    assert rota.on_duty([night], at("2026-03-03T07:59"))
    assert not rota.on_duty([night], at("2026-03-03T08:00"))
    assert not rota.on_duty([night], at("2026-03-02T07:00"))


def test_a_shift_keeps_its_clock_time_when_clocks_change() -> None:
    day = duty("09:00", "17:00", "Europe/Berlin")
    for moment in ("2026-03-28T09:00", "2026-03-29T09:00", "2026-10-25T09:00"):  # before, after, and back
        assert rota.on_duty([day], at(moment, "Europe/Berlin")), moment
        assert not rota.on_duty([day], at(moment, "Europe/Berlin") - timedelta(minutes=1)), moment
    (long_night,) = rota.shifts(
        [duty("22:00", "06:00", "Europe/Berlin", 5)], at("2026-10-24T12:00"), at("2026-10-25T12:00")
    )
    assert long_night.ends - long_night.starts == timedelta(hours=9)


def test_a_shift_holds_between_its_days_and_for_its_languages() -> None:
    one = duty(first_day=date(2026, 3, 2), last_day=date(2026, 3, 3), languages=["ar"])
    assert not rota.on_duty([one], at("2026-03-01T21:00"))
    assert rota.on_duty([one], at("2026-03-04T07:00"))  # the night that began on the last day
    assert not rota.on_duty([one], at("2026-03-04T21:00"))
    assert rota.on_duty([one], at("2026-03-02T21:00"), "ar")
    assert rota.on_duty([one], at("2026-03-02T21:00"), None)
    assert not rota.on_duty([one], at("2026-03-02T21:00"), "fr")


CLOCK = st.times(min_value=time(0), max_value=time(23, 59)).map(lambda value: value.replace(second=0, microsecond=0))
DUTIES = st.lists(
    st.builds(
        lambda starts, ends, zone, days: duty(starts.isoformat(), ends.isoformat(), zone, *days),
        CLOCK, CLOCK, st.sampled_from(ZONES), st.sets(st.integers(0, 6), min_size=1),
    ),
    max_size=4,
)  # fmt: skip


@given(DUTIES, st.integers(0, 60 * 24 * 7 - 1))
def test_every_moment_of_a_week_is_either_somebodys_or_in_a_gap(duties: list[Duty], minute: int) -> None:
    moment = MONDAY + timedelta(minutes=minute, seconds=30)
    free = [(start, end) for start, end in rota.gaps(duties, MONDAY, MONDAY + WEEK) if start <= moment < end]
    assert bool(free) != bool(rota.on_duty(duties, moment))


@given(DUTIES)
def test_gaps_are_in_order_and_do_not_touch(duties: list[Duty]) -> None:
    found = rota.gaps(duties, MONDAY, MONDAY + WEEK)
    assert all(start < end for start, end in found)
    assert all(first[1] < second[0] for first, second in pairwise(found))


def plan(world: Any, user: User, *, languages: list[str] | None = None, hours: int = 1, team: Any = None) -> None:
    """A shift of today that began an hour ago, and ends in `hours`."""
    present = now()
    with world.sessions.begin() as session:
        made = duty("00:00", "00:00", languages=languages or [])
        made.starts, made.ends = (present - timedelta(hours=1)).time(), (present + timedelta(hours=hours)).time()
        made.user_id, made.team_id = user.id, team or default_team(session).id
        session.add(made)


def staffed(world: Any, conversation: Any, **settings: Any) -> bool:
    with world.sessions.begin() as session:
        return rota.is_staffed(session, conversation, world.settings.model_copy(update=settings))


def test_the_bot_hears_from_the_rota_whether_somebody_reads(world: Any) -> None:
    user = world.caseworker()
    conversation = world.conversation(language="ar")
    # Without a rota nobody is on call; a demonstration shows the whole conversation all the same.
    assert not staffed(world, conversation, demonstration=False)
    assert staffed(world, conversation)
    plan(world, user, languages=["fr"])
    assert not staffed(world, conversation)
    assert not staffed(world, conversation, demonstration=False)
    assert staffed(world, conversation, on_call=True)
    plan(world, user, languages=["ar"])
    assert staffed(world, conversation, demonstration=False)
    assert not staffed(world, conversation, on_call=False)
    with world.sessions.begin() as session:
        session.get_one(User, user.id).active = False
    assert not staffed(world, conversation)


def test_only_the_team_that_would_read_the_conversation_counts(world: Any) -> None:
    user = world.caseworker()
    with world.sessions.begin() as session:
        arabic = Team(name="Arabic", languages=["ar"])
        session.add(arabic)
    plan(world, user)
    assert staffed(world, world.conversation(language="fr"))
    conversation = world.conversation(language="ar")
    assert not staffed(world, conversation)
    with world.sessions.begin() as session:
        set_teams(session, user.id, [arabic.id])
    plan(world, user, team=arabic.id)
    assert staffed(world, conversation)
    assert not staffed(world, world.conversation(language="fr"))  # they left that team, and its shift with it


def test_the_bots_world_asks_the_rota(world: Any) -> None:
    from bot.actions.live import LiveWorld
    from core.catalogues import Catalogues
    from core.settings import PROJECT

    user = world.caseworker()
    catalogues = Catalogues.load(PROJECT / "locale", ("en",))
    settings = world.settings.model_copy(update={"demonstration": False})
    conversation = world.conversation()
    with world.sessions.begin() as session:
        assert LiveWorld(session, conversation, settings, catalogues).on_call is False
    plan(world, user)
    with world.sessions.begin() as session:
        assert LiveWorld(session, conversation, settings, catalogues).on_call is True


@pytest.fixture
def supervisor(world: Any) -> Any:
    world.caseworker("Sira Example", "supervisor")
    return world.browser(name="Sira Example")


def form(world: Any, **values: Any) -> dict[str, Any]:
    with world.sessions.begin() as session:
        team = default_team(session)
    everything = {"team": str(team.id), "user": str(world.user("Amina Example").id), "weekdays": list("0123456"),
                  "rank": "1", "starts": "00:00", "ends": "00:00", "time_zone": "Asia/Dhaka", "languages": ["ar", "zz"]}  # fmt: skip
    return everything | values


def test_a_supervisor_plans_a_shift_and_everybody_sees_who_is_on_duty(world: Any, supervisor: Any) -> None:
    world.caseworker()
    assert "Nobody is on duty now" in supervisor.get("/desk/rota").text
    assert supervisor.post("/desk/rota", data=form(world)).status_code == 303
    page = world.browser(name="Amina Example").get("/desk/rota").text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "On duty now: Amina Example" in text
    assert "00:00–00:00 Asia/Dhaka" in text
    assert "Nobody is on duty" not in text
    assert "Plan a shift" not in text
    path = re.search(r'action="(/desk/rota/[^"]+/remove)"', supervisor.get("/desk/rota").text).group(1)  # type: ignore[union-attr]
    assert supervisor.post(path).status_code == 303
    assert "Nobody is on duty now" in supervisor.get("/desk/rota").text
    assert supervisor.post(path).status_code == 404


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"weekdays": []}, "at least one day"),
        ({"starts": "soon"}, "A time is missing"),
        ({"time_zone": "Mars/Base"}, "does not exist"),
        ({"first_day": "2026-03-02", "last_day": "2026-03-01"}, "must not lie before"),
        ({"first_day": "today"}, "must not lie before"),
    ],
)
def test_a_shift_that_cannot_be_stays_on_the_page_as_it_was_typed(
    world: Any, supervisor: Any, values: Any, says: str
) -> None:
    world.caseworker()
    answer = supervisor.post("/desk/rota", data=form(world, ends="06:30", **values))
    assert answer.status_code == 422
    assert says in answer.text
    assert 'value="06:30"' in answer.text
    with world.sessions.begin() as session:
        assert session.execute(select(Duty)).first() is None


def test_nobody_plans_for_a_team_that_is_not_theirs_nor_for_who_is_not_in_it(world: Any, supervisor: Any) -> None:
    user = world.caseworker()
    with world.sessions.begin() as session:
        other = Team(name="Other")
        session.add(other)
    world.caseworker("Aude Example", "auditor")
    for values in ({"team": str(other.id)}, {"user": str(uuid4())}, {"user": str(world.user("Aude Example").id)}):
        assert supervisor.post("/desk/rota", data=form(world, **values)).status_code == 404, values
    assert supervisor.post("/desk/rota", data=form(world, user="nobody")).status_code == 422
    with world.sessions.begin() as session:
        set_teams(session, user.id, [other.id])
    plan(world, user, team=other.id)
    with world.sessions.begin() as session:
        (theirs,) = session.execute(select(Duty)).scalars()
    assert supervisor.post(f"/desk/rota/{theirs.id}/remove").status_code == 404
    assert "Other" not in supervisor.get("/desk/rota").text
    world.caseworker("Root Example", "administrator")
    assert "Other" in world.browser(name="Root Example").get("/desk/rota").text


def test_a_setting_that_overrides_the_rota_is_said_on_its_page(world: Any) -> None:
    for value, says in ((True, "somebody is always on call"), (False, "nobody is on call")):
        strict = world.with_settings(world.settings.model_copy(update={"on_call": value}))
        strict.caseworker(f"Sira Example {value}", "supervisor")
        assert says in strict.browser(name=f"Sira Example {value}").get("/desk/rota").text


def test_the_doctor_says_for_how_many_hours_nobody_is_on_call(world: Any, database_url: str) -> None:
    from app.doctor import _on_call

    user = world.caseworker()
    settings = world.settings.model_copy(update={"database_url": database_url, "demonstration": False})
    (empty,) = _on_call(settings)
    assert (empty.well, empty.says) == (
        False,
        "for 168 of the next 168 hours nobody is: whoever writes then is told so",
    )
    with world.sessions.begin() as session:
        nights = duty("00:00", "12:00")
        nights.user_id, nights.team_id = user.id, default_team(session).id
        session.add(nights)
    (half,) = _on_call(settings)
    assert half.well
    assert "for 84 of" in half.says
    (forced,) = _on_call(settings.model_copy(update={"on_call": False}))
    assert not forced.well
    assert list(_on_call(settings.model_copy(update={"demonstration": True}))) == []
