"""Which of the enabled languages a message is written in; unsure rather than wrong, because a wrong language silences a person.

The script decides first. Among languages of one script, words that one language alone has decide, then an n-gram detector; unless that
detector, asked among all the languages it has learnt, names another: Persian is not Arabic, and Portuguese is not bad French.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import eldc

from core.languages import Language, match_word
from core.writing import letters, loose, normalise, tokens

ENOUGH = 0.9
"""Confidence from which on a language is named."""

_SHARE = 0.6  # of the letters are of the script, or the message is too mixed to say
_SHORT = 3  # words
_CUES = 2  # different words of a language that people also type in another script
# The scores from which the detector is believed. Of 2,856 training messages of two words and more in four languages 89 % are named,
# one of them wrongly (a French speaker's "english please"). An upper bound: those messages were at hand when the cues were written.
_SCORE, _LEAD = 0.75, 0.2


class LanguageIdentifier:
    """Guesses among these languages."""

    def __init__(self, languages: Mapping[str, Language]) -> None:
        eldc.init()
        self._languages = dict(languages)
        self._learnt = frozenset(languages) & frozenset(eldc.LANGUAGES)
        self._open = _detector(())
        self._closed: dict[frozenset[str], Any] = {}

    def identify(self, text: str) -> tuple[str | None, float]:
        """The language's code and a confidence between 0 and 1. The code is None below ENOUGH."""
        code, confidence = self._guess(text)
        return (code if confidence >= ENOUGH else None), round(confidence, 3)

    def _guess(self, text: str) -> tuple[str | None, float]:
        signs = letters(text)
        candidates = [language for language in self._languages.values() if _share(signs, language) >= _SHARE]
        if not candidates:
            return None, 0.0
        if len(candidates) == 1 and not self._also_typed_in_the_script_of(candidates[0]):
            return self._alone_in_its_script(text, candidates[0], _share(signs, candidates[0]))
        if (code := self._by_list(text)) is not None:
            return code, 0.95
        words = tokens(text)
        if len(words) < 2:
            return None, 0.0
        found, confidence = self._by_detector(text, frozenset(language.code for language in candidates))
        cued, share = self._by_cues(words)
        if cued is not None and (confidence < ENOUGH or share >= 0.5):
            return cued, 0.92
        if len(words) <= _SHORT and any(
            set(words) & other.cues for other in self._languages.values() if other.code != found
        ):
            confidence = min(
                confidence, 0.89
            )  # "thanks bhai", "la khoya": one word of another language is half of what was said
        return found, confidence

    def _also_typed_in_the_script_of(self, language: Language) -> bool:
        others = (other for other in self._languages.values() if other.code != language.code)
        return any(language.writes(sign) for other in others for cue in other.cues for sign in cue)

    def _alone_in_its_script(self, text: str, language: Language, share: float) -> tuple[str | None, float]:
        words = tokens(text)
        neighbours = sum(word in language.neighbours for word in words)
        if _has_letters_of_a_neighbour(text, language) or (words and neighbours >= len(words) / 2):
            return None, 0.0
        result = self._open.detect_details(text)
        foreign = result.language not in {language.code, "und"}
        if foreign and result.reliable:
            return None, 0.0
        # A longer text of a neighbour that the detector does not know scores low everywhere.
        if foreign and language.code in self._learnt and language.code not in result.scores and len(words) > _CUES:
            return None, 0.0
        return language.code, min(share, 0.99) if share > ENOUGH else 0.9

    def _by_list(self, text: str) -> str | None:
        """The one language that knows this whole message as a word of its lists."""
        found = [code for code, language in self._languages.items() if match_word(text, language) is not None]
        form = normalise(text)
        if len(found) > 1 and form != loose(text, {}):  # "Olá" is also known as Spanish "ola", but not so written
            found = [code for code in found if form in self._languages[code].exact_words]
        return found[0] if len(found) == 1 else None

    def _by_cues(self, words: Iterable[str]) -> tuple[str | None, float]:
        distinct = set(words)
        counts = {code: len(distinct & language.cues) for code, language in self._languages.items() if language.cues}
        best = max(counts.values(), default=0)
        leaders = [code for code, count in counts.items() if count == best]
        return (leaders[0], best / len(distinct)) if best >= _CUES and len(leaders) == 1 else (None, 0.0)

    def _by_detector(self, text: str, candidates: frozenset[str]) -> tuple[str | None, float]:
        codes = candidates & self._learnt
        if not codes:
            return None, 0.0
        if codes not in self._closed:
            self._closed[codes] = _detector(codes)
        result = self._closed[codes].detect_details(text)
        if result.language not in codes:
            return None, 0.0
        ranked = sorted(result.scores.values(), reverse=True)
        score = ranked[0]
        lead = score - ranked[1] if len(ranked) > 1 else score
        among_all = self._open.detect_details(text)
        foreign = (
            among_all.language not in self._learnt and among_all.reliable and max(among_all.scores.values()) > score
        )
        if foreign or score < _SCORE or lead < _LEAD:
            return result.language, min(score, 0.89)
        return result.language, min(0.99, ENOUGH + (score - _SCORE) / 2)


def _share(signs: list[str], language: Language) -> float:
    return sum(language.writes(sign) for sign in signs) / len(signs) if signs else 0.0


def _has_letters_of_a_neighbour(text: str, language: Language) -> bool:
    """Letters of its script that the language does not have: Kazakh and Tajik, which the detector has not learnt, are not Russian."""
    signs = letters(text)
    scripts = {_script(sign) for sign in signs if language.writes(sign)}
    return any(_script(sign) in scripts for sign in signs if not language.writes(sign))


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").split(" ")[0]


def _detector(codes: Iterable[str]) -> Any:
    """A detector of its own settings: the library's global ones would be shared by everybody in this process."""
    detector = eldc.instance()
    detector.set_scores(3)
    detector.set_languages(sorted(codes))
    return detector
