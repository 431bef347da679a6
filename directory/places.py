"""Finds the place a person names, in their script and inside a sentence: exact first, then folded, then misspelt.

It never decides alone: when two places are plausible it returns both, and the person picks. `windows.py` cuts the sentence.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ARRAY, Select, String, any_, func, literal, select
from sqlalchemy.orm import Session

from directory.distance import box, kilometres
from directory.models import Place, PlaceName
from directory.text import normalise, script_of
from directory.windows import Window, misspelt_windows, slips, windows

_SIMILARITY = 0.4
"""Share of three-letter pieces that a misspelt name and a known one must have in common."""
_WELL_KNOWN = 20_000
_LESS_LIKELY = {"region": 0.05, "county": 0.03, "localadmin": 0.03, "neighbourhood": 0.1, "campus": 0.3}
"""What people seldom mean, even when it bears the name: provinces, airports."""
_SAME_PLACE_KM = {"region": 200.0, "county": 100.0, "localadmin": 40.0}
"""A province, its district and its capital under one name are one answer: within this distance the town stands for them."""
_SAME_TOWN_KM = 15.0
_NEARBY_KM = 100.0
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
    share: float = 1.0
    """How much of what was understood it explains: Cox's Bazar more of "cox bazar" than a hamlet called Bazar."""

    @property
    def town(self) -> bool:
        return self.ref.place_type == "locality" and self.ref.population > 0


def look_up(session: Session, text: str, country: str | None, limit: int = 3) -> list[PlaceRef]:
    """Places that `text` may name, most plausible first; inside `country`, or in every country that is loaded when it is None."""
    found, unclear = _without_countries(_exact(session, windows(text), country), misspelt_windows(text))
    if not any(candidate.ref.population >= _WELL_KNOWN for candidate in found):
        # A hamlet bears nearly every misspelling of a city's name: the city must be offered beside it.
        found += _similar(session, unclear, country, beside_exact=bool(found))
    longest = max((candidate.window.length for candidate in found), default=0)
    found = [replace(candidate, share=candidate.window.length / longest) for candidate in found]
    chosen = _plausible(_merged(found))[:limit]
    return [_with_region(session, _seat(session, candidate.ref)) for candidate in chosen]


def get_place(session: Session, id_: str) -> PlaceRef | None:
    """The place of an id that `look_up` gave."""
    place = session.get(Place, id_)
    return None if place is None else _with_region(session, _ref(place, place.name, 1.0))


def _ref(place: Place, name: str, score: float) -> PlaceRef:
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
        _Candidate(window, _ref(place, name, window.faith))
        for key, name, place in session.execute(_named(by_key, country))
        for window in by_key[key]
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


def _named(keys: Iterable[str], country: str | None) -> Select[str, str, Place]:
    query = (
        select(PlaceName.normalised, PlaceName.name, Place)
        .join(Place, Place.id == PlaceName.place_id)
        .where(PlaceName.normalised == any_(literal(list(keys), ARRAY(String))))
    )
    return query if country is None else query.where(PlaceName.country == country)


def _similar(session: Session, cut: Sequence[Window], country: str | None, *, beside_exact: bool) -> list[_Candidate]:
    """Places whose name resembles a window of the text; well-known and very similar ones, beside an exact match."""
    found: list[_Candidate] = []
    for window in cut:
        slipped = _named(set(slips(window.key)), country).where(Place.population >= _WELL_KNOWN)
        found += [
            _Candidate(window, _ref(place, _usual(place, name), 0.85)) for _, name, place in session.execute(slipped)
        ]
        found += _by_trigrams(session, window, country)
    least = 0.5 if beside_exact else 0.75 * max((candidate.ref.score for candidate in found), default=0.0)
    return [
        candidate
        for candidate in found
        if candidate.ref.score >= least and not (beside_exact and candidate.ref.population < _WELL_KNOWN)
    ]


def _by_trigrams(session: Session, window: Window, country: str | None) -> list[_Candidate]:
    session.execute(select(func.set_config("pg_trgm.similarity_threshold", str(_SIMILARITY), True)))
    likeness = func.similarity(PlaceName.normalised, window.key)
    query = (
        select(PlaceName.name, likeness, Place)
        .join(Place, Place.id == PlaceName.place_id)
        .where(PlaceName.normalised.bool_op("%")(window.key), Place.place_type != "country")
        .order_by((likeness + func.log(1 + Place.population) / 20).desc(), Place.id)
        .limit(20)
    )
    if country is not None:
        query = query.where(PlaceName.country == country)
    # Never as sure as an exact match, however alike.
    return [
        _Candidate(window, _ref(place, _usual(place, name), 0.95 * float(alike)))
        for name, alike, place in session.execute(query)
    ]


