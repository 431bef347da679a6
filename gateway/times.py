"""A moment as a person reads it: by the clock where they are, in their language, without characters that make an SMS cost double."""

from datetime import UTC, datetime, timedelta, tzinfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime

from core.clocks import clock_of_country

_CALLING_CODES = {"BD": "880", "BR": "55", "BY": "375", "LA": "856", "MA": "212", "ML": "223", "ZA": "27"}
_FOREIGN_SPACES = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u200f": None, "\u200e": None})


def clock_of(numbers: tuple[str, ...], countries: tuple[str, ...]) -> tzinfo | None:
    """The clock of the first number that belongs to a served country; of the only country served; else None."""
    for number in numbers:
        for country in countries:
            if country in _CALLING_CODES and number.startswith(f"+{_CALLING_CODES[country]}"):
                return clock_of_country(country)
    return clock_of_country(countries[0]) if len(countries) == 1 else None


def format_moment(moment: datetime, locale: tuple[str, str], clock: tzinfo | None, *, now: datetime) -> str:
    """`18:00` today, `Tuesday 09:30` within a week, `2 December 09:30` later; with `UTC` behind it where the person's clock is not known.

    `locale` is the name of the locale's data and the pattern of a time of day.
    """
    local = moment.astimezone(clock or UTC)
    days = (local.date() - now.astimezone(clock or UTC).date()).days
    name, time_of_day = locale
    pattern = time_of_day if days == 0 else f"{'EEEE' if 0 < days < 7 else 'd MMMM'} {time_of_day}"
    written = format_datetime(local, pattern, locale=_locale(name)).translate(_FOREIGN_SPACES)
    return written if clock else f"{written} UTC"


def parse_moment(value: object) -> datetime | None:
    """A moment with its zone from ISO 8601, or None: `18:00` of an opening hour is text already."""
    if not isinstance(value, str) or len(value) < 16:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.utcoffset() is not None else None


def round_up(moment: datetime) -> datetime:
    """The next full minute: a promise must not come due before the time that was named."""
    return (
        moment
        if not (moment.second or moment.microsecond)
        else moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    )


def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
