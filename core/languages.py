"""The languages of this copy, each a folder of data: how it is written, and the words that answer by themselves.

Nothing here names a language: `locale/<code>/language.yml` does. A word that the folder does not know goes to the bot, never to a guess.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from core.digits import read_numbers, to_ascii_digits
from core.settings import PROJECT
from core.writing import loose, normalise, searchable

LOCALE = PROJECT / "locale"

__all__ = [
    "COMMANDS", "LISTS", "LOCALE", "Language", "LanguageError", "find_forbidden", "find_words", "load_language",
    "load_languages", "match_command", "match_word", "parse_digits", "to_ascii_digits",
]  # fmt: skip

Name = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Range = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{4,5}-[0-9A-F]{4,5}$")]

LISTS = ("yes", "no", "unsure", "skip", "person", "call", "leave", "stop", "help", "erase", "start", "language")
"""What a whole message can mean by itself. Every language has a list for each."""

COMMANDS = ("person", "call", "leave", "stop", "help", "erase", "language")
"""The meanings that hold in every enabled language, whatever the language of the conversation: it may have been guessed wrongly."""


class LanguageError(Exception):
    """A language's folder is missing or wrong; the text names the file and the fault."""


class _Folder(BaseModel):
    """The fields of a language.yml, as written."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    english_name: Name
    direction: Literal["ltr", "rtl"]
    cldr: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Za-z]+)*$")]
    time_format: Name
    digits: Annotated[str, StringConstraints(min_length=10, max_length=10)]
    scripts: list[Range] = Field(min_length=1)
    reviewed_by: str | None
    reviewed_on: date | None
    sms: dict[str, str]
    fold: dict[str, str] = Field(default_factory=dict)
    words: dict[str, list[Name]]
    and_: list[Name] = Field(alias="and", min_length=1)
    numbers: dict[int, list[Name]] = Field(default_factory=dict)
    cues: list[Name] = Field(default_factory=list)
    begins: dict[Literal["yes", "no", "unsure"], list[Name]] = Field(min_length=3)
    but: list[Name] = Field(min_length=1)
    landmarks: list[Name] = Field(min_length=1)
    reports: dict[Literal["closed", "no_answer", "turned_away", "wrong_number", "not_safe"], list[Name]] = Field(
        min_length=5
    )
    neighbours: list[Name] = Field(default_factory=list)
    forbidden: list[Name] = Field(min_length=1)
    promises: list[Name] = Field(min_length=1)


@dataclass(frozen=True)
class Language:
    """One language: `words` maps a meaning of LISTS to its words, `scripts` holds inclusive ranges of code points."""

    code: str
    name: str
    english_name: str
    direction: Literal["ltr", "rtl"]
    cldr: str
    time_format: str
    digits: str
    scripts: tuple[tuple[int, int], ...]
    sms_substitutions: Mapping[str, str] = field(repr=False)
    fold: Mapping[str, str] = field(repr=False)
    words: Mapping[str, tuple[str, ...]] = field(repr=False)
    conjunctions: tuple[str, ...] = field(repr=False)
    numbers: Mapping[int, tuple[str, ...]] = field(repr=False)
    cues: frozenset[str] = field(repr=False)
    begins: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Words that surely begin an answer although more words follow (core/beginnings.py)."""
    but: tuple[str, ...] = field(repr=False)
    landmarks: tuple[str, ...] = field(repr=False)
    """What stands in many places: a station, a market."""
    reports: Mapping[str, tuple[str, ...]] = field(repr=False)
    """What was wrong at a place, by kind (core/place_reports.py)."""
    neighbours: frozenset[str] = field(repr=False)
    forbidden: tuple[str, ...] = field(repr=False)
    promises: tuple[str, ...] = field(repr=False)
    reviewed_by: str | None = None
    reviewed_on: date | None = None

    @cached_property
    def exact_words(self) -> Mapping[str, str]:
        """Normalised word -> meaning."""
        return {normalise(word): meaning for meaning, words in self.words.items() for word in words}

    @cached_property
    def loose_words(self) -> Mapping[str, str]:
        """Word without accents, joiners and repeated letters -> meaning; a form of two meanings is left out."""
        return _unambiguous(
            (loose(word, self.fold), meaning) for meaning, words in self.words.items() for word in words
        )

    @cached_property
    def number_words(self) -> Mapping[str, int]:
        """Loose form of a number written as a word -> number."""
        return {loose(word, self.fold): number for number, words in self.numbers.items() for word in words}

    def writes(self, sign: str) -> bool:
        """Whether this sign belongs to the script of the language."""
        return any(first <= ord(sign) <= last for first, last in self.scripts)

    def for_sms(self, text: str) -> str:
        """The text with the signs that plain SMS lacks replaced by those that stand for them in this language."""
        return "".join(self.sms_substitutions.get(sign, sign) for sign in unicodedata.normalize("NFC", text))


