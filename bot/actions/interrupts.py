"""What is followed at once in any state: danger, a person, leaving, erasing, help, another language, something sent along."""

from collections.abc import Callable

from bot.actions import guard, reports
from bot.actions.asking import finish
from bot.actions.calls import call, wants_call
from bot.actions.consent import withdraw
from bot.actions.handover import emergency, emergency_number, keep_case, open_case, raise_silently, to_person
from bot.actions.output import Item, close, complain, erase, opt_out, say, set_language
from bot.actions.state import Event, State
from bot.actions.world import World
from screening.questionnaire import SKIPPED

ERASE_CERTAIN = 0.8
"""Below this the wish to erase is answered with how to do it, not done."""

TOLD = 1.0
"""Words that the lists of phrases know, not only the classifier (bot/engine/nlu/decide.py)."""

MISSES = 2
"""Inputs in a row that could not be used before a person takes over (protocol, section 2.5)."""


def interrupt(state: State, event: Event, world: World) -> list[Item]:
    """Follow an interrupt. What comes next is said by `say_next`. Raises KeyError for a meaning that is none."""
    wake(state, event)
    if guard.locked(state, event):
        return guard.cover()
    if event.intent != "attachment":
        state.misses = 0
    if event.intent == "erase_data" and event.confidence < ERASE_CERTAIN:
        return [say("say_help")]  # it names the word that erases: what is erased by mistake is gone
    if event.intent in _HEARD:
        return _HEARD[event.intent](state, event, world)
    if wants_call(event, state):
        return call(state, event, world)
    if event.intent == "ask_referral":
        state.referral = event.value
    if event.intent == "follow_up" and (place := world.service(event.value or "", event.language)) is not None:
        state.shown = []
        reports.remember(state, [place], "")
    named = world.language_named(event.text) if event.intent == "change_language" else None
    return spoken(named, state, world) if named else _FOLLOWED[event.intent](state, world)


def wake(state: State, event: Event) -> None:
    """A closed conversation begins anew; one that came back from the desk goes on."""
    if state.finished:
        state.forget()
    state.handed_over = False
    state.language = event.language or state.language


def person(state: State, world: World) -> list[Item]:
    """A person was asked for, in words or by an option."""
    state.signals["asks_human"] = True
    return to_person(state, world, reason="asks_human")


def spoken(code: str, state: State, world: World) -> list[Item]:
    """Go on in a language. Without one nobody can be understood here."""
    if code == SKIPPED:
        return to_person(state, world, reason="not_understood")
    changed = state.language is not None and state.language != code
    state.language, state.urgent = code, None
    return [set_language(code), *([say("say_language_changed")] if changed else [])]


def third_party(state: State, world: World) -> list[Item]:
    """Somebody writes for another person: what not to do first, then a person (protocol, section 2.5)."""
    state.signals["asks_human"] = True
    said = [say("say_third_party")] if state.once("third_party") else []
    return [*said, *to_person(state, world, reason="third_party")]


def distress(state: State, world: World, *, reason: str = "distress") -> list[Item]:
    """Anger, despair, many messages at once: nobody in that state is asked to pick a number."""
    state.signals["distress_phrase"] = True
    return to_person(state, world, reason=reason)


def complaint(state: State, world: World, *, told: bool) -> list[Item]:  # noqa: ARG001
    """About staff or a place: kept apart from the team that is complained about, with these words if they tell it (PSEA)."""
    state.once("complaint")
    state.answers.pop("complaint", None)
    state.urgent = "complaint"
    return [complain(told=told)]


def _complaint(state: State, world: World) -> list[Item]:
    return complaint(state, world, told=True)


def _correct(state: State, world: World) -> list[Item]:  # noqa: ARG001 - all handlers are called alike
    """After "no, I meant" the last question is asked again. Its new answer counts; the level stays until a human lowers it."""
    if state.last is None:
        return [say("say_not_understood")] if state.question else []
    state.reopened.append(state.last)
    state.urgent, state.last = state.last, None
    return [say("say_correct")]


def _opt_out(state: State, world: World) -> list[Item]:  # noqa: ARG001
    state.finished = True
    state.question = None
    return [say("say_opted_out"), opt_out(), close("opted_out")]


