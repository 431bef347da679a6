"""What a text costs as SMS: its encoding, its units, its segments. Exact: a segment too many can be one that does not arrive."""

from dataclasses import dataclass
from typing import Literal

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The GSM 03.38 basic table; the escape to the extension table is no character of its own."""
_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Characters that cost two units, an escape and themselves."""

_GSM_SINGLE, _GSM_JOINED = 160, 153
_UCS_SINGLE, _UCS_JOINED = 70, 67


@dataclass(frozen=True, slots=True)
class Segments:
    """Units are septets in GSM-7 and 16-bit units in UCS-2."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    segments: int


def count_segments(text: str) -> Segments:
    """Segments that a text is sent in: one character outside the GSM tables moves all of it to UCS-2."""
    if all(character in _BASIC or character in _EXTENSION for character in text):
        costs = [2 if character in _EXTENSION else 1 for character in text]
        return Segments("GSM-7", sum(costs), _segments(costs, _GSM_SINGLE, _GSM_JOINED))
    costs = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return Segments("UCS-2", sum(costs), _segments(costs, _UCS_SINGLE, _UCS_JOINED))


def _segments(costs: list[int], single: int, joined: int) -> int:
    """An escape pair or a surrogate pair is never cut in two: it moves to the next segment, which may add one."""
    if sum(costs) <= single:
        return 1
    count, used = 1, 0
    for cost in costs:
        if used + cost > joined:
            count += 1
            used = 0
        used += cost
    return count
