"""What focal points read: messages to them and the page behind the link. One gettext file a language, `locale/<code>.po`.

Nobody who is looking for help reads these; their texts are in the project's `locale/`.
"""

from datetime import date
from functools import cache
from pathlib import Path

import babel
import polib
from babel.dates import format_date, get_day_names

from core.catalogues import fill

_FOLDER = Path(__file__).parent / "locale"
LANGUAGES = ("en", "fr", "ar", "bn", "es", "pt", "ru", "lo")
_RIGHT_TO_LEFT = frozenset({"ar"})
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class FocalWords:
    """The texts in one language. `folder`: where its catalogue lies."""

    def __init__(self, code: str, folder: Path = _FOLDER) -> None:
        self.code = code
        self.direction = "rtl" if code in _RIGHT_TO_LEFT else "ltr"
        entries = polib.pofile(str(folder / f"{code}.po"), check_for_duplicates=True)
        self._texts = {entry.msgid: entry.msgstr for entry in entries}
        self._locale = babel.Locale.parse(code)

    @property
    def keys(self) -> frozenset[str]:
        """Every key there is."""
        return frozenset(self._texts)

    def say(self, key: str, **values: str) -> str:
        """The words of a key; a line whose values are all empty is left out. Raises KeyError."""
        return fill(self._texts[key], values)

    def raw(self, key: str) -> str:
        """The words with their fields unfilled, for the tests of the translations."""
        return self._texts[key]

    def day(self, code: str) -> str:
        """Name of a day that HSDS writes `MO`."""
        names: dict[int, str] = dict(get_day_names("wide", locale=self._locale))
        return names[_DAYS.index(code)]

    def date(self, day: date) -> str:
        """A day as the language writes it."""
        return str(format_date(day, "long", locale=self._locale))

    def language(self, code: str) -> str:
        """Name of a language in this one."""
        try:
            return babel.Locale.parse(code, sep="-").get_language_name(self.code) or code
        except (ValueError, babel.UnknownLocaleError):
            return code


@cache
def focal_words(code: str) -> FocalWords:
    """The texts in a language, in English for one that there is none in."""
    return FocalWords(code if code in LANGUAGES else "en")
