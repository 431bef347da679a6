"""An answer with an explanation behind it: what counts, what is asked once more with digits, and what the classifier must not overrule.

Consent needs a clear yes. Where "no" would take a risk away, only a clear no counts: "no puedo respirar" is none.
"""

from bot.actions.meaning import CERTAIN, age_told, raises
from bot.actions.state import Event, State
from bot.actions.world import World
from core.beginnings import Beginning
from screening.questionnaire import Question
from screening.questions import questionnaire

_INTENTS = {"yes": "affirm", "no": "deny"}

GIVES_WAY = frozenset({"third_party", "help", "change_language", "complaint"})
"""What takes the conversation elsewhere and is easily seen in an explanation ("yes my brother reads it too")."""

AGREED = 0.85
"""From here on the classifier may say that a "no" is one ("na kono bipod nai"); below stands "no puedo salir" (0.49, measured)."""

LESS_URGENT = GIVES_WAY | {"distress", "ask_human"}
"""What brings a person too, but less fast than a clear yes to danger."""


def weighed(question: Question, values: list[str], event: Event, state: State, world: World) -> list[str] | None:
    """The values of an answer in own words, with its first words heard; None: it is asked again."""
    begun = _begun(event, state, world)
    value = _value(question, begun)
    if begun is None or value is None or event.intent == "skip" or age_told(state, event) is not None:
        return values
    if values and event.intent not in _INTENTS.values():
        return values  # "no pay for months" is told, and answers what was asked by its meaning
    agreed = values == [value] and event.possible is None
    if begun.mixed and not (agreed and event.confidence >= CERTAIN):
        return None
    needed = AGREED if begun.meaning == "yes" or _takes_a_risk_away(question, value) else 0
    if agreed and event.confidence >= needed:
        return [value]
    if raises(question, [value], state) and not begun.core:
        return None
    return [value] if _is_risk(question, value) or (begun.sure and event.possible is None) else None


def answers_first(state: State, event: Event, world: World) -> bool:
    """Whether a text answers what was asked although the rest of it looks like something that leads elsewhere."""
    question = questionnaire().get(state.question or "")
    begun = _begun(event, state, world) if question else None
    value = _value(question, begun) if question else None
    if question is None or begun is None or value is None or begun.mixed:
        return False
    if event.intent in LESS_URGENT and begun.core and raises(question, [value], state) and _is_risk(question, value):
        return True  # "yes i am so afraid" to whether there is danger: a person comes, and knows why
    if event.intent == "correct" and begun.core and begun.meaning == "yes":
        return True  # "si me dijeron otra cosa" to whether a promise was broken takes nothing back
    return event.intent in GIVES_WAY and event.confidence < CERTAIN and begun.sure


def _begun(event: Event, state: State, world: World) -> Beginning | None:
    return world.beginning(event.text, event.language or state.language) if event.text else None


def _value(question: Question, begun: Beginning | None) -> str | None:
    if begun is None or question.multiple or question.free_text or question.values_from:
        return None
    if begun.meaning == "unsure":
        return "unsure" if question.value("unsure") else None
    return question.own_words.get(_INTENTS[begun.meaning])


def _takes_a_risk_away(question: Question, word: str) -> bool:
    value = question.value(word)
    return value is not None and "no" in value.sets.values()


def _is_risk(question: Question, word: str) -> bool:
    value = question.value(word)
    return value is not None and any(grade in ("yes", "unsure") for grade in value.sets.values())
