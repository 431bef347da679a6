"""Time zones of a country, for the form's list of them."""

from functools import cache

from babel.core import get_global


@cache
def _by_country() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for zone, country in get_global("zone_territories").items():
        found.setdefault(country, []).append(zone)
    return {country: tuple(sorted(zones)) for country, zones in found.items()}


def zones_of(country: str) -> tuple[str, ...]:
    """IANA names of the country's zones; none for a code that is no country's."""
    return _by_country().get(country, ())
