"""A leaflet to print: the services of an area in one language, from what may be told of and nothing else.

Set by Typst, which shapes Arabic, Bangla and Lao, orders right-to-left lines and breaks Lao between words, with the fonts of `data/fonts`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, Literal

import typst
from babel.dates import format_date, format_time
from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import Session

from core.catalogues import Catalogues
from directory.distance import box, kilometres
from directory.errors import DirectoryError
from directory.hsds.documents import Document, Reader, service_document
from directory.hsds.entries import Entry, all_entries, published
from directory.models import NEEDS, Location, Service, ServiceArea, ServiceAtLocation
from directory.places import PlaceRef
from directory.records import ScheduleRecord

_DATA = Path(__file__).parent / "data"
NEAR_KM = 50.0
MOST_SERVICES = 500
"""A leaflet of more is a book; who wants all asks for an export."""
_DAYS = {
    "MO": "day_monday", "TU": "day_tuesday", "WE": "day_wednesday", "TH": "day_thursday", "FR": "day_friday", "SA": "day_saturday",
    "SU": "day_sunday",
}  # fmt: skip


class EmptyLeafletError(DirectoryError):
    """There is no published service to print for this place."""

    def __init__(self) -> None:
        super().__init__("there is no published service for this place")


@dataclass(frozen=True, slots=True)
class Leaflet:
    """What is printed for whom."""

    place: PlaceRef
    language: str
    demonstration: bool
    today: date
    km: float = NEAR_KM


def make_leaflet(session: Session, catalogues: Catalogues, leaflet: Leaflet) -> bytes:
    """The leaflet as PDF. Raises EmptyLeafletError, and CatalogueError for a language that is not loaded."""
    made = set_page(contents(session, catalogues, leaflet), "pdf")
    return made if isinstance(made, bytes) else b"".join(made)


def set_page(content: Document, kind: Literal["pdf", "png"]) -> bytes | list[bytes]:
    """The content as PDF, or as a picture of each page. No font but ours: what is tested is what is printed."""
    return typst.compile(
        str(_DATA / "leaflet.typ"),
        format=kind,
        font_paths=[str(_DATA / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"leaflet": json.dumps(content)},
        pdf_standards="ua-1" if kind == "pdf" else None,
    )


def contents(session: Session, catalogues: Catalogues, leaflet: Leaflet) -> Document:
    """What is printed: services by need, in the order of the needs, the nearest first. Raises EmptyLeafletError."""
    reader = Reader((leaflet.language,), leaflet.demonstration, catalogues, leaflet.today)
    entries = list(_entries(session, leaflet))[:MOST_SERVICES]
    if not entries:
        raise EmptyLeafletError
    entries.sort(key=lambda entry: _distance(entry, leaflet.place))
    said = catalogues.text
    groups = [
        {
            "name": said(f"choice_{need}", leaflet.language),
            "services": [
                _service(entry, reader, catalogues, leaflet.language) for entry in entries if _first_need(entry) == need
            ],
        }
        for need in NEEDS
    ]
    language = catalogues.languages[leaflet.language]
    return {
        "title": leaflet.place.label,
        "language": leaflet.language,
        "direction": language.direction,
        "intro": said("say_services_intro", leaflet.language),
        "example": said("say_example_note", leaflet.language) if any(entry.is_example for entry in entries) else "",
        "date": format_date(leaflet.today, "long", locale=language.cldr),
        "groups": [group for group in groups if group["services"]],
    }


def _entries(session: Session, leaflet: Leaflet) -> Iterator[Entry]:
    rule = and_(
        published(demonstration=leaflet.demonstration),
        Service.country == leaflet.place.country,
        Service.status == "active",
        _for_place(leaflet),
    )
    for entry in all_entries(session, rule):
        if entry.record.is_hotline or _distance(entry, leaflet.place) <= leaflet.km:
            yield entry


def _for_place(leaflet: Leaflet) -> ColumnElement[bool]:
    """Who has a location near, comes there, or answers in the whole country."""
    around = box(leaflet.place.latitude, leaflet.place.longitude, leaflet.km)
    near = exists().where(
        ServiceAtLocation.service_id == Service.id,
        Location.id == ServiceAtLocation.location_id,
        Location.latitude.between(around.south, around.north),
        Location.longitude.between(around.west, around.east),
    )
    comes = exists().where(ServiceArea.service_id == Service.id, ServiceArea.country == leaflet.place.country)
    return or_(near, comes, Service.is_hotline)


def _distance(entry: Entry, place: PlaceRef) -> float:
    """Kilometres to the nearest point that may be known: of a hidden house the middle of its area. Everywhere: none; elsewhere: far."""
    found = [
        kilometres(place.latitude, place.longitude, location.latitude, location.longitude)
        for location in entry.record.locations
        if location.latitude is not None and location.longitude is not None
    ]
    for area in entry.record.areas:
        if area.radius_km is None:
            found.append(0.0)
        elif area.latitude is not None and area.longitude is not None:
            away = kilometres(place.latitude, place.longitude, area.latitude, area.longitude)
            found += [0.0] if away <= area.radius_km else []
    return min(found, default=0.0 if entry.record.is_hotline else float("inf"))


def _first_need(entry: Entry) -> str | None:
    """A service is printed once, under the first of its needs; a line that answers all of them under the first too."""
    return next((need for need in NEEDS if need in entry.record.needs), None)


def _service(entry: Entry, reader: Reader, catalogues: Catalogues, language: str) -> dict[str, Any]:
    document = service_document(entry, reader)
    places = [at["location"] for at in document.get("service_at_locations", [])]
    addresses = [address for place in places for address in place.get("addresses", [])]
    hidden = entry.record.is_confidential or any(location.is_confidential for location in entry.record.locations)
    address = "; ".join(
        ", ".join(part for part in (one["address_1"], one.get("address_2"), one["city"]) if part) for one in addresses
    )
    # Numbers of the doors that may be told stand beside those of the service.
    phones = [*document.get("phones", []), *(phone for place in places for phone in place.get("phones", []))]
    return {
        "name": _as_it_is(document["name"]),
        "description": _as_it_is(document.get("description", "")),
        "phones": [_left_to_right(number) for number in dict.fromkeys(phone["number"] for phone in phones)],
        "address": catalogues.text("say_confidential_address", language) if hidden else _as_it_is(address),
        "hours": hours(_rules(entry), catalogues, language, reader.day),
        "languages": _joined(
            [catalogues.name_of(code, language) for code in entry.record.languages], catalogues, language
        ),
    }


def _rules(entry: Entry) -> list[ScheduleRecord]:
    """The service's own hours, else those of its locations; closures of both."""
    own = list(entry.record.schedules)
    there = [rule for location in entry.record.locations for rule in location.schedules]
    has_hours = any(rule.kind != "closure" for rule in own)
    return own + [rule for rule in there if rule.kind == "closure" or not has_hours]