def _referral(state: State, world: World) -> list[Item]:  # noqa: ARG001
    """A caseworker asks about a named place; whether it is OK to write is asked first, as after every pause."""
    state.reopened += ["safe", "referral"]
    return []


def _follow_up(state: State, world: World) -> list[Item]:  # noqa: ARG001
    state.follow_up_due = True
    state.reopened += ["safe", "follow_up"]
    return []


def _danger(state: State, world: World) -> list[Item]:
    # Nothing is asked back: a second question could be the last message that the person can answer.
    state.signals |= {"emergency_phrase": True, "danger": "yes"}
    state.answers["danger"] = "yes"
    state.urgent = None
    return emergency(state, world)


def _self_harm(state: State, world: World, *, now: bool) -> list[Item]:
    """The same warm words at level U and at level E: an alarm in the text would not help. Staff see the difference."""
    state.signals["self_harm"] = "yes"
    if now:
        state.signals["self_harm_now"] = "yes"
    raise_silently(state, world, reason="self_harm", at_least="U")
    items = to_person(state, world, reason="self_harm", message="say_self_harm")
    return [*items[:-1], *(emergency_number(state, world) if now else []), items[-1]]


def _child(state: State, event: Event, world: World) -> list[Item]:
    """A child's words. That nobody is with them counts where they said so; else it is asked, once (Q5b), and staff know already."""
    alone = event.confidence >= TOLD
    state.signals |= {"child": "yes", **({"child_alone": "yes"} if alone else {})}
    if alone or not _may_ask_for_adult(state, event, world):
        return to_person(state, world, reason="child", message="say_child")
    raised = keep_case(state, world)
    if not state.handed_over:
        open_case(state, world, "child", at_least="U")
        state.urgent = "trusted_adult"
    return raised


def _may_ask_for_adult(state: State, event: Event, world: World) -> bool:
    known = event.language or state.language or event.language_guess
    undisturbed = state.answers.get("safe") not in ("no", "unsure") and not state.watched and world.held is None
    return bool(known) and undisturbed and "trusted_adult" not in state.answers


def _help(state: State, world: World) -> list[Item]:  # noqa: ARG001 - all handlers are called alike
    return [say("say_help")]


def _language(state: State, world: World) -> list[Item]:  # noqa: ARG001
    state.urgent = "language"
    return []


def _attachment(state: State, world: World) -> list[Item]:
    """Nothing is opened. The first is explained; after a second in a row a person looks."""
    state.misses += 1
    if state.misses >= MISSES:
        state.signals["bot_failure"] = True
        return to_person(state, world, reason="attachment")
    return [say("say_attachment")]


def _stop(state: State, world: World) -> list[Item]:
    return finish(state, world, "say_stopped", "stopped")


def _erase(state: State, world: World) -> list[Item]:  # noqa: ARG001
    state.forget()
    state.finished = True
    return [erase(), say("say_erased"), close("erased")]


_FOLLOWED: dict[str, Callable[[State, World], list[Item]]] = {
    "danger_now": _danger,
    "ask_human": person,
    "help": _help,
    "change_language": _language,
    "attachment": _attachment,
    "stop": _stop,
    "erase_data": _erase,
    "third_party": third_party,
    "distress": distress,
    "complaint": _complaint,
    "correct": _correct,
    "withdraw_consent": withdraw,
    "opt_out": _opt_out,
    "unlock": guard.unlock,
    "duress": guard.duress,
    "ask_referral": _referral,
    "follow_up": _follow_up,
}

_HEARD: dict[str, Callable[[State, Event, World], list[Item]]] = {
    "other_person": lambda state, event, world: guard.other_person(state, world, sure=event.confidence >= guard.SURE),
    "wrong_word": lambda state, event, world: guard.wrong_word(state, world, event.value),
    "self_harm": lambda state, event, world: _self_harm(state, world, now=world.self_harm_is_now(event.text)),
    "child_alone": _child,
}
"""Where it matters how it was said."""

INTERRUPTS = frozenset(_FOLLOWED) | frozenset(_HEARD)
"""Each has a rule in bot/data/rules.yml."""
