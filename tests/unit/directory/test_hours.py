from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from directory.hours import Hours, Rule, openness, parse, state

DHAKA = "Asia/Dhaka"
EVERY_DAY = "MO,TU,WE,TH,FR,SA,SU"
DAYS = EVERY_DAY.split(",")


def weekly(opens: str, closes: str, byday: str = EVERY_DAY, zone: str = DHAKA, **more: date) -> Rule:
    return Rule("weekly", zone, byday, time.fromisoformat(opens), time.fromisoformat(closes), **more)


def at(text: str, zone: str = DHAKA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def told(hours: Hours) -> tuple[str, str | None]:
    moment = hours.until or hours.opens_at
    return hours.kind, moment.strftime("%a %H:%M") if moment else None


SPLIT = [weekly("08:00", "13:00", "MO,TU,WE,TH,FR"), weekly("14:00", "18:00", "MO,TU,WE,TH,FR")]
NIGHT = [weekly("18:00", "08:00")]
FRIDAY_NIGHT = [weekly("20:00", "06:00", "FR")]
HOLIDAY = Rule("closure", DHAKA, valid_from=date(2026, 11, 24), valid_to=date(2026, 11, 25))
# 2026-11-23 is a Monday.


@pytest.mark.parametrize(
    ("rules", "moment", "expected"),
    [
        ([], "2026-11-23 10:00", ("unknown", None)),
        ([Rule("unknown", DHAKA)], "2026-11-23 10:00", ("unknown", None)),
        ([Rule("always", DHAKA)], "2026-11-23 03:00", ("always", None)),
        ([Rule("appointment", DHAKA)], "2026-11-23 10:00", ("appointment", None)),
        # split shift: a closed hour at lunch is not the end of the day
        (SPLIT, "2026-11-23 08:00", ("open", "Mon 13:00")),
        (SPLIT, "2026-11-23 13:00", ("closed", "Mon 14:00")),
        (SPLIT, "2026-11-23 17:59", ("open", "Mon 18:00")),
        (SPLIT, "2026-11-23 18:00", ("closed", "Tue 08:00")),
        (SPLIT, "2026-11-27 18:00", ("closed", "Mon 08:00")),
        # overnight: the early morning belongs to the evening before
        (NIGHT, "2026-11-23 23:00", ("open", "Tue 08:00")),
        (NIGHT, "2026-11-23 07:59", ("open", "Mon 08:00")),
        (NIGHT, "2026-11-23 12:00", ("closed", "Mon 18:00")),
        (FRIDAY_NIGHT, "2026-11-28 05:00", ("open", "Sat 06:00")),
        (FRIDAY_NIGHT, "2026-11-27 05:00", ("closed", "Fri 20:00")),
        # hours that touch at midnight are one opening; all week round is always
        ([weekly("00:00", "23:59")], "2026-11-23 10:00", ("always", None)),
        ([weekly("09:00", "00:00"), weekly("00:00", "02:00")], "2026-11-23 22:00", ("open", "Tue 02:00")),
        # closures win, and say when it goes on
        ([*SPLIT, HOLIDAY], "2026-11-24 10:00", ("closed", "Thu 08:00")),
        ([*SPLIT, HOLIDAY], "2026-11-23 19:00", ("closed", "Thu 08:00")),
        ([Rule("always", DHAKA), HOLIDAY], "2026-11-24 10:00", ("closed", "Thu 00:00")),
        ([Rule("always", DHAKA), HOLIDAY], "2026-11-23 20:00", ("open", "Tue 00:00")),
        ([*NIGHT, HOLIDAY], "2026-11-23 23:00", ("open", "Tue 00:00")),
        ([Rule("appointment", DHAKA), HOLIDAY], "2026-11-24 10:00", ("closed", None)),
        ([Rule("unknown", DHAKA), HOLIDAY], "2026-11-24 10:00", ("closed", None)),
        # a closure of a month is looked beyond
        (
            [*SPLIT, Rule("closure", DHAKA, valid_from=date(2026, 11, 1), valid_to=date(2026, 12, 13))],
            "2026-11-23 10:00",
            ("closed", "Mon 08:00"),
        ),
        # after the last day of a rule nobody knows, before its first day it says when
        ([weekly("08:00", "18:00", valid_to=date(2026, 11, 20))], "2026-11-23 10:00", ("unknown", None)),
        ([weekly("08:00", "18:00", valid_from=date(2026, 11, 25))], "2026-11-23 10:00", ("closed", "Wed 08:00")),
        # an opening beats an appointment
        ([*SPLIT, Rule("appointment", DHAKA)], "2026-11-23 10:00", ("open", "Mon 13:00")),
    ],
)
def test_the_state_at_a_moment(rules: list[Rule], moment: str, expected: tuple[str, str | None]) -> None:
    assert told(state(rules, at(moment))) == expected


def test_times_are_told_in_the_zone_of_the_service() -> None:
    hours = state(SPLIT, datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
    assert hours.until is not None
    assert hours.until.utcoffset() == timedelta(hours=6)


def test_an_opening_keeps_its_wall_clock_when_the_clocks_change() -> None:
    rules = [weekly("08:00", "17:00", zone="Europe/Lisbon")]
    before = state(rules, at("2026-10-24 20:00", "Europe/Lisbon")).opens_at
    after = state(rules, at("2026-10-25 20:00", "Europe/Lisbon")).opens_at
    assert before is not None
    assert after is not None
    assert (before.hour, after.hour) == (8, 8)
    assert after.astimezone(UTC) - before.astimezone(UTC) == timedelta(hours=24)
    assert before.utcoffset() == timedelta(0), "the clocks went back in that night"


def test_a_night_in_which_the_clocks_change_is_an_hour_longer_or_shorter() -> None:
    rules = [weekly("20:00", "08:00", zone="Europe/Lisbon")]
    lengths = {}
    for day in ("2026-03-28", "2026-10-24", "2026-11-01"):
        moment = at(f"{day} 20:00", "Europe/Lisbon")
        until = state(rules, moment).until
        assert until is not None
        lengths[day] = until.astimezone(UTC) - moment
    assert lengths == {
        "2026-03-28": timedelta(hours=11),
        "2026-10-24": timedelta(hours=13),
        "2026-11-01": timedelta(hours=12),
    }


def test_an_opening_inside_the_hour_that_the_clocks_skip_does_not_exist_that_day() -> None:
    rules = [weekly("01:15", "01:45", zone="Europe/Lisbon")]
    hours = state(rules, at("2026-03-29 00:30", "Europe/Lisbon"))
    assert hours.kind == "closed"


zones = st.sampled_from(
    [DHAKA, "Europe/Lisbon", "Africa/Casablanca", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
times = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
days = st.sets(st.sampled_from(DAYS), min_size=1).map(lambda chosen: ",".join(sorted(chosen)))


@st.composite
def schedules(draw: st.DrawFn) -> list[Rule]:
    zone = draw(zones)
    rules = [Rule("weekly", zone, draw(days), draw(times), draw(times)) for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        first = draw(st.dates(date(2024, 1, 1), date(2027, 12, 31)))
        rules.append(Rule("closure", zone, valid_from=first, valid_to=first + timedelta(days=draw(st.integers(0, 5)))))
    return rules


@given(schedules(), moments)
def test_what_is_told_comes_true(rules: list[Rule], moment: datetime) -> None:
    hours = state(rules, moment)
    if hours.kind == "open":
        assert hours.until is not None
        assert hours.until > moment
        assert state(rules, hours.until).kind == "closed"
        assert state(rules, hours.until.astimezone(UTC) - timedelta(seconds=1)).kind == "open"
    elif hours.kind == "closed":
        assert hours.opens_at is not None
        assert hours.opens_at > moment
        assert state(rules, hours.opens_at).kind in ("open", "always")
        assert state(rules, hours.opens_at.astimezone(UTC) - timedelta(seconds=1)).kind == "closed"
    else:
        assert hours.kind == "always"


@given(zones, days, times, times, moments)
def test_open_means_that_the_clock_on_the_wall_is_within_the_hours(
    zone: str, byday: str, opens: time, closes: time, moment: datetime
) -> None:
    """Compared with the plain reading of the rule, away from the days on which clocks change."""
    local = moment.astimezone(ZoneInfo(zone))
    offsets = {(local + timedelta(days=number)).replace(fold=0).utcoffset() for number in range(-2, 3)}
    assume(len(offsets) == 1)
    assume(closes != time(23, 59))
    chosen = byday.split(",")
    today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    clock = local.time()
    if closes > opens:
        expected = today in chosen and opens <= clock < closes
    else:
        expected = (today in chosen and clock >= opens) or (yesterday in chosen and clock < closes)
    hours = state([Rule("weekly", zone, byday, opens, closes)], moment)
    assert (hours.kind in ("open", "always")) == expected


OPENNESS = {"open": 0, "always": 0, "unknown": 1, "appointment": 1, "closed": 2}
KINDS = st.lists(st.sampled_from(["always", "appointment", "unknown"]).map(lambda kind: Rule(kind, DHAKA)), max_size=2)


@settings(max_examples=100)
@given(schedules(), KINDS, moments)
def test_the_quick_answer_for_the_order_is_the_one_that_is_told(
    rules: list[Rule], others: list[Rule], moment: datetime
) -> None:
    every = [*rules, *others]
    assert openness(";".join(map(as_written, every)), moment) == OPENNESS[state(every, moment).kind]


def as_written(rule: Rule) -> str:
    """As `opening_rule` in migration 0014 writes it."""
    clocks = [clock.strftime("%H:%M:%S") if clock else "" for clock in (rule.opens_at, rule.closes_at)]
    days = [str(day or "") for day in (rule.valid_from, rule.valid_to)]
    return "|".join([rule.kind, rule.timezone, rule.byday, *clocks, *days])


def test_rules_are_read_as_the_database_writes_them() -> None:
    written = "weekly|Asia/Dhaka|MO,TU|08:00:00|23:59:00|2026-01-01|;always|UTC|||||;closure|Asia/Dhaka||||2026-11-24|2026-11-25"
    assert parse(written) == (
        weekly("08:00", "23:59", "MO,TU", valid_from=date(2026, 1, 1)), Rule("always", "UTC"), HOLIDAY,
    )  # fmt: skip
    assert parse("") == ()
