"""The second line of defence: phrases that call for a person, looked for in every message, whatever the classifier or the state says.

It knows nothing of the model, so that what one of the two misses the other may hear. Phrases of all enabled languages are looked for:
whoever writes Arabic may cry for help in French.
"""

from collections.abc import Iterable
from functools import lru_cache

from core.turns import Alarm
from screening.phrase_lists import ALARMS, HARMLESS, read_list, read_now
from screening.runs import Runs


def find_alarm(text: str, codes: Iterable[str]) -> Alarm | None:
    """The most urgent meaning whose phrase stands in the text, or None.

    A harmless run ("dying of laughter") takes back the phrases it covers, and no others: "I die of hunger lol, he has a knife" stays.
    Raises DataFileError when a language has no list.
    """
    phrases, harmless = _runs(tuple(codes))
    found = phrases.found(text)
    if not found:
        return None
    excused = harmless.found(text)
    heard = {run.meaning for run in found if not any(idiom.covers(run) for idiom in excused)}
    return next((alarm for alarm in ALARMS if alarm in heard), None)


def self_harm_is_now(text: str, codes: Iterable[str]) -> bool:
    """Whether a text says that somebody harms themselves now or is about to (rule E3). Raises DataFileError when a language has no list."""
    return bool(_now(tuple(codes)).found(text))


def check(codes: Iterable[str]) -> None:
    """Reads the lists of these languages, so that a missing one stops the start and not a message. Raises DataFileError."""
    _runs(tuple(codes))


@lru_cache(maxsize=32)
def _runs(codes: tuple[str, ...]) -> tuple[Runs, Runs]:
    lists = [read_list(code) for code in codes]
    told = [(entry, alarm) for each in lists for alarm, entries in each.phrases.items() for entry in entries]
    phrases = Runs([*told, *((entry, "self_harm") for code in codes for entry in read_now(code))])
    return phrases, Runs((entry, HARMLESS) for each in lists for entry in each.harmless)


@lru_cache(maxsize=32)
def _now(codes: tuple[str, ...]) -> Runs:
    return Runs((entry, "self_harm") for code in codes for entry in read_now(code))
