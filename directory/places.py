"""Finds the place a person names, in their script and inside a sentence: exact first, then folded, then misspelt.

It never decides alone: when two places are plausible it returns both, and the person picks. `windows.py` cuts the sentence.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import ARRAY, Row, String, TextClause, any_, bindparam, select, text
from sqlalchemy.orm import Session

from directory.distance import box, kilometres
from directory.models import Place, PlaceName
from directory.text import normalise, script_of
from directory.windows import Window, misspelt_windows, slips, windows

_SIMILARITY = 0.4
"""Share of three-letter pieces that a misspelt name and a known one must have in common."""
_WELL_KNOWN = 20_000
"""Population, as in the condition of `ix_place_name_well_known`."""
_LIKE_ENOUGH = 0.5
"""A well-known name as like as this is what was meant; below it the hamlets are looked through too."""
_MOST_NAMESAKES = 80
_LESS_LIKELY = {"region": 0.05, "county": 0.03, "localadmin": 0.03, "neighbourhood": 0.1, "campus": 0.3}
"""What people seldom mean, even when it bears the name: provinces, airports."""
_SAME_PLACE_KM = {"region": 200.0, "county": 100.0, "localadmin": 40.0}
"""A province, its district and its capital under one name are one answer: within this distance the town stands for them."""
_SAME_TOWN_KM = 15.0
_NEARBY_KM = 100.0
_DEGREE_KM = 111.19
_TOWN = 50_000
_OTHER_LANGUAGES = frozenset("یکگہھپچژڑٹڈےەۆێৰৱ")  # Persian, Urdu, Kurdish; Assamese


@dataclass(frozen=True, slots=True)
class PlaceRef:
    """A place as it can be shown: its name as the person wrote it, and what tells it from others of that name."""

    id: str
    name: str
    country: str
    place_type: str
    latitude: float
    longitude: float
    population: int
    region: str | None = None
    """State, or the nearest large town, in the script of the name where known."""
    score: float = 1.0

    @property
    def label(self) -> str:
        """`Bonito (Bahia)`, in at most eighty characters: what a choice may hold; the gateway fits it to a button."""
        label = f"{self.name} ({self.region})" if self.region and self.region != self.name else self.name
        return label[:80]


@dataclass(frozen=True, slots=True)
class _Candidate:
    window: Window
    ref: PlaceRef
    usual: str = ""
    """The name the place usually has, whatever was written."""
    share: float = 1.0
    """How much of what was understood it explains: Cox's Bazar more of "cox bazar" than a hamlet called Bazar."""

    @property
    def town(self) -> bool:
        return self.ref.place_type == "locality" and self.ref.population > 0


def look_up(session: Session, text: str, country: str | None, limit: int = 3) -> list[PlaceRef]:
    """Places that `text` may name, most plausible first; inside `country`, or in every country that is loaded when it is None."""
    found, unclear = _without_countries(_exact(session, windows(text), country), misspelt_windows(text))
    if unclear and not any(candidate.ref.population >= _WELL_KNOWN for candidate in found):
        # A hamlet bears nearly every misspelling of a city's name: the city must be offered beside it.
        found += _similar(session, unclear, country, beside_exact=bool(found))
    longest = max((candidate.window.length for candidate in found), default=0)
    found = [_Candidate(one.window, one.ref, one.usual, one.window.length / longest) for one in found]
    chosen = _plausible(_merged(found))[:limit]
    return _with_regions(session, [_seat(session, candidate) for candidate in chosen])


def get_place(session: Session, id_: str) -> PlaceRef | None:
    """The place of an id that `look_up` gave."""
    place = session.get(Place, id_)
    return None if place is None else _with_regions(session, [_ref(place, place.name, 1.0)])[0]


class _Known(Protocol):
    """A place's columns: a row of `_NAMED`, or a `Place`."""

    id: Any
    country: Any
    place_type: Any
    latitude: Any
    longitude: Any
    population: Any
    region: Any


def _ref(place: _Known, name: str, score: float) -> PlaceRef:
    return PlaceRef(
        id=place.id, name=name, country=place.country, place_type=place.place_type, latitude=place.latitude,
        longitude=place.longitude, population=place.population, region=place.region, score=score,
    )  # fmt: skip


