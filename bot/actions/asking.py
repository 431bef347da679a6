"""What is said next: the services that fit, then the next open question with its choices, or a good end."""

from collections.abc import Sequence
from dataclasses import replace

from bot.actions import reports
from bot.actions.handover import open_case, to_person, to_staff_alone
from bot.actions.meaning import LANGUAGES_AT_ONCE
from bot.actions.output import Item, ask, choice, close, say
from bot.actions.state import Event, State
from bot.actions.world import Service, Who, World
from screening.questionnaire import NEED_QUESTIONS, SKIPPED, Context, Question, needs, next_question
from screening.questions import questionnaire
from screening.triage import NO_RULE

SERVICES_FOR_ONE, SERVICES_FOR_EACH, SERVICES_IN_ALL = 3, 2, 4
"""A list that fills the screen is not read, and on plain SMS every service is a message that somebody pays for."""


def say_next(state: State, event: Event, world: World) -> list[Item]:
    """The next thing to say, for a conversation that is the bot's and goes on; nothing otherwise."""
    if state.finished or state.handed_over or state.covered:
        return []
    question = upcoming(state, event, world)
    if question is None:
        return _end(state, world)
    items = _opening(question, state, world)
    if _after_needs(question):
        items += _services(state, event, world)
    if question.id == "block_2" and world.reports_by_law(state.country(world.countries)) and state.once("by_law"):
        items.append(say("say_by_law"))
    state.question = question.id
    return [*items, _ask(question, state, event, world)]


def _opening(question: Question, state: State, world: World) -> list[Item]:
    """What is said once at the beginning. Never so much that the answer about danger comes after more than three messages."""
    if question.id == "language":
        state.once("greeted")
        return []
    items: list[Item] = []
    if not world.on_call and state.once("nobody_now"):
        state.once("greeted")
        items.append(say("say_nobody_now"))
    elif question.id in ("safe", "consent") and (state.once("greeted") or question.id == "consent"):
        items += [say("say_intro")] if state.once("intro") else []
    # Numbers on the screen can be read by others: they come once it is said that it is OK to write.
    if not world.on_call and state.answers.get("safe") == "yes" and question.id != "danger" and state.once("numbers"):
        items += numbers(state, world)
    return items


def numbers(state: State, world: World) -> list[Item]:
    """The numbers that somebody verified, for when nobody of the team is there."""
    country = state.country(world.countries)
    number, hotline = world.emergency_number(country), world.hotline(country)
    items = [say("say_emergency_number", number=number)] if number else []
    if hotline:
        items.append(say("say_hotline", name=hotline.values.get("name", ""), phones=hotline.values.get("phones", "")))
    return items


def upcoming(state: State, event: Event, world: World) -> Question | None:
    """The question to ask now. A question made urgent goes before all others."""
    if state.urgent is not None:
        return questionnaire().get(state.urgent)
    return next_question(state.answered, context(state, event, world))


def context(state: State, event: Event, world: World) -> Context:
    """What the questionnaire may know besides the answers."""
    return Context(
        countries=world.countries,
        staffed=world.on_call,
        language_known=(event.language or state.language) is not None,
        place_matched=bool(state.places),
        watched=state.watched,
        word_known=world.has_word,
        referral_asked=state.referral is not None,
        follow_up_due=state.follow_up_due,
        complains="complaint" in state.asked,
        place_reported=reports.is_open(state),
        signals=state.signals,
    )


def finish(state: State, world: World, message: str, reason: str) -> list[Item]:
    """The last message. With consent, whatever was told reaches the desk first."""
    if state.answers.get("consent") == "agree" and state.level != NO_RULE:
        open_case(state, world, "screening")
    state.finished = True
    state.question = None
    return [say(message), close(reason)]


def _end(state: State, world: World) -> list[Item]:
    if state.answers.get("safe") == "unsure":
        # Somebody may be reading: nothing more is asked. What was told is followed up by a person if it is urgent.
        if state.level in ("E", "U") and state.once("unsure_safety"):
            if world.held == "not_safe":
                return to_staff_alone(state, world, reason="unsure_safety")
            return to_person(state, world, reason="unsure_safety")
        return finish(state, world, "say_minimal", "unsure_safety")
    return finish(state, world, "say_goodbye", "finished")


def _ask(question: Question, state: State, event: Event, world: World) -> Item:
    key = question.message
    if question.id == "place_confirm" and len(state.places) == 1:
        key = "ask_place_confirm_one"
    values = {"name": state.referral} if question.id == "referral" and state.referral else {}
    choices = _choices(question, state, event, world)
    return ask(key, question.id, choices, multiple=question.multiple, secret=question.secret, **values)


