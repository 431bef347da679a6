"""The columns of our template, in their order: what a header means and how its cell is written from a record.

What has no column (contacts, costs, capacities, attributes, a second address) is kept as it is when a file is imported.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from directory.exchange.cells import join_list, number_text
from directory.exchange.hours_grammar import format_hours
from directory.exchange.zones import only_zone
from directory.records import AreaRecord, LocationRecord, PhoneRecord, ServiceRecord

Level = Literal["service", "location", "text"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its header, the field it fills, how it is read (`kind`), the values it may have, and what it is for."""

    header: str
    field: str
    kind: str
    about: str
    level: Level = "service"
    choices: tuple[str, ...] = ()


_STATUS = ("active", "inactive", "temporarily closed", "defunct")
_PAPERS = ("unknown", "not required", "required")
_SERVICE = (
    Column("id", "id", "id", "Leave as exported; empty for a new service."),
    Column("organization", "organization", "organization", "Who runs it. The same name is the same organization."),
    Column("program", "program", "program", "Programme it belongs to, if any."),
    Column("country", "country", "code", "Two letters, such as BD."),
    Column("name", "name", "text", "Name in the organization's own language."),
    Column("alternate name", "alternate_name", "text", "Another name that people use."),
    Column("description", "description", "text", "What one gets there, in plain words."),
    Column("needs", "needs", "list", "What it helps with: shelter; health; food_cash; work; legal; family; talk; return."),
    Column("languages", "languages", "list", "Languages spoken there, as codes: bn; en."),
    Column("confidential", "is_confidential", "yes_no", "yes: the address is told to nobody and must not be in the file."),
    Column("hotline", "is_hotline", "yes_no", "yes: reached by phone from the whole country."),
    Column("status", "status", "choice", "Whether it runs.", choices=_STATUS),
    Column("closed until", "closed_until", "date", "Of a temporarily closed service."),
    Column("closed reason", "closed_reason", "text", "Why it is closed."),
    Column("alert", "alert", "text", "A short notice, shown until the next column's day."),
    Column("alert until", "alert_until", "date", "Last day of the notice."),
    Column("website", "url", "text", "https://…"),
    Column("email", "email", "text", "Public address of the service."),
    Column("phones", "phones", "phones", "Numbers with +; text or whatsapp may stand before one: +15005550100; whatsapp +15005550101."),
    Column("time zone", "timezone", "zone", "Of the hours, such as Asia/Dhaka. May be empty in a country with one zone."),
    Column("hours", "schedules", "hours", "Mo-Fr 09:00-12:00, 13:00-17:00; closed 2026-12-25; by appointment; 24/7; unknown."),
    Column("areas", "areas", "areas", "Where it comes or answers: BD for the whole country, or BD Dhaka 23.8,90.4 25km."),
    Column("sex", "eligible_sex", "choice", "For whom.", choices=("any", "female", "male")),
    Column("minimum age", "minimum_age", "number", "In years."),
    Column("maximum age", "maximum_age", "number", "In years: 17 means until the eighteenth birthday."),
    Column("nationalities", "eligible_nationalities", "nationalities", "Country codes; any: for everybody; empty: not known."),
    Column("legal status", "legal_status", "choice", "Whether papers of stay are asked for.", choices=_PAPERS),
    Column("children accompanying", "children_accompanying", "maybe", "Whether a parent may bring children; empty: not known."),
    Column("documents required", "documents_required", "yes_no", "Whether any paper must be shown."),
    Column("required documents", "documents", "documents", "Which papers, separated by ;"),
    Column("walk in", "walk_in", "yes_no", "yes: one may come without an appointment. Empty: yes."),
    Column("referral needed", "referral_needed", "yes_no", "yes: somebody must refer the person."),
    Column("eligibility", "eligibility_description", "text", "Who may come, in words."),
    Column("how to apply", "application_process", "text", "What one does to get it."),
    Column("fees", "fees_description", "text", "What it costs, in words."),
    Column("interpretation", "interpretation_services", "text", "How one is understood there."),
    Column("source", "source", "text", "Where the entry comes from."),
    Column("source id", "source_id", "text", "Its id there."),
    Column("last verified", "verified_on", "verified", "Day on which somebody last confirmed it with the organization."),
)  # fmt: skip
_LOCATION = (
    Column("location id", "id", "id", "Leave as exported; empty for a new place.", "location"),
    Column("location name", "name", "text", "Name of the building.", "location"),
    Column("location type", "location_type", "choice", "Empty: physical.", "location", ("physical", "postal", "virtual")),
    Column("address", "address_1", "address", "Street and number. Never of a confidential service.", "location"),
    Column("address line 2", "address_2", "address", "", "location"),
    Column("postal code", "postal_code", "address", "", "location"),
    Column("city", "city", "text", "Town or area: all that is said of a confidential service.", "location"),
    Column("state or province", "state_province", "text", "", "location"),
    Column("latitude", "latitude", "number", "Degrees, such as 23.8103.", "location"),
    Column("longitude", "longitude", "number", "Degrees, such as 90.4125.", "location"),
    Column("directions", "transportation", "text", "How one gets there.", "location"),
    Column("location description", "description", "text", "What to look for.", "location"),
    Column("accessibility", "accessibility", "accessibility", "For people who walk, see or hear badly, separated by ;", "location"),
    Column("location phones", "phones", "phones", "Numbers that ring at this place only.", "location"),
    Column("location hours", "schedules", "hours", "Hours of this place, if the service has none of its own.", "location"),
)  # fmt: skip
_TEXT = (
    Column("name", "name", "text", "", "text"),
    Column("description", "description", "text", "", "text"),
    Column("eligibility", "eligibility_description", "text", "", "text"),
    Column("how to apply", "application_process", "text", "", "text"),
    Column("alert", "alert", "text", "", "text"),
    Column("translation", "state", "choice", "", "text", ("draft", "approved", "outdated")),
)
SERVICE: Mapping[str, Column] = {column.header: column for column in _SERVICE}
LOCATION: Mapping[str, Column] = {column.header: column for column in _LOCATION}
TEXT: Mapping[str, Column] = {column.header: column for column in _TEXT}


