"""How an entry of the phrase lists is written, and what it becomes: words to look for, in order.

`boss .. beat* me/us` is three words: *boss*; after at most three others one that begins with *beat*; then *me* or *us*.
A reader of the list must be able to say what is heard, so there is nothing else: no nesting, no other marks.

- a star at an end of a word leaves that end open;
- a stroke between words allows either of them;
- two dots allow up to three words between their neighbours, in scripts without spaces up to twelve letters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from screening.folding import forms, unspaced

GAP = ".."
WORDS_BETWEEN = 3
"""More lets "he" of one sentence meet "kill" of the next."""
LETTERS_BETWEEN = 12
"""About three words of Lao."""


@dataclass(frozen=True, slots=True)
class Word:
    """What may stand at one place: one of several words, after up to `between` others. An open end takes what a language adds there."""

    texts: tuple[str, ...]
    open_start: tuple[bool, ...]
    open_end: tuple[bool, ...]
    between: int

    def fits(self, word: str) -> bool:
        return any(self._fits(word, text, self.open_start[at], self.open_end[at]) for at, text in enumerate(self.texts))

    @property
    def closed(self) -> bool:
        """Whether it can be found in an index of whole words."""
        return not any(self.open_start) and not any(self.open_end)

    @staticmethod
    def _fits(word: str, text: str, open_start: bool, open_end: bool) -> bool:  # noqa: FBT001 (two ends, never written out)
        if open_start:
            return text in word if open_end else word.endswith(text)
        return word.startswith(text) if open_end else word == text


def parts(entry: str) -> list[str]:
    """The entry's places as written, the gaps among them."""
    return entry.split()


def plainest(entry: str) -> str:
    """The shortest text in which the entry is heard: the first of every choice, nothing in the gaps, nothing at the open ends."""
    return " ".join(part.split("/")[0].replace("*", "") for part in parts(entry) if part != GAP)


def fault(entry: str) -> str | None:
    """What is wrong with the way an entry is written, or None."""
    places = parts(entry)
    if not forms(plainest(entry))[0]:
        return "has no words"
    if GAP in (places[0], places[-1]) or (GAP, GAP) in pairwise(places):
        return "has two dots that have no words at one side"
    return next((wrong for place in places if place != GAP and (wrong := _fault(place))), None)


def _fault(place: str) -> str | None:
    choices = place.split("/")
    folded = [forms(choice.replace("*", "")) for choice in choices]
    if not all(words[0] for words in folded):
        return f"has a star, a stroke or a mark that stands alone: {place!r}"
    if len(choices) > 1 and any(len(way) != 1 for words in folded for way in words):
        return f"has a choice of more than one word or with an apostrophe: {place!r}"
    if "*" in place and unspaced(place):
        return "has a star: no star where words have no spaces, it is found anywhere"
    return f"has a star inside a word: {place!r}" if any("*" in choice.strip("*") for choice in choices) else None


def readings(entry: str) -> set[tuple[Word, ...]]:
    """The ways to read an entry: words with an apostrophe as one word or as two."""
    ways: tuple[list[Word], list[Word]] = ([], [])
    between = 0
    for place in parts(entry):
        if place == GAP:
            between = WORDS_BETWEEN
            continue
        for number, way in enumerate(ways):
            way.extend(_words(place, number, between))
        between = 0
    return {tuple(way) for way in ways}


def _words(place: str, reading: int, between: int) -> Iterator[Word]:
    choices = place.split("/")
    folded = [forms(choice.strip("*"))[0 if reading == 0 else -1] for choice in choices]
    opens, closes = [choice.startswith("*") for choice in choices], [choice.endswith("*") for choice in choices]
    last = len(folded[0]) - 1
    for at in range(last + 1):
        yield Word(
            tuple(words[at] for words in folded),
            tuple(opened and at == 0 for opened in opens),
            tuple(closed and at == last for closed in closes),
            between if at == 0 else 0,
        )


def letters(entry: str) -> str | re.Pattern[str]:
    """The entry of a script without spaces, as letters that follow one another; plain letters are found sooner than a pattern."""
    if GAP not in parts(entry) and "/" not in entry:
        return "".join(forms(entry)[0])
    out, between = "", False
    for place in parts(entry):
        if place == GAP:
            between = True
            continue
        choices = "|".join(re.escape("".join(forms(choice)[0])) for choice in place.split("/"))
        out += (f".{{0,{LETTERS_BETWEEN}}}?" if between else "") + f"(?:{choices})"
        between = False
    return re.compile(out)
