r"""Hours as a person writes them in a cell: `Mo-Fr 09:00-12:00, 13:00-17:00; closed 2026-12-25..2026-12-26; by appointment`.

Rules are separated by `;`. One rule is days and times, `24/7`, `by appointment`, `unknown` or `closed FROM..TO`. After it may stand
`from DATE`, `until DATE`, a zone other than the row's in brackets, and a remark in parentheses, where `\` goes before `;`, `(`, `)`.
"""

import re
from collections.abc import Iterable
from datetime import date, time
from typing import Any

from directory.records import ScheduleRecord

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDS = {"24/7": "always", "by appointment": "appointment", "unknown": "unknown"}
_WRITTEN = {kind: word for word, kind in _WORDS.items()}
_TIMES = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2}))?$")
_NOTE = re.compile(r"\(((?:[^()\\]|\\.)*)\)\s*$", re.DOTALL)
_MEANT = "()[];\\"
"""Signs that mean something between rules; in a remark they are marked, by `_marked` alone and read by `_unmarked` alone."""
_ZONE = re.compile(r"\[([^\]]+)\]\s*$")
_END = re.compile(r"\b(from|until)\s+(\d{4}-\d{2}-\d{2})\s*$", re.IGNORECASE)


class HoursError(ValueError):
    """A rule that cannot be read; the text is the rule."""


def parse(text: str, zone: str) -> list[dict[str, Any]]:
    """Fields of `ScheduleRecord` for each rule. Raises HoursError with the rule that is not understood."""
    rules: list[dict[str, Any]] = []
    for part in _split(text, ";"):
        if part.strip():
            rules.extend(_rule(part.strip(), zone))
    return rules


def format_hours(schedules: Iterable[ScheduleRecord], zone: str) -> str:
    """The rules as `parse` reads them; times of the same days stand together."""
    parts: dict[tuple[Any, ...], list[str]] = {}
    for rule in schedules:
        tail = _tail(rule, zone)
        if rule.kind == "weekly":
            key: tuple[Any, ...] = ("weekly", _days(rule.byday or ""), tail)
            if rule.opens_at is not None and rule.closes_at is not None:
                parts.setdefault(key, []).append(f"{_time(rule.opens_at)}-{_time(rule.closes_at, end=True)}")
        elif rule.kind == "closure":
            days = f"{rule.valid_from}" + (f"..{rule.valid_to}" if rule.valid_to != rule.valid_from else "")
            parts.setdefault(("closed", f"closed {days}", tail, len(parts)), [])
        else:
            parts.setdefault((rule.kind, _WRITTEN[rule.kind], tail, len(parts)), [])
    return "; ".join(
        " ".join(piece for piece in (key[1], ", ".join(sorted(times)), key[2]) if piece)
        for key, times in sorted(parts.items(), key=_order)
    )


def _order(item: tuple[tuple[Any, ...], list[str]]) -> tuple[Any, ...]:
    kind, days, tail = item[0][:3]
    first = DAYS.index(days[:2].upper()) if kind == "weekly" else 0
    return ("weekly", "always", "appointment", "unknown", "closed").index(kind), first, days, tail, item[1]


def _marked(remark: str) -> str:
    r"""A remark as it stands in parentheses: what would end it, or the rule, has a `\` before it."""
    return "".join(f"\\{sign}" if sign in _MEANT else sign for sign in remark)


