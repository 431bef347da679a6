"""The texts for people: complete in every language or not loaded at all, so that nobody gets a half-translated conversation.

A text is found by its key and its fields are filled with `str.format`; times and numbers are written as the language writes them.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Self

import polib
from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from babel.numbers import format_decimal

from core.database import now
from core.languages import Language, LanguageError, load_languages

Value = str | int | float | Decimal | datetime | None

_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})")
_WEEK = 7


class CatalogueError(Exception):
    """A catalogue is incomplete or wrong, or a text was asked for that does not exist. Names the language and the key, no value."""


class Catalogues:
    """Every text of every language of this copy."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]], languages: Mapping[str, Language]) -> None:
        """Use `load`; the texts given here are taken as checked."""
        self._texts = texts
        self.languages = languages
        self._shipped = texts
        self.offered: tuple[str, ...] = tuple(languages)
        """Languages that people are offered, in this order. The others are still spoken with whoever is in the middle of one."""
        self.version = _version(texts)
        """Changes with every change of any text; kept with each consent, to know later what the person had read."""

    @classmethod
    def load(cls, folder: Path, codes: Iterable[str]) -> Self:
        """Read `<folder>/<code>/messages.po` of each code. Raises CatalogueError for what is missing, doubtful or different."""
        codes = tuple(codes)
        try:
            languages = load_languages(codes, folder)
        except LanguageError as error:
            raise CatalogueError(str(error)) from None
        texts = {code: _read(folder / code / "messages.po", code) for code in codes}
        _compare(texts)
        return cls(texts, languages)

    def adopt(self, texts: Mapping[tuple[str, str], str], offered: Iterable[str]) -> None:
        """Say these texts, by language and key, in place of those of the files, and offer these languages.

        Raises CatalogueError, and changes nothing, for a language that is not loaded, a key that is not there and other fields.
        """
        wanted = {code: dict(catalogue) for code, catalogue in self._shipped.items()}
        for (code, key), text in texts.items():
            wanted.setdefault(code, {})[key] = self.try_text(key, code, text)
        languages = tuple(offered)
        if not languages or not set(languages) <= set(wanted):
            raise CatalogueError("a language that is offered is not loaded")
        self._texts, self.version, self.offered = wanted, _version(wanted), languages

    def try_text(self, key: str, language: str, text: str) -> str:
        """The text as it would be kept in place of the file's. Raises CatalogueError for an unknown key, other fields, or no words."""
        wanted = _fields(self.shipped(key, language))
        try:
            same = bool(text.strip()) and _fields(text) == wanted
        except ValueError:
            same = False
        if not same:
            raise CatalogueError(f"{language}: {key}: not a text of these fields")
        return unicodedata.normalize("NFC", text)

    def shipped(self, key: str, language: str) -> str:
        """The text of the file, whatever stands in its place. Raises CatalogueError."""
        try:
            return self._shipped[language][key]
        except KeyError:
            raise CatalogueError(f"{language}: there is no text {key!r}") from None

    @property
    def keys(self) -> frozenset[str]:
        """Every key there is."""
        return frozenset(next(iter(self._texts.values()), {}))

    def fields(self, key: str) -> frozenset[str]:
        """Names of the values that this text needs. Raises CatalogueError."""
        return _fields(self._raw(key, next(iter(self._texts), "")))

    def text(
        self, key: str, language: str, /, *, zone: tzinfo | None = None, today: datetime | None = None, **values: Value
    ) -> str:
        """The text in this language with its values filled in.

        A moment (an aware `datetime`, or a text in ISO 8601 with its offset, as it comes from the bot) becomes a clock time in `zone`
        or in its own zone, with the day when it is not today's. A number is written as the language writes it. A value that is the key
        of a text without fields, such as `day_monday`, becomes that text. A line whose values are all empty is left out.
        Raises CatalogueError for an unknown key or language and for a missing value.
        """
        raw = self._raw(key, language)
        if missing := _fields(raw) - values.keys():
            raise CatalogueError(f"{language}: {key}: no value for {', '.join(sorted(missing))}")
        return fill(raw, {name: self._spoken(value, language, zone, today) for name, value in values.items()})

    def template(self, key: str, language: str) -> str:
        """The text with its fields unfilled; `fill` fills it. Raises CatalogueError."""
        return self._raw(key, language)

    def name_of(self, code: str, language: str) -> str:
        """Name of any language, enabled or not, in this language: "bn" is "bengali" in French. The code itself where it has no name."""
        if language not in self.languages:
            raise CatalogueError(f"{language}: the language is not loaded")
        try:
            return Locale.parse(code, sep="-").get_language_name(self.languages[language].cldr) or code
        except (ValueError, UnknownLocaleError):
            return code

    def _raw(self, key: str, language: str) -> str:
        try:
            return self._texts[language][key]
        except KeyError:
            what = f"there is no text {key!r}" if language in self._texts else "the language is not loaded"
            raise CatalogueError(f"{language}: {what}") from None

    def _spoken(self, value: Value, code: str, zone: tzinfo | None, today: datetime | None) -> str:
        language = self.languages[code]
        if value is None:
            return ""
        if isinstance(value, str):
            if _MOMENT.fullmatch(value):
                return _clock(datetime.fromisoformat(value), language, zone, today)
            label = self._texts[code].get(value)
            return value if label is None or _fields(label) else label
        if isinstance(value, datetime):
            return _clock(value, language, zone, today)
        return _plain(format_decimal(value, locale=language.cldr))


