"""A person with a phone: sends through the stand-in of Twilio to the real webhook, and reads what arrives."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import psycopg

from app.scripts import pass_time
from tests.acceptance.conftest import TURN_SECONDS, Line, wait_for

HTTP = httpx.Client(trust_env=False, timeout=10)
"""One for all: to make a new one for every request took longer than most requests."""


@dataclass(slots=True)
class Person:
    """Somebody who writes from one number on one channel."""

    line: Line
    number: str
    channel: str = "sms"
    _seen: set[str] = field(default_factory=set)

    def _open(self) -> dict[str, Any]:
        answer = HTTP.post(
            f"{self.line.phone_page}/phone/open", json={"phone": self.number, "channel": self.channel}, timeout=10
        )
        answer.raise_for_status()
        return dict(answer.json())

    def entries(self) -> list[dict[str, Any]]:
        """Everything on the phone."""
        return list(self._open()["entries"])

    def send(self, text: str = "", **other: Any) -> str:
        """Send a text (or `media="audio"`, `location={…}`, `tap={…}`); returns Twilio's id of the message."""
        body = {"phone": self.number, "channel": self.channel, "text": text, **other}
        answer = HTTP.post(f"{self.line.phone_page}/phone/send", json=body, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["entry"]["id"])

    def turn(self, text: str = "", *, seconds: float = TURN_SECONDS, **other: Any) -> list[str]:
        """Send, wait until the whole turn is over (handled, and every reply delivered to the phone), return the replies."""
        sid = self.send(text, **other)
        wait_for(lambda: self.settled(sid), seconds=seconds, because="the turn was not handled")
        return self.new()

    def does(self, what: str | Mapping[str, Any]) -> list[str]:
        """A turn of a scripted conversation."""
        return self.turn(what) if isinstance(what, str) else self.turn(**what)

    def waits(self, silence: timedelta) -> None:
        """Let time pass without a word."""
        last = next(item["id"] for item in reversed(self.entries()) if item["from"] == "person")
        with psycopg.connect(self.line.database_url()) as connection:
            pass_time(connection, last, silence)

    def settled(self, sid: str) -> bool:
        """Whether the message was handled and nothing that answers it is still on its way."""
        rows = self.line.rows("SELECT id FROM message WHERE provider_sid = %s AND state IN ('handled', 'parked')", sid)
        if not rows:
            return False
        waiting = self.line.rows(
            "SELECT 1 FROM message WHERE turn_id = %s AND (state IN ('queued', 'sending') OR state = 'sent' "
            "AND coalesce(status, '') NOT IN ('delivered', 'read', 'undelivered', 'failed')) LIMIT 1",
            rows[0][0],
        )
        return not waiting

    def new(self) -> list[str]:
        """Texts that arrived since the last look, with the titles of their buttons."""
        fresh = [item for item in self.entries() if item["from"] == "service" and item["id"] not in self._seen]
        self._seen |= {item["id"] for item in fresh}
        return [shown(item) for item in fresh]

    def wait_for_text(self, part: str, *, seconds: float = TURN_SECONDS) -> str:
        """Wait until a message with this text has arrived."""
        return wait_for(
            lambda: next(
                (item["text"] for item in self.entries() if item["from"] == "service" and part in item["text"]), None
            ),
            seconds=seconds,
            because="the message did not arrive",
        )

    def quiet(self, seconds: float = 2.0) -> list[str]:
        """What arrives in a while in which nothing should."""
        time.sleep(seconds)
        return self.new()


def shown(item: dict[str, Any]) -> str:
    """A message as the person sees it: text, then one line per button or list item."""
    return "\n".join([item["text"], *(f"[{choice['title']}]" for choice in item["choices"])])
