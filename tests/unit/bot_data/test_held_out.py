"""Evaluation messages: of every meaning, apart from the training examples, with harmless look-alikes of danger among them.

What fails is named by file and line. The published split is not to be read by whoever writes examples or phrases.
"""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.messages import FOLDER, apart, folded, read
from tests.unit.bot_data.conftest import CALLS_FOR_A_PERSON, CODES, INTENTS, OFFERED, SPLITS, examples, held_out

FIELDS = {"text", "language", "intent", "look_alike", "kind"}
FILES = sorted(FOLDER.glob("*/*.jsonl"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_lines_are_objects_of_their_language_with_known_intents(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    faults = []
    for number, line in enumerate(text.splitlines(), start=1):
        row = json.loads(line)
        if not {"text", "language", "intent"} <= set(row) <= FIELDS or row["language"] != path.parent.name:
            faults.append(number)
        if row["intent"] not in INTENTS | {"other"}:
            faults.append(number)
    assert faults == []


def test_every_message_is_of_one_split() -> None:
    assert {path.stem.rstrip("_2") for path in FILES} == set(SPLITS)


@pytest.mark.parametrize("code", OFFERED)
def test_what_is_published_rests_on_enough_messages(code: str) -> None:
    mine = [message for message in read("evaluation") if message.language == code]
    count = Counter(message.intent for message in mine if not message.look_alike)
    assert {intent: count[intent] for intent in INTENTS if count[intent] < 10} == {}
    assert {intent: count[intent] for intent in CALLS_FOR_A_PERSON if count[intent] < 30} == {}
    assert sum(message.look_alike for message in mine) >= 300


@pytest.mark.parametrize("code", CODES)
def test_look_alikes_are_harmless(code: str) -> None:
    wrong = [each.name for each in held_out(code) if each.look_alike and each.intent in CALLS_FOR_A_PERSON]
    assert wrong == []


@pytest.mark.parametrize("code", CODES)
def test_few_messages_happen_to_be_examples_and_those_are_not_measured(code: str) -> None:
    """A measurement on what the model has learned by heart would say nothing about the next frightened person."""
    learned = {folded(text) for other in CODES for _, text in examples(other)}
    measured = apart(held_out(code))
    assert [each.name for each in measured if folded(each.text) in learned] == []
    assert len(measured) >= 0.95 * len(held_out(code))


@pytest.mark.parametrize("code", CODES)
def test_no_held_out_message_stands_twice(code: str) -> None:
    names: dict[str, list[str]] = {}
    for each in held_out(code):
        names.setdefault(folded(each.text), []).append(each.name)
    assert [places for places in names.values() if len(places) > 1] == []