def _usual(place: Place, name: str) -> str:
    """The usual name of the place in the script of this one: what was misspelt need not be told by a rare name."""
    return place.name if script_of(place.name) == script_of(name) else name


def _rank(candidate: _Candidate) -> float:
    known = math.log10(1 + candidate.ref.population) / 20
    return candidate.ref.score + known + candidate.share * 0.3 - _LESS_LIKELY.get(candidate.ref.place_type, 0.0)


def _merged(found: list[_Candidate]) -> list[_Candidate]:
    """One candidate for a town, its district and its province of the same name, and for the same town found twice."""
    kept: list[_Candidate] = []
    for candidate in sorted(found, key=lambda one: (not one.town, -_rank(one), -one.ref.population, one.ref.id)):
        reach = _SAME_PLACE_KM.get(candidate.ref.place_type, _SAME_TOWN_KM)
        if not any(
            one.ref.id == candidate.ref.id
            or (one.window.overlaps(candidate.window) and _apart(one, candidate) <= reach)
            for one in kept
        ):
            kept.append(candidate)
    return sorted(kept, key=lambda one: (-_rank(one), one.ref.id))


def _plausible(found: list[_Candidate]) -> list[_Candidate]:
    """Without those that nobody means: towns far from another that the sentence names, hamlets named like a city."""
    likely: list[_Candidate] = []
    for candidate in found:
        namesakes = [one for one in found if one.window.overlaps(candidate.window)]
        others = [one for one in found if not one.window.overlaps(candidate.window)]
        if not _beside(candidate, others) and (
            any(_beside(one, others) for one in namesakes) or any(_outshines(one, candidate) for one in found)
        ):
            continue
        likely.append(candidate)
    return likely


def _outshines(one: _Candidate, other: _Candidate) -> bool:
    known = one.ref.population >= _WELL_KNOWN and other.ref.population < one.ref.population / 100
    return known and one.ref.score >= other.ref.score - 0.15


def _beside(candidate: _Candidate, others: list[_Candidate]) -> bool:
    """Whether the sentence names another, better known place near it."""
    return any(one.ref.population > candidate.ref.population and _apart(one, candidate) <= _NEARBY_KM for one in others)


def _apart(one: _Candidate, other: _Candidate) -> float:
    return kilometres(one.ref.latitude, one.ref.longitude, other.ref.latitude, other.ref.longitude)


def _seat(session: Session, ref: PlaceRef) -> PlaceRef:
    """The town that a district or province is named after, under the name that was written: people live in the town.

    The gazetteer has many names only for the district, whose middle may be a forest a hundred kilometres from any door.
    """
    reach = _SAME_PLACE_KM.get(ref.place_type)
    district = session.get(Place, ref.id) if reach else None
    if reach is None or district is None:
        return ref
    towns = [
        place
        for _, _, place in session.execute(
            _named([normalise(district.name)], ref.country).where(Place.place_type == "locality", Place.population > 0)
        )
        if kilometres(place.latitude, place.longitude, ref.latitude, ref.longitude) <= reach
    ]
    town = max(towns, key=lambda one: (one.population, one.id), default=None)
    return ref if town is None else _ref(town, ref.name, ref.score)


def _with_region(session: Session, ref: PlaceRef) -> PlaceRef:
    """The place with the nearest large town beside its name, where the gazetteer has no state for it."""
    if ref.region or ref.population >= _TOWN:
        return ref
    around = box(ref.latitude, ref.longitude, _NEARBY_KM)
    towns = session.scalars(
        select(Place).where(
            Place.country == ref.country,
            Place.population >= _TOWN,
            Place.place_type == "locality",
            Place.latitude.between(around.south, around.north),
            Place.longitude.between(around.west, around.east),
        )
    ).all()
    if not towns:
        return ref
    town = min(towns, key=lambda one: kilometres(ref.latitude, ref.longitude, one.latitude, one.longitude))
    return replace(ref, region=_name_in_script(session, town, script_of(ref.name)))


def _name_in_script(session: Session, place: Place, script: str) -> str:
    """The place's name in a script, preferably without letters of other languages that share it; else its usual name."""
    if script_of(place.name) == script:
        return place.name
    names = [
        name
        for name in session.scalars(select(PlaceName.name).where(PlaceName.place_id == place.id))
        if script_of(name) == script
    ]
    return min(names, key=lambda name: (bool(_OTHER_LANGUAGES & set(name)), len(name), name), default=place.name)
