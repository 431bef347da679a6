"""When a person takes over: the case is opened or raised first, then the person is told, truthfully, by when somebody writes."""

from datetime import UTC

from bot.actions.output import Item, close, hand_over, say
from bot.actions.state import State
from bot.actions.world import Opened, World
from core.clocks import clock_of_country
from screening.questionnaire import assess
from screening.triage import Level, worst

PRIORITY = ("E", "U", "P")
"""Levels at which the case is opened as soon as there is consent."""


def update_level(state: State) -> tuple[str, ...]:
    """Set the level from all that is known; it never falls. Returns the rules that hold."""
    result = assess(state.answers, state.signals)
    state.level = worst([state.level, result.level])
    return result.rules


def open_case(state: State, world: World, reason: str, *, at_least: Level = "R") -> Opened:
    """Open or bring up to date the conversation's case with all that the person told."""
    rules = update_level(state)
    state.level = worst([state.level, at_least])
    result = assess(state.answers, state.signals)
    contact = "no" if state.answers.get("safe") == "no" else state.answers.get("contact")
    opened = world.open_case(
        level=state.level,
        rules=rules,
        needs=result.needs,
        answers=_answers(state),
        reason=reason,
        contact=contact if isinstance(contact, str) else None,
    )
    state.reported = _report(state, rules)
    return opened


def _answers(state: State) -> dict[str, object]:
    """All answers; of a confirmed place its name, which tells it from others of that name."""
    place = state.place()
    # That somebody complains is nothing that the case team is told, whom it may be about.
    told = {name: value for name, value in state.answers.items() if name != "complaint" and value != "complain"}
    return told | ({"place": place.label} if place else {})


def keep_case(state: State, world: World) -> list[Item]:
    """After an answer: an emergency is raised at once; with consent the case follows what is known from level P on."""
    rules = update_level(state)
    if _new_emergency(state, rules):
        return emergency(state, world)
    agreed = state.answers.get("consent") == "agree"
    if agreed and state.level in PRIORITY and state.reported != _report(state, rules):
        open_case(state, world, "screening")
    return []


def emergency(state: State, world: World) -> list[Item]:
    """Level E: the case, the truth about who comes when, a number if somebody verified one, and a person. Needs no consent."""
    _new_emergency(state, update_level(state))
    return _told(state, world, "emergency", "say_emergency", open_case(state, world, "emergency"))


def emergency_number(state: State, world: World) -> list[Item]:
    """A number on the screen can be found by whoever made it unsafe to write."""
    number = world.emergency_number(state.country(world.countries))
    unsafe = state.answers.get("safe") == "no" or world.held == "not_safe"
    return [say("say_emergency_number", number=number)] if number and not unsafe else []


def raise_silently(state: State, world: World, *, reason: str, at_least: Level = "R") -> None:
    """The case is opened or raised and nothing is said: whoever holds the phone must not notice."""
    _new_emergency(state, update_level(state))
    open_case(state, world, reason, at_least=at_least)


def to_person_silently(state: State, world: World, *, reason: str, message: str) -> list[Item]:
    """A person takes over and the words do not say so."""
    raise_silently(state, world, reason=reason, at_least="U")
    opened = open_case(state, world, reason)
    return [say(message), _give(state, reason, opened)]


def to_person(state: State, world: World, *, reason: str, message: str = "say_person_coming") -> list[Item]:
    """A person takes over, for any reason but danger; an emergency found on the way is treated as one."""
    if _new_emergency(state, update_level(state)):
        return emergency(state, world)
    return _told(state, world, reason, message, open_case(state, world, reason))


def to_staff_alone(state: State, world: World, *, reason: str) -> list[Item]:
    """Urgent, nobody may write first, and it was just said again that it is perhaps no good time: nothing more is asked."""
    opened = open_case(state, world, reason)
    state.finished, state.question = True, None
    promise = _promise(opened, state.country(world.countries))
    return [*_nobody(state, world), say("say_person_reads", **promise), close(reason)]


def told_when_safe(state: State, world: World) -> list[Item]:
    """It is OK to write now: who asked for a person when it was not hears by when somebody writes."""
    if not state.waits_for_safe:
        return []
    reason, message = state.waits_for_safe
    state.waits_for_safe = []
    return _told(state, world, reason, message, open_case(state, world, reason))


def _told(state: State, world: World, reason: str, message: str, opened: Opened) -> list[Item]:
    """What becomes of it, and the conversation is the desk's.

    Where nobody may write first because of what was said before, no such thing is promised: the case is open and read, and the person
    is asked whether it is OK to write by now. The word for a bad time must show no difference.
    """
    promise = _promise(opened, state.country(world.countries))
    nobody = _nobody(state, world)
    if world.held == "not_safe":
        state.waits_for_safe, state.urgent, state.finished = [reason, message], "safe", False
        state.misses = 0
        return [*nobody, say("say_person_reads", **promise)]
    told = "say_person_reads" if world.held == "other_person" else message
    number = emergency_number(state, world) if message == "say_emergency" else []
    return [*nobody, say(told, **promise), *number, _give(state, reason, opened)]


def _nobody(state: State, world: World) -> list[Item]:
    """A promise is only honest if it is known that nobody reads at this moment."""
    return [] if world.on_call or not state.once("nobody_now") else [say("say_nobody_now")]


def _give(state: State, reason: str, opened: Opened) -> Item:
    state.handed_over = True
    state.misses = 0
    return hand_over(reason, opened.level)


def _promise(opened: Opened, country: str | None) -> dict[str, str]:
    """The time on the clock of the country the person named; without one the gateway finds a clock by the number."""
    return {
        "reference": opened.reference,
        "time": opened.due_at.astimezone(clock_of_country(country) or UTC).isoformat(),
    }


def _report(state: State, rules: tuple[str, ...]) -> str:
    return f"{state.level}:{','.join(rules)}:{','.join(assess(state.answers, state.signals).needs)}"


def _new_emergency(state: State, rules: tuple[str, ...]) -> bool:
    """Whether a rule of level E holds that no emergency was raised for yet."""
    return any([state.once(f"emergency:{rule}") for rule in rules if rule.startswith("E")])  # noqa: C419 - marks each
