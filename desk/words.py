"""Every sentence of the console comes from one gettext catalogue, so that a translator needs a file and no code.

`desk/locale/<code>/messages.po`: the msgid is a key, the msgstr its words with `{name}` fields. What people receive is in the project's
`locale/` instead.
"""

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import babel
import polib
from babel.dates import format_date, format_datetime

FOLDER = Path(__file__).parent / "locale"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "ur"})


class Words:
    """The console in one language."""

    def __init__(self, code: str, messages: Mapping[str, str], plurals: Mapping[str, Mapping[int, str]]) -> None:
        self.code = code
        self.direction = "rtl" if code in RIGHT_TO_LEFT else "ltr"
        self._messages = messages
        self._plurals = plurals
        self._locale = babel.Locale.parse(code)

    def __contains__(self, key: str) -> bool:
        return key in self._messages

    def keys(self) -> frozenset[str]:
        """Every key there is."""
        return frozenset(self._messages) | frozenset(self._plurals)

    def say(self, key: str, **values: object) -> str:
        """The words of a key. Raises KeyError for one that the catalogue lacks."""
        return self._messages[key].format(**values)

    def find(self, key: str, otherwise: str) -> str:
        """The words of a key made from data (an answer, an outcome), or what to show when there are none."""
        return self._messages.get(key, otherwise)

    def count(self, key: str, number: int) -> str:
        """Words with a number in them, in the right plural."""
        forms = self._plurals[key]
        form = 0 if number == 1 else 1
        return forms.get(form, forms[max(forms)]).format(count=number)

    def duration(self, span: timedelta) -> str:
        """`5 minutes`, `3 hours`, `2 days`: as exact as somebody who decides what to do next needs it."""
        minutes = math.floor(abs(span.total_seconds()) / 60)
        if minutes < 1:
            return self.say("less_than_a_minute")
        if minutes < 60:
            return self.count("minutes", minutes)
        hours, rest = divmod(minutes, 60)
        if hours < 5 and rest:
            return self.say("hours_and_minutes", hours=hours, minutes=rest)
        if hours < 48:
            return self.count("hours", hours)
        return self.count("days", hours // 24)

    def wait(self, span: timedelta) -> str:
        """How long to wait, rounded up: somebody who comes back on time must not be refused again."""
        seconds = math.ceil(span.total_seconds())
        return self.count("seconds", seconds) if seconds < 60 else self.count("minutes", math.ceil(seconds / 60))

    def moment(self, at: datetime) -> str:
        """A day and a time, in UTC: colleagues of one hotline sit in several zones, so the zone is always written."""
        return str(format_datetime(at, "d MMM, HH:mm 'UTC'", locale=self._locale))

    def day(self, on: date) -> str:
        """A date: `3 Mar 2026`."""
        return str(format_date(on, "d MMM y", locale=self._locale))

    def weekday(self, number: int) -> str:
        """The name of a day of the week; 0 is Monday."""
        return str(self._locale.days["stand-alone"]["wide"][number])

    def language(self, code: str | None) -> str:
        """A language's name in the language of the console."""
        if not code:
            return self.say("language_unknown")
        try:
            return str(babel.Locale.parse(code, sep="-").get_language_name(self.code) or code)
        except (ValueError, babel.UnknownLocaleError):
            return code

    def country(self, code: str) -> str:
        """A country's name in the language of the console."""
        return str(self._locale.territories.get(code, code))


@cache
def words(code: str = "en") -> Words:
    """The console's words in a language that has a folder."""
    catalogue = polib.pofile(str(FOLDER / code / "messages.po"))
    entries = [entry for entry in catalogue if not entry.obsolete]
    return Words(
        code,
        {entry.msgid: entry.msgstr for entry in entries if not entry.msgid_plural},
        {entry.msgid: dict(entry.msgstr_plural) for entry in entries if entry.msgid_plural},
    )
