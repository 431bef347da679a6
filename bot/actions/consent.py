"""Consent given, refused and taken back: each is a record of its own, with language, text version and time."""

from bot.actions.handover import open_case
from bot.actions.output import Item, close, say
from bot.actions.state import Event, State
from bot.actions.world import World

REACHED_BY = frozenset({"write_here", "call", "other_number"})
"""Ways in which the person lets us reach them."""

CONTACT_PLAN = ("contact", "other_number", "contact_time", "contact_gender", "safe_word", "duress_word")
"""Questions about being reached, in their order; after the last a person takes over."""


def talk(given: str, state: State, event: Event, world: World) -> None:
    """The answer to the notice. Without consent nothing is kept but, for a day, that it was urgent."""
    world.record_consent("talk", given=given == "agree", language=event.language or state.language)
    if given != "agree" and state.level in ("E", "U"):
        world.keep_signal(state.level)


def contact(way: str, state: State, event: Event, world: World) -> list[Item]:
    """Whether and how a person of the team may reach them."""
    world.record_consent("contact", given=way in REACHED_BY, language=event.language or state.language)
    if way == "later":
        return [say("say_later")]
    if way == "no":
        return [say("say_come_back" if state.level in ("E", "U") else "say_no_contact")]
    return []


def referral(given: str, state: State, event: Event, world: World) -> list[Item]:
    """Whether the answers may be given to the place that was named."""
    world.record_consent("referral", given=given == "yes", language=event.language or state.language)
    state.referral = None
    return [say("say_noted")]


def withdraw(state: State, world: World) -> list[Item]:
    """All three are taken back by one message; who works on the case sees at once not to write."""
    for kind in ("talk", "contact", "referral"):
        world.record_consent(kind, given=False, language=state.language)
    if state.case_known:
        state.answers["contact"] = "no"
        open_case(state, world, "withdrawn")
    state.answers["consent"] = "no"
    state.finished = True
    state.question = None
    return [say("say_consent_withdrawn"), close("withdrawn")]