def _exact(session: Session, cut: Sequence[Window], country: str | None) -> list[_Candidate]:
    """Places whose name is a window of the text. The longest name wins: "Cape Town" is not also a town called Cape."""
    by_key: dict[str, list[Window]] = {}
    for window in cut:
        by_key.setdefault(window.key, []).append(window)
    found = [
        _Candidate(window, _ref(row, row.written, window.faith), row.name)
        for row in _named(session, by_key, country)
        for window in by_key[row.normalised]
    ]
    matched = {candidate.window for candidate in found}
    return [candidate for candidate in found if not any(candidate.window.inside(other) for other in matched)]


def _without_countries(found: list[_Candidate], cut: list[Window]) -> tuple[list[_Candidate], list[Window]]:
    """Without the names of countries: "Dhaka, Bangladesh" is as good as "Dhaka", and hamlets are called like countries."""
    countries = [candidate.window for candidate in found if candidate.ref.place_type == "country"]
    return (
        [candidate for candidate in found if not any(candidate.window.overlaps(window) for window in countries)],
        [piece for piece in cut if not any(piece.overlaps(window) for window in countries)],
    )


_PLACES = select(
    PlaceName.normalised, PlaceName.name.label("written"), Place.id, Place.name, Place.country, Place.place_type, Place.latitude,
    Place.longitude, Place.population, Place.region,
).join(Place, Place.id == PlaceName.place_id)  # fmt: skip
_NAMED = _PLACES.where(PlaceName.normalised == any_(bindparam("keys", type_=ARRAY(String)))).order_by(
    PlaceName.population.desc(), Place.id
)


_NAMED_ANYWHERE = _NAMED.limit(_MOST_NAMESAKES)
_NAMED_HERE = _NAMED_ANYWHERE.where(PlaceName.country == bindparam("country"))


def _named(session: Session, keys: Iterable[str], country: str | None) -> Sequence[Row[*tuple[Any, ...]]]:
    """Names that are one of the keys, of the most populous places first."""
    wanted = list(keys)
    if not wanted:
        return []
    connection = session.connection()
    if country is None:
        return connection.execute(_NAMED_ANYWHERE, {"keys": wanted}).all()
    return connection.execute(_NAMED_HERE, {"keys": wanted, "country": country}).all()


def _similar(session: Session, cut: Sequence[Window], country: str | None, *, beside_exact: bool) -> list[_Candidate]:
    """Places whose name resembles a window of the text; well-known and very similar ones, beside an exact match.

    The few thousand well-known names are looked through first; the hundreds of thousands of hamlets only when none of these is like it.
    """
    slipped: dict[str, list[Window]] = {}
    for window in cut:
        for slip in slips(window.key):
            slipped.setdefault(slip, []).append(window)
    found = _well_known(session, slipped, cut, country)
    if not beside_exact and max((candidate.ref.score for candidate in found), default=0.0) < 0.95 * _LIKE_ENOUGH:
        found += [
            _Candidate(window, _ref(row, row.written, 0.8), row.name)
            for row in _named(session, slipped, country)
            for window in dict.fromkeys(slipped[row.normalised])
            # A part of what was written, one letter changed, is the name of some hamlet nearly always.
            if not any(window.inside(other) for other in cut)
        ] or _by_trigrams(session, cut, country)
    least = 0.5 if beside_exact else 0.75 * max((candidate.ref.score for candidate in found), default=0.0)
    return [candidate for candidate in found if candidate.ref.score >= least]


def _well_known(
    session: Session, slipped: Mapping[str, list[Window]], cut: Sequence[Window], country: str | None
) -> list[_Candidate]:
    """Well-known places that are one slip away from a window, and those that are like one."""
    by_key = {window.key: window for window in cut}
    values = {"slips": list(slipped), "keys": list(by_key), "country": country, "least": str(_SIMILARITY)}
    found: list[_Candidate] = []
    for row in session.connection().execute(_known_query(inside=country is not None), values):
        if row.alike is None:
            ref = _ref(row, _usual(row.name, row.written), 0.85)
            found += [_Candidate(window, ref, row.name) for window in dict.fromkeys(slipped[row.key])]
        else:
            found.append(_alike(row, by_key))
    return found


