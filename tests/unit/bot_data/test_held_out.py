"""Held-out messages: of every meaning, apart from the training examples, with harmless look-alikes of danger among them."""

import json
import unicodedata
from collections import Counter

import pytest

from tests.unit.bot_data.conftest import CALLS_FOR_A_PERSON, CODES, EVALUATION, INTENTS, examples, folded, held_out


@pytest.mark.parametrize("code", CODES)
def test_lines_are_objects_of_their_language_with_known_intents(code: str) -> None:
    text = (EVALUATION / f"{code}.jsonl").read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    for line in text.splitlines():
        assert {"text", "language", "intent"} <= set(json.loads(line)) <= {"text", "language", "intent", "look_alike"}
    assert {each.language for each in held_out(code)} == {code}
    assert {each.intent for each in held_out(code)} == INTENTS | {"other"}


@pytest.mark.parametrize("code", CODES)
def test_every_intent_has_5_lines_other_20_and_30_lines_only_look_like_danger(code: str) -> None:
    count = Counter(each.intent for each in held_out(code) if not each.look_alike)
    assert {intent: count[intent] for intent in INTENTS if count[intent] < 5} == {}
    assert count["other"] >= 20
    assert sum(each.look_alike for each in held_out(code)) >= 30


@pytest.mark.parametrize("code", CODES)
def test_look_alikes_are_harmless(code: str) -> None:
    assert [each for each in held_out(code) if each.look_alike and each.intent in CALLS_FOR_A_PERSON] == []


def test_no_held_out_message_is_a_training_example_of_any_language() -> None:
    """A measurement on what the model has learned by heart would say nothing about the next frightened person."""
    learned = {folded(text) for code in CODES for _, text in examples(code)}
    assert [each.text for code in CODES for each in held_out(code) if folded(each.text) in learned] == []


@pytest.mark.parametrize("code", CODES)
def test_no_held_out_message_stands_twice(code: str) -> None:
    count = Counter(folded(each.text) for each in held_out(code))
    assert [text for text, times in count.items() if times > 1] == []