def _choices(question: Question, state: State, event: Event, world: World) -> list[Item]:
    choices: list[Item] = []
    if question.values_from == "languages":
        # The likeliest first: the question is asked in a language that the person may not read.
        choices = _languages(state, event, world)
    elif question.values_from == "countries":
        choices = [choice(code, label=f"country_{code}") for code in world.countries]
    elif question.values_from == "places":
        choices = [choice(place["id"], text=place["label"]) for place in state.places]
    elif question.values_from == "services":
        choices = [choice(one["id"], text=one["name"], label=_need_label(one["need"])) for one in state.shown]
    left_out = _left_out(question, state)
    return choices + [choice(v.value, label=v.label) for v in question.values if v.value not in left_out]


def _need_label(need: str) -> str:
    """What a place gives, in the words of the question about needs: said where its name tells too much."""
    values = (value for name in NEED_QUESTIONS for value in getattr(questionnaire().get(name), "values", ()))
    return next((value.label for value in values if value.value == need), "choice_other_need")


def _left_out(question: Question, state: State) -> set[str]:
    """Options that say nothing now: the notice was told, or nobody can have been at a place that was named a moment ago."""
    if question.id == "consent" and "notice_more" in state.asked:
        return {"more"}
    if question.id == "anything_else" and (not state.shown or state.once("places_named")):
        return {"place"}
    return set()


def _languages(state: State, event: Event, world: World) -> list[Item]:
    """The languages, on as many screens as leave 9 free for leaving."""
    ordered = sorted(world.languages, key=lambda pair: pair[0] != event.language_guess)
    if len(ordered) <= LANGUAGES_AT_ONCE:
        return [choice(code, text=name) for code, name in ordered]
    if "more_languages" in state.asked:
        return [choice(code, text=name) for code, name in ordered[LANGUAGES_AT_ONCE - 1 :]]
    return [*(choice(code, text=name) for code, name in ordered[: LANGUAGES_AT_ONCE - 1]), choice("more", text="...")]


def _after_needs(question: Question) -> bool:
    """Whether all that a search needs has been asked: a need named in the first words must not put services before safety."""
    order = [each.id for each in questionnaire().questions]
    return order.index(question.id) > order.index(NEED_QUESTIONS[-1])


def _services(state: State, event: Event, world: World) -> list[Item]:
    """Services for the needs that none were shown for yet; and other ones, once it is known that some do not take this person."""
    who = _who(state)
    new = [need for need in needs(state.answers) if state.once(f"services:{need}")]
    again: list[str] = []
    if state.last == "special" and who != Who(under_18=who.under_18) and state.once("services_fit"):
        named = {one["need"] for one in state.shown}
        again = [need for need in needs(state.answers) if need in named and need not in new]
    items = _named(new, who, state, event, world) if new else []
    return items + (_named(again, who, state, event, world, intro="say_services_fit") if again else [])


def _named(
    wanted: Sequence[str], who: Who, state: State, event: Event, world: World, *, intro: str = "say_services_intro"
) -> list[Item]:
    earlier = {one["id"] for one in state.shown if one["need"] in wanted}
    found = [service for service in _found(wanted, who, state, event, world) if service.id not in earlier]
    if not found:
        return [] if earlier else [say("say_no_services")]
    items: list[Item] = []
    # 2,700 km without a word would read as if somebody could go there.
    for said, listed in (
        (intro, [service for service in found if not service.far]),
        ("say_services_far", [service for service in found if service.far]),
    ):
        items += [say(said), *(say("say_service", **service.values) for service in listed)] if listed else []
    if any(service.is_example for service in found):
        items.append(say("say_example_note"))
    for need in wanted:
        reports.remember(state, [service for service in found if service.values["need"] == need], need)
    return items


def _who(state: State) -> Who:
    """What the person told of themselves that may shut them out somewhere. Who asks for others too is not one person."""
    child = {"yes": True, "no": False}.get(str(state.answers.get("under_18")))
    if state.answers.get("for_whom") not in (None, "me", SKIPPED):
        return Who(under_18=child)
    special = state.answers.get("special", ())
    kept = "yes" in (state.answers.get("papers_kept"), state.signals.get("papers"))
    return Who(
        under_18=child,
        female=True if "pregnant" in special else None,
        with_children=True if "small_children" in special else None,
        has_papers=False if kept else None,
    )


def _found(wanted: Sequence[str], who: Who, state: State, event: Event, world: World) -> list[Service]:
    found: dict[str, Service] = {}
    for need in wanted:
        for service in world.services(
            need,
            country=state.country(world.countries),
            place=state.place(),
            language=event.language or state.language,
            who=who,
            limit=SERVICES_FOR_ONE if len(wanted) == 1 else SERVICES_FOR_EACH,
        ):
            # What it gives: the gateway shows that in place of a name that tells too much.
            named = replace(service, values={**service.values, "need": need})
            found.setdefault(service.id, named)
    return list(found.values())[:SERVICES_IN_ALL]