def _by_trigrams(session: Session, cut: Sequence[Window], country: str | None) -> list[_Candidate]:
    by_key = {window.key: window for window in cut}
    values = {"keys": list(by_key), "country": country, "least": str(_SIMILARITY)}
    query = _alike_query(inside=country is not None)
    return [_alike(row, by_key) for row in session.connection().execute(query, values)]


def _alike(row: Any, by_key: Mapping[str, Window]) -> _Candidate:
    # Never as sure as an exact match, however alike.
    ref = _ref(row, _usual(row.name, row.written), 0.95 * float(row.alike))
    return _Candidate(by_key[row.key], ref, row.name)


_COLUMNS = "p.id, p.name, p.country, p.place_type, p.latitude, p.longitude, p.population, p.region"


def _alike_sql(which: str) -> str:
    # The threshold is set in the row that every other one is joined to: before any name is compared, and without a statement of its own.
    return f"""
        SELECT written.key, alike.* FROM (SELECT set_config('pg_trgm.similarity_threshold', :least, true) AS least) AS threshold
        CROSS JOIN unnest(CAST(:keys AS varchar[])) AS written (key)
        CROSS JOIN LATERAL (
            SELECT similarity(n.normalised, written.key) AS alike, n.name AS written, {_COLUMNS}
            FROM place_name AS n JOIN place AS p ON p.id = n.place_id
            WHERE threshold.least IS NOT NULL AND n.normalised % written.key AND p.place_type <> 'country' {which}
            ORDER BY similarity(n.normalised, written.key) + log(1 + p.population) / 20 DESC, p.id LIMIT 20
        ) AS alike
    """  # noqa: S608  put together from the constants of this module only


def _where(*, inside: bool) -> str:
    return "AND n.country = :country" if inside else ""


@lru_cache(maxsize=2)
def _alike_query(*, inside: bool) -> TextClause:
    return text(_alike_sql(_where(inside=inside)))


@lru_cache(maxsize=2)
def _known_query(*, inside: bool) -> TextClause:
    which = f"{_where(inside=inside)} AND n.population >= {_WELL_KNOWN}"
    return text(f"""
        SELECT * FROM (
            SELECT n.normalised AS key, CAST(NULL AS real) AS alike, n.name AS written, {_COLUMNS}
            FROM place_name AS n JOIN place AS p ON p.id = n.place_id
            WHERE n.normalised = ANY (CAST(:slips AS varchar[])) {which}
            ORDER BY n.population DESC, p.id LIMIT {_MOST_NAMESAKES}
        ) AS slips
        UNION ALL {_alike_sql(which)}
    """)  # noqa: S608  put together from the constants of this module only


def _usual(usual: str, name: str) -> str:
    """The usual name of the place if it is in the script of this one: what was misspelt need not be told by a rare name."""
    return usual if script_of(usual) == script_of(name) else name


def _rank(candidate: _Candidate) -> float:
    known = math.log10(1 + candidate.ref.population) / 20
    return candidate.ref.score + known + candidate.share * 0.3 - _LESS_LIKELY.get(candidate.ref.place_type, 0.0)


def _merged(found: list[_Candidate]) -> list[_Candidate]:
    """One candidate for a town, its district and its province of the same name, and for the same town found twice."""
    kept: list[_Candidate] = []
    for candidate in sorted(found, key=lambda one: (not one.town, -_rank(one), -one.ref.population, one.ref.id)):
        reach = _SAME_PLACE_KM.get(candidate.ref.place_type, _SAME_TOWN_KM)
        if not any(
            one.ref.id == candidate.ref.id or (one.window.overlaps(candidate.window) and _near(one, candidate, reach))
            for one in kept
        ):
            kept.append(candidate)
    return sorted(kept, key=lambda one: (-_rank(one), one.ref.id))


def _plausible(found: list[_Candidate]) -> list[_Candidate]:
    """Without those that nobody means: towns far from another that the sentence names, hamlets named like a city."""
    others: dict[Window, list[_Candidate]] = {}
    confirmed: dict[Window, bool] = {}
    for window in {candidate.window for candidate in found}:
        others[window] = [one for one in found if not one.window.overlaps(window)]
        confirmed[window] = any(one.window.overlaps(window) and _beside(one, others[window]) for one in found)
    known = [one for one in found if one.ref.population >= _WELL_KNOWN]
    return [
        candidate
        for candidate in found
        if _beside(candidate, others[candidate.window])
        or not (confirmed[candidate.window] or any(_outshines(one, candidate) for one in known))
    ]


