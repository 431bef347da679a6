"""A choice of ours that somebody copies out word for word is no cry for help, whatever it looks like to the classifier.

"ໝໍ, ຢາ" (a doctor, medicine), typed at another question, was taken for thoughts of dying, and a person was called for nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from bot.actions.meaning import CERTAIN
from bot.actions.state import Event
from bot.actions.world import World
from core.writing import loose, tokens
from screening.questionnaire import NEED_QUESTIONS
from screening.questions import questionnaire

_CRIES = frozenset({"danger_now", "self_harm", "child_alone"})


def without_false_cry(event: Event, world: World) -> Event:
    """The event; of a harmless label only that it was not understood. Known words of danger are heard wherever they stand."""
    doubtful = event.intent in _CRIES and event.confidence < CERTAIN
    if not event.text or not (doubtful or event.possible) or _words(event.text) not in _labels(event, world):
        return event
    return replace(event, intent="other" if doubtful else event.intent, possible=None)


def _labels(event: Event, world: World) -> set[tuple[str, ...]]:
    return {_words(text) for text in world.texts(harmless(), event.language)}


@cache
def harmless() -> tuple[str, ...]:
    """Keys of the labels that tell no risk: "held now" or "on my own" may be meant."""
    values = [(question.id, value) for question in questionnaire().questions for value in question.values]
    risky = {
        value.label for question, value in values if question not in NEED_QUESTIONS and _tells(value.sets.values())
    }
    return tuple(sorted({value.label for _, value in values} - risky))


def _tells(grades: Iterable[str]) -> bool:
    return any(grade != "no" for grade in grades)


def _words(text: str) -> tuple[str, ...]:
    return tuple(loose(word, {}) for word in tokens(text))
