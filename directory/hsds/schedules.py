"""Hours as the standard writes them: rules of RFC 5545 with an offset, and no word for a closure, an appointment or "nobody knows".

A consumer who takes for a rule what is none sends a person to a closed door. So a closure ends the hours before it and begins new ones
after it, and what is not a rule has no `freq`: it says in words that one has to ring.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from directory.hsds.taxonomies import made_id
from directory.records import ScheduleRecord

_DAY = timedelta(days=1)
_EVERY_DAY = "MO,TU,WE,TH,FR,SA,SU"
_NOT_RULES = {
    "appointment": ("By appointment.", "by appointment"),
    "unknown": ("Opening hours are not known: ring first.", "unknown"),
}


def schedule_documents(
    rules: Sequence[ScheduleRecord], today: date, *, closures: Iterable[ScheduleRecord] = (), owner: object = ""
) -> list[dict[str, Any]]:
    """The rules as schedule objects, with the closures among them, and those of elsewhere that hold too, taken out of the hours.

    `owner` keeps the ids of one rule apart that is exported in two places. Rules and closures that ended before `today` are left out.
    """
    ended = [rule for rule in rules if rule.kind != "closure" and (rule.valid_to is None or rule.valid_to >= today)]
    closed = sorted(
        {
            (rule.valid_from, rule.valid_to, rule.notes or "")
            for rule in (*rules, *closures)
            if rule.kind == "closure" and rule.valid_from and rule.valid_to and rule.valid_to >= today
        }
    )
    return [document for rule in ended for document in _documents(rule, closed, today, owner)]


def zones(rules: Iterable[ScheduleRecord]) -> list[str]:
    """The time zones of the rules, each once."""
    return sorted({rule.timezone for rule in rules})


def offset_of(zone: str, day: date) -> timedelta:
    """How far a zone is from UTC at noon of a day. An offset forgets summer time: that is why the zone is told as well."""
    return datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset() or timedelta()


def _documents(
    rule: ScheduleRecord, closed: Sequence[tuple[date, date, str]], today: date, owner: object
) -> Iterable[dict[str, Any]]:
    base = rule.id or made_id("schedule", owner, rule.model_dump_json())
    if rule.kind in _NOT_RULES:
        description, attending = _NOT_RULES[rule.kind]
        notes = [rule.notes or "", *(_closing(*one) for one in closed)]
        yield _clean(
            id=_id(base, owner, None), valid_from=rule.valid_from, valid_to=rule.valid_to, description=description,
            attending_type=attending, notes=" ".join(note for note in notes if note),
        )  # fmt: skip
        return
    opens, closes = (time(0), time(23, 59)) if rule.kind == "always" else (rule.opens_at, rule.closes_at)
    if opens is None or closes is None:
        return
    for first, last, notes in _parts(rule, closed):
        if last is not None and last < today:
            continue
        offset = offset_of(rule.timezone, max(first, today) if first else today)
        described = "Day and night." if rule.kind == "always" else ""
        if rule.kind == "weekly" and closes <= opens:
            described = "Until the following day."
        yield _clean(
            id=_id(base, owner, first if first != rule.valid_from else None),
            valid_from=first, valid_to=last,
            timezone=offset.total_seconds() / 3600,
            freq="WEEKLY", interval=1, wkst="MO",
            byday=_EVERY_DAY if rule.kind == "always" else rule.byday,
            opens_at=_clock(opens, offset), closes_at=_clock(closes, offset),
            description=described, notes=" ".join(note for note in (rule.notes or "", *notes) if note),
        )  # fmt: skip


def _id(base: UUID, owner: object, first: date | None) -> str:
    """The rule's own id for its first part where it belongs, another for a later part or another place."""
    return str(base if not owner and first is None else made_id("schedule", base, owner, first))


def _parts(
    rule: ScheduleRecord, closed: Sequence[tuple[date, date, str]]
) -> list[tuple[date | None, date | None, list[str]]]:
    """The spans of days on which the rule holds, each with what is said about the closures beside it."""
    parts: list[tuple[date | None, date | None, list[str]]] = [(rule.valid_from, rule.valid_to, [])]
    for start, end, why in closed:
        cut: list[tuple[date | None, date | None, list[str]]] = []
        for first, last, notes in parts:
            if (last is not None and last < start) or (first is not None and first > end):
                cut.append((first, last, notes))
                continue
            said = [*notes, _closing(start, end, why)]
            if first is None or first < start:
                cut.append((first, start - _DAY, said))
            if last is None or last > end:
                cut.append((end + _DAY, last, said))
        parts = cut
    return parts


def _closing(start: date, end: date, why: str) -> str:
    days = start.isoformat() if start == end else f"{start.isoformat()} to {end.isoformat()}"
    return f"Closed {days}{f': {why}' if why else ''}."


def _clock(moment: time, offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    return f"{moment:%H:%M}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _clean(**values: Any) -> dict[str, Any]:
    """Without what is empty; dates as text."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if value is not None and value != ""
    }
