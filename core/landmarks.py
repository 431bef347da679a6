"""What stands in many places: "near the station" names no town. Pure."""

from collections.abc import Iterable

from core.languages import find_words
from core.writing import searchable


def without_landmarks(text: str, landmarks: Iterable[str]) -> str | None:
    """The rest of a text that names a landmark, in the form words are compared in; None when it names none."""
    found = find_words(text, landmarks)
    if not found:
        return None
    rest = f" {' '.join(searchable(text))} "
    # The longest first: of "bus station" nothing must be left.
    for words in sorted(found, key=len, reverse=True):
        rest = rest.replace(f" {words} ", " ")
    return rest.strip()
