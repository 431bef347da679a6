"""Time zones of countries, from the tables that come with the zones themselves: a file says a country more often than a zone."""

from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones


@lru_cache(maxsize=1)
def _by_country() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    known = available_timezones()
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            if zone in known:
                found.setdefault(country, []).append(zone)
    return {country: tuple(zones) for country, zones in found.items()}


def only_zone(country: str) -> str | None:
    """The zone of a country that has one; None when there are several or none."""
    zones = _by_country().get(country, ())
    return zones[0] if len(zones) == 1 else None


@lru_cache(maxsize=512)
def zone_of(country: str, offset: float | None) -> str | None:
    """A zone of the country that has this offset from UTC (hours) now; without an offset its only one.

    Outside the country's zones an offset gives a fixed zone: the hours stay true, only summer time is not followed.
    """
    if offset is None:
        return only_zone(country)
    only = only_zone(country)
    if only:
        return only
    at = datetime.now(UTC)
    for zone in _by_country().get(country, ()):
        shift = at.astimezone(ZoneInfo(zone)).utcoffset()
        if shift is not None and shift.total_seconds() == offset * 3600:
            return zone
    fixed = "UTC" if offset == 0 else f"Etc/GMT{-int(offset):+d}"
    return fixed if offset == int(offset) and fixed in available_timezones() else None
