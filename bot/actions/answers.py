"""Answers: stored, and what each asks for is done. A late or unclear answer is treated as is safest for the person."""

from bot.actions import reports
from bot.actions.asking import finish, upcoming
from bot.actions.calls import CALLED
from bot.actions.consent import CONTACT_PLAN, REACHED_BY, contact, referral, talk, withdraw
from bot.actions.handover import keep_case, open_case, to_person, told_when_safe
from bot.actions.interrupts import MISSES, complaint, person, spoken, third_party
from bot.actions.meaning import add, picked, raises
from bot.actions.output import Item, close, no_complaint, say
from bot.actions.places import forget_place
from bot.actions.state import Event, State
from bot.actions.world import World
from screening.questionnaire import NEED_QUESTIONS, SKIPPED, Question
from screening.questions import UNUSABLE, questionnaire
from screening.triage import GRADES

PROTECTIVE = frozenset({
    ("safe", "no"), ("consent", "no"), ("contact", "no"), ("contact", "later"),
    ("referral", "no"), ("referral", "later"), ("follow_up", "no_more"),
})  # fmt: skip
"""Answers that are honoured even when they come late: they take something back from us, never from the person."""


def option(state: State, event: Event, world: World) -> list[Item]:
    """A picked option. A late one counts if it protects or makes the level more urgent; else what is open is asked again."""
    question = questionnaire().get(event.question or "")
    values = picked(question, event, state, world) if question else []
    if question is None or not values:
        return missed(state, world) if event.question in (None, state.question) else []
    now = upcoming(state, event, world)
    current = state.question or (now.id if now else None)
    late = question.id != current
    protects = question.id in state.answered and (question.id, values[0]) in PROTECTIVE
    if late and not protects and not (question.id in state.answered and raises(question, values, state)):
        return []
    return answer(question, values, state, event, world)


def answer(question: Question, values: list[str], state: State, event: Event, world: World) -> list[Item]:
    """Store an answer and do what it asks for."""
    state.misses = 0
    if question.id == "consent" and values == ["more"]:
        return [say("say_notice_more")] if state.once("notice_more") else missed(state, world)
    if question.id == "language" and values == ["more"]:
        state.once("more_languages")
        return []
    if question.secret and values == [UNUSABLE]:
        if state.once(f"unusable:{question.id}"):
            return [say("say_word_not_usable")]
        values = [SKIPPED]  # asked twice is enough: without a word the conversation simply begins anew after a pause
    _store(question, values, state)
    items = _done(question, values[0], state, event, world)
    if not state.finished and not state.handed_over:
        items += keep_case(state, world)
    if not state.finished and not state.handed_over:
        items += _after(question, values[0], state, event, world)
    if (question.id, values[0]) == ("anything_else", "finish") and not state.handed_over:
        items += finish(state, world, "say_goodbye", "finished")
    return items


def _done(question: Question, value: str, state: State, event: Event, world: World) -> list[Item]:
    """What an answer does besides being kept."""
    if question.id == "consent":
        talk(value, state, event, world)
    elif question.id == "contact":
        return contact(value, state, event, world)
    elif question.id == "referral":
        return referral(value, state, event, world)
    elif question.id == "complaint":
        return _complained(value, state, world)
    elif question.id in (reports.PLACE, reports.HAPPENED):
        return reports.answered(question.id, value, state, world)
    elif question.secret and value != SKIPPED:
        return [say("say_word_kept")] if question.id.endswith("_word") else []
    return _steps(question.id, value, state, world)


def _complained(value: str, state: State, world: World) -> list[Item]:
    """What was written is kept apart. Where it was no complaint, whoever wrote so is not left to a machine."""
    if value == "none":
        return [no_complaint(), *person(state, world)]
    return [say("say_complaint_kept")]


