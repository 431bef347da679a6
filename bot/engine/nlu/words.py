"""Words that need no model: a whole message that is one known word, and phrases that mean danger wherever they stand.

The words are data (`bot/data/<code>/lexicon.yml`): `exact: {intent: [words]}` and `phrases: {intent: [phrases]}`.
"""

import unicodedata
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set

from bot.engine.nlu.decide import URGENCY
from bot.engine.nlu.text import normalise

APOSTROPHES = "'\u2019\u02bc\u2018`\u00b4"
# Scripts written without spaces: a phrase is looked for anywhere in the text.
UNSPACED = (
    ("\u0e00", "\u0e7f"),
    ("\u0e80", "\u0eff"),
    ("\u1000", "\u109f"),
    ("\u1780", "\u17ff"),
    ("\u3040", "\u30ff"),
    ("\u3400", "\u9fff"),
)
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


def unspaced(text: str) -> bool:
    return any(low <= sign <= high for sign in text for low, high in UNSPACED)


def pattern(phrase: str) -> List[str]:
    """The strings to look for in a padded text. `*` at an end leaves that end open, for prefixes and endings of a word."""
    left = "" if phrase.startswith("*") else " "
    right = "" if phrase.endswith("*") else " "
    if unspaced(phrase):
        left = right = ""
    return [left + form + right for form in spellings(phrase.strip("*"))]


class Lexicon:
    """The words of every language; built from plain data so that it can be kept in the model as it is."""

    def __init__(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        """`data` is {language code: {"exact": {intent: [words]}, "phrases": {intent: [phrases]}}}."""
        self.data = data
        self._exact: Dict[str, Dict[str, Set[str]]] = {}
        self._phrases: Dict[str, Set[str]] = {}
        for code, lists in data.items():
            words = self._exact.setdefault(code, {})
            for intent, entries in (lists.get("exact") or {}).items():
                for entry in entries or []:
                    for form in spellings(str(entry)):
                        words.setdefault(form, set()).add(intent)
            for intent, entries in (lists.get("phrases") or {}).items():
                for entry in entries or []:
                    self._phrases.setdefault(intent, set()).update(pattern(str(entry)))

    def exact(self, text: str, language: Optional[str] = None) -> Optional[str]:
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

    def phrase(self, text: str) -> Optional[str]:
        """The most urgent intent whose phrase stands in the text, whatever the language: a cry for help may be borrowed."""
        padded = [f" {form} " for form in spellings(text)]
        found = {
            intent
            for intent, patterns in self._phrases.items()
            if any(each in form for form in padded for each in patterns)
        }
        return (
            min(found, key=lambda intent: (URGENCY.index(intent) if intent in URGENCY else len(URGENCY), intent))
            if found
            else None
        )

    def match(self, text: str, language: Optional[str] = None) -> Optional[str]:
        return self.exact(text, language) or self.phrase(text)


def _meanings(dictionaries: Iterable[Mapping[str, Set[str]]], form: str) -> Set[str]:
    found: Set[str] = set()
    for words in dictionaries:
        found |= words.get(form, set())
    return found
