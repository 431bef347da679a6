"""The dialogue: what an answer, or a person's own words, change and what is answered. Pure but for the `World` it is given."""

from dataclasses import replace

from bot.actions import guard, reports
from bot.actions.answers import answer, missed, option
from bot.actions.asking import say_next, upcoming
from bot.actions.beginnings import answers_first, weighed
from bot.actions.calls import planned, wants_call
from bot.actions.consent import CONTACT_PLAN
from bot.actions.handover import keep_case, to_person
from bot.actions.interrupts import INTERRUPTS, distress, interrupt, wake
from bot.actions.meaning import CERTAIN, NEEDS, POLITE, age_told, in_own_words, names_a_place, remember
from bot.actions.output import Item, say
from bot.actions.places import place_answered, take_place
from bot.actions.state import Event, State
from bot.actions.world import World
from screening.questionnaire import NEED_QUESTIONS, SKIPPED, Question
from screening.questions import questionnaire
from screening.triage import NO_RULE

__all__ = ["INTERRUPTS", "interrupt", "is_interrupt", "say_next", "take"]

SAFETY = frozenset({"danger_now", "self_harm", "child_alone", "ask_human"})
"""Interrupts that never wait for anything."""

TAKEN_WHEN_SURE = frozenset({"distress", "complaint", "correct", "withdraw_consent"})
"""What takes the conversation elsewhere and is easily seen in other words ("for me and my children"): asked again when unsure."""

NOT_GRAVER = frozenset({"complaint", "correct", "distress"})
"""What words about a place that was closed are easily taken for."""

AN_AGE_ALONE = 4
"""Words of an answer that is nothing but an age."""

WORDS_OF_A_LANGUAGE = 3
"""Words from which a guess at the language is taken for an answer; the menu comes back with the word LANGUAGE."""

SURE = 0.5
"""From here on such a meaning is followed."""


def is_interrupt(state: State, event: Event, world: World) -> bool:
    """Whether the input goes before the question asked. A town's name may look like "stop"; known words of danger never wait."""
    if event.intent not in INTERRUPTS or (event.intent in TAKEN_WHEN_SURE and event.confidence < SURE):
        return False
    if event.intent in NOT_GRAVER and reports.said(state, event, world):
        return False  # "nobody answered" is told of a place, and is no complaint about people
    if answers_first(state, event, world) or (wants_call(event, state) and state.question == "contact"):
        return False
    known = event.intent in SAFETY and event.confidence >= CERTAIN
    if event.intent == "child_alone" and not known and (age := age_told(state, event)) is not None:
        # "yes im 15" answers the question and does not say that nobody is there; a longer text may.
        return age == "yes" and len(event.text.split()) > AN_AGE_ALONE
    return known or not names_a_place(state, event, world)


def take(state: State, event: Event, world: World) -> list[Item]:
    """Use an input that is no interrupt: an option, an answer in words, or words to remember."""
    wake(state, event)
    if guard.locked(state, event):
        return guard.cover()
    if event.intent == "resume":
        return _resumed(state)
    _returned(state, world)
    if wants_call(event, state):
        event = planned(event, state)
    if event.intent == "answer":
        return option(state, event, world)
    return _signs(state, event, world) or _taken(state, event, world)


def _returned(state: State, world: World) -> None:
    """Somebody comes back within a day after something urgent that could not be kept: the level is where it was."""
    if state.is_empty and state.level == NO_RULE:
        state.level = world.signal() or NO_RULE


def _signs(state: State, event: Event, world: World) -> list[Item]:
    """What the channel noticed: too much at once brings a person; another language may be another person."""
    for sign in ("burst", "long_text"):
        if sign in event.signs:
            remember(state, event)
            return distress(state, world, reason=sign)
    if "other_language" in event.signs and "safe" in state.answered and state.once("other_language"):
        state.reopened.append("safe")
    return []


def _taken(state: State, event: Event, world: World) -> list[Item]:
    if (kind := reports.said(state, event, world)) is not None:
        state.misses = 0
        return reports.begin(state, kind)
    if names_a_place(state, event, world):
        return _name(state, event, world)
    if event.possible:
        items = _possible(state, event, world)
        if items is not None:
            return items
    return _words(state, event, world)


