"""Cuts what a person wrote into the pieces that may be the name of a place: "I am in Dhaka" holds `dhaka`, and so does "ঢাকায় আছি".

Which words and endings stand around names is data (`data/words.yml`): a language is added there, not here.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from directory.text import APOSTROPHES, normalise, starts_cluster, written_without_spaces

_DATA = Path(__file__).parent / "data" / "words.yml"
_LONGEST_TEXT = 200
_MOST_WORDS = 40
_LONGEST_NAME = 5
"""In words."""
_LONGEST_INSIDE = 24
"""In characters, of a name inside a word of a script without spaces."""
_SHORTEST_REST = 3
_APART = {ord(character): " " for character in APOSTROPHES}


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of the text as it is searched, where it stood, and how faithful it is to what was written (1: as written)."""

    key: str
    start: int
    end: int
    faith: float = 1.0

    @property
    def length(self) -> int:
        return self.end - self.start

    def inside(self, other: "Window") -> bool:
        """Whether this is a part of the other one, and less than it."""
        return (
            other.start <= self.start and self.end <= other.end and (self.start, self.end) != (other.start, other.end)
        )

    def overlaps(self, other: "Window") -> bool:
        """Whether they share a letter of the text."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    start: int
    word: int
    """Which written word it belongs to: "d'Agadir" is one word of two parts."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class _Words:
    small: frozenset[str]
    before: tuple[str, ...]
    after: tuple[str, ...]


@lru_cache(maxsize=1)
def _words() -> _Words:
    small: set[str] = set()
    before: set[str] = set()
    after: set[str] = set()
    for language in yaml.safe_load(_DATA.read_text(encoding="utf-8")).values():
        # YAML 1.1 reads `no` and `on` as truth values; the file quotes them, and this refuses a file that does not.
        for group, into in (("words", small), ("landmarks", small), ("before", before), ("after", after)):
            for item in language.get(group, ()):
                if not isinstance(item, str):
                    raise TypeError(f"{_DATA.name}: {item!r} must be quoted")
                # An ending may begin with a vowel sign, which is no text of its own and would be dropped.
                into.add(normalise(item) if into is small else unicodedata.normalize("NFC", item))
    return _Words(frozenset(small), _longest_first(before), _longest_first(after))


def _longest_first(items: set[str]) -> tuple[str, ...]:
    return tuple(sorted(items, key=lambda item: (-len(item), item)))


def windows(text: str) -> list[Window]:
    """Every piece of one to five words that may be a name, without pieces of small words only."""
    parts, joined = _parts(text)
    found: dict[tuple[str, int, int], Window] = {}
    for window in _cut(parts, joined):
        known = found.get((window.key, window.start, window.end))
        if known is None or known.faith < window.faith:
            found[window.key, window.start, window.end] = window
    return list(found.values())


def misspelt_windows(text: str, most: int = 4) -> list[Window]:
    """The few pieces worth a search for similar names: runs of words that are not small, longest first."""
    parts, _ = _parts(text)
    runs: list[list[_Part]] = [[]]
    for part in parts:
        if part.text in _words().small:
            runs.append([])
        else:
            runs[-1].append(part)
    pieces = [run[:_LONGEST_NAME] for run in runs if run] + [[part] for run in runs if len(run) > 1 for part in run]
    cut = {
        " ".join(part.text for part in piece): Window(
            " ".join(part.text for part in piece), piece[0].start, piece[-1].end
        )
        for piece in pieces
    }
    return sorted((window for key, window in cut.items() if len(key) >= 4), key=lambda window: -len(window.key))[:most]


def slips(key: str) -> Iterator[str]:
    """What the key is without one of its letters, or with two neighbours exchanged: slips that leave few common trigrams."""
    for position in range(len(key)):
        yield key[:position] + key[position + 1 :]
        yield key[:position] + key[position : position + 2][::-1] + key[position + 2 :]


def _parts(text: str) -> tuple[list[_Part], dict[int, str]]:
    """The words as parts (split at apostrophes), and how each word of several parts is written without them."""
    parts: list[_Part] = []
    joined: dict[int, str] = {}
    position = 0
    for number, word in enumerate(text[:_LONGEST_TEXT].split()):
        pieces = normalise(word.translate(_APART)).split()
        if len(pieces) > 1:
            joined[number] = normalise(word)
        for piece in pieces:
            parts.append(_Part(piece, position, number))
            position += len(piece) + 1
    return parts[:_MOST_WORDS], joined


def _cut(parts: list[_Part], joined: dict[int, str]) -> Iterator[Window]:
    small = _words().small
    for first in range(len(parts)):
        for last in range(first, min(first + _LONGEST_NAME, len(parts))):
            piece = parts[first : last + 1]
            if all(part.text in small for part in piece):
                continue
            start, end = piece[0].start, piece[-1].end
            key = " ".join(part.text for part in piece)
            yield Window(key, start, end)
            starts_word = first == 0 or parts[first - 1].word != parts[first].word
            ends_word = last + 1 == len(parts) or parts[last + 1].word != parts[last].word
            if starts_word and ends_word and any(part.word in joined for part in piece):
                yield Window(_join(piece, joined), start, end)
            for bare in _bare(key):
                yield Window(bare, start, end, 0.9)
        if written_without_spaces(parts[first].text):
            yield from _inside(parts[first])


def _join(piece: list[_Part], joined: dict[int, str]) -> str:
    words = {part.word: joined.get(part.word, part.text) for part in piece}
    return " ".join(words.values())


def _bare(key: str) -> Iterator[str]:
    """The key without what is written together with a name: Arabic prepositions, Bangla endings."""
    for prefix in _words().before:
        if key.startswith(prefix) and len(key) - len(prefix) >= _SHORTEST_REST:
            yield key[len(prefix) :]
    for suffix in _words().after:
        if key.endswith(suffix) and len(key) - len(suffix) >= _SHORTEST_REST:
            yield key[: -len(suffix)]


def _inside(part: _Part) -> Iterator[Window]:
    """Pieces inside a word of a script without spaces, cut between letters and never between a letter and its marks."""
    cuts = [position for position in range(len(part.text) + 1) if starts_cluster(part.text, position)]
    for start in cuts:
        for end in cuts:
            inside = part.text[start:end]
            if 4 <= end - start <= _LONGEST_INSIDE and end - start < len(part.text) and inside not in _words().small:
                yield Window(inside, part.start + start, part.start + end, 0.8)