def _outshines(known: _Candidate, other: _Candidate) -> bool:
    return other.ref.population < known.ref.population / 100 and known.ref.score >= other.ref.score - 0.15


def _beside(candidate: _Candidate, others: list[_Candidate]) -> bool:
    """Whether the sentence names another, better known place near it."""
    return any(one.ref.population > candidate.ref.population and _near(one, candidate, _NEARBY_KM) for one in others)


def _near(one: _Candidate, other: _Candidate, km: float) -> bool:
    here, there = one.ref, other.ref
    # A degree to the north is 111.195 km everywhere: most namesakes are told apart without the length of an arc.
    return abs(here.latitude - there.latitude) * _DEGREE_KM <= km and (
        kilometres(here.latitude, here.longitude, there.latitude, there.longitude) <= km
    )


def _seat(session: Session, candidate: _Candidate) -> PlaceRef:
    """The town that a district or province is named after, under the name that was written: people live in the town.

    The gazetteer has many names only for the district, whose middle may be a forest a hundred kilometres from any door.
    """
    ref = candidate.ref
    reach = _SAME_PLACE_KM.get(ref.place_type)
    if reach is None:
        return ref
    towns = [
        row
        for row in _named(session, [normalise(candidate.usual)], ref.country)
        if row.place_type == "locality"
        and row.population > 0
        and kilometres(row.latitude, row.longitude, ref.latitude, ref.longitude) <= reach
    ]
    town = max(towns, key=lambda one: (one.population, one.id), default=None)
    return ref if town is None else _ref(town, ref.name, ref.score)


def _with_regions(session: Session, refs: Sequence[PlaceRef]) -> list[PlaceRef]:
    """The places with the nearest large town beside the name of each that the gazetteer has no state for."""
    unclear = [ref for ref in refs if not ref.region and ref.population < _TOWN]
    if not unclear:
        return list(refs)
    around = [box(ref.latitude, ref.longitude, _NEARBY_KM) for ref in unclear]
    rows = session.connection().execute(_TOWN_NEAR, {
        "ids": [ref.id for ref in unclear], "countries": [ref.country for ref in unclear],
        "latitudes": [ref.latitude for ref in unclear], "longitudes": [ref.longitude for ref in unclear],
        "souths": [one.south for one in around], "norths": [one.north for one in around],
        "wests": [one.west for one in around], "easts": [one.east for one in around],
        "shrinks": [math.cos(math.radians(ref.latitude)) for ref in unclear],
    }).all()  # fmt: skip
    towns = {row.id: row for row in rows}
    return [
        replace(ref, region=_in_script(towns[ref.id].town, towns[ref.id].names, script_of(ref.name)))
        if not ref.region and ref.id in towns
        else ref
        for ref in refs
    ]


_TOWN_NEAR = text(f"""
    SELECT here.id, town.name AS town, ARRAY(SELECT n.name FROM place_name AS n WHERE n.place_id = town.id) AS names
    FROM unnest(
        CAST(:ids AS varchar[]), CAST(:countries AS varchar[]), CAST(:latitudes AS float8[]), CAST(:longitudes AS float8[]),
        CAST(:souths AS float8[]), CAST(:norths AS float8[]), CAST(:wests AS float8[]), CAST(:easts AS float8[]), CAST(:shrinks AS float8[])
    ) AS here (id, country, latitude, longitude, south, north, west, east, shrink)
    CROSS JOIN LATERAL (
        SELECT p.id, p.name FROM place AS p WHERE p.country = here.country AND p.population >= {_TOWN} AND p.place_type = 'locality'
        AND p.latitude BETWEEN here.south AND here.north AND p.longitude BETWEEN here.west AND here.east
        ORDER BY power(p.latitude - here.latitude, 2) + power((p.longitude - here.longitude) * here.shrink, 2), p.id LIMIT 1
    ) AS town
""")  # noqa: S608  the number is a constant


def _in_script(usual: str, names: Sequence[str], script: str) -> str:
    """The place's name in a script, preferably without letters of other languages that share it; else its usual name."""
    if script_of(usual) == script:
        return usual
    same = [name for name in names if script_of(name) == script]
    return min(same, key=lambda name: (bool(_OTHER_LANGUAGES & set(name)), len(name), name), default=usual)