def hours(rules: Sequence[ScheduleRecord], catalogues: Catalogues, language: str, today: date) -> list[str]:
    """The hours in lines, in the language: days and times, or in words that one has to ring."""
    current = [rule for rule in rules if rule.valid_to is None or rule.valid_to >= today]
    weekly = [rule for rule in current if rule.kind == "weekly"]
    lines: list[str] = []
    if any(rule.kind == "always" for rule in current):
        lines.append(catalogues.text("say_hours_always", language))
    for rule in weekly:
        if rule.byday and rule.opens_at and rule.closes_at:
            opens, closes = (_clock(one, catalogues, language) for one in (rule.opens_at, rule.closes_at))
            lines.append(f"{_days(rule.byday, catalogues, language)}: {_left_to_right(f'{opens}-{closes}')}")
    if any(rule.kind == "appointment" for rule in current):
        lines.append(catalogues.text("say_hours_appointment", language))
    if not lines or any(rule.kind == "closure" for rule in current):
        # The catalogues have no words for a closure, and paper outlives it: whoever reads it rings first.
        lines.append(catalogues.text("say_hours_unknown", language))
    return lines


def _days(byday: str, catalogues: Catalogues, language: str) -> str:
    """Days in words; three or more in a row as the first and the last of them."""
    names = list(_DAYS)
    runs: list[list[str]] = []
    for day in byday.split(","):
        if runs and names.index(day) == names.index(runs[-1][-1]) + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    parts: list[str] = []
    for run in runs:
        said = [catalogues.text(_DAYS[day], language) for day in run]
        parts += [f"{said[0]} – {said[-1]}"] if len(said) > 2 else said  # noqa: RUF001  a dash stands between days
    return _joined(parts, catalogues, language)


def _joined(parts: Sequence[str], catalogues: Catalogues, language: str) -> str:
    """A list in the language: Arabic has a comma of its own."""
    return ("، " if catalogues.languages[language].direction == "rtl" else ", ").join(parts)


def _left_to_right(value: str) -> str:
    """A number keeps its order in a line that runs from right to left; a plus sign would land at its other end."""
    return f"\u2066{value}\u2069"


def _as_it_is(value: str) -> str:
    """A name or an address in another script keeps its own order in the line."""
    return f"\u2068{value}\u2069" if value else ""


def _clock(moment: time, catalogues: Catalogues, language: str) -> str:
    known = catalogues.languages[language]
    return format_time(moment, known.time_format, locale=known.cldr)
