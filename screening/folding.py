"""The one form in which phrases and messages meet: without case, accents, hidden marks, stretched letters and the choice of keyboard.

A frightened person types fast: "HELPPP", "il ma frappe", Arabic without hamza. A phrase that misses by one sign misses a person.
Unlike `core.writing` it works sign by sign from a table, because it runs for every message and every language before anything else.
"""

import re
import unicodedata

_APOSTROPHES = "'\u2018\u2019\u02bc`\u00b4"
_AS_SPACE = {ord(sign): " " for sign in _APOSTROPHES}
_AS_NOTHING = {ord(sign): "" for sign in _APOSTROPHES}
# One letter, several keyboards: ya, kaf, ha.
_ONE_LETTER = {"\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643", "\u0629": "\u0647", "\u06c1": "\u0647"}
_STRETCHED = re.compile(r"(\D)\1+")  # not digits: "11" years is not "1"
# Tone marks of Thai and Lao, left out or written for each other on phones.
_TONES = "\u0e48\u0e49\u0e4a\u0e4b\u0ec8\u0ec9\u0eca\u0ecb"
# Scripts written without spaces (Thai, Lao, Burmese, Khmer): a phrase is looked for anywhere in the text.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


class _Table(dict[int, str]):
    """Sign -> what is kept of it; filled as signs are met."""

    def __missing__(self, code: int) -> str:
        self[code] = "".join(_kept(sign) for sign in unicodedata.normalize("NFKD", chr(code).casefold()))
        return self[code]


def _kept(sign: str) -> str:
    category = unicodedata.category(sign)
    if category == "Nd":
        return str(unicodedata.digit(sign))
    if category[0] == "L":
        return "" if sign == "\u0640" else _ONE_LETTER.get(sign, sign)
    if category == "So":
        return f" {sign} "  # an emoji is a word of its own: 🆘
    if category[0] == "M":
        if sign in _TONES:
            return ""
        # Accents and Arabic vowels are often left out; in Bangla and Lao the marks are the vowels of the word.
        return "" if unicodedata.name(sign, "").startswith(("COMBINING", "ARABIC", "VARIATION")) else sign
    return "" if category in {"Cf", "Cs", "Sk"} else " "


_TABLE = _Table()


def forms(text: str) -> tuple[tuple[str, ...], ...]:
    """The words of a text, in one or two ways: an apostrophe ends a word ("j ai", "l aide") or is left out ("dont", "jai")."""
    # Before the signs are folded too: Lao am and ho mo become two signs each, and two pairs are no stretched letter.
    composed = _STRETCHED.sub(r"\1", unicodedata.normalize("NFC", text))
    split = _words(composed.translate(_AS_SPACE))
    joined = _words(composed.translate(_AS_NOTHING))
    return (split,) if split == joined else (split, joined)


def _words(text: str) -> tuple[str, ...]:
    folded = _STRETCHED.sub(r"\1", text.translate(_TABLE)).replace("ຫຼ", "ຫລ")
    return tuple(unicodedata.normalize("NFC", folded).split())


def unspaced(text: str) -> bool:
    """Whether the text has letters of a script that puts no spaces between words."""
    return _UNSPACED.search(text) is not None
