"""New entries that may be there already: the same number, or a similar name nearby; in the directory and within the file.

Nearby is measured between public points only. A confidential entry has the middle of its area, so it is near what is in the same area.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from directory.distance import kilometres
from directory.exchange.lists import bare_number
from directory.records import ServiceRecord
from directory.text import normalise

SIMILAR = 0.55
"""pg_trgm's similarity of two normalised names above which they may mean the same: one word more, one letter other."""
NEAR_KM = 1.0
_NEAR_HIDDEN_KM = 16.0
"""Across a square of a tenth of a degree: as near as the public point of a confidential entry tells."""
_CELL = 0.01
_MOST_IN_A_CELL = 50
_MOST = 5
"""Duplicates that are named for one entry."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An entry that may be the same. In the directory: `service_id`; in the file: `where`. `reason`: `number`, `name` or `same`.

    `same`: the organization, the name, the country and the town are the same, so it is certain.
    """

    reason: str
    name: str
    service_id: UUID | None = None
    where: str = ""
    distance_km: float | None = None
    is_confidential: bool = False
    listing: str = "published"
    listing_reason: str = ""

    def as_json(self) -> dict[str, object]:
        """As it is stored and printed; whether it is confidential is no matter of the file."""
        return {
            "reason": self.reason,
            "name": self.name,
            "service_id": str(self.service_id) if self.service_id else None,
            "where": self.where,
            "distance_km": None if self.distance_km is None else round(self.distance_km, 2),
        }


def numbers_of(record: ServiceRecord) -> set[str]:
    """Every public number of the entry."""
    phones = [*record.phones, *(phone for contact in record.contacts for phone in contact.phones)]
    phones += [phone for location in record.locations for phone in location.phones]
    return {phone.number for phone in phones}


def points_of(record: ServiceRecord) -> list[tuple[float, float]]:
    """The public points of its locations."""
    return [
        (location.latitude, location.longitude)
        for location in record.locations
        if location.latitude is not None and location.longitude is not None
    ]


_BY_NUMBER = text("""
    SELECT DISTINCT wanted.ordinal, service.id, service.name, service.is_confidential, service.listing, service.listing_reason
    FROM unnest(CAST(:numbers AS text[]), CAST(:ordinals AS int[])) AS wanted(number, ordinal)
    JOIN phone ON phone.number = wanted.number
    LEFT JOIN contact ON contact.id = phone.contact_id
    LEFT JOIN service_at_location AS at ON at.location_id = phone.location_id
    JOIN service ON service.id = coalesce(phone.service_id, contact.service_id, at.service_id)
""")

_BY_NAME_NEARBY = text("""
    WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:ordinals AS int[]), CAST(:names AS text[]), CAST(:countries AS text[]), CAST(:latitudes AS numeric[]),
            CAST(:longitudes AS numeric[]), CAST(:widths AS numeric[])) AS wanted(ordinal, name, country, latitude, longitude, width)
    ), near AS (
        SELECT wanted.ordinal, wanted.name, location.id, location.latitude, location.longitude
        FROM wanted CROSS JOIN LATERAL (
            SELECT * FROM location WHERE NOT is_confidential AND country = wanted.country
                AND latitude BETWEEN wanted.latitude - 0.01 AND wanted.latitude + 0.01
                AND longitude BETWEEN wanted.longitude - wanted.width AND wanted.longitude + wanted.width
            OFFSET 0
        ) AS location
        UNION ALL
        SELECT wanted.ordinal, wanted.name, location.id, location.latitude, location.longitude
        FROM wanted CROSS JOIN LATERAL (
            SELECT * FROM location WHERE is_confidential AND country = wanted.country
                AND latitude BETWEEN wanted.latitude - 0.15 AND wanted.latitude + 0.15
                AND longitude BETWEEN wanted.longitude - wanted.width AND wanted.longitude + wanted.width
            OFFSET 0
        ) AS location
    )
    SELECT DISTINCT near.ordinal, service.id, service.name, service.is_confidential, service.listing, service.listing_reason,
           near.latitude, near.longitude
    FROM near
    JOIN service_at_location AS at ON at.location_id = near.id
    JOIN service ON service.id = at.service_id
    WHERE similarity(lower(service.name), near.name) >= :similar
""")
"""Two ways, each with its index, and each asked for by each entry of the file (OFFSET): otherwise every entry of a country is compared with
every entry of the file, and an import takes longer the more there is already."""

_SAME = text("""
    SELECT wanted.ordinal, service.id, service.name, service.is_confidential, service.listing, service.listing_reason,
           coalesce(array_agg(DISTINCT coalesce(lower(location.city), '')) FILTER (WHERE location.id IS NOT NULL), '{}') AS cities
    FROM unnest(CAST(:ordinals AS int[]), CAST(:names AS text[]), CAST(:organizations AS text[]), CAST(:countries AS text[]))
        AS wanted(ordinal, name, organization, country)
    JOIN organization ON organization.name = wanted.organization
    JOIN service ON service.organization_id = organization.id AND lower(service.name) = wanted.name
        AND service.country = wanted.country
    LEFT JOIN service_at_location AS at ON at.service_id = service.id
    LEFT JOIN location ON location.id = at.location_id
    GROUP BY wanted.ordinal, service.id
""")


