"""Reading a turn and finding its reply again in the events of the conversation."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.turns import FIELDS, InvalidTurn, read_turn, said

TURN: dict[str, Any] = {
    "conversation_id": "8B4B5B0E-0000-4000-8000-000000000001",
    "turn_id": "8b4b5b0e-0000-4000-8000-000000000002",
    "text": "hello",
    "payload": None,
    "language": "fr",
    "language_guess": None,
    "channel": "sms",
    "new_session": False,
}


def test_a_turn_is_read() -> None:
    turn = read_turn(json.dumps(TURN).encode())
    assert turn.conversation_id == "8b4b5b0e-0000-4000-8000-000000000001"  # one spelling: the tracker is found by it
    assert turn.text == "hello"
    assert turn.metadata == {
        "turn_id": TURN["turn_id"],
        "language": "fr",
        "language_guess": None,
        "channel": "sms",
        "alarm": None,
        "signs": [],
    }


@pytest.mark.parametrize(
    "intent", ["restart", "session_start", "back", "danger_now", "thanks", "", None, 3, ["answer"]]
)
def test_a_payload_means_only_what_a_button_may_mean(intent: object) -> None:
    with pytest.raises(InvalidTurn, match="payload"):
        read_turn(
            json.dumps(TURN | {"text": None, "payload": {"intent": intent, "question": None, "value": None}}).encode()
        )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(FIELDS)), json_values)
def test_a_wrong_field_is_refused_by_name_and_never_quoted(field: str, value: Any) -> None:
    assert outcome(json.dumps(TURN | {field: value}).encode()) in {f"invalid {name}" for name in FIELDS | {"body"}} | {
        "read"
    }


def outcome(body: bytes) -> str:
    try:
        read_turn(body)
    except InvalidTurn as error:
        return str(error)
    return "read"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(InvalidTurn):
        read_turn(body)


def user(turn_id: str | None, intent: str = "greet") -> dict[str, Any]:
    metadata = {"turn_id": turn_id} if turn_id else None
    return {"event": "user", "metadata": metadata, "parse_data": {"intent": {"name": intent, "confidence": 0.7}}}


def bot(item: object) -> dict[str, Any]:
    return {"event": "bot", "text": None, "data": {"custom": item}}


def test_the_reply_of_a_turn_is_what_the_bot_said_until_the_next_one() -> None:
    events = [
        user("a"),
        bot({"say": "one"}),
        user("b", "affirm"),
        bot({"say": "two"}),
        {"event": "action"},
        bot({"do": "close"}),
        user("c"),
    ]
    assert said(events, "b") == {
        "turn_id": "b",
        "understood": {"intent": "affirm", "confidence": 0.7},
        "output": [{"say": "two"}, {"do": "close"}],
    }


def test_a_turn_that_said_nothing_is_not_a_turn_that_never_ran() -> None:
    events = [user("a"), user(None)]
    assert said(events, "a") == {"turn_id": "a", "understood": {"intent": "greet", "confidence": 0.7}, "output": []}
    assert said(events, "z") is None
    assert said([], "a") is None


def test_text_of_the_bot_without_an_item_is_not_said() -> None:
    assert said([user("a"), {"event": "bot", "text": "raw", "data": {"custom": None}}], "a") == {
        "turn_id": "a",
        "understood": {"intent": "greet", "confidence": 0.7},
        "output": [],
    }