def _steps(question: str, value: str, state: State, world: World) -> list[Item]:
    match question, value:
        case "language", code:
            return spoken(code, state, world)
        case "safe", "no":
            return _unsafe(state, world)
        case "safe", "yes" if not state.watched and world.held == "not_safe":
            # What else keeps staff from writing ends by their hand alone: whoever has the phone can say that it is OK.
            world.hold(None)
        case "shared_phone", answered:
            world.mark_shared(shared=answered != "no")
        case "place_confirm", "none" if state.once("another_place"):
            forget_place(state)
        case "block_2" | "anything_else", "person":
            return person(state, world)
        case "anything_else", "need":
            state.reopened = [*NEED_QUESTIONS, "anything_else"]
        case "anything_else", "place" if state.shown:
            state.answers.pop("anything_else", None)  # asked again when that is done
            return reports.begin(state)
        case "for_whom", "both" if state.once("third_party"):
            return [say("say_third_party")]
    return []


def _after(question: Question, value: str, state: State, event: Event, world: World) -> list[Item]:
    """A person takes over where the questionnaire says so, and when the ways of being reached are known."""
    reason = question.reason_after(value)
    if reason == "third_party":
        return third_party(state, world)
    if reason == "complaint":
        state.follow_up_due = False
        if question.id == "follow_up":
            world.followed_up(value)
        return complaint(state, world, told=False)
    if reason is not None:
        # "Stay near an adult you trust" is hard to read for a child who has just said that there is none.
        told = "say_child" if reason == "child" and value != "no" else "say_person_coming"
        return to_person(state, world, reason=reason, message=told)
    if question.id in CONTACT_PLAN and state.answers.get("contact") in REACHED_BY:
        following = upcoming(state, event, world)
        urgent = state.level in ("E", "U")
        if urgent or following is None or following.id not in CONTACT_PLAN:
            told = "say_call_noted" if state.answers.get("contact") in CALLED else "say_person_will_write"
            return to_person(state, world, reason="contact", message=told)
    if (question.id, value) == ("safe", "yes"):
        return told_when_safe(state, world)
    return _reported_back(question.id, value, state, world)


def _reported_back(question: str, value: str, state: State, world: World) -> list[Item]:
    """The desk asked: it gets the answer. What did not work, or nobody knows, is looked at by a person."""
    if question in (reports.PLACE, reports.HAPPENED) and reports.ends_with_a_person(state):
        return to_person(state, world, reason="follow_up")
    if question not in ("referral", "follow_up"):
        return []
    state.follow_up_due = False
    if question == "follow_up":
        world.followed_up(value)
    if value == "no_more":
        return withdraw(state, world)
    if question == "follow_up" and value == "yes":
        return [say("say_noted")]
    if question == "follow_up" and value == "no" and state.shown:
        # The desk knows already: whoever does not say what happened there is not forgotten.
        open_case(state, world, "follow_up")
        return reports.begin(state, followed_up=True)
    return to_person(state, world, reason=question)


def _unsafe(state: State, world: World) -> list[Item]:
    """Nothing may reach this phone again: no case is opened from it, and no word more is said.

    Where there is a case already, who works on it must see at once not to write.
    """
    if state.case_known:
        open_case(state, world, "screening")
    world.hold("not_safe")
    state.finished = True
    return [say("say_neutral_goodbye"), close("not_safe")]


def _store(question: Question, values: list[str], state: State) -> None:
    state.question = None if state.question == question.id else state.question
    state.urgent = None if state.urgent == question.id else state.urgent
    state.last = question.id
    asked_again = question.id in state.reopened
    state.reopened = [name for name in state.reopened if name != question.id]
    before = state.answers.get(question.id)
    if question.multiple and values != [SKIPPED]:
        if asked_again and "more" not in values:
            state.reopened = [name for name in state.reopened if name != "needs_more"]
        add(state, question.id, values)
    elif question.multiple and before:
        return  # a skip takes back none of the needs named before
    elif question.id == "danger" and before in GRADES:
        # Asked a second time after doubtful words: the graver of the two answers stays.
        state.answers["danger"] = max(before, values[0], key=[*GRADES].index)
    else:
        state.answers[question.id] = values[0]


def missed(state: State, world: World) -> list[Item]:
    """Not understood: asked once more; the second time in a row a person takes over, and the answer counts as the file says."""
    state.misses += 1
    if state.misses < MISSES:
        return [say("say_not_understood")]
    question = questionnaire().get(state.question or "")
    if question is not None and question.unclear != SKIPPED and question.id not in state.answers:
        state.answers[question.id] = [question.unclear] if question.multiple else question.unclear
    state.signals["bot_failure"] = True
    return to_person(state, world, reason="misses")
