"""A place that was named to a person was closed, did not answer, sent them away: asked in two questions, kept without who said it.

The entry of the directory gets the report, never the case. Whoever was sent for nothing is told of other doors, and whoever says that it
was dangerous there is asked again about danger.
"""

from collections.abc import Sequence

from bot.actions.output import Item, say
from bot.actions.state import Event, State
from bot.actions.world import Service, World
from screening.questionnaire import SKIPPED

PLACE, HAPPENED = "which_place", "what_happened"
REMEMBERED = 5
"""Places that can be told apart by a digit: with "another place" six lines (seven and nine look alike in Bangla)."""
LONGEST = 80
_OPEN, _FOLLOWED = "report", "report:follow_up"


def remember(state: State, services: Sequence[Service], need: str) -> None:
    """Keep which places were named, for what, so that a person can say which one was wrong."""
    known = {service.id for service in services}
    named = [{"id": one.id, "name": str(one.values.get("name", ""))[:LONGEST], "need": need} for one in services]
    state.shown = [*(place for place in state.shown if place["id"] not in known), *named][-REMEMBERED:]


def is_open(state: State) -> bool:
    """Whether a person is saying what was wrong with a place."""
    return _OPEN in state.asked


def said(state: State, event: Event, world: World) -> str | None:
    """What plain words say of a place ("it was closed"), where places were named and nothing graver is heard. Digits confirm it."""
    heard = event.text and event.possible is None and state.shown and not is_open(state) and not state.watched
    if not heard or state.answered.get("safe") != "yes" or state.question in ("place", "place_confirm"):
        return None
    return world.report_in(event.text, event.language or state.language)


def begin(state: State, kind: str | None = None, *, followed_up: bool = False) -> list[Item]:
    """Ask which place, then what happened, unless it was said. "Not safe" takes an entry away at once: never by words alone."""
    state.once(_OPEN)
    if followed_up:
        state.once(_FOLLOWED)
    for question in (PLACE, HAPPENED):
        state.answers.pop(question, None)
    if kind is not None and kind != "not_safe":
        state.answers[HAPPENED] = kind
    if followed_up and len(state.shown) == 1:
        state.answers[PLACE] = state.shown[0]["id"]
    _next(state)
    return []


def answered(question: str, value: str, state: State, world: World) -> list[Item]:
    """Take an answer to one of the two questions."""
    if question == PLACE and value in ("none", SKIPPED):
        return _end(state)
    _next(state)
    return [] if state.urgent else _reported(state, world)


def drop(state: State) -> None:
    """Whoever was with a person meanwhile is not asked about a place any more."""
    if is_open(state):
        _end(state)
    if _FOLLOWED in state.asked:
        state.asked.remove(_FOLLOWED)


def ends_with_a_person(state: State) -> bool:
    """Whether this was asked because a referral did not work: then a person takes over. True once."""
    if _FOLLOWED not in state.asked or is_open(state):
        return False
    state.asked.remove(_FOLLOWED)
    return True


def _next(state: State) -> None:
    state.urgent = next((question for question in (PLACE, HAPPENED) if question not in state.answers), None)


def _reported(state: State, world: World) -> list[Item]:
    place, kind = str(state.answers[PLACE]), str(state.answers[HAPPENED])
    items = _end(state)
    if kind == SKIPPED:
        return items
    world.report_place(place, kind)
    need = next((one["need"] for one in state.shown if one["id"] == place), None)
    if f"services:{need}" in state.asked:
        state.asked.remove(f"services:{need}")  # other doors for the same need are looked for
    if kind == "not_safe":
        state.urgent = "danger"
    return [say("say_report_kept"), *items]


def _end(state: State) -> list[Item]:
    """The answers go: the case keeps nothing of it, and another place can be told of."""
    state.asked.remove(_OPEN)
    for question in (PLACE, HAPPENED):
        state.answers.pop(question, None)
    state.urgent = None
    return []
