"""Words that need no model: a whole message that is one known word. Data: `exact: {intent: [words]}` in bot/data/<code>/lexicon.yml.

Phrases that call for a person wherever they stand are not here: `screening` looks for them, apart from everything that is learned.
"""

import unicodedata
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set

from bot.engine.nlu.text import normalise

APOSTROPHES = "'\u2019\u02bc\u2018`\u00b4"
# Marks are dropped over letters of these scripts only: people type French without accents and Arabic without vowels.
# In Bangla, Lao or Burmese the marks are the vowels of the word.
BARE_SCRIPTS = ("LATIN", "ARABIC")


def fold(text: str) -> str:
    """Case folded, without punctuation; letters, marks, digits and emoji stay, single spaces between words."""
    folded = unicodedata.normalize("NFC", normalise(text).casefold())
    kept = [
        " " if unicodedata.category(sign)[0] in "PZ" or unicodedata.category(sign) in {"Sm", "Sc", "Sk"} else sign
        for sign in folded
    ]
    return " ".join("".join(kept).split())


def bare(folded: str) -> str:
    """The folded text without accents (Latin) and vowel marks (Arabic), as people type it in a hurry."""
    kept: List[str] = []
    script = ""
    for sign in unicodedata.normalize("NFD", folded):
        if unicodedata.category(sign) != "Mn":
            script = unicodedata.name(sign, "").split(" ")[0]
        elif script in BARE_SCRIPTS:
            continue
        kept.append(sign)
    return unicodedata.normalize("NFC", "".join(kept))


def spellings(text: str) -> List[str]:
    """The forms under which a word is stored and looked up, the strictest first."""
    plain = fold(text)
    without_emoji = " ".join("".join(" " if unicodedata.category(sign) == "So" else sign for sign in plain).split())
    joined = fold("".join(sign for sign in text if sign not in APOSTROPHES))
    forms: List[str] = []
    for form in (plain, without_emoji, joined, bare(plain), bare(without_emoji), bare(joined)):
        if form and form not in forms:
            forms.append(form)
    return forms


class Lexicon:
    """The words of every language; built from plain data so that it can be kept in the model as it is."""

    def __init__(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        """`data` is {language code: {"exact": {intent: [words]}}}."""
        self.data = data
        self._exact: Dict[str, Dict[str, Set[str]]] = {}
        for code, lists in data.items():
            words = self._exact.setdefault(code, {})
            for intent, entries in (lists.get("exact") or {}).items():
                for entry in entries or []:
                    for form in spellings(str(entry)):
                        words.setdefault(form, set()).add(intent)

    def match(self, text: str, language: Optional[str] = None) -> Optional[str]:
        """The intent of a message that is one known word. A word with two meanings is nobody's: the model decides it.

        The conversation's language is asked first, then every language together.
        """
        forms = spellings(text)
        own = self._exact.get((language or "").lower().split("-")[0])
        for dictionaries in ([own] if own else []), list(self._exact.values()):
            for form in forms:
                intents = _meanings(dictionaries, form)
                if len(intents) == 1:
                    return intents.pop()
                if intents:
                    break
        return None


def _meanings(dictionaries: Iterable[Mapping[str, Set[str]]], form: str) -> Set[str]:
    found: Set[str] = set()
    for words in dictionaries:
        found |= words.get(form, set())
    return found
