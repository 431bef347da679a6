"""The thin shell between Rasa and the dialogue: reads the tracker, runs one step in one transaction, returns slots and items."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from bot.actions.asking import upcoming
from bot.actions.dialogue import INTERRUPTS, interrupt, is_interrupt, say_next, take
from bot.actions.labels import without_false_cry
from bot.actions.output import Item
from bot.actions.state import ANSWER_SLOT, DONE, Event, State
from bot.actions.world import World
from core.digits import read_numbers
from core.logging import get_logger

log = get_logger(__name__)

FORM = "screening_form"

type OpenWorld = Callable[[UUID], AbstractContextManager[World]]
"""Opens one transaction's view of everything outside for a conversation, and commits it when the block ends."""

type Step = Callable[[State, Event, World], list[Item] | None]
"""A step of the dialogue; None leaves everything as it is."""

type Events = list[dict[str, Any]]


def make_executor(open_world: OpenWorld) -> ActionExecutor:
    """All custom actions of the domain, by name."""
    executor = ActionExecutor()
    for name, step in STEPS.items():
        executor.register_function(name, _action(name, step, open_world))
    return executor


def read_event(tracker: Tracker) -> Event:
    """What the person did, from the tracker's latest message. Nothing in it is trusted to have a certain shape."""
    message = tracker.latest_message or {}
    intent = message.get("intent") or {}
    entities = {entity.get("entity"): entity.get("value") for entity in message.get("entities") or []}
    told = message.get("metadata") or {}
    # The engine writes "/stop" for a payload: that is no text of the person's, and no town of that name.
    payload = message.get("text") == f"/{intent.get('name')}"
    text = "" if payload else message.get("text") or ""
    # A number that is no option here has no other meaning, whatever it looks like: "5" takes back no answer.
    number = read_numbers(text) is not None
    return Event(
        intent="other" if number else intent.get("name") or "other",
        text=text,
        question=entities.get("question"),
        value=entities.get("value"),
        possible=None if number else entities.get("possible"),
        confidence=float(intent.get("confidence") or 0.0),
        language=told.get("language"),
        language_guess=told.get("language_guess"),
        signs=tuple(told.get("signs") or ()),
    )


def _form(state: State, event: Event, world: World) -> list[Item] | None:
    """The form's validation: uses the input, or leaves it to the rule of an interrupt by returning nothing at all."""
    if is_interrupt(state, event, world):
        return None
    items = take(state, event, world)
    if not state.finished and not state.handed_over and upcoming(state, event, world) is None:
        items += say_next(state, event, world)
    return items


def _rule(state: State, event: Event, world: World) -> list[Item]:
    """What a rule of Rasa's calls. Outside the form a bare number may have been taken for words ("7" for a correction)."""
    return (interrupt if is_interrupt(state, event, world) else take)(state, event, world)


def _forget_end(state: State, event: Event, world: World) -> list[Item]:  # noqa: ARG001 - all steps are called alike
    """The form is over; the next message opens it again."""
    return []


_OF_RULES = frozenset(f"action_{intent}" for intent in INTERRUPTS)

STEPS: Mapping[str, Step] = {
    f"validate_{FORM}": _form,
    f"action_ask_{ANSWER_SLOT}": say_next,
    "action_finish": _forget_end,
    **{f"action_{intent}": _rule for intent in INTERRUPTS},
}


def _action(name: str, step: Step, open_world: OpenWorld) -> Callable[..., Any]:
    def run(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        if name == f"validate_{FORM}" and _used(tracker):
            return []
        before = State.from_slots(tracker.slots)
        state, event = State.from_slots(tracker.slots), read_event(tracker)
        with open_world(UUID(tracker.sender_id)) as world:
            event = without_false_cry(event, world)
            items = step(state, event, world)
        if items is None:
            return []
        for item in items:
            dispatcher.utter_message(json_message=item)
        log.info("action", kind=name, conversation=tracker.sender_id, intent=event.intent, question=state.question)
        return [*_changes(before, state), _slot(ANSWER_SLOT, _form_end(name, state, tracker))]

    async def action(dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:  # noqa: ARG001
        # In a thread: the database answers synchronously, and other conversations must not wait for it.
        return await asyncio.to_thread(run, dispatcher, tracker)

    return action


def _used(tracker: Tracker) -> bool:
    """Whether a rule's action has used the message already: what is said twice reads as if nobody had listened."""
    for event in reversed(tracker.events or []):
        if event.get("event") == "user":
            return False
        if event.get("event") == "action" and event.get("name") in _OF_RULES:
            return True
    return False


def _form_end(name: str, state: State, tracker: Tracker) -> str | None:
    """The form ends when the dialogue has ended inside it. Set outside, it would end the next conversation at its first word."""
    inside = name == f"validate_{FORM}" or (name != "action_finish" and (tracker.active_loop or {}).get("name") == FORM)
    return DONE if state.finished and inside else None


def _changes(before: State, after: State) -> Events:
    """Only what changed: every slot set is an event that is stored, and sent again with every later turn."""
    old = before.slots()
    return [_slot(name, value) for name, value in after.slots().items() if value != old[name]]


def _slot(name: str, value: object) -> dict[str, Any]:
    return {"event": "slot", "timestamp": None, "name": name, "value": value}
