"""Whether a service is open, until when or from when: pure functions over its rules of opening.

Hours that are not known are not "closed": a person who needs a bed must not be turned away by a gap in our data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = timedelta(days=1)
_SOON, _FAR = 9, 63
"""Days looked ahead: first a week and a bit, and, when a closure covers that, two months."""
_END_OF_DAY = time(23, 59)
"""HSDS writes the end of a day so; a minute of closing at midnight is not meant."""

Kind = Literal["open", "closed", "always", "appointment", "unknown"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of opening; `models.Schedule` says what the fields mean."""

    kind: Literal["weekly", "always", "appointment", "unknown", "closure"]
    timezone: str = "UTC"
    byday: str = ""
    opens_at: time | None = None
    closes_at: time | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class Hours:
    """The state at one moment. `until` belongs to `open`, `opens_at` to `closed` (None: nobody knows when); both in the service's zone."""

    kind: Kind
    until: datetime | None = None
    opens_at: datetime | None = None


_Span = tuple[datetime, datetime]

_OPENNESS: dict[Kind, int] = {"open": 0, "always": 0, "unknown": 1, "appointment": 1, "closed": 2}
"""Hours that are not known rank between open and closed: they must not hide a service."""


@lru_cache(maxsize=20_000)
def parse(written: str) -> tuple[Rule, ...]:
    """Rules as `findable.hours` holds them: fields between bars, rules between semicolons."""
    return tuple(_rule(one) for one in written.split(";") if one)


def _rule(written: str) -> Rule:
    kind, timezone, byday, opens_at, closes_at, valid_from, valid_to = written.split("|")
    return Rule(
        kind=kind,  # type: ignore[arg-type]  # the database checks the words
        timezone=timezone,
        byday=byday,
        opens_at=time.fromisoformat(opens_at) if opens_at else None,
        closes_at=time.fromisoformat(closes_at) if closes_at else None,
        valid_from=date.fromisoformat(valid_from) if valid_from else None,
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
    )


def openness(written: str, at: datetime) -> int:
    """What the state at a moment is for the order: 0 open, 1 not known or by appointment, 2 closed. `written`: as `parse` takes it.

    The same as asking `state`, at a small part of the time where no rule has dates: a search asks it for every candidate.
    """
    plain = _plain(written)
    if plain is None:
        return _OPENNESS[state(parse(written), at).kind]
    always, weekly = plain
    if always or any(_open_at(rule, at) for rule in weekly):
        return 0
    return 2 if weekly else 1


@lru_cache(maxsize=20_000)
def _plain(written: str) -> tuple[bool, tuple[Rule, ...]] | None:
    """Whether it never closes, and its weekly hours. None: some rule has dates."""
    rules = parse(written)
    if any(rule.kind == "closure" or rule.valid_from or rule.valid_to for rule in rules):
        return None
    weekly = tuple(rule for rule in rules if rule.kind == "weekly" and rule.byday.strip(", "))
    return any(rule.kind == "always" for rule in rules), weekly


def _open_at(rule: Rule, at: datetime) -> bool:
    zone = ZoneInfo(rule.timezone)
    today = at.astimezone(zone).date()
    return any(
        opens <= at < closes
        for day in (today, today - _DAY)
        if _DAYS[day.weekday()] in rule.byday
        for opens, closes in _shift(rule.opens_at, rule.closes_at, day, zone)
    )


def state(rules: Sequence[Rule], at: datetime) -> Hours:
    """The state at `at` (with its zone). Closures win over everything; weekly hours and 24/7 over appointments."""
    if not rules:
        return Hours("unknown")
    zone = ZoneInfo(rules[0].timezone)
    for days in (_SOON, _FAR):
        start, end = at - 2 * _DAY, at + days * _DAY
        closures = [_dates(rule) for rule in rules if rule.kind == "closure"]
        spans = _without(_union(_open_spans(rules, start, end)), _union(closures))
        for opens, closes in spans:
            if opens <= at < closes:
                # "Open until 08:00" must not mean the day after tomorrow.
                return Hours("always") if closes >= at + 2 * _DAY else Hours("open", until=closes.astimezone(zone))
            if opens > at:
                return Hours("closed", opens_at=opens.astimezone(zone))
    return _without_hours(rules, closures, at)


def _without_hours(rules: Sequence[Rule], closures: Iterable[_Span], at: datetime) -> Hours:
    """What is left to say when no opening is in sight: closed by a closure, by appointment, or not known."""
    if any(start <= at < end for start, end in closures):
        return Hours("closed")
    if any(
        rule.kind == "appointment" and _holds(rule, at.astimezone(ZoneInfo(rule.timezone)).date()) for rule in rules
    ):
        return Hours("appointment")
    return Hours("unknown")


def _holds(rule: Rule, day: date) -> bool:
    return (rule.valid_from is None or rule.valid_from <= day) and (rule.valid_to is None or day <= rule.valid_to)


def _open_spans(rules: Sequence[Rule], start: datetime, end: datetime) -> Iterable[_Span]:
    for rule in rules:
        zone = ZoneInfo(rule.timezone)
        if rule.kind == "always":
            opens, closes = _dates(rule)
            if max(opens, start) < min(closes, end):
                yield max(opens, start), min(closes, end)
        elif rule.kind == "weekly":
            first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
            wanted = {_DAYS.index(day.strip()) for day in rule.byday.split(",") if day.strip()}
            for day in (first + number * _DAY for number in range((last - first).days + 1)):
                if day.weekday() in wanted and _holds(rule, day):
                    yield from _shift(rule.opens_at, rule.closes_at, day, zone)


@lru_cache(maxsize=20_000)
def _shift(opens_at: time | None, closes_at: time | None, day: date, zone: ZoneInfo) -> tuple[_Span, ...]:
    """The opening that begins on a day; it may end on the next one, and a change of the clocks may swallow it."""
    if opens_at is None or closes_at is None:
        return ()
    closes_at = time(0) if closes_at.replace(second=0) == _END_OF_DAY else closes_at
    overnight = closes_at <= opens_at
    opens = datetime.combine(day, opens_at, zone).astimezone(UTC)
    closes = datetime.combine(day + _DAY if overnight else day, closes_at, zone).astimezone(UTC)
    return ((opens, closes),) if opens < closes else ()


def _dates(rule: Rule) -> _Span:
    """The days of a rule, from the first midnight to the one after the last."""
    zone = ZoneInfo(rule.timezone)
    start = datetime.combine(rule.valid_from, time(), zone) if rule.valid_from else datetime.min.replace(tzinfo=UTC)
    end = datetime.combine(rule.valid_to + _DAY, time(), zone) if rule.valid_to else datetime.max.replace(tzinfo=UTC)
    return start.astimezone(UTC), end.astimezone(UTC)


def _union(spans: Iterable[_Span]) -> list[_Span]:
    """The spans in order, those that touch or overlap made one."""
    joined: list[_Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _without(spans: list[_Span], closures: list[_Span]) -> list[_Span]:
    for closed_from, closed_to in closures:
        spans = [
            part
            for start, end in spans
            for part in ((start, min(end, closed_from)), (max(start, closed_to), end))
            if part[0] < part[1]
        ]
    return spans
