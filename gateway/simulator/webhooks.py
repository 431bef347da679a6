"""Posts to our webhooks as Twilio does: a form, signed, with its timeouts and retries. Nothing is ever posted to another computer."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from twilio.request_validator import RequestValidator

from core.settings import Settings

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
_MOST_RETRIES = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a webhook answered."""

    state: Literal["accepted", "refused", "unreachable"]
    detail: str = ""


class Webhooks:
    """Signs and posts forms. `settings` say which address is ours and on which port it really listens."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        if settings.twilio_auth_token is None:
            raise ValueError("there is no auth token to sign with")
        self._validator = RequestValidator(settings.twilio_auth_token.get_secret_value())
        self._base = settings.public_base()
        self._port = settings.port
        self._client = client

    async def post(self, url: str, form: Mapping[str, str]) -> Outcome:
        """Post a form; retried as the address's own `#rc=…&rp=…` says, else once when no connection is made."""
        address, _, fragment = url.partition("#")
        target = self._route(address)
        if target is None:
            return Outcome("unreachable", "the address is on another computer")
        where, host = target
        headers = {
            "Host": host,
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "X-Twilio-Signature": self._validator.compute_signature(address, dict(form)),
            "I-Twilio-Idempotency-Token": str(uuid4()),
        }
        retries, policy = _overrides(fragment)
        while True:
            outcome, failure = await self._attempt(where, form, headers)
            if not retries or not failure or not policy & {failure, "all"}:
                return outcome
            retries -= 1

    async def _attempt(self, url: str, form: Mapping[str, str], headers: dict[str, str]) -> tuple[Outcome, str]:
        try:
            answer = await self._client.post(
                url,
                data=dict(form),
                headers=headers,
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Outcome("unreachable", "no connection"), "ct"
        except httpx.TimeoutException:
            return Outcome("unreachable", "no answer in time"), "rt"
        except httpx.HTTPError:
            return Outcome("unreachable", "the connection broke"), "rt"
        if answer.is_success:
            return Outcome("accepted"), ""
        return Outcome("refused", f"HTTP {answer.status_code}"), f"{answer.status_code // 100}xx"

    def _route(self, url: str) -> tuple[str, str] | None:
        """Where to connect and which host to name. Our public address is reached on this computer, under its own name."""
        parts = urlsplit(url)
        if is_loopback(parts.hostname or ""):
            return url, parts.netloc
        if url.startswith((self._base + "/", self._base + "?")) or url == self._base:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            return f"http://127.0.0.1:{self._port}{path}", parts.netloc
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _overrides(fragment: str) -> tuple[int, frozenset[str]]:
    """Twilio's connection overrides: number of retries, and after which failures (ct, rt, 4xx, 5xx, all)."""
    given = parse_qs(fragment)
    count = given.get("rc", ["1"])[0]
    retries = min(int(count), _MOST_RETRIES) if count.isascii() and count.isdigit() else 1
    return retries, frozenset(given.get("rp", ["ct"])[0].split(","))
