"""Opening hours go through the form and come back: an editor who changes nothing changes nothing, whatever was stored."""

from datetime import date, time

from hypothesis import given, settings
from hypothesis import strategies as st

from desk.form_fields import Fields
from desk.hours_form import DAYS, Block, HoursForm, copy_first_day, from_fields, from_records, to_data
from directory.records import ScheduleRecord

ZONES = st.sampled_from(["Asia/Dhaka", "Africa/Casablanca"])
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30, 59]), st.sampled_from([0, 59]))
DATES = st.sampled_from([None, date(2026, 12, 1), date(2027, 1, 1)])
NOTES = st.sampled_from([None, "Ring twice"])


@st.composite
def schedule(draw: st.DrawFn) -> ScheduleRecord:
    kind = draw(st.sampled_from(["weekly", "always", "appointment", "unknown", "closure"]))
    days = sorted(filter(None, (draw(DATES), draw(DATES))))
    first, last = (days[0], days[-1]) if days else (None, None)
    if kind == "closure":
        first, last = first or date(2026, 5, 1), last or date(2026, 5, 2)
        first, last = min(first, last), max(first, last)
    weekly = kind == "weekly"
    chosen = draw(st.sets(st.sampled_from(DAYS), min_size=1)) if weekly else set()
    return ScheduleRecord(
        kind=kind,  # type: ignore[arg-type]
        timezone=draw(ZONES), byday=",".join(chosen) if weekly else None,
        opens_at=draw(TIMES) if weekly else None, closes_at=draw(TIMES) if weekly else None,
        valid_from=first, valid_to=last, notes=draw(NOTES),
    )  # fmt: skip


def sent(form: HoursForm) -> HoursForm:
    """The form as a browser sends it."""
    pairs = []
    for number, block in enumerate(form.blocks):
        pairs += [
            (f"blocks.{number}.{name}", getattr(block, name))
            for name in ("kind", "timezone", "valid_from", "valid_to", "notes")
        ]
        for day in DAYS:
            for shift, (opens, closes) in enumerate(block.padded(day)):
                pairs += [
                    (f"blocks.{number}.{day}.{shift}.opens", opens),
                    (f"blocks.{number}.{day}.{shift}.closes", closes),
                ]
    for number, closure in enumerate(form.closures):
        pairs += [
            (f"closures.{number}.{name}", getattr(closure, name))
            for name in ("valid_from", "valid_to", "notes", "timezone")
        ]
    return from_fields(Fields.of(pairs), "UTC")


@settings(max_examples=100, deadline=None)
@given(st.lists(schedule(), max_size=6))
def test_hours_that_nobody_touched_are_stored_as_they_were(stored: list[ScheduleRecord]) -> None:
    data, origins = to_data(sent(from_records(stored, "UTC")), stored, "hours")
    assert [ScheduleRecord.model_validate(one) for one in data] == stored
    assert len(origins) == len(stored)


@settings(max_examples=100, deadline=None)
@given(st.lists(schedule(), max_size=6))
def test_hours_written_anew_say_the_same(stored: list[ScheduleRecord]) -> None:
    data, _ = to_data(sent(from_records(stored, "UTC")), [], "hours")
    anew = [ScheduleRecord.model_validate(one) for one in data]
    again, _ = to_data(sent(from_records(anew, "UTC")), stored, "hours")
    assert [ScheduleRecord.model_validate(one) for one in again] == stored


def test_a_split_day_is_one_rule_for_each_time_and_days_of_the_same_hours_share_it() -> None:
    halves = [("09:00", "13:00"), ("15:00", "18:00")]
    form = HoursForm([Block("weekly", "Asia/Dhaka", days={"MO": halves, "TU": halves, "FR": [("22:00", "06:00")]})], [])
    data, origins = to_data(form, [], "hours")
    records = [ScheduleRecord.model_validate(one) for one in data]
    assert [(one.byday, one.opens_at, one.closes_at) for one in records] == [
        ("MO,TU", time(9), time(13)), ("MO,TU", time(15), time(18)), ("FR", time(22), time(6)),
    ]  # fmt: skip
    assert origins == ["hours.blocks.0.MO", "hours.blocks.0.MO", "hours.blocks.0.FR"]


def test_unknown_hours_are_nothing_and_weekly_hours_without_a_day_are_a_mistake() -> None:
    assert to_data(HoursForm([Block(timezone="Asia/Dhaka")], []), [], "hours") == ([], [])
    data, origins = to_data(HoursForm([Block("weekly", "Asia/Dhaka")], []), [], "hours")
    assert (len(data), origins) == (1, ["hours.blocks.0"])


def test_the_first_day_is_copied_to_empty_weekdays_only() -> None:
    block = Block("weekly", days={"MO": [("09:00", "17:00")], "WE": [("10:00", "12:00")], "TU": [("", "")]})
    copy_first_day(block)
    assert block.days["TU"] == block.days["FR"] == [("09:00", "17:00")]
    assert block.days["WE"] == [("10:00", "12:00")]
    assert "SA" not in block.days
