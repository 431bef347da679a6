"""A running action server on a real database, and what Rasa would send it."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from cases.models import Conversation, Person
from core.database import Sessions
from core.settings import PROJECT, Settings

SECRET = "actions-secret"


def environment(settings: Settings, database_url: str, port: int) -> dict[str, str]:
    """The settings of a test as a process reads them."""
    assert settings.encryption_keys is not None
    assert settings.hash_key is not None
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "WAYMARK_DEMONSTRATION": "true",
        "WAYMARK_ACTIONS_PORT": str(port),
        "WAYMARK_ACTIONS_SECRET": SECRET,
        "WAYMARK_ENCRYPTION_KEYS": settings.encryption_keys.get_secret_value(),
        "WAYMARK_HASH_KEY": settings.hash_key.get_secret_value(),
    }


@dataclass
class ActionServer:
    """`python -m bot.actions.server` and what it has printed."""

    environment: dict[str, str]
    output: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['WAYMARK_ACTIONS_PORT']}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot.actions.server"],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        deadline = time.monotonic() + 30
        while True:
            try:
                if self.get("/health").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.05)

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.output.extend(self.process.stdout)

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(15)
        self._reader.join(5)
        return code

    @property
    def printed(self) -> str:
        return "".join(self.output)

    def get(self, path: str, secret: str | None = SECRET) -> httpx.Response:
        return httpx.get(self.url + path, headers=_headers(secret), timeout=10)

    def post(self, call: Any, secret: str | None = SECRET) -> httpx.Response:
        if isinstance(call, bytes):
            return httpx.post(self.url + "/webhook", content=call, headers=_headers(secret), timeout=10)
        return httpx.post(self.url + "/webhook", json=call, headers=_headers(secret), timeout=10)


def _headers(secret: str | None) -> dict[str, str]:
    return {} if secret is None else {"X-Waymark-Secret": secret}


@dataclass
class Tracker:
    """A conversation as Rasa keeps it, so far as an action sees it."""

    server: ActionServer
    conversation_id: UUID = field(default_factory=uuid4)
    slots: dict[str, Any] = field(default_factory=dict)

    def call(self, action: str, intent: str, *, text: str = "", **entities: str) -> list[dict[str, Any]]:
        """Run an action; its slots are kept and its items returned."""
        reply = self.server.post(a_call(action, self.conversation_id, self.slots, intent, text=text, **entities))
        assert reply.status_code == 200, reply.text
        for event in reply.json()["events"]:
            assert event["event"] == "slot"
            self.slots[event["name"]] = event["value"]
        return [response["custom"] for response in reply.json()["responses"]]

    def answer(self, question: str, value: str) -> list[dict[str, Any]]:
        """One answer, and what is asked next."""
        items = self.call("validate_screening_form", "answer", question=question, value=value)
        return items + self.call("action_ask_answer", "answer", question=question, value=value)


def a_call(
    action: str, conversation_id: object, slots: dict[str, Any], intent: str, *, text: str = "", **entities: str
) -> dict[str, Any]:
    return {
        "next_action": action,
        "sender_id": str(conversation_id),
        "domain": {"slots": {}},
        "version": "3.6.21",
        "tracker": {
            "sender_id": str(conversation_id),
            "slots": slots,
            "latest_message": {
                "intent": {"name": intent, "confidence": 1.0},
                "entities": [{"entity": name, "value": value} for name, value in entities.items()],
                "text": text or f"/{intent}",
                "metadata": {"turn_id": str(uuid4()), "language": "en", "language_guess": None, "channel": "sms"},
            },
            "events": [],
            "paused": False,
            "followup_action": None,
            "active_loop": {"name": "screening_form"},
            "latest_action_name": "action_listen",
        },
    }


def a_conversation(sessions: Sessions) -> UUID:
    """A person's conversation, as the gateway makes it."""
    with sessions.begin() as session:
        person = Person(phone_hash=uuid4().bytes, phone="+15005550142")
        session.add(person)
        session.flush()
        conversation = Conversation(person_id=person.id, channel="sms", our_address="+15005550006", language="en")
        session.add(conversation)
    return conversation.id
