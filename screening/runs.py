"""Finds runs of words in a message: thousands of them, of all languages, in a fraction of a millisecond."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from screening.folding import forms, unspaced

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
class _Word:
    """A word to look for; an open end takes what a language adds there."""

    text: str
    open_start: bool
    open_end: bool

    def fits(self, word: str) -> bool:
        if self.open_start:
            return self.text in word if self.open_end else word.endswith(self.text)
        return word.startswith(self.text) if self.open_end else word == self.text


class Runs:
    """Entries `(text, meaning)`, indexed by a word that stands in them as it is. A star at an end of a word leaves that end open."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self._by_word: dict[str, list[tuple[int, tuple[_Word, ...], str, str]]] = defaultdict(list)
        self._open: list[tuple[int, tuple[_Word, ...], str, str]] = []
        self._anywhere: dict[str, tuple[str, str]] = {}
        for entry, meaning in entries:
            if unspaced(entry):
                self._anywhere["".join(forms(entry)[0])] = (entry, meaning)
                continue
            for pattern in _patterns(entry):
                closed = next((at for at, word in enumerate(pattern) if not (word.open_start or word.open_end)), None)
                if closed is None:
                    self._open.append((0, pattern, entry, meaning))
                else:
                    self._by_word[pattern[closed].text].append((closed, pattern, entry, meaning))

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
            for at, pattern, entry, meaning in (*self._by_word.get(word, ()), *self._open):
                start, end = position - at, position - at + len(pattern)
                if start < 0 or end > len(words):
                    continue
                if all(each.fits(words[start + offset]) for offset, each in enumerate(pattern)):
                    yield Run(entry, meaning, form, start, end, whole=(start, end) == (0, len(words)))

    def _in_letters(self, text: str) -> Iterator[Run]:
        for letters, (entry, meaning) in self._anywhere.items():
            start = text.find(letters)
            while start >= 0:
                end = start + len(letters)
                yield Run(entry, meaning, "letters", start, end, whole=(start, end) == (0, len(text)))
                start = text.find(letters, start + 1)


def _patterns(entry: str) -> set[tuple[_Word, ...]]:
    """The ways to read an entry: words with an apostrophe as one word or as two."""
    readings: list[list[_Word]] = [[], []]
    for part in entry.split():
        bare = part.strip("*")
        ways = forms(bare)
        for reading, words in zip(readings, (ways[0], ways[-1]), strict=True):
            last = len(words) - 1
            reading += [
                _Word(word, open_start=part.startswith("*") and at == 0, open_end=part.endswith("*") and at == last)
                for at, word in enumerate(words)
            ]
    return {tuple(reading) for reading in readings}
