"""Hours in the words of the standard: nobody who reads them finds an open rule for a day on which the door is shut."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from directory.hours import Rule, state
from directory.hsds.schedules import offset_of, schedule_documents
from directory.records import ScheduleRecord

TODAY = date(2026, 11, 28)
ID = UUID(int=7, version=4)


def weekly(**values: Any) -> ScheduleRecord:
    return ScheduleRecord(
        **{
            "id": ID, "kind": "weekly", "timezone": "Asia/Dhaka", "byday": "MO,TU", "opens_at": time(9), "closes_at": time(17),
            **values,
        }
    )  # fmt: skip


def closure(first: date, last: date, notes: str | None = None) -> ScheduleRecord:
    return ScheduleRecord(kind="closure", timezone="Asia/Dhaka", valid_from=first, valid_to=last, notes=notes)


def test_weekly_hours_are_a_rule_with_its_offset() -> None:
    assert schedule_documents([weekly()], TODAY) == [
        {
            "id": str(ID), "timezone": 6.0, "freq": "WEEKLY", "interval": 1, "wkst": "MO", "byday": "MO,TU",
            "opens_at": "09:00+06:00", "closes_at": "17:00+06:00",
        }
    ]  # fmt: skip


def test_day_and_night_is_the_whole_of_every_day() -> None:
    (document,) = schedule_documents([ScheduleRecord(id=ID, kind="always", timezone="Asia/Dhaka")], TODAY)
    assert (document["opens_at"], document["closes_at"]) == ("00:00+06:00", "23:59+06:00")
    assert document["byday"] == "MO,TU,WE,TH,FR,SA,SU"


@pytest.mark.parametrize("kind", ["appointment", "unknown"])
def test_what_is_no_rule_has_no_frequency_and_no_hours(kind: str) -> None:
    (document,) = schedule_documents([ScheduleRecord(id=ID, kind=kind, timezone="Asia/Dhaka")], TODAY)  # type: ignore[arg-type]
    assert document.keys() == {"id", "description", "attending_type"}


def test_hours_past_midnight_say_so() -> None:
    (document,) = schedule_documents([weekly(opens_at=time(20), closes_at=time(7))], TODAY)
    assert document["description"] == "Until the following day."


def test_a_closure_ends_the_hours_before_it_and_begins_new_ones_after_it() -> None:
    first, second = schedule_documents(
        [weekly(notes="By the gate"), closure(date(2026, 12, 24), date(2026, 12, 26), "Feast")], TODAY
    )
    assert (first.get("valid_from"), first["valid_to"]) == (None, "2026-12-23")
    assert (second["valid_from"], second.get("valid_to")) == ("2026-12-27", None)
    assert first["notes"] == second["notes"] == "By the gate Closed 2026-12-24 to 2026-12-26: Feast."
    assert first["id"] == str(ID) != second["id"]


def test_a_closure_that_has_ended_is_forgotten() -> None:
    (document,) = schedule_documents([weekly(), closure(date(2026, 11, 1), date(2026, 11, 27))], TODAY)
    assert "notes" not in document


def test_hours_that_lie_in_a_closure_whole_are_gone() -> None:
    assert (
        schedule_documents(
            [weekly(valid_from=TODAY, valid_to=TODAY + timedelta(days=2)), closure(TODAY, TODAY + timedelta(days=9))],
            TODAY,
        )
        == []
    )


def test_an_offset_is_that_of_the_day_because_clocks_change() -> None:
    summer, winter = date(2026, 7, 1), date(2026, 12, 1)
    assert offset_of("Europe/Paris", summer) != offset_of("Europe/Paris", winter)
    (document,) = schedule_documents([weekly(timezone="Asia/Kathmandu")], TODAY)
    assert (document["timezone"], document["opens_at"]) == (5.75, "09:00+05:45")
    (document,) = schedule_documents([weekly(timezone="America/Sao_Paulo")], TODAY)
    assert document["opens_at"] == "09:00-03:00"


def test_the_same_rule_in_two_places_has_two_ids() -> None:
    here = schedule_documents([weekly()], TODAY)[0]["id"]
    there = schedule_documents([weekly()], TODAY, owner="another")[0]["id"]
    assert here != there
    assert there == schedule_documents([weekly()], TODAY, owner="another")[0]["id"]


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=4),
    st.sampled_from(("MO", "MO,WE,FR", "MO,TU,WE,TH,FR,SA,SU")),
    st.integers(0, 40),
)
def test_a_day_is_open_by_the_exported_rules_if_and_only_if_it_is_open_for_the_bot(
    closures: list[tuple[int, int]], byday: str, later: int
) -> None:
    rules = [weekly(byday=byday)]
    rules += [
        closure(TODAY + timedelta(days=start), TODAY + timedelta(days=start + length)) for start, length in closures
    ]
    day = TODAY + timedelta(days=later)
    noon = datetime.combine(day, time(12), ZoneInfo("Asia/Dhaka")).astimezone(UTC)
    bots = [
        Rule(one.kind, one.timezone, one.byday or "", one.opens_at, one.closes_at, one.valid_from, one.valid_to) for one in rules
    ]  # fmt: skip
    exported = any(
        day.strftime("%a").upper()[:2] in document["byday"].split(",")
        and document.get("valid_from", "") <= day.isoformat() <= document.get("valid_to", "9999")
        for document in schedule_documents(rules, TODAY)
    )
    assert exported == (state(bots, noon).kind == "open")
