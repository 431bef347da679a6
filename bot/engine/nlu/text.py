"""Cleaning text before anything looks at it: phones send hidden marks, digits of many scripts and broken halves of characters."""

import unicodedata
from typing import List

WINDOW = 300  # characters: the sentence encoder's cost grows faster than the length (300: 0.1 s, 10,000: 7 s, and nobody else is answered)
WINDOWS = (
    4  # a whole message of the channel's 1,000 characters, so that a cry for help in the last sentence is still read
)

TATWEEL = "\u0640"  # stretches Arabic words for looks only


def clean(text: str) -> str:
    """The text without what breaks programs behind us: halves of surrogate pairs and control characters but line feed and tab.

    A lone surrogate crashes the sentence encoder, and a NUL is refused by PostgreSQL: the person would get no answer at all.
    """
    return "".join(sign for sign in text if unicodedata.category(sign) not in {"Cs", "Cc"} or sign in "\n\t")


def spoken(text: str) -> str:
    """The text as words of a person, never as a command: Rasa reads a text that starts with "/" as an intent of the sender's choice."""
    text = clean(text)
    start = 0
    while start < len(text) and (
        text[start] == "/" or text[start].isspace() or unicodedata.category(text[start]) == "Cf"
    ):
        start += 1
    return text[start:].rstrip()


def normalise(text: str) -> str:
    """NFC, digits of any script as ASCII, no hidden marks (zero width, direction, variation selectors), single spaces."""
    signs: List[str] = []
    for sign in unicodedata.normalize("NFC", text):
        category = unicodedata.category(sign)
        if category == "Nd":
            signs.append(str(unicodedata.digit(sign)))
        elif category in {"Cc", "Zs", "Zl", "Zp"}:
            signs.append(" ")
        elif category in {"Cf", "Cs"} or sign == TATWEEL or "\ufe00" <= sign <= "\ufe0f":
            continue
        else:
            signs.append(sign)
    # Dropping a hidden mark can bring a letter and its accent together: NFC once more.
    return unicodedata.normalize("NFC", " ".join("".join(signs).split()))


def windows(text: str, size: int = WINDOW, most: int = WINDOWS) -> List[str]:
    """The text in pieces the encoder can afford, cut at a space where there is one; what lies beyond the last piece is not read.

    An empty text gives no piece.
    """
    pieces: List[str] = []
    rest = text.strip()
    while rest and len(pieces) < most:
        piece = rest[:size]
        if len(rest) > size:
            space = piece.rfind(" ")
            if space > size // 2:
                piece = piece[:space]
        pieces.append(piece.strip())
        rest = rest[len(piece) :].strip()
    return pieces


def pieces(text: str) -> List[str]:
    """What the encoder and the classifier read: normalised, in lower case (the examples are), at least one piece."""
    return windows(normalise(text).lower()) or [""]
