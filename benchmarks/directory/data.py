"""Invented services on the real places of the gazetteer, written by COPY: a directory of any size in minutes, the same for every run.

Half of them stand where people live (places drawn by population), half anywhere. Nothing of it exists.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import yaml
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.settings import PROJECT
from directory.models import Place
from directory.text import normalise

ZONES = {
    "BD": "Asia/Dhaka", "BR": "America/Sao_Paulo", "BY": "Europe/Minsk", "LA": "Asia/Vientiane", "MA": "Africa/Casablanca",
    "ML": "Africa/Bamako", "ZA": "Africa/Johannesburg",
}  # fmt: skip
SPOKEN = {
    "BD": ("bn", "en", "rhg"), "BR": ("pt", "es", "en", "fr"), "BY": ("ru", "be", "en"), "LA": ("lo", "en", "th"),
    "MA": ("ar", "fr", "es", "en"),
    "ML": ("fr", "bm", "ar"), "ZA": ("en", "zu", "af", "sw", "pt"),
}  # fmt: skip
"""The first is spoken at nearly every service, the others at few."""
CHUNK = 20_000
"""Services written in one transaction: what an interrupted run loses."""
TODAY = date(2026, 11, 23)
_NOW = datetime(2026, 11, 23, tzinfo=UTC).isoformat()
_DAYS = ("MO,TU,WE,TH,FR", "SU,MO,TU,WE,TH", "MO,TU,WE,TH,FR,SA", "MO,TU,WE,TH,FR,SA,SU", "SA,SU", "MO,WE,FR")

_COLUMNS = {
    "organization": "id,name,description,is_example,created_at,last_modified",
    "service": "id,organization_id,country,name,description,status,listing,listing_since,is_example,is_confidential,is_hotline,minimum_age,"
    "maximum_age,eligible_sex,eligible_nationalities,legal_status,children_accompanying,documents_required,walk_in,referral_needed,"
    "assured_date,search_text,created_at,last_modified",
    "service_need": "service_id,need",
    "service_language": "service_id,language",
    "service_text": "service_id,language,name,description,state,last_modified",
    "phone": "id,service_id,number,phone_type,position,is_example,verified_by,verified_on",
    "schedule": "id,service_id,kind,timezone,byday,opens_at,closes_at",
    "location": "id,organization_id,name,location_type,country,latitude,longitude,city,is_confidential",
    "address": "id,location_id,address_1,city,country,address_type",
    "service_at_location": "id,service_id,location_id",
    "service_area": "id,service_id,country,latitude,longitude,radius_km",
}


class _Town(NamedTuple):
    country: str
    name: str
    latitude: float
    longitude: float


class Invention:
    """Draws services on the places that are loaded. The n-th service is the same in every run."""

    def __init__(self, session: Session) -> None:
        rows = session.execute(
            select(Place.country, Place.name, Place.latitude, Place.longitude, Place.population)
            .where(Place.place_type == "locality", Place.country.in_(ZONES))
            .order_by(Place.id)
        ).all()
        self._towns = [_Town(*row[:4]) for row in rows]
        self._weights = list(accumulate(row.population + 1 for row in rows))
        content = yaml.safe_load((PROJECT / "directory/data/examples/kinds.yml").read_text(encoding="utf-8"))
        self._kinds: list[dict[str, Any]] = list(content.values())
        self._words = [
            {
                language: normalise(" ".join(texts.values()).replace("{city}", ""))
                for language, texts in kind["texts"].items()
            }
            for kind in self._kinds
        ]

    def rows(self, first: int, last: int) -> dict[str, list[str]]:
        """Lines of COPY for the services from `first` up to and without `last`, by table."""
        written: dict[str, list[str]] = {table: [] for table in _COLUMNS}
        for number in range(first, last):
            for table, *values in self._service(number):
                written[table].append("\t".join("\\N" if value is None else str(value) for value in values) + "\n")
        return written

    def _service(self, number: int) -> Iterator[tuple[Any, ...]]:
        chance = random.Random(number)  # noqa: S311  nobody relies on these being secret
        new = lambda: UUID(int=chance.getrandbits(128), version=4)  # noqa: E731
        town = chance.choices(self._towns, cum_weights=self._weights)[0] if number % 2 else chance.choice(self._towns)
        chosen = chance.randrange(len(self._kinds))
        kind, words = self._kinds[chosen], self._words[chosen]
        spoken = SPOKEN[town.country]
        languages = [spoken[0], *(code for code in spoken[1:] if chance.random() < 0.15)]
        service, organization = new(), UUID(int=random.Random(-1 - number // 20).getrandbits(128), version=4)  # noqa: S311
        named = f"Invented {number // 20}"
        if number % 20 == 0:
            yield "organization", organization, named, "", False, _NOW, _NOW
        told = {language: texts for language, texts in kind["texts"].items() if language in ("en", spoken[0])}
        texts = {
            language: {field: value.format(city=town.name.replace("\\", "")) for field, value in parts.items()}
            for language, parts in told.items()
        }
        hidden, hotline = bool(kind.get("confidential")), chance.random() < 0.0005
        search = " ".join([words["en"], words.get(spoken[0], ""), normalise(town.name), normalise(named)])
        assured = TODAY - timedelta(days=chance.randrange(500)) if chance.random() < 0.9 else None
        listing = "published" if chance.random() < 0.95 else "draft"
        yield (
            "service", service, organization, town.country, texts["en"]["name"], texts["en"]["description"], "active", listing, _NOW,
            False, hidden, hotline, kind.get("minimum_age"), kind.get("maximum_age"), kind.get("eligible_sex", "any"),
            json.dumps(["MM"]) if chance.random() < 0.02 else None, chance.choice(("unknown", "unknown", "not_required", "required")),
            chance.choice((None, True, False)), chance.random() < 0.2, kind.get("walk_in", True), chance.random() < 0.1, assured, search,
            _NOW, _NOW,
        )  # fmt: skip
        for need in kind["needs"]:
            yield "service_need", service, need
        for language in languages:
            yield "service_language", service, language
        for language, parts in texts.items():
            yield "service_text", service, language, parts["name"], parts["description"], "approved", _NOW
        yield "phone", new(), service, f"+1500555{number % 10000:04}", "voice", 0, False, "benchmark", TODAY
        yield from _hours(chance, new(), service, ZONES[town.country], always=kind["schedules"][0]["kind"] == "always")
        yield from _doors(chance, [new(), new(), new()], service, organization, town, hidden=hidden, hotline=hotline)


def _hours(chance: random.Random, id_: UUID, service: UUID, zone: str, *, always: bool) -> Iterator[tuple[Any, ...]]:
    drawn = chance.random()
    if drawn < 0.1:
        return  # nobody knows
    if always:
        yield "schedule", id_, service, "always", zone, None, None, None
    elif drawn < 0.15:
        yield "schedule", id_, service, "appointment", zone, None, None, None
    else:
        opens, closes = chance.randrange(24, 44), chance.randrange(48, 84)
        times = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in (opens, closes)]
        yield "schedule", id_, service, "weekly", zone, chance.choice(_DAYS), *times


def _doors(
    chance: random.Random,
    ids: list[UUID],
    service: UUID,
    organization: UUID,
    town: _Town,
    *,
    hidden: bool,
    hotline: bool,
) -> Iterator[tuple[Any, ...]]:
    # A few kilometres around the middle of the place, most of them close to it.
    latitude, longitude = (round(middle + chance.gauss(0, 0.03), 5) for middle in (town.latitude, town.longitude))
    drawn = chance.random()
    if hotline or drawn < 0.02:
        yield "service_area", ids[0], service, town.country, None, None, None
    elif drawn < 0.05:
        yield "service_area", ids[0], service, town.country, latitude, longitude, chance.choice((5, 10, 20, 50))
    else:
        if hidden:
            latitude, longitude = round(latitude, 1), round(longitude, 1)
        name = town.name.replace("\\", "")
        yield "location", ids[0], organization, "", "physical", town.country, latitude, longitude, name, hidden
        if not hidden:
            yield (
                "address",
                ids[1],
                ids[0],
                f"{chance.randrange(1, 300)} Invented Street",
                name,
                town.country,
                "physical",
            )
        yield "service_at_location", ids[2], service, ids[0]


def grow(session: Session, invention: Invention, first: int, last: int) -> int:
    """Write the services from `first` to `last` (without it) in the session's transaction; returns how many rows were copied.

    Foreign keys and triggers rest meanwhile (the server's owner may do that), the findable rows are made at the end.
    """
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("COPY needs psycopg")
    session.execute(text("SET LOCAL session_replication_role = replica"))
    rows = invention.rows(first, last)
    with connection.cursor() as cursor:
        for table, lines in rows.items():
            _copy(cursor, f"COPY {table} ({_COLUMNS[table]}) FROM STDIN", lines)
    services = [UUID(line.partition("\t")[0]) for line in rows["service"]]
    session.execute(text("SELECT fill_findable(:ids)"), {"ids": services})
    return sum(map(len, rows.values()))


def _copy(cursor: psycopg.Cursor[Any], statement: str, lines: Sequence[str]) -> None:
    # The statement is put together from the table of columns above.
    with cursor.copy(statement.encode()) as copy:
        for block in _blocks(lines, 2000):
            copy.write("".join(block))


def _blocks(lines: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (lines[start : start + size] for start in range(0, len(lines), size))
