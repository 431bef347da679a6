"""Schedules of HSDS as ours: an RRULE with an offset becomes weekly hours in a zone; what comes back monthly is kept as a remark."""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from directory.exchange.zones import zone_of

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


_NOT_RULES = {"by appointment": "appointment", "unknown": "unknown"}
_OWN_WORDS = (
    "By appointment.", "Opening hours are not known: ring first.", "Day and night.", "Until the following day.",
)  # fmt: skip
"""What our own export says beside the rules (`hsds.schedules`); the rules say it already."""


class Irregular(ValueError):  # noqa: N818  not an error when `kept` says what is kept of it
    """A schedule that weekly hours cannot say. `column`: the key that cannot be read; else `kept` is what remains of it."""

    def __init__(self, text: str, column: str = "", kept: dict[str, Any] | None = None) -> None:
        super().__init__(text)
        self.column = column
        self.kept = kept or {}


def schedules(item: Mapping[str, Any], country: str, named: str | None = None) -> dict[str, Any]:
    """Fields of a `ScheduleRecord`. `named`: the zone, where the document names one. Raises Irregular."""
    offset = item.get("timezone")
    numeric = float(offset) if isinstance(offset, int | float) and not isinstance(offset, bool) else None
    zone = named or zone_of(country, numeric) or "UTC"
    described = item.get("description")
    notes = _joined(item.get("notes"), None if described in _OWN_WORDS else described)
    rule: dict[str, Any] = {
        "timezone": zone,
        "valid_from": _day(item, "valid_from") or _day(item, "dtstart"),
        "valid_to": _day(item, "valid_to") or _day(item, "until"),
        "notes": notes,
    }
    attending = str(item.get("attending_type") or "").lower()
    if attending in _NOT_RULES and not item.get("freq"):
        return {"kind": _NOT_RULES[attending], **rule}
    days = _byday(item)
    opens, closes = _clock(item, "opens_at"), _clock(item, "closes_at")
    every = item.get("interval") in (None, 1, "1", "") and item.get("freq") in (None, "", "WEEKLY", "DAILY")
    irregular = any(item.get(key) for key in ("byweekno", "bymonthday", "byyearday", "count"))
    if opens is None or closes is None or not every or (irregular and not days):
        kept = {"kind": "unknown", **rule, "notes": _joined(notes, _told(item))}
        if opens is None and closes is None and not irregular and every and not days:
            return {"kind": "unknown", **rule}
        raise Irregular("irregular", kept=kept)
    if irregular:
        raise Irregular("irregular", kept={"kind": "unknown", **rule, "notes": _joined(notes, _told(item))})
    days = days or list(_DAYS)
    if len(days) == 7 and opens == time(0) and closes.replace(second=0) == time(23, 59):
        return {"kind": "always", **rule}
    return {"kind": "weekly", **rule, "byday": ",".join(days), "opens_at": opens, "closes_at": closes}


def _joined(*texts: Any) -> str | None:
    said = [str(text).strip() for text in texts if text]
    return "; ".join(dict.fromkeys(said)) or None


def _told(item: Mapping[str, Any]) -> str:
    """The rule as the standard writes it, for whoever enters it by hand."""
    keys = ("freq", "interval", "byday", "byweekno", "bymonthday", "byyearday", "count", "opens_at", "closes_at")
    return ";".join(f"{key}={item[key]}" for key in keys if item.get(key) not in (None, ""))


def _byday(item: Mapping[str, Any]) -> list[str]:
    text = str(item.get("byday") or "")
    days = [part.strip().upper() for part in text.split(",") if part.strip()]
    if not days and item.get("freq") == "DAILY":
        return list(_DAYS)
    if any(day not in _DAYS for day in days):
        if all(re.fullmatch(r"[+-]?\d*(MO|TU|WE|TH|FR|SA|SU)", day) for day in days):
            raise Irregular("irregular", kept={"kind": "unknown", "timezone": "UTC", "notes": _told(item)})
        raise Irregular(text, column="byday")
    return [day for day in _DAYS if day in days]


def _day(item: Mapping[str, Any], key: str) -> date | None:
    value = item.get(key)
    if not value:
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Irregular(str(value), column=key) from None


def _clock(item: Mapping[str, Any], key: str) -> time | None:
    """`09:00`, `09:00:00`, `09:00+06:00`, `0900Z`: the offset is said by the zone."""
    value = item.get(key)
    if not value:
        return None
    found = re.match(r"^(\d{1,2}):?(\d{2})(?::?(\d{2}))?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?$", str(value).strip())
    if found is None:
        raise Irregular(str(value), column=key)
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if (hour, minute, second) == (24, 0, 0):
        return time(0)
    try:
        return time(hour, minute, second)
    except ValueError:
        raise Irregular(str(value), column=key) from None
