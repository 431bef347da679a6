"""The clock of a country, so that a promised time is told as the person's own clock shows it."""

from zoneinfo import ZoneInfo

# A country with several clocks has that of most of its people.
_CLOCKS = {
    "BD": "Asia/Dhaka",
    "BR": "America/Sao_Paulo",
    "BY": "Europe/Minsk",
    "LA": "Asia/Vientiane",
    "MA": "Africa/Casablanca",
    "ML": "Africa/Bamako",
    "ZA": "Africa/Johannesburg",
}


def clock_of_country(country: str | None) -> ZoneInfo | None:
    """The clock of a country (ISO 3166-1), or None where it is not known."""
    return ZoneInfo(_CLOCKS[country]) if country in _CLOCKS else None
