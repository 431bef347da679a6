"""Cuts a long text into messages: at ends of lines and sentences, then at spaces, only then inside a word."""

import re
from itertools import pairwise

from gateway.segments import count_segments

TWILIO_LIMIT = 1600
"""Characters that Twilio takes in one message (error 21617 beyond)."""

# Ends of sentences in the scripts we write: Latin, Arabic, Bangla, Ethiopic, Chinese.
_SENTENCE_END = re.compile(r"(?<=[.!?\u061f\u06d4\u0964\u1362\u3002])\s+|\n+")


def fits(text: str, budget: int | None) -> bool:
    """Whether a text goes out as one message: under the limit and, for SMS, within the budget of segments."""
    # Twilio counts what Java counts: a character beyond the first plane is two.
    length = sum(2 if ord(character) > 0xFFFF else 1 for character in text)
    return length <= TWILIO_LIMIT and (budget is None or count_segments(text).segments <= budget)


def split(text: str, *, budget: int | None, tail: str = "") -> list[str]:
    """Messages that hold `text`, the last of them with `tail` (the list of choices) unbroken after it.

    `budget` is the number of segments one message may take; None where the channel has no segments. A tail longer than the budget is
    sent whole all the same: half a list of choices would offer half the answers.
    """
    if fits(text + tail, budget):
        return [text + tail]
    parts = _pack(_pieces(text, _SENTENCE_END), budget)
    if not tail:
        return parts
    # As much of the end as fits stands above the choices: a list without its question makes no sense.
    pieces = _pieces(parts[-1], _SENTENCE_END) if parts else []
    for start in range(len(pieces)):
        last = "".join(pieces[start:]).strip()
        if fits(last + tail, budget) or (start == len(pieces) - 1 and fits(last + tail, None)):
            before = "".join(pieces[:start]).strip()
            return [*parts[:-1], *([before] if before else []), last + tail]
    return [*parts, tail.strip("\n")]


def _pieces(text: str, boundary: re.Pattern[str]) -> list[str]:
    """The text cut behind each boundary; joined again they are the text."""
    cuts = [0, *(found.end() for found in boundary.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(cuts) if end > start]


def _pack(pieces: list[str], budget: int | None) -> list[str]:
    parts: list[str] = []
    current = ""
    for piece in pieces:
        if fits((current + piece).strip(), budget):
            current += piece
            continue
        if current.strip():
            parts.append(current.strip())
        current = piece
        if not fits(piece.strip(), budget):
            smaller = _pieces(piece, re.compile(r"\s+"))
            whole = smaller if len(smaller) > 1 else _characters(piece, budget)
            *done, current = _pack(whole, budget) or [""]
            parts.extend(done)
            current += " "
    if current.strip():
        parts.append(current.strip())
    return parts


def _characters(word: str, budget: int | None) -> list[str]:
    """A word longer than a message, cut where it must be."""
    parts, current = [], ""
    for character in word:
        if current and not fits(current + character, budget):
            parts.append(current)
            current = ""
        current += character
    return [*parts, current]
