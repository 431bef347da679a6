"""Opening hours as an editor thinks of them, and back: blocks of hours with a row for each day, and days of closure.

Rules of opening (`ScheduleRecord`) of one kind and one span of dates are one block. What an editor did not touch comes back as it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from desk.form_fields import Fields, text_of
from directory.records import ScheduleRecord

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
KINDS = ("unknown", "weekly", "always", "appointment")
"""What a block may be; `unknown` without dates or notes says nothing, and is stored as nothing."""
SHIFTS = 2
"""Pairs of times shown for each day: morning and afternoon. An editor may ask for more."""
MOST_SHIFTS = 6

Span = tuple[str, str]
"""Opening and closing time as typed: `HH:MM`, or empty."""


@dataclass(slots=True)
class Block:
    """Hours of one kind for one span of dates. `days`: for each day its spans."""

    kind: str = "unknown"
    timezone: str = ""
    valid_from: str = ""
    valid_to: str = ""
    notes: str = ""
    days: dict[str, list[Span]] = field(default_factory=dict)

    @property
    def shifts(self) -> int:
        """How many pairs of times the block shows for each day."""
        return max([SHIFTS, *(len(spans) for spans in self.days.values())])

    @property
    def special(self) -> bool:
        """Whether it holds for some dates only, or says something beside its hours."""
        return bool(self.valid_from or self.valid_to or self.notes)

    def padded(self, day: str) -> list[Span]:
        """The spans of a day, with empty ones to type into."""
        spans = self.days.get(day, [])
        return [*spans, *[("", "")] * (self.shifts - len(spans))]


@dataclass(slots=True)
class Closure:
    """Days on which it is closed whatever the hours say, the last one included."""

    valid_from: str = ""
    valid_to: str = ""
    notes: str = ""
    timezone: str = ""


@dataclass(slots=True)
class HoursForm:
    """The opening hours of a service or a location as they stand in the form."""

    blocks: list[Block]
    closures: list[Closure]


def from_records(records: Sequence[ScheduleRecord], timezone: str) -> HoursForm:
    """The form for stored rules; without any, one block that says nothing, in `timezone`."""
    blocks: dict[tuple[str, ...], Block] = {}
    closures = []
    for one in records:
        dates = text_of(one.valid_from), text_of(one.valid_to), one.notes or ""
        if one.kind == "closure":
            closures.append(Closure(*dates, timezone=one.timezone))
            continue
        block = blocks.setdefault((one.kind, one.timezone, *dates), Block(one.kind, one.timezone, *dates))
        for day in (one.byday or "").split(",") if one.kind == "weekly" else ():
            block.days.setdefault(day, []).append((_clock(one.opens_at), _clock(one.closes_at)))
    for block in blocks.values():
        block.days = {day: sorted(spans) for day, spans in block.days.items()}
    return HoursForm([*blocks.values()] or [Block(timezone=timezone)], closures)


def from_fields(fields: Fields, timezone: str) -> HoursForm:
    """The form as it was sent: `blocks.0.MO.1.opens`, `closures.0.valid_from`."""
    blocks = []
    for one in fields.rows("blocks"):
        days = {}
        for day in DAYS:
            spans = [(span.text("opens"), span.text("closes")) for span in one.rows(day)][:MOST_SHIFTS]
            if spans:
                days[day] = spans
        kind = one.text("kind")
        blocks.append(
            Block(
                kind if kind in KINDS else "unknown", one.text("timezone") or timezone, one.text("valid_from"),
                one.text("valid_to"), one.text("notes"), days,
            )
        )  # fmt: skip
    closures = [
        Closure(one.text("valid_from"), one.text("valid_to"), one.text("notes"), one.text("timezone") or timezone)
        for one in fields.rows("closures")
    ]
    return HoursForm(blocks or [Block(timezone=timezone)], closures)


def to_data(form: HoursForm, stored: Sequence[ScheduleRecord], path: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Rules of opening as `ScheduleRecord` takes them, and for each the field of the form that it comes from, for what is wrong in it."""
    found: list[tuple[dict[str, Any], str]] = []
    for number, block in enumerate(form.blocks):
        here = f"{path}.blocks.{number}"
        frame = {
            "kind": block.kind, "timezone": block.timezone, "valid_from": block.valid_from or None,
            "valid_to": block.valid_to or None, "notes": block.notes or None,
        }  # fmt: skip
        if block.kind == "weekly":
            days = _by_span(block)
            found += [({**frame, "byday": None}, here)] if not days else []
            found += [
                (
                    {**frame, "byday": ",".join(names), "opens_at": opens or None, "closes_at": closes or None},
                    f"{here}.{names[0]}",
                )
                for (opens, closes), names in days.items()
            ]
        elif block.kind != "unknown" or block.special:
            found.append((frame, here))
    for number, closure in enumerate(form.closures):
        if closure.valid_from or closure.valid_to or closure.notes:
            frame = {"kind": "closure", "timezone": closure.timezone, "notes": closure.notes or None}
            dates = {"valid_from": closure.valid_from or None, "valid_to": closure.valid_to or None}
            found.append(({**frame, **dates}, f"{path}.closures.{number}"))
    if _meaning(data for data, _ in found) == _meaning(_data(one) for one in stored):
        return [one.model_dump() for one in stored], [path] * len(stored)
    ids: dict[tuple[str, ...], Any] = {}
    for one in stored:
        ids.setdefault(_key(_data(one)), one.id)
    return [{**data, "id": ids.pop(_key(data), None)} for data, _ in found], [origin for _, origin in found]


def copy_first_day(block: Block) -> None:
    """Give the first day that has hours to all days from Monday to Friday that have none: most places keep the same hours."""
    source = next((day for day in DAYS if any(any(span) for span in block.days.get(day, []))), None)
    if source is not None:
        for day in DAYS[:5]:
            if not any(any(span) for span in block.days.get(day, [])):
                block.days[day] = list(block.days[source])


def _by_span(block: Block) -> dict[Span, list[str]]:
    days: dict[Span, list[str]] = {}
    for day in DAYS:
        for span in block.days.get(day, []):
            if any(span) and day not in days.get(span, []):
                days.setdefault(span, []).append(day)
    return days


def _clock(value: time | None) -> str:
    return value.strftime("%H:%M") if value else ""


def _data(one: ScheduleRecord) -> dict[str, Any]:
    return {
        "kind": one.kind, "timezone": one.timezone, "valid_from": text_of(one.valid_from) or None,
        "valid_to": text_of(one.valid_to) or None, "notes": one.notes, "byday": one.byday if one.kind == "weekly" else None,
        "opens_at": _clock(one.opens_at) if one.kind == "weekly" else None,
        "closes_at": _clock(one.closes_at) if one.kind == "weekly" else None,
    }  # fmt: skip


def _key(data: dict[str, Any]) -> tuple[str, ...]:
    names = ("kind", "timezone", "valid_from", "valid_to", "notes", "byday", "opens_at", "closes_at")
    return tuple(str(data.get(name) or "") for name in names)


def _meaning(rules: Iterable[dict[str, Any]]) -> set[tuple[str, ...]]:
    """What the rules say, whoever wrote them: Monday and Tuesday in one rule or in two are the same hours."""
    said = set()
    for data in rules:
        if data["kind"] == "unknown" and not any(data.get(name) for name in ("valid_from", "valid_to", "notes")):
            continue
        for day in str(data.get("byday") or "").split(","):
            said.add(_key({**data, "byday": day}))
    return said
