"""The channels and the stand-in of Twilio over real HTTP: a person at the phone page, our webhooks and worker on the other side."""

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
from gateway.bootstrap import make_gateway
from gateway.scripted_engine import ScriptedEngine
from gateway.simulator.api import make_simulator
from gateway.webhooks import make_router
from tests.integration.gateway.doubles import THEM, FakeTwilio, Line
from tests.ports import free_ports


@contextmanager
def served(app: FastAPI, port: int) -> Any:
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
async def chat(settings: Settings, sessions: Sessions, database_url: str) -> AsyncIterator["Chat"]:
    ours = free_ports(4)
    theirs = ours + 3
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
        deadline = time.monotonic() + 30
        while True:
            answer = await self.phone.post("/phone/open", json={"phone": THEM, "channel": channel})
            entries = [entry for entry in answer.json()["entries"] if entry["from"] == "service"]
            accepted = [row for row in self.line.rows("outbound") if row.provider_sid]
            if len(entries) >= len(accepted):
                return entries
            assert time.monotonic() < deadline, "an accepted message did not reach the phone"
            await anyio.sleep(0.02)


async def until(look: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "it did not happen in time"
        await anyio.sleep(0.05)