def in_directory(session: Session, records: Sequence[ServiceRecord]) -> list[list[Duplicate]]:
    """For each new record what is in the directory already, most certain first. Three queries, however many records."""
    found: list[dict[UUID, Duplicate]] = [{} for _ in records]
    if not records:
        return []
    _by_name(session, records, found)
    numbers = [(number, ordinal) for ordinal, record in enumerate(records) for number in _spellings(record)]
    if numbers:
        values = {"numbers": [number for number, _ in numbers], "ordinals": [ordinal for _, ordinal in numbers]}
        for row in session.execute(_BY_NUMBER, values):
            found[row.ordinal].setdefault(row.id, _duplicate("number", row))
    same = {
        "ordinals": list(range(len(records))),
        "names": [record.name.lower() for record in records],
        "organizations": [record.organization.name for record in records],
        "countries": [record.country for record in records],
    }
    for row in session.execute(_SAME, same):
        wanted = {(location.city or "").lower() for location in records[row.ordinal].locations}
        if wanted == set(row.cities):
            found[row.ordinal][row.id] = _duplicate("same", row)
    order = {"same": 0, "number": 1, "name": 2}
    return [sorted(one.values(), key=lambda duplicate: order[duplicate.reason])[:_MOST] for one in found]


def _by_name(session: Session, records: Sequence[ServiceRecord], found: list[dict[UUID, Duplicate]]) -> None:
    points = [(ordinal, point) for ordinal, record in enumerate(records) for point in points_of(record)]
    if not points:
        return
    values = {
        "ordinals": [ordinal for ordinal, _ in points],
        "names": [records[ordinal].name.lower() for ordinal, _ in points],
        "countries": [records[ordinal].country for ordinal, _ in points],
        "latitudes": [point[0] for _, point in points],
        "longitudes": [point[1] for _, point in points],
        "widths": [0.15 / max(0.05, math.cos(math.radians(point[0]))) for _, point in points],
        "similar": SIMILAR,
    }
    for row in session.execute(_BY_NAME_NEARBY, values):
        away = min(
            kilometres(latitude, longitude, float(row.latitude), float(row.longitude))
            for latitude, longitude in points_of(records[row.ordinal])
        )
        if away <= (_NEAR_HIDDEN_KM if row.is_confidential else NEAR_KM):
            found[row.ordinal].setdefault(
                row.id, _duplicate("name", row, None if row.is_confidential else away)
            )  # a distance from a confidential entry is told to nobody, although it is of its area


def _duplicate(reason: str, row: object, away: float | None = None) -> Duplicate:
    return Duplicate(
        reason=reason,
        name=row.name,  # type: ignore[attr-defined]
        service_id=row.id,  # type: ignore[attr-defined]
        distance_km=away,
        is_confidential=row.is_confidential,  # type: ignore[attr-defined]
        listing=row.listing,  # type: ignore[attr-defined]
        listing_reason=row.listing_reason or "",  # type: ignore[attr-defined]
    )


def _spellings(record: ServiceRecord) -> Iterable[str]:
    """The numbers of an entry in the ways they may be stored."""
    for number in numbers_of(record):
        bare = bare_number(number)
        yield number
        if len(bare) > 6:
            yield from {f"+{bare}", f"00{bare}", f"0{bare}", bare} - {number}


@lru_cache(maxsize=4096)
def trigrams(name: str) -> frozenset[str]:
    """The trigrams of a name, as pg_trgm makes them: each word with two blanks before and one after.

    Those of the names of one place, which are asked for again and again, are remembered; those of a whole file would fill the memory.
    """
    return frozenset(
        padded[start : start + 3]
        for word in normalise(name).split()
        for padded in (f"  {word} ",)
        for start in range(len(padded) - 2)
    )


@dataclass(slots=True)
class InFile:
    """What the file has brought so far, to find the second time. One short line an entry is kept, not the entry."""

    numbers: dict[str, tuple[str, str]] = field(default_factory=dict)
    cells: dict[tuple[str, int, int], list[tuple[str, str, float, float]]] = field(default_factory=dict)
    """By a hundredth of a degree: where, name and point of the last entries there."""

    def look(self, where: str, record: ServiceRecord) -> list[Duplicate]:
        """Possible duplicates among the earlier entries; remembers this one."""
        found: dict[str, Duplicate] = {}
        for number in numbers_of(record):
            known = self.numbers.setdefault(bare_number(number), (where, record.name))
            if known[0] != where and len(number) > 6:
                found.setdefault(known[0], Duplicate("number", known[1], where=known[0]))
        mine = trigrams(record.name)
        for latitude, longitude in points_of(record):
            row, column = int(latitude // _CELL), int(longitude // _CELL)
            for cell in ((record.country, row + y, column + x) for y in (-1, 0, 1) for x in (-1, 0, 1)):
                for other, name, *point in self.cells.get(cell, ()):
                    away = kilometres(latitude, longitude, point[0], point[1])
                    if other != where and away <= NEAR_KM and _alike(mine, trigrams(name)):
                        found.setdefault(other, Duplicate("name", name, where=other, distance_km=away))
            kept = self.cells.setdefault((record.country, row, column), [])
            kept.append((where, record.name, latitude, longitude))
            del kept[:-_MOST_IN_A_CELL]
        return list(found.values())[:_MOST]


def _alike(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    return len(mine & theirs) / max(1, len(mine | theirs)) >= SIMILAR
