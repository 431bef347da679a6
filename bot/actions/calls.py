"""The wish to be called: recorded as it was said, and answered truthfully. A number never comes here, only that there is one."""

from dataclasses import replace

from bot.actions.handover import to_person
from bot.actions.output import Item
from bot.actions.state import Event, State
from bot.actions.world import World
from screening.questions import KEPT

WAYS = {"call": "call", "call_number": "other_number"}
"""What the gateway read in "call me" and in "call me on ...", and the way of being reached that it asks for (Q20)."""

CALLED = frozenset(WAYS.values())


def wants_call(event: Event, state: State) -> bool:
    """Whether the person asks for a call. Under watch it may be somebody else's wish."""
    return event.intent == "ask_human" and event.value in WAYS and not state.watched


def planned(event: Event, state: State) -> Event:
    """The wish as the answer to how a person may reach them."""
    way = _note(event, state)
    return replace(event, intent="answer", question="contact", value=way)


def call(state: State, event: Event, world: World) -> list[Item]:
    """A person, and what they read on the case: call. The wish is an agreement to be contacted."""
    state.answers["contact"] = _note(event, state)
    state.signals["asks_human"] = True
    world.record_consent("contact", given=True, language=event.language or state.language)
    return to_person(state, world, reason="asks_human", message="say_call_noted")


def _note(event: Event, state: State) -> str:
    way = WAYS[event.value or ""]
    if way == "other_number":
        state.answers["other_number"] = KEPT
    return way
