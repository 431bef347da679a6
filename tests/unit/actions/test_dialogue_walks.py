"""Random conversations: whatever a person does, there is a next step or an end, and no level ever falls."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.turns import TurnReply
from screening.questionnaire import NEED_QUESTIONS
from screening.questions import questionnaire
from screening.triage import LEVELS
from tests.unit.actions.conversation import Conversation, world

WORDS = ["greet", "affirm", "deny", "skip", "need_shelter", "need_health", "need_legal", "need_food_cash",
         "exploited_at_work", "documents_taken", "thanks", "where_am_i", "other"]  # fmt: skip
INTERRUPTS = ["stop", "help", "ask_human", "danger_now", "child_alone", "self_harm", "erase_data", "change_language",
              "attachment", "other_person", "third_party", "distress", "complaint", "correct", "withdraw_consent",
              "opt_out", "unlock", "duress", "wrong_word", "ask_referral", "follow_up"]  # fmt: skip
SIGNS = st.sampled_from([(), (), (), ("locked",), ("burst",), ("long_text",), ("other_language",), ("locked", "burst")])
TEXTS = st.sampled_from(["smallville", "Smallville", "stop", "", "x" * 1000, "হ্যাঁ", "/restart", "1"])
POSSIBLE = st.sampled_from([None, None, None, "danger_now", "self_harm", "child_alone", "ask_human"])

worlds = st.builds(
    world,
    countries=st.sampled_from([("BR",), ("BR", "ZA")]),
    on_call=st.booleans(),
    by_law=st.sampled_from([frozenset(), frozenset({"BR"})]),
)


def answers(conversation: Conversation) -> list[str]:
    """What the question asked last can be answered with: anything else is a miss, and two of them are a person's to read."""
    secret = ["set", "unusable"] if any(item.get("secret") for item in conversation.last) else []
    return (conversation.offered or ["skip"]) + secret


@st.composite
def events(draw: st.DrawFn, conversation: Conversation) -> tuple[str, dict[str, Any]]:
    kind = draw(st.integers(0, 9))
    if kind < 6 and conversation.question:
        return "answer", {"question": conversation.question, "value": draw(st.sampled_from(answers(conversation)))}
    if kind == 6:
        question = draw(st.sampled_from([*(q.id for q in questionnaire().questions), "nonsense"]))
        return "answer", {
            "question": question,
            "value": draw(st.sampled_from(["yes", "no", "agree", "more", "p1", "", "BR"])),
        }
    if kind == 7:
        return draw(st.sampled_from(INTERRUPTS)), {
            "text": draw(TEXTS),
            "value": draw(st.sampled_from(["1", "2"])),
            "confidence": draw(st.sampled_from([0.5, 0.6, 1.0])),
            "signs": draw(SIGNS),
        }
    if kind == 8:
        return "resume", {}
    return draw(st.sampled_from(WORDS)), {
        "text": draw(TEXTS),
        "confidence": draw(st.sampled_from([0.5, 1.0])),
        "possible": draw(POSSIBLE),
        "signs": draw(SIGNS),
    }


def check(conversation: Conversation) -> None:
    """What holds after every turn."""
    TurnReply.model_validate_json(
        json.dumps(
            {
                "turn_id": "00000000-0000-4000-8000-000000000000",
                "understood": {"intent": "other", "confidence": 0.5},
                "output": conversation.last,
            }
        )
    )
    ended = bool({"close", "hand_over"} & set(conversation.done))
    covered = conversation.said == ["say_cover"]
    assert ended or covered or conversation.question, f"neither a next step nor an end: {conversation.last}"
    assert conversation.last, "no message is left without an answer"
    if covered:
        assert conversation.question is None, "a question after the cover reply shows where the conversation was"
    assert not (ended and conversation.question), "a question after the end"


AGAIN = {"more", "need", "unusable", "no_more"}
"""Answers after which the same question may come again."""


