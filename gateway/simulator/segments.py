"""How an SMS is cut into segments, counted apart from the sender's own counting so that a mistake there shows here."""

from dataclasses import dataclass
from typing import Literal

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
"""Characters that cost two: an escape goes before them."""


@dataclass(frozen=True, slots=True)
class Segments:
    """Number of segments of a text, the units it uses and the alphabet it is sent in."""

    count: int
    units: int
    encoding: Literal["GSM-7", "UCS-2"]


def segments(text: str) -> Segments:
    """Count as the networks do: 160 units in one GSM-7 message, 153 in each of several; 70 and 67 in UCS-2."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        costs = [2 if letter in _EXTENDED else 1 for letter in text]
        return Segments(_cut(costs, 160, 153), sum(costs), "GSM-7")
    costs = [2 if ord(letter) > 0xFFFF else 1 for letter in text]
    return Segments(_cut(costs, 70, 67), sum(costs), "UCS-2")


def _cut(costs: list[int], alone: int, joined: int) -> int:
    if sum(costs) <= alone:
        return 1
    count, filled = 1, 0
    for cost in costs:
        if filled + cost > joined:  # a character of two units is never cut in half
            count, filled = count + 1, 0
        filled += cost
    return count
