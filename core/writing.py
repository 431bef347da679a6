"""How people write on phones: hidden marks, punctuation, accents left out, letters repeated. The forms under which words are compared.

Always NFC, and no regular-expression word classes: those split Bangla and Lao words in the middle.
"""

import unicodedata
from collections.abc import Mapping

_JOINERS = "\u200c\u200d"
_APOSTROPHES = "'\u2018\u2019\u02bc`\u00b4"
_TATWEEL = "\u0640"  # stretches a word for looks only
_ONE_SPELLING = str.maketrans(
    "\u0623\u0625\u0622\u0671\u0649\u06cc\u06a9\u0629\u0451",  # alef with its signs, ya, kaf, ta marbuta; Russian yo
    "\u0627\u0627\u0627\u0627\u064a\u064a\u0643\u0647\u0435",
) | {0x0EDC: "\u0eab\u0e99", 0x0EDD: "\u0eab\u0ea1"}  # Lao ho no and ho mo, one sign or two
_LAO_AM = ("\u0ecd\u0eb2", "\u0eb3")  # the sign typed as its two halves
_LAO_LO = ("\u0eab\u0ebc", "\u0eab\u0ea5")  # lo under ho, or beside it
_BARE_SCRIPTS = ("LATIN", "ARABIC")  # marks over these letters are often left out; in other scripts they are the vowels


def strip_hidden(text: str) -> str:
    """NFC without marks that nobody sees: direction, zero width, variation. Joiners stay, they change Bangla and Persian words."""
    text = "".join(
        sign
        for sign in unicodedata.normalize("NFC", text)
        if sign in _JOINERS or (unicodedata.category(sign) not in {"Cf", "Cs"} and not "\ufe00" <= sign <= "\ufe0f")
    )
    return unicodedata.normalize("NFC", text)


def normalise(text: str) -> str:
    """The form for comparing whole messages: casefolded, apostrophes gone, other punctuation a space, emoji kept without skin tones."""
    kept = []
    for sign in strip_hidden(text).casefold():
        category = unicodedata.category(sign)
        if sign in _APOSTROPHES or sign == _TATWEEL:
            continue
        kept.append(" " if (category[0] in "PZC" and sign not in _JOINERS) or category in {"Sm", "Sc", "Sk"} else sign)
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


def loose(text: str, fold: Mapping[str, str]) -> str:
    """A looser form: no accents on Latin and Arabic letters, no joiners, three or more equal letters as one, letters folded by `fold`."""
    form = normalise(text)
    kept: list[str] = []
    script = ""
    for sign in unicodedata.normalize("NFD", form):
        if unicodedata.category(sign) != "Mn":
            script = unicodedata.name(sign, "").split(" ")[0]
        elif script in _BARE_SCRIPTS:
            continue
        if sign not in _JOINERS:
            kept.append(sign)
    form = unicodedata.normalize("NFC", "".join(kept))
    return _once("".join(fold.get(sign, sign) for sign in form))


def tokens(text: str) -> list[str]:
    """The words of a text: runs of letters, their marks, digits and joiners. An apostrophe ends a word ("l'aide" is two)."""
    return normalise("".join(sign if _in_word(sign) else " " for sign in strip_hidden(text))).split()


def searchable(text: str) -> list[str]:
    """The words of a text in the form in which they are searched for others: one spelling where writers have several.

    Without joiners; Arabic without vowel signs, its forms of alef, ya and ta marbuta as one; Russian yo as ye; Lao digraphs as two letters.
    Accents of Latin letters stay: French "sûr" is not "sur".
    """
    kept: list[str] = []
    arabic = False
    for sign in "\n".join(tokens(text)):
        if sign in _JOINERS or (arabic and unicodedata.category(sign) == "Mn"):
            continue
        arabic = "\u0600" <= sign <= "\u06ff"
        kept.append(sign)
    return "".join(kept).translate(_ONE_SPELLING).replace(*_LAO_AM).replace(*_LAO_LO).split("\n")


def letters(text: str) -> list[str]:
    """The letters of a text, without their marks."""
    return [sign for sign in strip_hidden(text) if unicodedata.category(sign)[0] == "L"]


def _in_word(sign: str) -> bool:
    return sign not in _APOSTROPHES and (unicodedata.category(sign)[0] in "LMN" or sign in _JOINERS)


def _once(text: str) -> str:
    """Runs of three or more of the same sign as one: "yesss" is "yes"; "jee" keeps its two."""
    out: list[str] = []
    run = ""
    for sign in [*text, ""]:
        if run and sign == run[0]:
            run += sign
            continue
        out.append(run[:1] if len(run) > 2 else run)
        run = sign
    return "".join(out)