def load_languages(codes: Iterable[str], folder: Path = LOCALE) -> dict[str, Language]:
    """The languages of these codes, in this order. Raises LanguageError."""
    return {code: load_language(code, folder) for code in codes}


def load_language(code: str, folder: Path = LOCALE) -> Language:
    """One language from its folder. Raises LanguageError."""
    path = folder / code / "language.yml"
    where = f"{code}/language.yml"
    try:
        data = _Folder.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise LanguageError(f"{where}: there is no such file") from None
    except yaml.YAMLError as error:
        raise LanguageError(f"{where}: {error}") from None
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_url=False))
        raise LanguageError(f"{where}: {'; '.join(faults)}") from None
    _check(data, where)
    begins: dict[str, tuple[str, ...]] = {meaning: tuple(words) for meaning, words in data.begins.items()}
    return Language(
        code=code,
        name=data.name,
        english_name=data.english_name,
        direction=data.direction,
        cldr=data.cldr,
        time_format=data.time_format,
        digits=data.digits,
        scripts=tuple((int(low, 16), int(high, 16)) for low, high in (each.split("-") for each in data.scripts)),
        sms_substitutions=data.sms,
        fold=data.fold,
        # What surely begins an answer is one by itself: "la hamdolah" alone was asked about a second time.
        words={meaning: (*data.words[meaning], *begins.get(meaning, ())) for meaning in LISTS},
        conjunctions=tuple(normalise(word) for word in data.and_),
        numbers={number: tuple(words) for number, words in data.numbers.items()},
        cues=frozenset(normalise(word) for word in data.cues),
        begins=begins,
        but=tuple(data.but),
        landmarks=tuple(data.landmarks),
        reports={kind: tuple(words) for kind, words in data.reports.items()},
        neighbours=frozenset(normalise(word) for word in data.neighbours),
        forbidden=tuple(data.forbidden),
        promises=tuple(data.promises),
        reviewed_by=data.reviewed_by,
        reviewed_on=data.reviewed_on,
    )


def match_word(text: str, language: Language) -> str | None:
    """What a whole message means by itself in this language (one of LISTS), or None."""
    return language.exact_words.get(normalise(text)) or language.loose_words.get(loose(text, language.fold))


def match_command(text: str, languages: Iterable[Language], current: Language | None = None) -> str | None:
    """One of COMMANDS, in the conversation's language or in any other.

    The conversation's language is asked first: a word that means something else there ("la", "na") is never taken for a foreign command.
    Between other languages a word with two meanings is none.
    """
    if current is not None and (meaning := match_word(text, current)) is not None:
        return meaning if meaning in COMMANDS else None
    found = {match_word(text, language) for language in languages} - {None}
    meaning = found.pop() if len(found) == 1 else None
    return meaning if meaning in COMMANDS else None


def parse_digits(text: str, languages: Iterable[Language] | None = None) -> list[int] | None:
    """The numbers of a message that consists of nothing else, in any script: "2", "٢", "1 ও ৩", "two"; None for any other message.

    `languages` lend their words for "and" and for the numbers; without it, every language there is. A digit inside a word is a letter of
    that word for many who write Arabic on a Latin keyboard ("9olt"), never an answer.
    """
    known = tuple(languages) if languages is not None else _all_languages()
    found = read_numbers(text, frozenset(word for language in known for word in language.conjunctions))
    if found is not None:
        return found
    values = {language.number_words.get(loose(text, language.fold)) for language in known} - {None}
    return [number for number in values if number is not None] if len(values) == 1 else None


