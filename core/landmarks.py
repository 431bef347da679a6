"""What stands in many places: "near the station" names no town. Pure."""

from collections.abc import Iterable
from functools import cache

from core.languages import find_words
from core.writing import loose, searchable


def without_landmarks(text: str, landmarks: Iterable[str]) -> str | None:
    """The rest of a text that names a landmark, in the form words are compared in; None when it names none."""
    text = loose(text, {})
    # Many leave the accents out: "cerca del rio".
    found = find_words(text, (_plain(entry) for entry in landmarks))
    if not found:
        return None
    rest = f" {' '.join(searchable(text))} "
    # The longest first: of "bus station" nothing must be left.
    for words in sorted(found, key=len, reverse=True):
        rest = rest.replace(f" {words} ", " ")
    return rest.strip()


@cache
def _plain(entry: str) -> str:
    before, after = "*" * entry.startswith("*"), "*" * entry.endswith("*")
    return f"{before}{loose(entry, {})}{after}"
