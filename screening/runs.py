"""Finds the entries of the phrase lists in a message: thousands of them, of all languages, in a millisecond or two."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from screening.folding import forms, unspaced
from screening.patterns import Word, letters, readings

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """An entry that stands in the text: `form` is the way of reading, `start` and `end` its words (letters, where there are no spaces)."""

    entry: str
    meaning: str
    form: str
    start: int
    end: int
    whole: bool

    def covers(self, other: "Run") -> bool:
        """Whether the other run lies within this one."""
        return self.form == other.form and self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class _Sought:
    """One way to read an entry; `at` is the place by which it is found."""

    at: int
    words: tuple[Word, ...]
    entry: str
    meaning: str

    def span(self, text: Words, position: int) -> tuple[int, int] | None:
        """Where it stands in the text with its found place at `position`."""
        start = position
        for place in range(self.at - 1, -1, -1):
            following = self.words[place + 1]
            near = range(start - 1, max(start - 2 - following.between, -1), -1)
            found = next((here for here in near if self.words[place].fits(text[here])), None)
            if found is None:
                return None
            start = found
        end = position
        for word in self.words[self.at + 1 :]:
            near = range(end + 1, min(end + 2 + word.between, len(text)))
            found = next((here for here in near if word.fits(text[here])), None)
            if found is None:
                return None
            end = found
        return start, end + 1


class Runs:
    """Entries `(text, meaning)` in the writing of `screening.patterns`, indexed by the longest word that stands in them as it is."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self._by_word: dict[str, list[_Sought]] = defaultdict(list)
        self._open: list[_Sought] = []
        self._anywhere: list[tuple[str | re.Pattern[str], str, str]] = []
        for entry, meaning in entries:
            if unspaced(entry):
                self._anywhere.append((letters(entry), entry, meaning))
                continue
            for words in readings(entry):
                self._index(words, entry, meaning)

    def _index(self, words: tuple[Word, ...], entry: str, meaning: str) -> None:
        closed = [at for at, word in enumerate(words) if word.closed]
        if not closed:
            self._open.append(_Sought(0, words, entry, meaning))
            return
        at = max(closed, key=lambda place: min(len(text) for text in words[place].texts))
        sought = _Sought(at, words, entry, meaning)
        for text in set(words[at].texts):
            self._by_word[text].append(sought)

    def found(self, text: str) -> list[Run]:
        """Every entry that stands in the text."""
        runs: list[Run] = []
        for number, words in enumerate(forms(text)):
            runs += self._in_words(words, str(number))
        if self._anywhere and unspaced(text):
            runs += self._in_letters("".join(forms(text)[0]))
        return runs

    def _in_words(self, words: Words, form: str) -> Iterator[Run]:
        for position, word in enumerate(words):
            candidates = self._by_word.get(word, ())
            for sought in (*candidates, *(each for each in self._open if each.words[0].fits(word))):
                span = sought.span(words, position)
                if span:
                    yield Run(sought.entry, sought.meaning, form, span[0], span[1], whole=span == (0, len(words)))

    def _in_letters(self, text: str) -> Iterator[Run]:
        for pattern, entry, meaning in self._anywhere:
            for start, end in _spans(pattern, text):
                yield Run(entry, meaning, "letters", start, end, whole=(start, end) == (0, len(text)))


def _spans(sought: str | re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    if isinstance(sought, re.Pattern):
        yield from (match.span() for match in sought.finditer(text))
        return
    start = text.find(sought)
    while start >= 0:
        yield start, start + len(sought)
        start = text.find(sought, start + 1)