def _version(texts: Mapping[str, Mapping[str, str]]) -> str:
    content = repr([(code, sorted(texts[code].items())) for code in sorted(texts)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its values; a line whose values are all empty is left out, so that no lone "km" is sent."""
    lines = []
    for line in template.split("\n"):
        names = _fields(line)
        if not names or any(values[name] for name in names):
            lines.append(line.format(**values))
    return "\n".join(lines)


def _clock(moment: datetime, language: Language, zone: tzinfo | None, today: datetime | None) -> str:
    if moment.tzinfo is None:
        raise CatalogueError("a moment needs its zone: an hour of another zone could send a person out at night")
    moment = moment.astimezone(zone or moment.tzinfo)
    days = (moment.date() - (today or now()).astimezone(moment.tzinfo).date()).days
    day = "" if days == 0 else "EEEE " if 0 < days < _WEEK else "d MMMM "
    return _plain(format_datetime(moment, day + language.time_format, locale=language.cldr))


def _plain(text: str) -> str:
    """Ordinary spaces for narrow and fixed ones, which would turn a plain SMS of 160 signs into one of 70."""
    return "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in text)


def _read(path: Path, code: str) -> dict[str, str]:
    if not path.is_file():
        raise CatalogueError(f"{code}: there is no messages.po")
    try:
        entries = polib.pofile(str(path), encoding="utf-8", check_for_duplicates=True)
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{code}: messages.po cannot be read: {error}") from None
    if entries.metadata.get("Language") != code:
        raise CatalogueError(f"{code}: messages.po: its header names the language {entries.metadata.get('Language')!r}")
    texts = {}
    for entry in entries:
        if entry.obsolete:
            continue
        if entry.fuzzy:
            raise CatalogueError(f"{code}: {entry.msgid}: marked as doubtful (fuzzy)")
        if not entry.msgstr.strip():
            raise CatalogueError(f"{code}: {entry.msgid}: not translated")
        texts[entry.msgid] = unicodedata.normalize("NFC", entry.msgstr)
    return texts


def _compare(texts: Mapping[str, Mapping[str, str]]) -> None:
    every = {key for catalogue in texts.values() for key in catalogue}
    for code, catalogue in texts.items():
        if missing := every - catalogue.keys():
            raise CatalogueError(f"{code}: missing: {', '.join(sorted(missing))}")
    for key in sorted(every):
        wanted: frozenset[str] | None = None
        for code, catalogue in texts.items():
            try:
                found = _fields(catalogue[key])
            except ValueError as error:
                raise CatalogueError(f"{code}: {key}: {error}") from None
            if wanted is not None and found != wanted:
                raise CatalogueError(f"{code}: {key}: fields {sorted(found)}, elsewhere {sorted(wanted)}")
            wanted = found


def _fields(text: str) -> frozenset[str]:
    """Names of the fields; raises ValueError for anything but a plain {name}: a format could reach into objects."""
    names = set()
    for _literal, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not _FIELD.fullmatch(name) or form or conversion:
            raise ValueError("only plain {name} fields are allowed")
        names.add(name)
    return frozenset(names)
