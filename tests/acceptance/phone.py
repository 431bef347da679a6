"""A person with a phone: sends through the stand-in of Twilio to the real webhook, and reads what arrives."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from core.catalogues import Catalogues
from tests.acceptance.conftest import TURN_SECONDS, Line, wait_for


@dataclass(slots=True)
class Person:
    """Somebody who writes from one number on one channel."""

    line: Line
    number: str
    channel: str = "sms"
    _seen: set[str] = field(default_factory=set)

    def _open(self) -> dict[str, Any]:
        answer = httpx.post(
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
        answer = httpx.post(f"{self.line.phone_page}/phone/send", json=body, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["entry"]["id"])

    def turn(self, text: str = "", *, seconds: float = TURN_SECONDS, **other: Any) -> list[str]:
        """Send, wait until the whole turn is over (handled, and every reply delivered to the phone), return the replies."""
        sid = self.send(text, **other)
        wait_for(lambda: self.settled(sid), seconds=seconds, because="the turn was not handled")
        return self.new()

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


VARYING = ("time", "reference", "until", "day")
HOURS = ("say_hours_open_now", "say_hours_opens", "say_hours_unknown", "say_hours_always", "say_hours_appointment")


def steady(text: str, catalogues: Catalogues) -> str:
    """A message as it was recorded: what differs from day to day stands as its field, `{time}`, `{reference}`, `{hours}`."""
    for template, stands_for in _varying(catalogues):
        if template.fullmatch(text):
            return stands_for
    return "\n".join(
        "{hours}" if any(template.fullmatch(line) for template in _hours(catalogues)) else line
        for line in text.splitlines()
    )


def _varying(catalogues: Catalogues) -> Iterator[tuple[re.Pattern[str], str]]:
    for key in sorted(catalogues.keys - set(HOURS)):
        if catalogues.fields(key) and catalogues.fields(key) <= set(VARYING):
            for written in _written(catalogues, key):
                yield _pattern(written), written


def _hours(catalogues: Catalogues) -> Iterator[re.Pattern[str]]:
    return (_pattern(written) for key in HOURS for written in _written(catalogues, key))


def _written(catalogues: Catalogues, key: str) -> Iterator[str]:
    """A text as it stands in each language, and as an SMS writes it."""
    for code, language in catalogues.languages.items():
        raw = catalogues.template(key, code)
        yield from {raw, language.for_sms(raw)}


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[a-z_]+\\}", ".+", re.escape(template)))