def _name(state: State, event: Event, world: World) -> list[Item]:
    """A place's name. Where it was taken for danger or for thoughts of dying itself, and not only perhaps, that is not lost."""
    take_place(state, event, world)
    if event.intent == "danger_now":
        state.urgent = "danger"
    if event.intent == "self_harm":
        state.signals.setdefault("self_harm", "unsure")
    return keep_case(state, world)


def _resumed(state: State) -> list[Item]:
    """The desk gave the conversation back: it goes on where it was, at least with "anything else?"."""
    state.misses = 0
    reports.drop(state)
    if "contact" in state.answers:
        # How to be reached was settled with the person who gave it back.
        for question in CONTACT_PLAN:
            state.answers.setdefault(question, SKIPPED)
    if "anything_else" in state.answered:
        state.reopened.append("anything_else")
    return []


def _words(state: State, event: Event, world: World) -> list[Item]:
    if _says_where(state, event, world):
        event = replace(event, intent="other")
    new = remember(state, event)
    said = [say("say_where_am_i")] if event.intent == "where_am_i" else []
    question = questionnaire().get(state.question) if state.question else None
    if question is None:
        return [*said, *keep_case(state, world)]  # the first words of a conversation answer no question
    if question.id in ("place", "place_confirm"):
        answered = place_answered(state, event, world)
        if answered is not None:
            return answered
    return _answered(question, state, event, world, new=new, said=said)


def _answered(
    question: Question, state: State, event: Event, world: World, *, new: bool, said: list[Item]
) -> list[Item]:
    """Words as the answer to a question, or as something told beside it. `new`: they told something that was not known."""
    named = _language_of(event, world) if question.id == "language" else None
    values = [named] if named else weighed(question, in_own_words(question, event, state), event, state, world)
    if values is None:
        raised = keep_case(state, world)
        return [*said, *raised, *([] if state.handed_over else missed(state, world))]
    if values:
        return [*said, *answer(question, values, state, event, world)]
    if event.intent in POLITE and not new and not state.once(f"polite:{question.id}"):
        # Greeting twice instead of answering is no answer either: somebody should look.
        return [*said, *missed(state, world)]
    if new or event.intent in POLITE or (question.id in NEED_QUESTIONS and event.intent in NEEDS):
        state.misses = 0
        raised = keep_case(state, world)
        # The same question again and nothing else would read as if nobody had listened. Before consent nothing delays it.
        again = "consent" in state.answers and not state.handed_over and upcoming(state, event, world) == question
        return [*said, *([say("say_noted")] if new and again and not said else []), *raised]
    return missed(state, world)


def _says_where(state: State, event: Event, world: World) -> bool:
    """Whether "I am in Dhaka", to the question where, was only taken for somebody who does not know where they are."""
    asked = state.question in ("place", "place_confirm") and event.intent == "where_am_i"
    return asked and event.confidence < CERTAIN and bool(world.look_up(event.text, state.country(world.countries)))


def _language_of(event: Event, world: World) -> str | None:
    """The language a text names, or the one it is clearly written in: a frightened person does not pick from a menu."""
    named = world.language_named(event.text)
    if named is None and len(event.text.split()) >= WORDS_OF_A_LANGUAGE:
        return next((code for code, _ in world.languages if code == event.language_guess), None)
    return named


def _possible(state: State, event: Event, world: World) -> list[Item] | None:
    """A safety meaning too unsure to act on and too likely to pass over. None: go on with the message as it was read."""
    # While the danger question is open, doubtful words are an unclear answer to it, and two of those bring a person.
    if event.possible == "danger_now" and state.question != "danger" and state.answers.get("danger") != "yes":
        remember(state, event)
        state.urgent = "danger"
        state.misses = 0
        return keep_case(state, world)
    if event.possible == "self_harm":
        # No question about it is ever asked by message: a person looks.
        state.signals.setdefault("self_harm", "unsure")
        if event.intent == "other":
            return to_person(state, world, reason="self_harm")
    if (
        event.possible == "child_alone"
        and event.intent == "other"
        and "under_18" not in state.answers
        and not age_told(state, event)
    ):
        state.urgent = "under_18"
        state.misses = 0
        return []
    return None
