"""Answers: stored, and what each asks for is done. A late or unclear answer is treated as is safest for the person."""

from bot.actions.asking import finish, upcoming
from bot.actions.handover import keep_case, open_case, to_person
from bot.actions.interrupts import MISSES, person
from bot.actions.meaning import add, picked, raises
from bot.actions.output import Item, close, say, set_language
from bot.actions.state import Event, State
from bot.actions.world import World
from screening.questionnaire import NEED_QUESTIONS, SKIPPED, Question
from screening.questions import questionnaire
from screening.triage import GRADES

PROTECTIVE = frozenset({("safe", "no"), ("consent", "no"), ("contact", "no"), ("contact", "later")})
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
    _store(question, values, state)
    items: list[Item] = []
    match question.id, values[0]:
        case "language", code:
            items = _spoken(code, state, world)
        case "safe", "no":
            items = _unsafe(state, world)
        case "consent", given:
            world.record_consent("talk", given=given == "agree", language=event.language or state.language)
        case "block_2" | "anything_else", "person":
            items = person(state, world)
        case "anything_else", "need":
            state.reopened = [*NEED_QUESTIONS, "anything_else"]
        case "contact", way:
            items = _contact(way, state, event, world)
    if not state.finished and not state.handed_over:
        items += keep_case(state, world)
    if (question.id, values[0]) == ("anything_else", "finish") and not state.handed_over:
        items += finish(state, world, "say_goodbye", "finished")
    return items


def _unsafe(state: State, world: World) -> list[Item]:
    """Nothing may reach this phone again: no case is opened from it, and no word more is said.

    Where there is a case already, who works on it must see at once not to write.
    """
    if state.case_known:
        open_case(state, world, "screening")
    state.finished = True
    return [say("say_neutral_goodbye"), close("not_safe")]


def _store(question: Question, values: list[str], state: State) -> None:
    state.question = None if state.question == question.id else state.question
    state.urgent = None if state.urgent == question.id else state.urgent
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


def _spoken(code: str, state: State, world: World) -> list[Item]:
    if code == SKIPPED:
        return to_person(state, world, reason="not_understood")
    changed = state.language is not None and state.language != code
    state.language = code
    return [set_language(code), *([say("say_language_changed")] if changed else [])]


def _contact(way: str, state: State, event: Event, world: World) -> list[Item]:
    given = way == "write_here"
    world.record_consent("contact", given=given, language=event.language or state.language)
    if given:
        return to_person(state, world, reason="contact", message="say_person_will_write")
    return [say("say_later" if way == "later" else "say_no_contact")]


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
