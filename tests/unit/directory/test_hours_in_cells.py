"""Hours that a person writes in a cell are read as meant, and what is written is read back the same."""

from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from directory.exchange.hours_grammar import DAYS, HoursError, format_hours, parse
from directory.records import ScheduleRecord

ZONE = "Asia/Dhaka"


def rules(text: str) -> list[ScheduleRecord]:
    return [ScheduleRecord.model_validate(rule) for rule in parse(text, ZONE)]


def test_a_split_day_is_two_rules_of_the_same_days() -> None:
    first, second = rules("Mo-Fr 09:00-12:00, 13:00-17:00")
    assert (first.byday, first.opens_at, first.closes_at) == ("MO,TU,WE,TH,FR", time(9), time(12))
    assert (second.byday, second.opens_at, second.closes_at) == ("MO,TU,WE,TH,FR", time(13), time(17))


@pytest.mark.parametrize(
    ("text", "byday"),
    [
        ("Sa 9:00-12:00", "SA"), ("Fri-Mon 09:00-12:00", "MO,FR,SA,SU"), ("monday, thursday 09:00-12:00", "MO,TH"),
        ("Mo–We 09:00–12:00", "MO,TU,WE"), ("daily 09:00-12:00", ",".join(DAYS)), ("09:00-12:00", ",".join(DAYS)),
        ("Mo,We,Fr-Su: 09:00-12:00", "MO,WE,FR,SA,SU"),
    ],
)  # fmt: skip
def test_days_are_written_in_many_ways(text: str, byday: str) -> None:
    assert [rule.byday for rule in rules(text)] == [byday]


def test_the_other_kinds_and_what_may_follow_them() -> None:
    found = rules(
        "24/7 until 2026-12-01; by appointment (ring \\(twice\\)\\; then wait); unknown; closed 2026-12-25..2026-12-26 (Feast); "
        "closed 2027-01-01; Mo 22:00-24:00 from 2027-01-02 [Asia/Vientiane]"
    )
    assert [rule.kind for rule in found] == ["always", "appointment", "unknown", "closure", "closure", "weekly"]
    assert found[0].valid_to == date(2026, 12, 1)
    assert found[1].notes == "ring (twice); then wait"
    assert (found[3].valid_from, found[3].valid_to, found[3].notes) == (date(2026, 12, 25), date(2026, 12, 26), "Feast")
    assert found[4].valid_from == found[4].valid_to == date(2027, 1, 1)
    assert (found[5].closes_at, found[5].timezone, found[5].valid_from) == (time(0), "Asia/Vientiane", date(2027, 1, 2))


@pytest.mark.parametrize(
    "text",
    ["open", "Mo 9-12", "Mo 25:00-26:00", "Xx 09:00-10:00", "M 09:00-10:00", "closed soon", "closed 2026-13-01", "Mo-Fr", "9am-5pm",
     "T 09:00-10:00", "closed 2026-12-25 until 2026-12-26", "Mo 09:00-10:00 until 2026-01-01 until 2026-01-02"],
)  # fmt: skip
def test_what_is_not_understood_is_named_and_not_guessed(text: str) -> None:
    with pytest.raises(HoursError) as caught:
        parse(f"Tu 08:00-09:00; {text}", ZONE)
    assert str(caught.value) == text


NOTES = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).map(
    str.strip
).filter(bool)
TIMES = st.times().map(lambda value: value.replace(microsecond=0, fold=0))
DATES = st.dates(date(2020, 1, 1), date(2040, 1, 1))


@st.composite
def schedules(draw: st.DrawFn) -> ScheduleRecord:
    kind = draw(st.sampled_from(("weekly", "always", "appointment", "unknown", "closure")))
    first, last = sorted((draw(DATES), draw(DATES)))
    values = {"kind": kind, "timezone": draw(st.sampled_from((ZONE, "Europe/Minsk"))), "notes": draw(NOTES)}
    if kind == "weekly":
        days = draw(st.sets(st.sampled_from(DAYS), min_size=1))
        values |= {"byday": ",".join(days), "opens_at": draw(TIMES), "closes_at": draw(TIMES)}
    if kind == "closure" or draw(st.booleans()):
        values["valid_from"] = first
    if kind == "closure" or draw(st.booleans()):
        values["valid_to"] = last
    return ScheduleRecord.model_validate(values)


@settings(max_examples=100)
@given(st.lists(schedules(), max_size=5))
def test_what_is_written_is_read_back_the_same(written: list[ScheduleRecord]) -> None:
    text = format_hours(written, ZONE)
    assert sorted(map(repr, rules(text))) == sorted(map(repr, written))
    assert format_hours(rules(text), ZONE) == text


@settings(max_examples=100)
@given(st.text(st.sampled_from("MoTuWe09:-,;()\\ 247/closed2026from[]until\n")))
def test_any_text_is_hours_or_refused(text: str) -> None:
    try:
        parse(text, ZONE)
    except HoursError:
        return