@cache
def _all_languages() -> tuple[Language, ...]:
    return tuple(load_language(path.parent.name) for path in sorted(LOCALE.glob("*/language.yml")))


def find_forbidden(text: str, languages: Iterable[Language], *, promises: bool = False) -> str | None:
    """The first forbidden word in a text that is to be sent (and, if asked, the first promise), or None."""
    languages = tuple(languages)
    found = find_words(text, (entry for language in languages for entry in language.forbidden))
    if promises and not found:
        found = find_words(text, (entry for language in languages for entry in language.promises))
    return found[0] if found else None


def find_words(text: str, entries: Iterable[str]) -> list[str]:
    """The words of a text that entries of a list stand for, each once, in the order of the list.

    An entry is one word or several; a star leaves that end of a word open, for what a language adds there. Words are compared in one
    spelling (`core.writing.searchable`). Where a language writes without spaces, its entries have a star at both ends.
    """
    parts = searchable(text)
    whole = "\n".join(["", *parts, ""])
    # Most entries stand nowhere in the text: one look at it as a whole tells, and only what may stand there is looked for word by word.
    likely = (entry for entry in entries if all(needle in whole for needle in _needles(entry)))
    return list(dict.fromkeys(found for entry in likely if (found := _stands_in(_patterns(entry), parts))))


@cache
def _needles(entry: str) -> tuple[str, ...]:
    """What stands in the lines of a text if the entry does."""
    return tuple(
        f"{'' if before else chr(10)}{word}{'' if after else chr(10)}" for before, after, word in _patterns(entry)
    )


@cache
def _patterns(entry: str) -> tuple[tuple[bool, bool, str], ...]:
    return tuple(
        (part.startswith("*"), part.endswith("*"), "".join(searchable(part))) for part in entry.split(" ") if part
    )


def _stands_in(wanted: tuple[tuple[bool, bool, str], ...], parts: list[str]) -> str | None:
    size = len(wanted)
    for start in range(len(parts) - size + 1):
        run = parts[start : start + size]
        if all(_fits(pattern, part) for pattern, part in zip(wanted, run, strict=True)):
            return " ".join(run)
    return None


def _fits(pattern: tuple[bool, bool, str], part: str) -> bool:
    before, after, word = pattern
    if before and after:
        return word in part
    if before:
        return part.endswith(word)
    return part.startswith(word) if after else part == word


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for form, meaning in pairs:
        if form:
            found.setdefault(form, set()).add(meaning)
    return {form: meanings.pop() for form, meanings in found.items() if len(meanings) == 1}


def _check(data: _Folder, where: str) -> None:
    """What the types cannot say. A word in two lists would answer one thing and mean another."""
    if faults := [name for name in LISTS if not data.words.get(name)]:
        raise LanguageError(f"{where}: words: a list is missing: {', '.join(faults)}")
    if faults := [name for name in data.words if name not in LISTS]:
        raise LanguageError(f"{where}: words: an unknown list: {', '.join(faults)}")
    if [unicodedata.decimal(sign, -1) for sign in data.digits] != list(range(10)):
        raise LanguageError(f"{where}: digits: the ten digits from 0 to 9 are needed")
    if any(number not in range(10) for number in data.numbers):
        raise LanguageError(f"{where}: numbers: from 0 to 9")
    seen: dict[str, str] = {}
    lists = {**data.words, **{str(number): words for number, words in data.numbers.items()}}
    for meaning, words in lists.items():
        for word in words:
            form = normalise(word)
            if not form:
                raise LanguageError(f"{where}: words: {word!r} in {meaning!r} holds nothing to compare")
            if seen.setdefault(form, meaning) != meaning:
                raise LanguageError(f"{where}: words: {word!r} stands in {seen[form]!r} and in {meaning!r}")