def _unmarked(text: str) -> str:
    """The remark of what `_marked` wrote; also of what somebody marked without need."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _split(text: str, separator: str) -> list[str]:
    """Parts of the text, not cut inside a remark."""
    parts, depth, start, position = [], 0, 0, 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth = max(0, depth - 1)
        elif character == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def _rule(text: str, zone: str) -> list[dict[str, Any]]:
    common: dict[str, Any] = {"timezone": zone}
    rest = text
    if note := _NOTE.search(rest):
        common["notes"] = _unmarked(note[1])
        rest = rest[: note.start()].rstrip()
    if other := _ZONE.search(rest):
        common["timezone"] = other[1]
        rest = rest[: other.start()].rstrip()
    while end := _END.search(rest):
        name = "valid_from" if end[1].lower() == "from" else "valid_to"
        if name in common:
            raise HoursError(text)
        common[name] = _date(end[2], text)
        rest = rest[: end.start()].rstrip()
    word = " ".join(rest.lower().split())
    if word in _WORDS:
        return [{"kind": _WORDS[word], **common}]
    if word.startswith("closed "):
        if {"valid_from", "valid_to"} & common.keys():
            raise HoursError(text)
        first, _, last = rest[7:].strip().partition("..")
        return [
            {
                "kind": "closure",
                **common,
                "valid_from": _date(first.strip(), text),
                "valid_to": _date((last or first).strip(), text),
            }
        ]
    return _weekly(rest, common, text)


def _weekly(rest: str, common: dict[str, Any], text: str) -> list[dict[str, Any]]:
    found = re.match(r"^(.*?)\s*(\d{1,2}:.*)$", rest, re.DOTALL)
    if found is None:
        raise HoursError(text)
    byday = _byday(found[1].rstrip(" ,:"), text)
    rules = []
    for span in found[2].split(","):
        opens, separator, closes = re.sub(r"[–—]", "-", span).partition("-")  # noqa: RUF001
        if not separator:
            raise HoursError(text)
        rules.append(
            {
                "kind": "weekly",
                "byday": byday,
                "opens_at": _clock(opens.strip(), text),
                "closes_at": _clock(closes.strip(), text, end=True),
                **common,
            }
        )
    return rules


def _byday(text: str, rule: str) -> str:
    words = re.sub(r"\s*[-–—]\s*", "-", text.strip().lower())  # noqa: RUF001
    if words in ("daily", "every day", ""):
        return ",".join(DAYS)
    days: set[int] = set()
    for piece in (piece for piece in re.split(r"[\s,]+", words) if piece):
        first, separator, last = piece.partition("-")
        start = _day(first, rule)
        end = _day(last, rule) if separator else start
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return ",".join(DAYS[day] for day in sorted(days))


def _day(word: str, rule: str) -> int:
    found = [number for number, name in enumerate(_FULL) if len(word) >= 2 and name.startswith(word.rstrip("."))]
    if len(found) != 1:
        raise HoursError(rule)
    return found[0]


def _clock(text: str, rule: str, *, end: bool = False) -> time:
    found = _TIMES.match(text)
    if found is None:
        raise HoursError(rule)
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if end and (hour, minute, second) == (24, 0, 0):
        return time(0)
    try:
        return time(hour, minute, second)
    except ValueError:
        raise HoursError(rule) from None


def _date(text: str, rule: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise HoursError(rule) from None


def _days(byday: str) -> str:
    """`MO,TU,WE,SA` as `Mo-We,Sa`."""
    numbers = [DAYS.index(day) for day in byday.split(",") if day]
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    names = [DAYS[number].capitalize() for number in range(7)]
    return ",".join(names[run[0]] + (f"-{names[run[-1]]}" if len(run) > 1 else "") for run in runs)


def _time(value: time, *, end: bool = False) -> str:
    if end and value == time(0):
        return "24:00"
    return value.strftime("%H:%M:%S" if value.second else "%H:%M")


def _tail(rule: ScheduleRecord, zone: str) -> str:
    pieces = []
    if rule.kind != "closure":
        pieces += [f"from {rule.valid_from}"] if rule.valid_from else []
        pieces += [f"until {rule.valid_to}"] if rule.valid_to else []
    if rule.timezone != zone:
        pieces.append(f"[{rule.timezone}]")
    if rule.notes:
        pieces.append(f"({_marked(rule.notes)})")
    return " ".join(pieces)