def headers(languages: Sequence[str]) -> list[str]:
    """All headers of a file with translations into these languages: `name [fr]`."""
    translated = [f"{header} [{language}]" for language in languages for header in TEXT]
    return [*SERVICE, *translated, *LOCATION]


def row_of(
    record: ServiceRecord, location: LocationRecord | None, languages: Iterable[str], verified_on: date | None
) -> dict[str, str]:
    """The cells of an entry at one of its locations, by header."""
    zone = zone_of_entry(record)
    cells = {header: _service_cell(record, column, zone) for header, column in SERVICE.items()}
    cells["last verified"] = str(verified_on or "")
    for language in languages:
        text = record.texts.get(language)
        for header, column in TEXT.items():
            cells[f"{header} [{language}]"] = _text(getattr(text, column.field)) if text else ""
    for header, column in LOCATION.items():
        cells[header] = _location_cell(location, column, zone) if location else ""
    return cells


def zone_of_entry(record: ServiceRecord) -> str:
    """The zone that most rules of the entry are in; without rules the country's only one, or empty."""
    rules = [*record.schedules, *(rule for location in record.locations for rule in location.schedules)]
    zones = [rule.timezone for rule in rules]
    return max(sorted(set(zones)), key=zones.count) if zones else only_zone(record.country) or ""


def _service_cell(record: ServiceRecord, column: Column, zone: str) -> str:
    if column.kind == "organization":
        return record.organization.name
    if column.kind == "program":
        return record.program.name if record.program else ""
    if column.kind == "zone":
        return zone
    if column.kind == "verified":
        return ""
    return _WRITE[column.kind](getattr(record, column.field), zone)


def _location_cell(location: LocationRecord, column: Column, zone: str) -> str:
    if column.kind == "address":
        return _text(getattr(location.addresses[0], column.field)) if location.addresses else ""
    return _WRITE[column.kind](getattr(location, column.field), zone)


def _text(value: Any) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n")


def _phone(record: PhoneRecord) -> str:
    pieces: list[str] = [] if record.phone_type == "voice" else [record.phone_type]
    pieces.append(record.number)
    pieces += [f"ext {record.extension}"] if record.extension is not None else []
    if record.description and not set(record.description) & set("()"):
        pieces.append(f"({record.description})")
    return " ".join(pieces)


def _area(record: AreaRecord) -> str:
    pieces = [record.country, *([record.name] if record.name else [])]
    if record.latitude is not None and record.longitude is not None and record.radius_km is not None:
        pieces.append(
            f"{number_text(record.latitude)},{number_text(record.longitude)} {number_text(record.radius_km)}km"
        )
    return " ".join(pieces)


_Writer = Callable[[Any, str], str]
_WRITE: Mapping[str, _Writer] = {
    "id": lambda value, _: _text(value),
    "text": lambda value, _: _text(value),
    "code": lambda value, _: _text(value),
    "date": lambda value, _: _text(value),
    "choice": lambda value, _: _text(value).replace("_", " "),
    "list": lambda value, _: join_list(value),
    "yes_no": lambda value, _: "yes" if value else "no",
    "maybe": lambda value, _: "" if value is None else "yes" if value else "no",
    "number": lambda value, _: "" if value is None else number_text(value),
    "nationalities": lambda value, _: "" if value is None else join_list(value) or "any",
    "documents": lambda value, _: join_list([item.document for item in value]),
    "accessibility": lambda value, _: join_list([item.description for item in value if item.description]),
    "phones": lambda value, _: join_list([_phone(item) for item in value]),
    "areas": lambda value, _: join_list([_area(item) for item in value]),
    "hours": format_hours,
}
