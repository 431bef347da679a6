"""The shell between Rasa and the dialogue: what is read from a tracker, what goes back into slots."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.actions import STEPS, make_executor, read_event
from bot.actions.interrupts import INTERRUPTS
from bot.actions.memory import MemoryWorld
from bot.actions.state import State
from core.settings import PROJECT
from tests.unit.actions.conversation import world

CONVERSATION = "00000000-0000-4000-8000-000000000001"
DOMAIN = yaml.safe_load((PROJECT / "bot" / "domain" / "domain.yml").read_text())


def tracker(
    intent: str, *, text: str | None = None, slots: dict[str, Any] | None = None, form: bool = True, **said: str
) -> Tracker:
    message = {
        "intent": {"name": intent, "confidence": 0.7},
        "entities": [{"entity": name, "value": value} for name, value in said.items()],
        "text": f"/{intent}" if text is None else text,
        "metadata": {"language": "fr", "language_guess": "ar"},
    }
    return Tracker(
        CONVERSATION, slots or {}, message, [], False, None, {"name": "screening_form"} if form else {}, None
    )


def run(action: str, of: Tracker, where: MemoryWorld | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    where = where or world()

    @contextmanager
    def opened(conversation_id: UUID) -> Iterator[MemoryWorld]:
        assert conversation_id == UUID(CONVERSATION)
        yield where

    dispatcher = CollectingDispatcher()
    events = asyncio.run(make_executor(opened).actions[action](dispatcher, of, {}))
    return {event["name"]: event["value"] for event in events}, [message["custom"] for message in dispatcher.messages]


def test_what_a_person_did_is_read_from_the_tracker() -> None:
    event = read_event(tracker("answer", question="danger", value="yes"))
    assert (event.intent, event.question, event.value, event.text, event.language, event.language_guess) == (
        "answer", "danger", "yes", "", "fr", "ar",
    )  # fmt: skip
    event = read_event(tracker("other", text="he comes", possible="danger_now"))
    assert (event.text, event.possible, event.confidence) == ("he comes", "danger_now", 0.7)


@pytest.mark.parametrize(
    "message", [{}, {"intent": {}, "entities": [], "text": None, "metadata": None}, {"entities": None}]
)
def test_a_message_without_anything_is_read_as_not_understood(message: dict[str, Any]) -> None:
    assert read_event(Tracker(CONVERSATION, {}, message, [], False, None, {}, None)).intent == "other"


def test_a_payload_is_no_text_of_the_person() -> None:
    assert read_event(tracker("stop")).text == ""


@pytest.mark.parametrize("text", ["1", "5.", "1 3", "٧"])
def test_a_number_that_is_no_option_takes_back_no_answer(text: str) -> None:
    event = read_event(tracker("correct", text=text, possible="danger_now"))
    assert (event.intent, event.possible) == ("other", None)


def test_a_number_in_the_first_message_that_rasa_took_for_words_breaks_nothing() -> None:
    slots, said = run("action_correct", tracker("correct", text="7", form=False))
    assert said == []
    assert slots.get("last") is None


def test_the_form_leaves_an_interrupt_to_its_rule_without_a_word_or_a_slot() -> None:
    assert run("validate_screening_form", tracker("help")) == ({}, [])


def test_an_answer_returns_only_the_slots_that_changed_and_never_none_at_all() -> None:
    answer = tracker("answer", slots={"question": "safe", "language": "fr"}, value="yes", question="safe")
    slots, items = run("validate_screening_form", answer)
    assert slots == {"question": None, "answers": {"safe": "yes"}, "last": "safe", "answer": None}
    assert items == []
    slots, _ = run("validate_screening_form", tracker("resume", slots={"language": "fr"}))
    assert slots == {"answer": None}


def test_the_form_is_ended_by_the_end_of_the_dialogue_and_only_inside_the_form() -> None:
    assert run("action_stop", tracker("stop"))[0]["answer"] == "done"
    assert run("action_stop", tracker("stop", form=False))[0]["answer"] is None
    assert run("action_finish", tracker("stop", slots={"finished": True}))[0] == {"answer": None}


def test_the_tracker_is_not_changed_under_rasa() -> None:
    slots = {"answers": {"safe": "yes"}, "question": "danger", "asked": ["greeted"]}
    run("validate_screening_form", tracker("answer", slots=slots, question="danger", value="no"))
    assert slots == {"answers": {"safe": "yes"}, "question": "danger", "asked": ["greeted"]}


def test_the_domain_the_rules_and_the_actions_name_the_same_things() -> None:
    rules = yaml.safe_load((PROJECT / "bot" / "data" / "rules.yml").read_text())["rules"]
    assert set(DOMAIN["actions"]) == set(STEPS)
    assert set(DOMAIN["slots"]) == {"answer", *State().slots()}
    intents = {next(iter(intent)) for intent in DOMAIN["intents"]}
    followed = {step["intent"] for rule in rules for step in rule["steps"] if "intent" in step}
    assert followed == set(INTERRUPTS)
    begun = {each["intent"] for rule in rules for step in rule["steps"] for each in step.get("or", [])}
    assert begun | followed == intents, "a first word that no rule follows would be answered by silence"


def test_every_training_intent_is_one_of_the_domain() -> None:
    intents = {next(iter(intent)) for intent in DOMAIN["intents"]}
    for path in sorted(Path(PROJECT, "bot", "data").glob("*/nlu.yml")):
        told = {
            entry["intent"] for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"] if "intent" in entry
        }
        assert told <= intents, path.parent.name
