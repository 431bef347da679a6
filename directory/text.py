"""One way of writing any text for comparing: what two people type for the same name becomes the same string.

NFC, never NFKC (it splits the Lao vowel am), and no word classes of regular expressions (they cut Bangla and Lao at
their vowel signs). Accents are dropped from Latin and Arabic letters only: in other scripts a mark is a vowel, and
without it the word is another word.
"""

import unicodedata
from functools import lru_cache

# ruff: noqa: RUF001, RUF002  letters that look alike are the subject here
APOSTROPHES = frozenset("'’‘`´ʼʻʾʿ′ʹ＇\u055a")
# Latin letters that Unicode does not take apart into a letter and an accent.
_LATIN = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ŧ": "t", "ə": "e", "ɛ": "e", "ɔ": "o",
}  # fmt: skip
# Letters that people and phones exchange freely when they write Arabic: Maghrebi g, Persian and Urdu forms, final yeh and teh marbuta.
_ARABIC = {
    "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۀ": "ه", "ۃ": "ه", "ک": "ك", "گ": "ك", "ڭ": "ك",
    "ݣ": "ك", "ڤ": "ف", "ڥ": "ف", "پ": "ب", "ٱ": "ا", "ء": "", "ـ": "",
}  # fmt: skip
_ALONE = _LATIN | _ARABIC
_ASCII = {code: None if chr(code) in APOSTROPHES else " " for code in range(128) if not chr(code).isalnum()}
_KHANDA_TA = ("ত্\u200d", "ৎ")
# Lao writes these two with one sign or with two; keyboards differ.
_LAO = str.maketrans({"ໜ": "ຫນ", "ໝ": "ຫມ"})
_WITHOUT_SPACES = ("LAO", "THAI", "KHMER", "MYANMAR")


def normalise(text: str) -> str:
    """The text as it is compared: folded letters and digits, words separated by one space.

    >>> normalise("  São PAULO! "), normalise("Cox’s Bāzār"), normalise("أكَادِيـر")
    ('sao paulo', 'coxs bazar', 'اكادير')
    """
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII).split())
    decomposed = unicodedata.normalize(
        "NFD", unicodedata.normalize("NFC", text).translate(_LAO).replace(*_KHANDA_TA).casefold()
    )
    kept: list[str] = []
    base = ""
    for character in decomposed:
        kind, written = _fold(character)
        if kind == "mark":
            if base == "other":
                kept.append(written)
        elif kind != "nothing":
            kept.append(written)
            base = kind
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


@lru_cache(maxsize=8192)
def _fold(character: str) -> tuple[str, str]:
    """What kind of character of a decomposed text this is, and how it is written.

    The kinds: `folded` loses the marks that follow it, `other` keeps them, `mark`, `space`, `nothing`.
    """
    category = unicodedata.category(character)
    if category == "Cf" or character in APOSTROPHES or "\ufe00" <= character <= "\ufe0f":
        return "nothing", ""
    if category.startswith("M"):
        return "mark", character
    if category == "Nd":
        return "folded", str(unicodedata.decimal(character))
    if category[0] not in "LN":
        return "space", " "
    if script_of(character) in ("LATIN", "ARABIC"):
        written = _ALONE.get(character, character)
        return ("folded", written) if written else ("nothing", "")
    return "other", character


@lru_cache(maxsize=8192)
def script_of(text: str) -> str:
    """Name of the script of the first letter, as Unicode names it (`LATIN`, `BENGALI`); empty without a letter."""
    for character in text:
        if unicodedata.category(character).startswith("L"):
            return unicodedata.name(character, "").partition(" ")[0]
    return ""


def written_without_spaces(word: str) -> bool:
    """Whether the word is in a script that does not separate words: a name must be looked for inside it."""
    return any(script_of(character) in _WITHOUT_SPACES for character in word)


def starts_cluster(text: str, position: int) -> bool:
    """Whether the text may be cut before this character: not between a letter and its marks."""
    return position >= len(text) or not unicodedata.category(text[position]).startswith("M")
