"""What this room needs of the languages: texts, words that answer by themselves, guesses."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Protocol

from core import digits
from core.catalogues import CatalogueError, Catalogues
from core.language_identification import LanguageIdentifier
from core.languages import Language, find_words, match_command, match_word
from core.turns import Alarm
from core.writing import normalise, strip_hidden
from screening.phrases import find_alarm, self_harm_is_now


class Wording(Protocol):
    """The enabled languages, in order."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the enabled languages; the first is the one of last resort."""
        ...

    def template(self, code: str, key: str) -> str:
        """The text of a message key with its `{fields}`. Raises KeyError."""
        ...

    def fields(self, code: str, key: str) -> frozenset[str]:
        """Names of the values that a text needs. Raises KeyError."""
        ...

    def say(
        self, code: str, key: str, values: Mapping[str, object], *, zone: tzinfo | None, today: datetime | None
    ) -> str:
        """The text with its values filled in. Raises KeyError."""
        ...

    def word(self, code: str, text: str) -> str | None:
        """What a whole message means by itself in one language: `yes`, `no`, `unsure`, `skip` and the like."""
        ...

    def command(self, code: str | None, text: str) -> str | None:
        """`person`, `leave`, `stop`, `help`, `erase` or `language`: in the language of the conversation, or in any other enabled one."""
        ...

    def meanings(self, text: str) -> frozenset[str]:
        """Everything that a whole message means in the lists of any enabled language."""
        ...

    def alarm(self, text: str) -> Alarm | None:
        """The most urgent thing that the safety phrases of any enabled language find in a text."""
        ...

    def harms_now(self, text: str) -> bool:
        """Whether the safety phrases say that somebody harms themselves now."""
        ...

    def numbers(self, code: str | None, text: str) -> list[int]:
        """The numbers a message consists of, in digits or in words of the language; empty when it holds anything else."""
        ...

    def plain(self, code: str, text: str) -> str:
        """The text in characters that cost less in an SMS, where the language allows it."""
        ...

    def guess(self, text: str) -> str | None:
        """The language of a text, if it can be told."""
        ...

    def clock(self, code: str) -> tuple[str, str]:
        """Name of the locale's data and pattern of a time of day."""
        ...

    def forbidden(self, text: str) -> tuple[str, ...]:
        """The words of a text, of any enabled language, that tell whoever holds the phone what this is."""
        ...

    def promises(self, text: str) -> tuple[str, ...]:
        """The words of a text that promise what nobody can keep."""
        ...

    def stock(self, code: str) -> tuple[str, ...]:
        """Every fixed text of a language."""
        ...


class CatalogueWording:
    """The languages of `locale/`."""

    def __init__(self, languages: Mapping[str, Language], catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self._languages = languages
        self._identifier = LanguageIdentifier(self._languages)

    @property
    def codes(self) -> tuple[str, ...]:
        # In the order and the choice of those who run the service; what somebody writes in another language is understood all the same.
        return tuple(code for code in self._catalogues.offered if code in self._languages)

    def template(self, code: str, key: str) -> str:
        fields = {name: f"{{{name}}}" for name in self.fields(code, key)}
        return self.say(code, key, fields, zone=None, today=None)

    def fields(self, code: str, key: str) -> frozenset[str]:
        if code not in self._languages:
            raise KeyError(code)
        try:
            return self._catalogues.fields(key)
        except CatalogueError:
            raise KeyError(key) from None

    def say(
        self, code: str, key: str, values: Mapping[str, object], *, zone: tzinfo | None, today: datetime | None
    ) -> str:
        known: dict[str, str | int | float] = {
            name: value for name, value in values.items() if isinstance(value, str | int | float)
        }
        try:
            return self._catalogues.text(key, code, zone=zone, today=today, **known)
        except CatalogueError:
            raise KeyError(key) from None

    def word(self, code: str, text: str) -> str | None:
        language = self._languages.get(code)
        return match_word(text, language) if language else None

    def command(self, code: str | None, text: str) -> str | None:
        return match_command(text, self._languages.values(), self._languages.get(code or ""))

    def meanings(self, text: str) -> frozenset[str]:
        found = (match_word(text, language) for language in self._languages.values())
        return frozenset(meaning for meaning in found if meaning is not None)

    def alarm(self, text: str) -> Alarm | None:
        return find_alarm(text, tuple(self._languages))

    def harms_now(self, text: str) -> bool:
        return self_harm_is_now(text, tuple(self._languages))

    def numbers(self, code: str | None, text: str) -> list[int]:
        language = self._languages.get(code or "")
        found = digits.read_numbers(text, language.conjunctions if language else ())
        if found is None and language:
            said = normalise(text)
            found = [number for number, words in language.numbers.items() if said in map(normalise, words)]
        return found or []

    def plain(self, code: str, text: str) -> str:
        language = self._languages.get(code)
        return language.for_sms(text) if language else text

    def guess(self, text: str) -> str | None:
        return self._identifier.identify(text)[0]

    def clock(self, code: str) -> tuple[str, str]:
        language = self._languages.get(code)
        return (language.cldr, language.time_format) if language else ("en", "HH:mm")

    def forbidden(self, text: str) -> tuple[str, ...]:
        return tuple(find_words(text, (entry for each in self._languages.values() for entry in each.forbidden)))

    def promises(self, text: str) -> tuple[str, ...]:
        return tuple(find_words(text, (entry for each in self._languages.values() for entry in each.promises)))

    def stock(self, code: str) -> tuple[str, ...]:
        return (
            tuple(self._catalogues.template(key, code) for key in self._catalogues.keys)
            if code in self._languages
            else ()
        )


def first_known(codes: Iterable[str], wording: Wording, key: str) -> str | None:
    """The first of these languages that has a text for a key."""
    for code in dict.fromkeys(codes):
        try:
            wording.fields(code, key)
        except KeyError:
            continue
        return code
    return None


def clean(text: str) -> str:
    """A person's text without what no reader sees: NUL and other controls, lone surrogates, direction marks. NFC, never NFKC."""
    kept = (sign for sign in strip_hidden(text) if sign in "\n\t" or unicodedata.category(sign) != "Cc")
    return unicodedata.normalize("NFC", "".join(kept)).strip()
