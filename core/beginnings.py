"""An answer with more words behind it: "yes my boss reads it", "no, because I am at work". Pure: a text and its language in.

What also begins another sentence is never taken for an answer without a comma: "no puedo salir" says that somebody cannot get out, and is
no "no" to whether there is danger.
"""

from dataclasses import dataclass

from core.languages import Language, find_words, match_word
from core.writing import loose, normalise

ANSWERS = frozenset({"yes", "no", "unsure"})
LONGEST = 4
"""Words of an answer that others follow."""
_MARKS = ",.;:!\n\u2013\u2014\u060c\u061b\u06d4\u0964\u3002"


@dataclass(frozen=True, slots=True)
class Beginning:
    """The answer that a text begins with."""

    meaning: str
    """`yes`, `no` or `unsure`."""
    sure: bool
    """The first words can be nothing else."""
    core: bool
    """They are a word for just this, not one for "all right" too: "ok what is this" is no yes to danger."""
    mixed: bool
    """What follows says something else again, or takes it half back ("yes no maybe", "yes but …")."""


def read_beginning(text: str, language: Language) -> Beginning | None:
    """The answer at the beginning of a text that goes on; None where there is none, and for a text that is an answer as a whole."""
    head, rest = _parted(text)
    meaning = match_word(head, language)
    if rest and meaning in ANSWERS:
        return _judged(str(meaning), head, rest, language, sure=True)
    words = normalise(text).split()
    longest = min(LONGEST, len(words) - 1)
    for size in range(longest, 0, -1):
        meaning = _begins(" ".join(words[:size]), language)
        if meaning:
            return _judged(meaning, " ".join(words[:size]), words[size:], language, sure=True)
    for size in range(longest, 0, -1):
        meaning = match_word(" ".join(words[:size]), language)
        if meaning in ANSWERS:
            return _judged(str(meaning), " ".join(words[:size]), words[size:], language, sure=False)
    return None


def _parted(text: str) -> tuple[str, list[str]]:
    """What stands before the first mark, and the words behind it."""
    ends = [position for position, sign in enumerate(text) if sign in _MARKS and position]
    if not ends:
        return text, []
    return text[: ends[0]], normalise(text[ends[0] :]).split()


def _begins(words: str, language: Language) -> str | None:
    return next(
        (meaning for meaning, known in language.begins.items() if words in {normalise(word) for word in known}), None
    )


def _judged(meaning: str, said: str, rest: list[str], language: Language, *, sure: bool) -> Beginning:
    told = " ".join(rest)
    others = {found for word in [told, *rest] if (found := _other(word, language, sure=sure)) and found != meaning}
    half = bool(find_words(told, language.but))
    core = loose(said, language.fold) in {loose(word, language.fold) for word in language.begins[meaning]}
    return Beginning(meaning, sure=sure and not half and not others, core=core, mixed=bool(others) or half)


def _other(words: str, language: Language, *, sure: bool) -> str | None:
    """The answer that these words give too. Behind a clear answer "no" may be any "not": only what can be nothing else counts."""
    meaning = _begins(words, language) if sure and " " not in words else match_word(words, language)
    return meaning if meaning in ANSWERS else None
