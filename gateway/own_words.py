"""What a person wrote must not come back to them: whoever reads the phone later would learn it from us.

Only what leads back to the person counts: a whole message of several words, a name written with capitals, four words in a row, a number.
What our own fixed texts say anyway is ours, whoever else has said it ("thank you").
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from core.writing import searchable
from gateway.contacts import PHONE_DIGITS, numbers_in

LONGEST = 8
"""Words of a message that counts as a whole; of a longer one only its parts do."""
RUN = 4
"""So many words in a row are no chance any more."""
DIGITS = 4
"""A shorter number is an answer, an age, an hour."""
_ENDS = ".!?\u061f\u06d4\u0964:;,"


def find_own_words(text: str, said: Iterable[str], ours: Iterable[str] = ()) -> list[str]:
    """What of the person's own words stands in a text, except inside the parts that are `ours`."""
    said, words = tuple(said), searchable(text)
    runs = {run for each in said for run in _runs(each) if _holds(words, run)}
    theirs = {number for each in said for number in numbers_in(each) if len(number) >= DIGITS}
    numbers = {number for number in numbers_in(text) if any(_same(number, own) for own in theirs)}
    # Most texts end here; only for the few others all of ours is looked through.
    if not runs and not numbers:
        return []
    for each in ours:
        known, counted = _read(each)
        runs = {run for run in runs if not _holds(known, run)}
        numbers -= counted
    return sorted([*(" ".join(run) for run in runs), *numbers])


@lru_cache(maxsize=4096)
def _read(ours: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Words and numbers of a text of ours; kept, because the same few hundred texts are looked through again and again."""
    return tuple(searchable(ours)), frozenset(numbers_in(ours))


def _runs(said: str) -> Iterator[tuple[str, ...]]:
    words = searchable(said)
    if 2 <= len(words) <= LONGEST and not all(word.isdigit() for word in words):
        yield tuple(words)
    for start in range(len(words) - RUN + 1):
        yield tuple(words[start : start + RUN])
    yield from _names(said)


def _names(said: str) -> Iterator[tuple[str, ...]]:
    """Two words with capitals, one behind the other in the same sentence: most often a name. Who writes Every Word So names nobody."""
    parts = said.replace("\n", ". ").split()
    capitals = [_capital(part) for part in parts]
    if len(parts) > 2 and all(capitals):
        return
    for (first, second), both in zip(pairwise(parts), pairwise(capitals), strict=True):
        name = (*searchable(first), *searchable(second))
        if all(both) and first[-1] not in _ENDS and len(name) == 2:
            yield name


def _capital(word: str) -> bool:
    return len(word) > 1 and word[0].isupper() and any(sign.islower() for sign in word)


def _holds(words: Sequence[str], run: tuple[str, ...]) -> bool:
    size = len(run)
    return any(tuple(words[start : start + size]) == run for start in range(len(words) - size + 1))


def _same(number: str, own: str) -> bool:
    """Whether two numbers are one, perhaps with the code of a country before it."""
    shorter, longer = sorted((number.lstrip("0"), own.lstrip("0")), key=len)
    return number == own or (len(shorter) >= PHONE_DIGITS and longer.endswith(shorter))
