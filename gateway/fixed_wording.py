"""Languages in memory, for tests of the channels: a few texts and words given by hand, in place of the folders of `locale/`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from string import Formatter

from core.languages import COMMANDS, find_words
from core.turns import Alarm
from core.writing import normalise
from gateway.numerals import read_numbers
from gateway.times import format_moment, parse_moment


@dataclass(frozen=True)
class FixedWording:
    """Texts by language and key, words by language and meaning, guesses by a part of the text."""

    texts: Mapping[str, Mapping[str, str]]
    lists: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    guesses: Mapping[str, str] = field(default_factory=dict)
    substitutions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    """By a part of the text, most urgent first."""
    forbidden_words: tuple[str, ...] = ()
    promised: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self.texts)

    def template(self, code: str, key: str) -> str:
        return self.texts[code][key]

    def word(self, code: str, text: str) -> str | None:
        said = normalise(text)
        lists = self.lists.get(code, {})
        return next((meaning for meaning, words in lists.items() if said in {normalise(word) for word in words}), None)

    def command(self, code: str | None, text: str) -> str | None:
        for language in (code,) if code and self.word(code, text) else self.codes:
            meaning = self.word(language, text)
            if meaning in COMMANDS:
                return meaning
        return None

    def meanings(self, text: str) -> frozenset[str]:
        return frozenset(meaning for code in self.lists if (meaning := self.word(code, text)) is not None)

    def alarm(self, text: str) -> Alarm | None:
        return next((alarm for part, alarm in self.alarms.items() if part in text), None)

    def harms_now(self, text: str) -> bool:
        return "pills" in text

    def fields(self, code: str, key: str) -> frozenset[str]:
        return frozenset(name for _, name, _, _ in Formatter().parse(self.texts[code][key]) if name)

    def say(
        self, code: str, key: str, values: Mapping[str, object], *, zone: tzinfo | None, today: datetime | None
    ) -> str:
        moments = {name: parse_moment(value) for name, value in values.items()}
        told = {
            name: format_moment(moment, self.clock(code), zone or UTC, now=today)
            if moment and today
            else self.texts[code].get(str(values[name]), values[name])
            for name, moment in moments.items()
        }
        return self.texts[code][key].format(**told)

    def numbers(self, code: str | None, text: str) -> list[int]:  # noqa: ARG002 - no language here has numbers in words
        return read_numbers(text)

    def plain(self, code: str, text: str) -> str:
        substitutions = self.substitutions.get(code, {})
        return "".join(substitutions.get(sign, sign) for sign in text)

    def guess(self, text: str) -> str | None:
        return next((code for part, code in self.guesses.items() if part in text), None)

    def clock(self, code: str) -> tuple[str, str]:
        return code, "HH:mm"

    def forbidden(self, text: str) -> tuple[str, ...]:
        return tuple(find_words(text, self.forbidden_words))

    def promises(self, text: str) -> tuple[str, ...]:
        return tuple(find_words(text, self.promised))

    def stock(self, code: str) -> tuple[str, ...]:
        return tuple(self.texts.get(code, {}).values())
