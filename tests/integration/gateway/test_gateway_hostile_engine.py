"""Rasa's process is not trusted: whatever it answers, nothing of it reaches a person or another conversation, and a human hears of it."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.engine_client import HttpEngine
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

HONEST = "Something does not work"


def good(turn: dict[str, Any]) -> dict[str, Any]:
    return {
        "turn_id": turn["turn_id"],
        "understood": {"intent": "x", "confidence": 0.5},
        "output": [{"say": "say_intro"}],
    }


Spoil = Callable[[dict[str, Any]], Any]
HOSTILE: dict[str, Spoil] = {
    "huge": lambda turn: good(turn) | {"output": [{"say": "say_intro", "values": {"a": "x" * 300_000}}]},
    "deep": lambda _turn: "[" * 100_000,
    "not json": lambda _turn: "<html>",
    "a list": lambda turn: [good(turn)],
    "wrong types": lambda turn: good(turn) | {"output": {"say": "say_intro"}},
    "confidence of nobody": lambda turn: good(turn) | {"understood": {"intent": "x", "confidence": "NaN"}},
    "unknown field": lambda turn: good(turn) | {"to": "+15005550099"},
    "unknown action": lambda turn: good(turn) | {"output": [{"do": "send_sms", "to": "+15005550099", "text": "come"}]},
    "free text": lambda turn: good(turn) | {"output": [{"text": "come to the station, alone"}]},
    "key that is a path": lambda turn: good(turn) | {"output": [{"say": "../../etc/passwd"}]},
    "another turn": lambda turn: good(turn) | {"turn_id": str(uuid4())},
    "another conversation": lambda turn: good(turn) | {"conversation_id": str(uuid4())},
    "fifty messages": lambda turn: good(turn) | {"output": [{"say": "say_intro"}] * 50},
    "nothing": lambda turn: good(turn) | {"output": []},
    "level of nobody": lambda turn: good(turn) | {"output": [{"do": "hand_over", "reason": "x", "level": "Z"}]},
    "language of nobody": lambda turn: good(turn) | {"output": [{"do": "set_language", "language": "'; DROP TABLE"}]},
    "values without end": lambda turn: good(turn) | {"output": [{"say": "say_intro", "values": {f"v{n}": 1 for n in range(500)}}]},
}  # fmt: skip


def hostile(line: Line, spoil: Spoil) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        said = spoil(json.loads(request.content))
        return httpx.Response(200, content=said if isinstance(said, str) else json.dumps(said))

    engine = HttpEngine(line.gateway.settings, transport=httpx.MockTransport(answer))
    line.gateway = replace(line.gateway, engine=engine)


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_reply_does_nothing_but_raise_an_alarm(line: Line, kind: str) -> None:
    hostile(line, HOSTILE[kind])
    threads = threading.active_count()
    await line.say("hello")
    assert len(line.twilio.sent) == 1, "the honest message and nothing else"
    assert line.twilio.bodies[0].startswith(HONEST)
    assert {form["To"] for form in line.twilio.sent} == {"+15005550010"}
    (case,) = line.cases()
    assert (case.level, case.reason, line.conversation().owner) == ("U", "bot_failure", "desk")
    assert threading.active_count() <= threads + 8


async def test_a_key_that_there_is_not_says_no_more_than_help(line: Line) -> None:
    hostile(line, lambda turn: good(turn) | {"output": [{"say": "say_come_alone"}]})
    await line.say("hello")
    assert line.twilio.bodies == ["You can write here."]


@pytest.mark.parametrize("link", ["https://evil.example/x", "example.org", "wa.me/15005550099"])
async def test_a_link_that_rasa_slips_into_a_value_does_not_leave(line: Line, link: str) -> None:
    hostile(
        line,
        lambda turn: (
            good(turn)
            | {"output": [{"say": "say_emergency", "values": {"reference": link, "time": "2026-01-01T00:00:00+00:00"}}]}
        ),
    )
    await line.say("hello")
    assert all(link not in body for body in line.twilio.bodies)
