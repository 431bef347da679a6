"""Answers typed as digits: of any script, with dots, brackets or keycaps around them. A digit inside a word is never an answer."""

import unicodedata
from collections.abc import Collection
from itertools import groupby

from core.writing import strip_hidden

_KEYCAP = "\u20e3"  # encloses the digit before it: 1, variation mark, keycap
_OPENING = "#([\u2116\uff08"
_BETWEEN = ",;/+&.)]\u060c\u061b\u3001\uff0c\uff09\u3002\u0964"
_CLOSING = _BETWEEN + ":"
_MOST = 10  # numbers in one message; more is a phone number or a story


def to_ascii_digits(text: str) -> str:
    """The text with the decimal digits of every script as 0-9; everything else stays."""
    return "".join(str(unicodedata.decimal(sign)) if unicodedata.category(sign) == "Nd" else sign for sign in text)


def read_numbers(text: str, conjunctions: Collection[str] = ()) -> list[int] | None:
    """The numbers of a message that is nothing but numbers of one or two digits with separators between them, or None.

    `conjunctions` are words that may stand between two numbers. "00" and "000" are 0: an impatient press of the same key.
    """
    plain = to_ascii_digits(strip_hidden(text)).replace(_KEYCAP, " ").casefold()
    parts = [(is_digit, "".join(signs)) for is_digit, signs in groupby(plain, key=lambda sign: sign in "0123456789")]
    runs = [part for is_digit, part in parts if is_digit]
    if not runs or len(runs) > _MOST:
        return None
    last = len(parts) - 1
    for position, (is_digit, part) in enumerate(parts):
        if is_digit:
            continue
        if position == 0:
            fits = _only(part, _OPENING)
        elif position == last:
            fits = _only(part, _CLOSING)
        else:
            fits = _separates(part, conjunctions)
        if not fits:
            return None
    numbers = [_number(run, alone=len(runs) == 1) for run in runs]
    return [number for number in numbers if number is not None] if None not in numbers else None


def _number(run: str, *, alone: bool) -> int | None:
    if not run.strip("0"):
        return 0
    # "06 12 34" is a phone number being typed, not the sixth choice.
    if len(run) > 2 or (run[0] == "0" and not alone):
        return None
    return int(run)


def _only(part: str, allowed: str) -> bool:
    return all(sign.isspace() or sign in allowed for sign in part)


def _separates(part: str, conjunctions: Collection[str]) -> bool:
    if _only(part, _OPENING + _BETWEEN):
        return True
    word = part.strip().strip(_OPENING + _BETWEEN).strip()
    if word not in conjunctions:
        return False
    # Scripts with capitals keep words apart by spaces ("3and" is a word); others may join them to the number ("1 و3").
    cased = word.upper() != word
    return not cased or (part[0] != word[0] and part[-1] != word[-1])
