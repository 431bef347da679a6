"""Rows of the template that are one service: which cells differ from what is stored, and what record they ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from directory.exchange import cells as values
from directory.exchange.cells import Cell, CellError
from directory.exchange.columns import LOCATION, SERVICE, TEXT, Column, row_of, zone_of_entry
from directory.exchange.entries import Asked, problem_of, validated
from directory.exchange.hours_grammar import HoursError, parse
from directory.exchange.lists import areas, items_by, kept_phones
from directory.exchange.problems import Problem, shortened
from directory.exchange.zones import only_zone
from directory.records import LocationRecord, ServiceRecord

_SAME = ("organization", "country", "name")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number and its cells by header."""

    number: int
    cells: dict[str, Cell]

    @property
    def where(self) -> str:
        return f"row {self.number}"

    def text(self, name: str) -> str:
        """What the cell says, without outer blanks and with one kind of line end; empty when there is none."""
        cell = self.cells.get(name)
        return cell.text.replace("\r\n", "\n").replace("\r", "\n").strip() if cell else ""

    def continues(self, first: "Row") -> bool:
        """Whether it is another location of the service whose first row that is."""
        if self.text("id"):
            return self.text("id").lower() == first.text("id").lower()
        named = any(self.text(name) for name in SERVICE)
        if first.text("id"):
            return not named
        return not named or (
            any(self.text(name) for name in LOCATION)
            and any(first.text(name) for name in LOCATION)
            and all(self.text(name) == first.text(name) for name in _SAME)
        )


class TemplateEntry:
    """The rows of one service."""

    def __init__(self, rows: Sequence[Row], names: Sequence[str | None], notes: Sequence[Problem] = ()) -> None:
        self._rows = list(rows)
        self._names = [name for name in names if name is not None]
        self._notes = list(notes)
        self._languages = sorted({name.split("[")[1][:-1] for name in self._names if name.endswith("]")})
        self._first = rows[0]

    @property
    def where(self) -> str:
        last = self._rows[-1].number
        return self._first.where if last == self._first.number else f"rows {self._first.number}-{last}"

    @property
    def id(self) -> UUID | None:
        return _uuid(self._first.text("id"))

    @property
    def source_key(self) -> tuple[str, str] | None:
        source, at_source = self._first.text("source"), self._first.text("source id")
        return (source, at_source) if source and at_source else None

    @property
    def name(self) -> str:
        return self._first.text("name")

    @property
    def verified_on(self) -> date | None:
        try:
            return values.day(self._first.text("last verified")) if self._first.text("last verified") else None
        except CellError:
            return None

    def words(self) -> Iterator[str]:
        for row in self._rows:
            for cell in row.cells.values():
                if cell.text:
                    yield cell.text

    def asks(self, stored: ServiceRecord | None) -> Asked:
        reading = _Reading(self._rows, self._names, self._languages, stored)
        asked = reading.asked()
        asked.warnings[:0] = self._notes
        return asked


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


