"""Fields of an entry in words: what each is called, which number or place it belongs to, what its value says."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, time
from typing import Any

from desk.hours_form import DAYS
from desk.words import Words
from directory.models import LISTINGS, STATUSES
from directory.records import Record, ScheduleRecord, ServiceRecord, flatten

_TITLES = ("number", "name", "address_1", "city", "option", "document", "unit", "code", "title", "description")
"""What an item of a list is called by, the first that it has."""
_SPOKEN = ("languages",)
_COUNTRIES = ("country", "eligible_nationalities")
_CHOICES = frozenset(
    {
        "status",
        "eligible_sex",
        "legal_status",
        "phone_type",
        "location_type",
        "address_type",
        "kind",
        "state",
        "listing",
    }
)
_DATES = frozenset({
    "closed_until", "alert_until", "valid_from", "valid_to", "verified_on", "assured_date",
})  # fmt: skip


class EntryWords:
    """Says fields of an entry in the words of the console. `records`: where the items that paths name are looked up."""

    def __init__(self, words: Words, *records: ServiceRecord | None) -> None:
        self._words = words
        self._titles: dict[str, str] = {}
        for record in records:
            if record is not None:
                self._learn(record)

    def label(self, path: str) -> str:
        """`Phones · +15005550100 · Number` for `phones.<id>.number`."""
        parts = path.split(".")
        if parts[0] == "texts" and len(parts) == 3:
            return self._joined([self._words.language(parts[1]), self._field("", parts[2])])
        said: list[str] = []
        parent = ""
        rest = parts
        while len(rest) > 2:
            parent, key, *rest = rest
            said += [self._field("", parent), self._title(key)]
        if len(rest) == 2:
            parent, *rest = rest
            said.append(self._field("", parent))
        if rest[0] != "order":
            said.append(self._field(parent, rest[0]))
        else:
            said.append(self._words.say("directory_field_order"))
        return self._joined(said)

    def field(self, path: str) -> str:
        """The name of a field of the form alone: `Number` for `phones.0.number`."""
        return self._field(*_named(path))

    def hint(self, path: str) -> str:
        """What helps to fill in a field of the form; empty where nothing needs to be said."""
        parent, name = _named(path)
        return self._words.find(f"directory_hint_{parent}_{name}", self._words.find(f"directory_hint_{name}", ""))

    def value(self, path: str, raw: str) -> str:
        """What a value of `records.flatten` says; empty for what is not there."""
        name = path.rsplit(".", 1)[-1]
        if raw == "":
            return ""
        if raw in ("true", "false"):
            return self._words.say("directory_yes" if raw == "true" else "directory_no")
        if raw.startswith("["):
            return self._list(name, raw)
        if name in ("order", "byday"):
            said = (self._title(key) for key in raw.split())
            days = (self._words.weekday(DAYS.index(day)) for day in raw.split(",") if day in DAYS)
            return self._words.say("list_separator").join(said if name == "order" else days)
        return self._single(name, raw)

    def _single(self, name: str, raw: str) -> str:
        if name in _CHOICES:
            return self._words.find(f"directory_value_{name}_{raw}", raw)
        if name in _COUNTRIES:
            return self._words.country(raw)
        if name in _DATES:
            with suppress(ValueError):
                return self._words.day(date.fromisoformat(raw[:10]))
        return raw[:5] if name in ("opens_at", "closes_at") else raw

    def facts(self, record: ServiceRecord, skip: Iterable[str] = ()) -> list[tuple[str, str]]:
        """Label and value of every field that says something, without opening rules, which have their own lines."""
        left_out = {"id", *skip}
        return [
            (self.label(path), self.value(path, raw))
            for path, raw in flatten(record).items()
            if path not in left_out and "schedules." not in path and raw not in ("", "false")
        ]

    def hours(self, rules: Sequence[ScheduleRecord]) -> list[str]:
        """Opening hours, a line for each group of days of the same hours, then dates and closures."""
        words = self._words
        if not rules:
            return [words.say("directory_value_kind_unknown")]
        lines: list[str] = []
        weekly = [rule for rule in rules if rule.kind == "weekly"]
        for frame in dict.fromkeys(_frame(rule) for rule in weekly):
            of_days = {
                day: sorted(_span(rule) for rule in weekly if _frame(rule) == frame and day in (rule.byday or ""))
                for day in DAYS
            }
            for run in _runs(of_days):
                first, last = (words.weekday(DAYS.index(day)) for day in (run[0], run[-1]))
                days = first if len(run) == 1 else words.say("directory_span", first=first, last=last)
                times = words.say("list_separator").join(
                    words.say("directory_span", first=opens, last=closes) for opens, closes in of_days[run[0]]
                )
                lines.append(self._dated(f"{days} {times}", frame))
        lines += [
            self._dated(words.say(f"directory_value_kind_{rule.kind}"), _frame(rule))
            for rule in rules
            if rule.kind != "weekly"
        ]
        return lines

    def _dated(self, text: str, frame: tuple[date | None, date | None, str | None]) -> str:
        first, last, notes = frame
        span = ""
        if first and last:
            span = self._words.say("directory_span", first=self._words.day(first), last=self._words.day(last))
        elif first:
            span = self._words.say("directory_span_from", day=self._words.day(first))
        elif last:
            span = self._words.say("directory_span_until", day=self._words.day(last))
        return self._joined([part for part in (text, span, notes) if part])

    def _list(self, name: str, raw: str) -> str:
        try:
            items: list[Any] = json.loads(raw)
        except ValueError:
            return raw
        if not items:
            return self._words.say(
                "directory_value_every_nationality" if name == "eligible_nationalities" else "directory_no"
            )
        if name == "needs":
            said = [self._words.find(f"need_{item}", str(item)) for item in items]
        elif name in _SPOKEN:
            said = [self._words.language(str(item)) for item in items]
        else:
            said = [self._words.country(str(item)) if name in _COUNTRIES else str(item) for item in items]
        return self._words.say("list_separator").join(said)

    def _field(self, parent: str, name: str) -> str:
        own = f"directory_field_{parent}_{name}" if parent else f"directory_field_{name}"
        return self._words.find(own, self._words.find(f"directory_field_{name}", name))

    def _title(self, key: str) -> str:
        # An item that has no id yet is named by its own fields: "+15005550100|voice".
        first = key.split("|", maxsplit=1)[0]
        return (
            self._titles.get(key)
            or self._words.find(f"directory_value_kind_{first}", first)
            or self._words.say("directory_unnamed")
        )

    def _joined(self, parts: Iterable[str]) -> str:
        return " · ".join(self._words.isolated(part) for part in parts)

    def _learn(self, value: Any) -> None:
        if isinstance(value, ScheduleRecord):
            self._titles[str(value.id)] = self._words.find(f"directory_value_kind_{value.kind}", value.kind)
        elif isinstance(value, Record):
            if (id_ := getattr(value, "id", None)) is not None:
                found = (getattr(value, name, None) for name in _TITLES)
                self._titles[str(id_)] = next((str(one) for one in found if one), "")
            for name in type(value).model_fields:
                self._learn(getattr(value, name))
        elif isinstance(value, tuple):
            for one in value:
                self._learn(one)


def _named(path: str) -> tuple[str, str]:
    """The list or part that a field of the form belongs to, and the field: (`phones`, `number`) for `phones.0.number`."""
    parts = [part for part in path.split(".") if not part.isdecimal()]
    if parts[0] == "texts":
        return "", parts[-1]
    return (parts[-2], parts[-1]) if len(parts) > 1 else ("", parts[-1])


def _frame(rule: ScheduleRecord) -> tuple[date | None, date | None, str | None]:
    return rule.valid_from, rule.valid_to, rule.notes


def _span(rule: ScheduleRecord) -> tuple[str, str]:
    return _clock(rule.opens_at), _clock(rule.closes_at)


def _clock(value: time | None) -> str:
    return value.strftime("%H:%M") if value else ""


def _runs(of_days: dict[str, list[tuple[str, str]]]) -> list[list[str]]:
    """Neighbouring days of the same hours, days without any left out."""
    runs: list[list[str]] = []
    for day in DAYS:
        if not of_days[day]:
            continue
        before = DAYS[DAYS.index(day) - 1] if day != "MO" else ""
        if runs and runs[-1][-1] == before and of_days[before] == of_days[day]:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


ENUMERATIONS = {"status": STATUSES, "listing": LISTINGS}
"""Values that have words under `directory_value_<field>_<value>`; a test asks for each."""
