"""The place in a person's own words: looked up, offered for confirmation, asked once more when it was not found."""

from collections.abc import Sequence
from dataclasses import asdict

from bot.actions.meaning import CERTAIN
from bot.actions.output import Item, say
from bot.actions.state import Event, State
from bot.actions.world import Place, World
from core.writing import loose, searchable

LONGEST = 80
"""Characters of a place that are kept: enough for a name, too few for a story."""


def place_answered(state: State, event: Event, world: World) -> list[Item] | None:
    """Take a free text as the place. None when it is rather a "no", or a need, than a name."""
    if state.question == "place_confirm":
        return [] if _another(state, event, world) else None
    if not event.text or (event.intent != "other" and event.confidence >= CERTAIN):
        return None
    found = world.look_up(event.text, state.country(world.countries))
    if _is_landmark(found, state, event, world) and state.once("landmark"):
        state.once("place_not_found")
        state.misses = 0
        return [say("say_place_not_found")]
    if not found and (event.intent != "other" or event.possible):
        return None
    if not found and state.once("place_not_found"):
        state.misses = 0
        return [say("say_place_not_found")]
    take_place(state, event, world)
    return []


def take_place(state: State, event: Event, world: World) -> None:
    """Keep a text as the place, with the places that it may name."""
    told_apart: dict[str, Place] = {}
    for place in world.look_up(event.text, state.country(world.countries)):
        # Two lines that read alike offer no choice: the likelier place stands for both.
        told_apart.setdefault(place.label, place)
    state.places = [asdict(place) for place in told_apart.values()]
    state.answers["place"] = event.text[:LONGEST]
    state.question = None
    state.misses = 0


def forget_place(state: State) -> None:
    """None of the places offered was meant: the person can write another name, once; then the search goes without one."""
    state.places = []
    for question in ("place", "place_confirm"):
        state.answers.pop(question, None)


def _is_landmark(found: Sequence[Place], state: State, event: Event, world: World) -> bool:
    """Whether a text names a station or a market and no town: hamlets far away bear such names, or nearly."""
    rest = world.without_landmarks(event.text, event.language or state.language)
    if rest is None:
        return False
    names = (" ".join(searchable(loose(place.label.partition(" (")[0].partition(",")[0], {}))) for place in found)
    return not any(f" {name} " in f" {rest} " for name in names)


def _another(state: State, event: Event, world: World) -> bool:
    """Whether a text names a place while one is offered for confirmation; then that one is offered instead."""
    found = world.look_up(event.text, state.country(world.countries)) if event.text else []
    if event.intent != "other":
        found = [place for place in found if place.exact]
    offered = {place["id"] for place in state.places}
    if not found or {place.id for place in found} <= offered:
        return False
    take_place(state, event, world)
    return True