@settings(max_examples=2000, deadline=None)
@given(data=st.data(), where=worlds, language=st.sampled_from(["en", None]))
def test_every_turn_has_a_next_step_or_an_end_and_the_level_never_falls(
    data: st.DataObject, where: Any, language: str | None
) -> None:
    conversation = Conversation(world=where, language=language)
    level, case_level = "I", "I"
    for _ in range(data.draw(st.integers(1, 25))):
        intent, values = data.draw(events(conversation))
        before, expected = conversation.question, set(answers(conversation)) - AGAIN
        fresh = conversation.state.finished
        conversation.turn(intent, **values)
        check(conversation)
        answered = intent == "answer" and values["question"] == before and values["value"] in expected
        if answered and before not in ("consent", *NEED_QUESTIONS) and "say_not_understood" not in conversation.said:
            assert conversation.question != before, "an answered question is asked again without a reason"
        anew = "locked" in values.get("signs", ()) and intent in ("help", "ask_human")
        if fresh or anew or intent == "erase_data":
            level = "I"  # a new conversation; its case keeps its level
        assert LEVELS.index(conversation.state.level) <= LEVELS.index(level)
        level = conversation.state.level
        if conversation.world.case:
            assert LEVELS.index(conversation.world.case.level) <= LEVELS.index(case_level)
            case_level = conversation.world.case.level


def test_two_misses_where_it_was_not_safe_go_to_a_person_and_safety_is_asked_again() -> None:
    conversation = Conversation()
    conversation.turn("greet")
    conversation.pick("no")
    conversation.turn("resume")
    conversation.turn("other", text="smallville")
    assert conversation.said == ["say_not_understood", "ask_safe"]
    conversation.turn("answer", question="safe", value="agree")
    assert conversation.said == ["say_person_reads", "ask_safe"]


@settings(max_examples=200, deadline=None)
@given(data=st.data(), where=worlds)
def test_words_of_danger_at_any_moment_raise_an_emergency_in_the_very_next_message(
    data: st.DataObject, where: Any
) -> None:
    conversation = Conversation(world=where)
    for _ in range(data.draw(st.integers(0, 12))):
        intent, values = data.draw(events(conversation))
        conversation.turn(intent, **values)
    conversation.write("they will kill us", "danger_now")
    # To a phone on which it was not OK to write nobody is promised a message, and whether it is by now is asked.
    held = conversation.world.held
    told = "say_person_reads" if held in ("not_safe", "other_person") else "say_emergency"
    assert next(key for key in conversation.said if key != "say_nobody_now") == told
    if held == "not_safe":
        assert conversation.question == "safe"
    else:
        assert conversation.did("hand_over")["level"] == "E"
    assert conversation.world.case is not None
    assert conversation.world.case.level == "E"


@pytest.mark.parametrize("language", ["en", None])
def test_an_emergency_is_raised_after_three_messages_of_the_bot(language: str | None) -> None:
    conversation = Conversation(language=language)
    conversation.turn("greet")
    messages = len([item for item in conversation.last if "say" in item])
    while "hand_over" not in conversation.done:
        conversation.pick({"language": "en"}.get(str(conversation.question), "yes"))
        messages += (
            len([item for item in conversation.last if "say" in item]) if "hand_over" not in conversation.done else 0
        )
    assert messages <= 3
    assert conversation.did("hand_over")["level"] == "E"


@settings(max_examples=200, deadline=None)
@given(data=st.data(), where=worlds)
def test_answering_only_what_is_asked_always_comes_to_an_end(data: st.DataObject, where: Any) -> None:
    conversation = Conversation(world=where, language=None)
    conversation.turn("greet")
    for _ in range(60):
        if not conversation.question:
            break
        wanted = [value for value in conversation.offered if value != "need"]
        conversation.pick(data.draw(st.sampled_from(wanted)))
    assert {"close", "hand_over"} & set(conversation.done)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), where=worlds)
def test_no_output_repeats_what_a_person_wrote(data: st.DataObject, where: Any) -> None:
    conversation = Conversation(world=where)
    for _ in range(data.draw(st.integers(1, 12))):
        intent, values = data.draw(events(conversation))
        conversation.turn(intent, **values | ({"text": "my name is Secret"} if "text" in values else {}))
        assert "Secret" not in str(conversation.last)