class _Reading:
    """One reading of the rows against one stored record."""

    def __init__(self, rows: list[Row], names: list[str], languages: list[str], stored: ServiceRecord | None) -> None:
        self.rows, self.names, self.languages, self.stored = rows, names, languages, stored
        self.data: dict[str, Any] = stored.model_dump() if stored else {}
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self.first = rows[0]
        self.moved: tuple[str, str] | None = None
        self.places: list[Row] = []

    def asked(self) -> Asked:
        self._check_rows()
        was = row_of(self.stored, None, self.languages, None) if self.stored else {}
        self.zone = self._zone()
        for name in self.names:
            if name in SERVICE and self._differs(self.first, name, was):
                self._service(SERVICE[name])
        for language in self.languages:
            self._text(language, was)
        self._locations()
        if self.errors:
            return Asked(None, self.errors, self.warnings)
        record, found = validated(self.data)
        self.errors += [self._problem(*error) for error in found]
        return Asked(record, self.errors, self.warnings)

    def _check_rows(self) -> None:
        if self.first.text("id") and _uuid(self.first.text("id")) is None:
            self._wrong(self.first, "id", "id", value=shortened(self.first.text("id")))
        for row in self.rows[1:]:
            for name in self.names:
                if name not in LOCATION and row.text(name) and row.text(name) != self.first.text(name):
                    self._wrong(row, name, "two_values")

    def _differs(self, row: Row, name: str, was: dict[str, str]) -> bool:
        return self.stored is None or row.text(name) != was.get(name, "").strip()

    def _wrong(self, row: Row, column: str, code: str, **filled: str) -> None:
        self.errors.append(Problem(row.where, column, code, filled))

    def _zone(self) -> str:
        """The zone of hours that name none."""
        said = self.first.text("time zone")
        if said:
            return said
        if self.stored is not None and (before := zone_of_entry(self.stored)):
            return before
        return only_zone(self.first.text("country").upper() or str(self.data.get("country", ""))) or ""

    def _service(self, column: Column) -> None:
        text = self.first.text(column.header)
        if column.kind == "organization":
            self._named("organization", text, required=True)
        elif column.kind == "program":
            self._named("program", text)
        elif column.kind == "id":
            self.data["id"] = _uuid(text)
        elif column.kind == "verified":
            self._value(self.first, column, text, None)
        elif column.kind == "zone":
            if self.stored is not None and text:
                self.moved = (zone_of_entry(self.stored), text)
                self._move_zone(self.data)
        else:
            found = self._value(self.first, column, text, self.data.get(column.field))
            if found is not _KEEP:
                self.data[column.field] = found

    def _named(self, field: str, text: str, *, required: bool = False) -> None:
        """An organization or programme of another name is another one: its own fields are not those of the one before."""
        if text:
            self.data[field] = {"name": text}
        elif required:
            self._wrong(self.first, field, "required")
        else:
            self.data[field] = None

    def _move_zone(self, holder: dict[str, Any]) -> None:
        """Hours that were in the zone that another one was written over."""
        for rule in holder.get("schedules", ()):
            if self.moved and rule["timezone"] == self.moved[0]:
                rule["timezone"] = self.moved[1]

    def _text(self, language: str, was: dict[str, str]) -> None:
        columns = [name for name in self.names if name.endswith(f"[{language}]")]
        changed = [name for name in columns if self._differs(self.first, name, was)]
        if not changed:
            return
        texts = dict(self.data.get("texts") or {})
        if not any(self.first.text(name) for name in columns if not name.startswith("translation ")):
            texts.pop(language, None)
        else:
            text = dict(texts.get(language) or {})
            state_said = False
            for name in changed:
                column = TEXT[name.split(" [")[0]]
                said = self.first.text(name)
                state_said |= column.field == "state" and bool(said)
                value = self._value(self.first, column, said, None, header=name)
                if value is not _KEEP:
                    text[column.field] = value or ("" if column.field == "description" else None)
            if not state_said:
                # Words that nobody has approved yet are not shown to people.
                text["state"] = "draft"
            if not text.get("name"):
                text["name"] = self.first.text("name")
            texts[language] = text
        self.data["texts"] = texts

    def _locations(self) -> None:
        if not any(name in LOCATION for name in self.names):
            return
        before = {location.id: location for location in self.stored.locations} if self.stored else {}
        said = [row for row in self.rows if any(row.text(name) for name in LOCATION)]
        free = dict(before)
        places: list[dict[str, Any]] = []
        chosen = [(row, self._chosen(row, free, len(said))) for row in said]
        for row, location in chosen:
            places.append(self._location(row, location))
            self.places.append(row)
        self.data["locations"] = places

    def _chosen(self, row: Row, free: dict[UUID | None, LocationRecord], count: int) -> LocationRecord | None:
        """The stored location that a row is about: by its id, by saying the same, or because there is only one."""
        written = row.text("location id")
        wanted = _uuid(written)
        if written:
            if wanted is None:
                self._wrong(row, "location id", "id", value=shortened(written))
                return None
            return free.pop(wanted, None)
        names = [name for name in self.names if name in LOCATION and name != "location id"]
        for key, location in list(free.items()):
            was = row_of(self.stored, location, (), None) if self.stored else {}
            if all(row.text(name) == was[name].strip() for name in names):
                return free.pop(key)
        if count == 1 and len(free) == 1:
            return free.popitem()[1]
        return None

    def _location(self, row: Row, location: LocationRecord | None) -> dict[str, Any]:
        data: dict[str, Any] = location.model_dump() if location else {
            "id": _uuid(row.text("location id")),
            "country": self.data.get("country") or "",
            "is_confidential": bool(self.data.get("is_confidential")),
        }  # fmt: skip
        self._move_zone(data)
        was = row_of(self.stored, location, (), None) if self.stored and location else {}
        moved = [
            name
            for name in self.names
            if name in LOCATION and name != "location id" and (not was or row.text(name) != was[name].strip())
        ]
        for name in moved:
            column = LOCATION[name]
            if column.kind == "address":
                continue
            value = self._value(row, column, row.text(name), data.get(column.field))
            if value is not _KEEP:
                data[column.field] = value
        if any(LOCATION[name].kind == "address" for name in moved):
            self._address(row, data)
        if data.get("name") is None:
            data["name"] = ""
        return data

    def _address(self, row: Row, data: dict[str, Any]) -> None:
        """The first address; a location's other addresses have no columns and stay."""
        addresses = list(data.get("addresses") or ())
        present = [name for name in self.names if name in LOCATION and LOCATION[name].kind == "address"]
        said = {LOCATION[name].field: row.text(name) or None for name in present}
        if not any(said.values()):
            data["addresses"] = addresses[1:]
            return
        first = dict(addresses[0]) if addresses else {
            "city": data.get("city"), "state_province": data.get("state_province"), "country": data.get("country"),
        }  # fmt: skip
        first |= said
        if not first.get("address_1"):
            self._wrong(row, "address", "required")
            first["address_1"] = "-"
        data["addresses"] = [first, *addresses[1:]]

    def _value(self, row: Row, column: Column, text: str, before: Any, header: str = "") -> Any:
        """What a cell says, as its field takes it; `_KEEP` when it cannot be read (a problem is noted)."""
        name = header or column.header
        try:
            return self._read(row, column, text, before, name)
        except CellError as error:
            self._wrong(row, name, error.code, **{key: shortened(value) for key, value in error.values.items()})
        except HoursError as error:
            self._wrong(row, name, "hours", value=shortened(error))
        return _KEEP

    def _read(self, row: Row, column: Column, text: str, before: Any, name: str) -> Any:
        kind = column.kind
        if kind in _EMPTY and not text:
            return True if column.field == "walk_in" else _EMPTY[kind]
        if kind in _READ:
            return _READ[kind](text)
        if kind == "text":
            return text or ("" if column.field in ("description", "name") else None)
        if kind == "choice":
            return self._choice(column, text)
        return self._list(row, kind, text, before, name)

    def _list(self, row: Row, kind: str, text: str, before: Any, name: str) -> Any:
        if kind == "phones":
            return self._phones(row, name, text, before)
        if kind == "hours":
            return self._hours(row, text, before)
        if kind == "areas":
            return items_by(areas(text), before, ("country", "name", "latitude", "longitude", "radius_km"))
        field = "document" if kind == "documents" else "description"
        return items_by([{field: item} for item in values.split_list(text)], before, (field,))

    def _choice(self, column: Column, text: str) -> str:
        if not text:
            return column.choices[0].replace(" ", "_")
        word = " ".join(text.lower().replace("_", " ").split())
        if word not in column.choices:
            raise CellError("choice", value=text, choices=", ".join(column.choices))
        return word.replace(" ", "_")

    def _phones(self, row: Row, name: str, text: str, before: Any) -> Any:
        found = [values.phone(item, row.cells[name]) for item in values.split_list(text)]
        phones = kept_phones(found, before)
        for phone in phones:
            eaten = phone.pop("eaten", False)
            if phone.get("id") is None and eaten and len(phone["number"]) > 6:
                raise CellError("eaten", value=phone["number"])
            if phone.get("id") is None and len(phone["number"]) > 8 and phone["number"][0] not in "+0*#":
                self.warnings.append(Problem(row.where, name, "no_country_code", {"value": phone["number"]}))
        return phones

    def _hours(self, row: Row, text: str, before: Any) -> Any:
        if text and not self.zone and "[" not in text:
            self._wrong(row, "time zone", "zone")
            return _KEEP
        rules = parse(text, self.zone)
        return items_by(rules, before, ("kind", "byday", "opens_at", "closes_at", "valid_from", "valid_to", "notes"))

    def _problem(self, place: tuple[Any, ...], rule: str, reason: str) -> Problem:
        """Where in the rows an error of the record is."""
        row, column = self.first, ""
        if place and place[0] == "locations" and len(place) > 1 and isinstance(place[1], int):
            row = self.places[place[1]] if place[1] < len(self.places) else row
            fields = {one.field: header for header, one in LOCATION.items()}
            column = next(
                (fields[part] for part in place[2:] if part in fields), "address" if "addresses" in place else ""
            )
        elif place and place[0] == "texts" and len(place) > 2:
            column = next((f"{h} [{place[1]}]" for h, one in TEXT.items() if one.field == place[2]), "")
        elif place:
            column = next((header for header, one in SERVICE.items() if one.field == place[0]), "")
        column = column or _RULES.get(rule, "")
        if place and self.data.get(str(place[0])) in (None, ""):
            return Problem(row.where, column, "required")
        return problem_of(row.where, column, rule, reason)


_RULES = {
    "need": "needs", "age_order": "minimum age", "alert_day": "alert until", "point": "latitude", "confidential_point": "latitude",
    "confidential_address": "address", "confidential_numbers": "location phones", "confidential_locations": "confidential",
}  # fmt: skip
"""The column of rules that are about several fields."""
_KEEP = object()
_EMPTY = {"yes_no": False, "maybe": None, "number": None, "date": None, "verified": None, "nationalities": None}


def _nationalities(text: str) -> list[str]:
    return [] if text.lower() == "any" else [item.upper() for item in values.split_list(text)]


_READ = {
    "yes_no": values.yes_no,
    "maybe": values.yes_no,
    "number": values.decimal,
    "date": values.day,
    "verified": values.day,
    "code": str.upper,
    "list": lambda text: sorted({item.lower() if len(item) <= 3 else item for item in values.split_list(text)}),
    "nationalities": _nationalities,
}
