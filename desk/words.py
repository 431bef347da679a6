"""Every sentence of the console comes from gettext catalogues, so that a translator needs a file and no code.

`desk/locale/<code>/*.po`: the msgid is a key, the msgstr its words with `{name}` fields. What people receive is in the project's `locale/`
instead. Every language has every key, in files by area; a test lists what one lacks. `words()` speaks the language of whoever asks now.
"""

import gettext
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import babel
import polib
from babel.dates import format_date, format_datetime
from starlette.requests import HTTPConnection

FOLDER = Path(__file__).parent / "locale"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "ur"})
LANGUAGES = ("en", "fr", "ar", "pt", "bn")
"""Languages of the console's pages, the first where nothing is chosen."""
_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
COOKIE = "waymark_desk_language"


@dataclass(frozen=True, slots=True)
class Plural:
    """The forms of a sentence with a number, and which of them a number takes in its language."""

    forms: Mapping[int, str]
    choose: Callable[[int], int]

    def of(self, number: int) -> str:
        """The form for a number; the last one where the catalogue has fewer."""
        return self.forms.get(self.choose(number), self.forms[max(self.forms)])


class Words:
    """The console in one language."""

    def __init__(self, code: str, messages: Mapping[str, str], plurals: Mapping[str, Plural]) -> None:
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
        shown = {name: self.isolated(value) if isinstance(value, str) else value for name, value in values.items()}
        return self._messages[key].format(**shown)

    def isolated(self, text: str) -> str:
        """A name or number for a sentence from the right: without isolates its `+` or the full stop after it jumps to the other side."""
        return f"\u2068{text}\u2069" if text and self.direction == "rtl" else text

    def find(self, key: str, otherwise: str) -> str:
        """The words of a key made from data (an answer, an outcome), or what to show when there are none."""
        return self._messages.get(key, otherwise)

    def count(self, key: str, number: int) -> str:
        """Words with a number in them, in the right plural."""
        return self._plurals[key].of(number).format(count=number)

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

    def own_name(self, code: str) -> str:
        """A language's name in that language, for who looks for it."""
        return str(babel.Locale.parse(code, sep="-").get_display_name() or code)

    def country(self, code: str) -> str:
        """A country's name in the language of the console."""
        return str(self._locale.territories.get(code, code))

    def countries(self) -> dict[str, str]:
        """Names of all countries by their ISO codes."""
        return {
            code: name for code, name in self._locale.territories.items() if len(code) == 2 and code not in _NO_COUNTRY
        }


_spoken: ContextVar[str] = ContextVar("desk_language", default=LANGUAGES[0])


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """While the block runs, `words()` is this language: a page must not be half in the language of somebody else."""
    before = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(before)


def words(code: str | None = None) -> Words:
    """The console's words in a language that has a folder: a given one, else that of the request being answered, else English."""
    return _load(code or _spoken.get())


@cache
def _load(code: str) -> Words:
    """One language. A key that it lacks is English, so that a page is never refused for a missing word."""
    messages: dict[str, str] = {}
    plurals: dict[str, Plural] = {}
    for folder in dict.fromkeys(("en", code)):
        for path in sorted((FOLDER / folder).glob("*.po")):
            catalogue = polib.pofile(str(path))
            rule = re.search(r"plural=(.+?);?\s*$", catalogue.metadata["Plural-Forms"])
            choose = gettext.c2py(rule.group(1)) if rule else int
            for entry in catalogue:
                if entry.msgid_plural:
                    plurals[entry.msgid] = Plural(dict(entry.msgstr_plural), choose)
                elif not entry.obsolete:
                    messages[entry.msgid] = entry.msgstr
    return Words(code, messages, plurals)


def words_for(request: HTTPConnection) -> Words:
    """The words for whoever asks: what they chose on a page of the console, else what their browser prefers, else English."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return words(chosen)
    return words(_preferred(request.headers.get("accept-language", "")))


def _preferred(header: str) -> str:
    """The best language of an Accept-Language header; a header that makes no sense asks for nothing."""
    wanted: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        code, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((float(quality or 1), code.split("-")[0].lower()))
        except ValueError:
            continue
    known = [code for quality, code in sorted(wanted, key=lambda one: -one[0]) if code in LANGUAGES and quality > 0]
    return known[0] if known else LANGUAGES[0]
