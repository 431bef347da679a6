"""The channel of a running engine: what it takes, what it refuses, what it answers twice, what it never prints."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.databases import end_connections
from tests.integration.engine.running import (
    ACTIONS_SECRET,
    SECRET,
    Actions,
    Engine,
    a_turn,
    needs_engine,
    run_python,
)
from tests.ports import free_port

pytestmark = [needs_engine, pytest.mark.engine]

WORDS = "heliotrope marmalade"  # said by a person in these tests; must never be printed


def echo(reply: httpx.Response) -> dict[str, Any]:
    assert reply.status_code == 200, reply.text
    values: dict[str, Any] = reply.json()["output"][0]["values"]
    return values


def test_health_gives_the_sum_of_the_model(engine: Engine, model: Path) -> None:
    reply = httpx.get(f"{engine.url}/health", headers={"X-Waymark-Secret": SECRET})
    assert reply.json() == {"ready": True, "model": model.with_name(model.name + ".sha256").read_text().split()[0]}


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET[:-1]])
def test_nothing_is_told_without_the_secret(engine: Engine, secret: str | None) -> None:
    assert engine.post(a_turn(text="hello"), secret).status_code == 403
    headers = {} if secret is None else {"X-Waymark-Secret": secret}
    assert httpx.get(f"{engine.url}/health", headers=headers).status_code == 403


def test_a_turn_of_text_is_understood_and_answered(engine: Engine, actions: Actions) -> None:
    turn = a_turn(text="I need a place to sleep", language="en", language_guess="fr", channel="whatsapp")
    reply = engine.post(turn)
    body = reply.json()
    assert body["turn_id"] == turn["turn_id"]
    assert body["understood"]["intent"] == "need_shelter"
    assert 0.3 <= body["understood"]["confidence"] <= 1
    assert set(body) == {"turn_id", "understood", "output"}
    expected = {"turn_id": turn["turn_id"], "language": "en", "language_guess": "fr", "channel": "whatsapp"}
    assert expected.items() <= echo(reply)["metadata"].items()
    assert actions.secrets[-1] == ACTIONS_SECRET


def test_a_payload_needs_no_understanding(engine: Engine) -> None:
    reply = engine.turn(payload={"intent": "answer", "question": "safe", "value": "yes"})
    assert reply.json()["understood"] == {"intent": "answer", "confidence": 1.0}
    assert echo(reply)["entities"] == {"question": "safe", "value": "yes"}


@pytest.mark.parametrize("text", ["/restart", ' /answer{"value": "yes"}', "\u200e/hello", "//greet", "/"])
def test_text_never_becomes_a_command(engine: Engine, text: str) -> None:
    reply = engine.turn(text=text)
    assert reply.status_code == 200
    assert reply.json()["understood"]["intent"] not in {"restart", "answer", "session_start"}


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800 hello", "\u202e\u200b", "x" * 1000, "\U0001f44d", "আমি বিপদে আছি", "ຊ່ວຍແດ່"]
)
def test_strange_text_is_answered(engine: Engine, text: str) -> None:
    assert engine.turn(text=text).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"text": None},
        {"text": "hello", "payload": {"intent": "help", "question": None, "value": None}},
        {"text": "x" * 1001},
        {"text": 5},
        {"payload": {"intent": "restart", "question": None, "value": None}, "text": None},
        {"payload": {"intent": "danger_now"}, "text": None},
        {"conversation_id": "not-an-id"},
        {"turn_id": None},
        {"channel": "email"},
        {"language": "en; DROP"},
        {"new_session": "yes"},
        {"sender": "me"},
    ],
)
def test_what_is_no_turn_is_refused(engine: Engine, change: dict[str, object]) -> None:
    reply = engine.post(a_turn(text="hello") | change)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith("invalid_")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 10000, b'{"text": "\xff"}'])
def test_what_is_no_json_is_refused(engine: Engine, body: bytes) -> None:
    assert engine.post(body).status_code == 400


def test_a_large_body_is_refused(engine: Engine) -> None:
    assert engine.post(b" " * (16 * 1024 + 1)).status_code == 413


def test_a_repeated_turn_gets_the_same_answer_and_runs_nothing(engine: Engine, actions: Actions) -> None:
    turn = a_turn(text="hello")
    first = engine.post(turn).json()
    engine.turn(conversation_id=turn["conversation_id"], text="thank you, good morning")
    calls = len(actions.calls)
    assert engine.post(turn).json() == first
    assert engine.post(turn | {"new_session": True}).json() == first
    assert len(actions.calls) == calls


def test_a_conversation_goes_on_until_a_new_session_starts_it_afresh(engine: Engine) -> None:
    conversation = str(uuid4())
    assert echo(engine.turn(conversation_id=conversation, text="hello"))["turns"] == 1
    assert echo(engine.turn(conversation_id=conversation, text="hello"))["turns"] == 2
    assert echo(engine.turn(conversation_id=conversation, text="hello", new_session=True))["turns"] == 1
    assert echo(engine.turn(conversation_id=conversation, text="hello"))["turns"] == 2


@pytest.mark.parametrize(
    ("payload", "code"),
    [("help", "action"), ("change_language", "action"), ("resume", "action")],
)
def test_a_failed_action_fails_the_turn_and_is_forgotten(engine: Engine, payload: str, code: str) -> None:
    conversation = str(uuid4())
    engine.turn(conversation_id=conversation, text="hello")
    failed = engine.turn(conversation_id=conversation, payload={"intent": payload, "question": None, "value": WORDS})
    assert (failed.status_code, failed.json()) == (500, {"error": code})
    assert echo(engine.turn(conversation_id=conversation, text="hello"))["turns"] == 2


def test_a_turn_no_rule_answers_fails_instead_of_saying_nothing(engine: Engine) -> None:
    failed = engine.turn(payload={"intent": "attachment", "question": None, "value": "audio"})
    assert (failed.status_code, failed.json()) == (500, {"error": "no_rule"})


def test_a_reply_that_breaks_the_schema_fails_the_turn(engine: Engine) -> None:
    failed = engine.turn(text="thank you so much")
    assert (failed.status_code, failed.json()) == (500, {"error": "action"})


def test_erasure_leaves_no_word_behind_and_can_be_repeated(
    engine: Engine, events: Callable[[str], bytes | None]
) -> None:
    turn = a_turn(payload={"intent": "erase_data", "question": None, "value": None})
    for _ in range(8):
        engine.turn(conversation_id=turn["conversation_id"], text=f"hello {WORDS}")
    before = events(turn["conversation_id"])
    reply = engine.post(turn)
    after = events(turn["conversation_id"])
    assert reply.json()["output"][-1] == {"do": "erase"}
    assert before is not None
    assert after is not None
    assert len(after) < len(before)
    assert engine.post(turn).json() == reply.json()
    assert (
        echo(engine.turn(conversation_id=turn["conversation_id"], text="hello"))["turns"] == 2
    )  # the erasure itself and this one


def test_the_stored_conversation_is_sealed(engine: Engine, events: Callable[[str], bytes | None]) -> None:
    conversation = str(uuid4())
    engine.turn(conversation_id=conversation, text=WORDS)
    stored = events(conversation)
    assert stored is not None
    assert b"heliotrope" not in stored
    assert conversation.encode() not in stored


def test_the_engine_finds_its_database_again(engine: Engine, engine_database: str) -> None:
    conversation = str(uuid4())
    engine.turn(conversation_id=conversation, text="hello")
    end_connections(engine_database)
    assert echo(engine.turn(conversation_id=conversation, text="hello"))["turns"] == 2


def test_the_action_server_is_called_over_a_kept_connection(engine: Engine, actions: Actions) -> None:
    engine.turn(text="hello")
    before = actions.connections
    for _ in range(5):
        engine.turn(text="hello")
    assert actions.connections - before <= 1


def test_the_engine_answers_only_its_own_two_routes(engine: Engine) -> None:
    done = run_python("-m", "bot.engine.server", "--routes")
    assert done.stdout.splitlines() == ["GET /webhooks/waymark/health", "POST /webhooks/waymark/turn"]
    root = engine.url.removesuffix("/webhooks/waymark")
    for path in ("/", "/status", "/version", "/model/parse", "/webhooks/rest/webhook", "/conversations/x/tracker"):
        assert httpx.get(root + path).status_code == 404
        assert "rasa" not in httpx.get(root + path).text.lower()


def test_nothing_a_person_said_is_printed(engine: Engine) -> None:
    for intent in ("stop", "help"):
        engine.turn(text=f"{WORDS}", payload=None)
        engine.turn(payload={"intent": intent, "question": None, "value": WORDS})
    engine.turn(text=f"thank you so much {WORDS}")
    engine.post(json.dumps(a_turn(text=WORDS, channel=WORDS)).encode())
    assert "heliotrope" not in engine.printed
    assert "failed: action" in engine.printed  # the failures are there, as codes and places
    assert SECRET not in engine.printed
    assert ACTIONS_SECRET not in engine.printed


def test_the_engine_stops_cleanly_when_interrupted(engine_environment: dict[str, str]) -> None:
    second = Engine(engine_environment | {"WAYMARK_ENGINE_PORT": str(free_port())})
    second.start()
    assert second.stop(signal.SIGINT) == 0
    assert "Traceback" not in second.printed
