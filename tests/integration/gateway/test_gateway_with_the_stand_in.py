"""The channels against the stand-in of Twilio over real HTTP, in the languages of this copy: each takes what the other sends."""

import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from core.catalogues import Catalogues
from core.database import Sessions
from core.languages import load_languages
from core.settings import PROJECT, Settings, read_settings
from core.turns import Choice, Payload, Say, SetLanguage
from gateway.bootstrap import make_gateway
from gateway.scripted_engine import ScriptedEngine
from gateway.simulator.api import make_simulator
from gateway.webhooks import make_router
from tests.integration.gateway.doubles import THEM, FakeTwilio, Line

pytestmark = pytest.mark.anyio

FRENCH = SetLanguage(do="set_language", language="fr")
YES_NO = tuple(Choice(value=value, label=f"choice_{value}") for value in ("yes", "no", "unsure"))
SAFE = Say(say="ask_safe", question="safe", choices=YES_NO)
SHARED = Say(say="ask_under_18", question="under_18", choices=(*YES_NO, Choice(value="skip", label="choice_skip")))
CONSENT = Say(
    say="ask_anything_else",
    question="anything_else",
    choices=(Choice(value="need", label="choice_need"), Choice(value="finish", label="choice_finish")),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(app: FastAPI, port: int) -> Any:
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
async def chat(settings: Settings, sessions: Sessions, database_url: str) -> AsyncIterator["Chat"]:
    ours, theirs = free_port(), free_port()
    settings = read_settings(
        **(
            settings.model_dump()
            | {
                "port": ours,
                "phone_port": theirs,
                "public_url": f"http://127.0.0.1:{ours}",
                "twilio_api_url": f"http://127.0.0.1:{theirs}",
            }
        )
    )
    languages = load_languages(settings.languages)
    catalogues = Catalogues.load(PROJECT / "locale", settings.languages)
    made = make_gateway(settings, sessions, languages, catalogues)
    engine = ScriptedEngine()
    made.engine.close()
    gateway = replace(made, engine=engine)
    web = FastAPI()
    web.include_router(make_router(gateway))
    with served(web, ours), served(make_simulator(settings, pace=0.01), theirs):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{theirs}", trust_env=False, timeout=10) as phone:
            yield Chat(Line(gateway, engine, FakeTwilio("", ""), phone, database_url), phone)
    gateway.close()


class Chat:
    """A person at the phone page."""

    def __init__(self, line: Line, phone: httpx.AsyncClient) -> None:
        self.line = line
        self.phone = phone

    async def write(self, text: str = "", *, channel: str = "sms", **what: Any) -> None:
        before = len(self.line.rows("inbound"))
        answer = await self.phone.post("/phone/send", json={"phone": THEM, "channel": channel, "text": text, **what})
        assert answer.status_code == 202, answer.text
        await until(lambda: len(self.line.rows("inbound")) > before)
        await self.line.work()

    async def shown(self, channel: str = "sms") -> list[dict[str, Any]]:
        """What is on the phone once everything that Twilio accepted has reached it: accepted is not yet delivered."""
        deadline = time.monotonic() + 10
        while True:
            answer = await self.phone.post("/phone/open", json={"phone": THEM, "channel": channel})
            entries = [entry for entry in answer.json()["entries"] if entry["from"] == "service"]
            accepted = [row for row in self.line.rows("outbound") if row.provider_sid]
            if len(entries) >= len(accepted):
                return entries
            assert time.monotonic() < deadline, "an accepted message did not reach the phone"
            await anyio.sleep(0.02)


async def until(look: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "it did not happen in time"
        await anyio.sleep(0.05)


async def test_a_conversation_by_sms_in_french(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, SAFE], [Say(say="say_goodbye")]]
    await chat.write("bonjour, j'ai besoin d'aide")
    (asked,) = await chat.shown()
    assert "\n1 Oui\n2 Non\n3 " in asked["text"]
    await until(lambda: chat.line.rows("outbound")[0].status == "delivered")
    await chat.write("deux")
    first, second = chat.line.engine.requests
    assert first.language_guess == "fr"
    assert second.payload == Payload(intent="answer", question="safe", value="no")
    assert chat.line.out() == [("bot", "sent")] * 2
    assert chat.line.rows("outbound")[0].segments == 1


async def test_buttons_and_lists_on_whatsapp_come_back_as_what_was_tapped(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, SHARED], [CONSENT], [Say(say="say_goodbye")]]
    await chat.write("bonjour", channel="whatsapp")
    (asked,) = await chat.shown("whatsapp")
    titles = {choice["title"]: choice["id"] for choice in asked["choices"]}
    assert len(titles) == 4
    await chat.write(channel="whatsapp", tap={"payload": titles["Non"], "text": "Non"})
    assert chat.line.engine.requests[1].payload == Payload(intent="answer", question="under_18", value="no")
    buttons = (await chat.shown("whatsapp"))[-1]["choices"]
    await chat.write(channel="whatsapp", tap={"payload": buttons[1]["id"], "text": buttons[1]["title"]})
    assert chat.line.engine.requests[2].payload == Payload(intent="answer", question="anything_else", value="finish")


async def test_a_risky_question_on_whatsapp_is_answered_by_a_digit(chat: Chat) -> None:
    chat.line.engine.steps = [[FRENCH, SAFE], [Say(say="say_goodbye")]]
    await chat.write("salut", channel="whatsapp")
    (asked,) = await chat.shown("whatsapp")
    assert asked["choices"] == []
    assert "\n1 Oui\n2 Non\n3 " in asked["text"]


@pytest.mark.parametrize("what", [{"media": "voice"}, {"media": "photo"}, {"media": "contact"}])
async def test_what_is_no_text_reaches_the_bot_as_an_attachment(chat: Chat, what: dict[str, Any]) -> None:
    chat.line.engine.steps = [[FRENCH, SAFE]]
    await chat.write(channel="whatsapp", **what)
    (request,) = chat.line.engine.requests
    assert request.payload is not None
    assert request.payload.intent == "attachment"


@pytest.mark.parametrize(
    ("words", "intent"),
    [("0", "ask_human"), ("٩", "stop"), ("aide", "help"), ("مساعدة", "help"), ("effacez mes messages", "erase_data")],
)
async def test_the_ways_out_of_every_language_are_known(chat: Chat, words: str, intent: str) -> None:
    chat.line.engine.steps = [[FRENCH, SAFE], [SAFE]]
    await chat.write("bonjour")
    await chat.write(words)
    assert chat.line.engine.requests[1].payload == Payload(intent=intent)
