"""Twilio's REST API through its official client, over a connection of ours: with a timeout, and never a body in a log or an exception."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import httpx
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from core.logging import get_logger
from core.settings import Settings
from gateway.errors import Doubtful, MaybeSent, NotSent, Refused

log = get_logger(__name__)

NEWEST = 50
"""Messages to one person that are looked through for one of a minute ago."""
LISTED_AT_ONCE = 1000
"""Messages on a page of Twilio's list: the most that it gives."""
_LATER = (429,)
"""Refused before anything was done."""
_BROKEN = (500, 502, 503)
"""Twilio's documentation does not say that nothing was done, and a message is not idempotent."""
_TIMED_OUT = (408, 504)
"""Somebody on the way gave up waiting: the message may have been taken over behind them."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for the provider. Its `repr` shows no content and no number."""

    to: str = field(repr=False)
    sender: str = field(repr=False)
    status_callback: str = field(repr=False)
    body: str | None = field(default=None, repr=False)
    content_sid: str | None = None
    content_variables: dict[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took a message over."""

    sid: str
    status: str | None
    segments: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """An incoming message as the provider lists it. Its `repr` shows no content and no number. `media`: how many files came with it."""

    sid: str
    sent_at: datetime
    sender: str = field(repr=False)
    to: str = field(repr=False)
    body: str = field(repr=False)
    media: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of ours as the provider lists it. Its `repr` shows no content."""

    sid: str
    created_at: datetime
    status: str | None
    segments: int | None
    body: str = field(repr=False)


class Registrable(Protocol):
    """Something that can be registered at Twilio."""

    def request(self) -> dict[str, Any]:
        """The body of the request that registers it."""
        ...


class MessageProvider(Protocol):
    """Who carries messages."""

    def send(self, message: Outgoing) -> Accepted:
        """Hand a message over. Raises NotSent, MaybeSent, Refused."""
        ...

    def inbound(self, since: datetime, until: datetime) -> list[Listed]:
        """Messages of people between two moments, in any order. Raises NotSent, MaybeSent, Refused."""
        ...

    def outbound(self, to: str, sender: str) -> list[Sent]:
        """The newest messages from one of our numbers to one person, newest first. Raises NotSent, MaybeSent, Refused."""
        ...

    def register(self, content: Registrable) -> str:
        """Register buttons, a list or a template; its id. Raises NotSent, MaybeSent, Refused."""
        ...

    def submit(self, sid: str, *, name: str, category: str) -> str:
        """Ask WhatsApp to approve a template; the state it has then. Raises NotSent, MaybeSent, Refused."""
        ...

    def approval(self, sid: str) -> tuple[str, str | None]:
        """WhatsApp's state of a template, and its reason for a refusal. Raises NotSent, MaybeSent, Refused."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class TwilioProvider:
    """Messages and contents at Twilio, or at the stand-in that TWILIO_API_URL names."""

    def __init__(self, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> None:
        token = settings.twilio_auth_token.get_secret_value() if settings.twilio_auth_token else ""
        self._http = Connection(settings.twilio_api_url, settings.twilio_timeout.total_seconds(), transport=transport)
        self._client = Client(
            settings.twilio_account_sid or "AC-not-set",
            token or "not-set",
            http_client=self._http,
        )

    def send(self, message: Outgoing) -> Accepted:
        values: dict[str, Any] = {"to": message.to, "from_": message.sender, "status_callback": message.status_callback}
        if message.content_sid is not None:
            values["content_sid"] = message.content_sid
            if message.content_variables is not None:
                values["content_variables"] = json.dumps(message.content_variables, ensure_ascii=False)
        else:
            values["body"] = message.body
        with _judged():
            sent = self._client.messages.create(**values)
        if not sent.sid:
            raise MaybeSent
        return Accepted(sent.sid, sent.status, _number(sent.num_segments))

    def inbound(self, since: datetime, until: datetime) -> list[Listed]:
        with _judged():
            return [
                Listed(
                    sid=one.sid,
                    sent_at=one.date_sent or one.date_created,
                    sender=one.from_ or "",
                    to=one.to or "",
                    body=one.body or "",
                    media=int(one.num_media or 0),
                )
                for one in self._client.messages.stream(
                    date_sent_after=since, date_sent_before=until, page_size=LISTED_AT_ONCE
                )
                if one.direction == "inbound" and one.sid and (one.date_sent or one.date_created)
            ]

    def outbound(self, to: str, sender: str) -> list[Sent]:
        # Not by the time of sending: what still waits at Twilio has none.
        with _judged():
            return [
                Sent(one.sid, one.date_created, one.status, _number(one.num_segments), one.body or "")
                for one in self._client.messages.list(to=to, from_=sender, limit=NEWEST)
                if one.sid and one.date_created
            ]

    def register(self, content: Registrable) -> str:
        resource = self._client.content.v1.contents
        with _judged():
            created = resource.create(type(resource).ContentCreateRequest(content.request()))
        if not created.sid:
            raise MaybeSent
        return str(created.sid)

    def submit(self, sid: str, *, name: str, category: str) -> str:
        resource = self._client.content.v1.contents(sid).approval_create
        with _judged():
            made = resource.create(type(resource).ContentApprovalRequest({"name": name, "category": category}))
        return str(made.status or "received")

    def approval(self, sid: str) -> tuple[str, str | None]:
        with _judged():
            fetched = self._client.content.v1.contents(sid).approval_fetch().fetch()
            said = dict(fetched.whatsapp or {})
        return str(said.get("status") or "unsubmitted"), str(said.get("rejection_reason") or "")[:300] or None

    def close(self) -> None:
        self._http.close()


@contextmanager
def _judged() -> Iterator[None]:
    """Every fault of the client as one of ours."""
    try:
        yield
    except TwilioException as error:
        raise _judge(error) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        # An answer that is no answer: whether the message is on its way is not known.
        raise MaybeSent from None


def _number(text: object) -> int | None:
    return int(str(text)) if str(text or "").isdigit() else None


def _judge(error: TwilioException) -> Exception:
    """What an answer means. Its text is dropped: Twilio quotes numbers in it."""
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    if status in _LATER:
        return NotSent(f"http_{status}")
    if status in _BROKEN:
        return Doubtful(f"http_{status}")
    if status in _TIMED_OUT:
        return MaybeSent()
    return Refused(str(code or status or "unknown")[:8])


class Connection(HttpClient):  # type: ignore[misc]
    """The official client's way out: another address when the settings name one, no redirects, and nothing is logged or remembered."""

    def __init__(self, api_url: str | None, seconds: float, *, transport: httpx.BaseTransport | None = None) -> None:
        super().__init__(logger=None, is_async=False, timeout=seconds)
        self._api = urlsplit(api_url) if api_url else None
        # A stand-in on this machine is not reached through the proxy that Twilio may need.
        self._client = httpx.Client(
            timeout=seconds, follow_redirects=False, transport=transport, trust_env=api_url is None
        )

    def request(  # noqa: PLR0917 - the official client's signature
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002
    ) -> Response:
        """Send one request. Raises NotSent when nothing left this machine, MaybeSent when the answer is what is missing."""
        encoded: dict[str, Any] = {"json": data} if _is_json(headers) else {"data": data}
        try:
            answer = self._client.request(
                method,
                self._rewrite(uri),
                params=params,
                headers=headers,
                auth=auth,
                timeout=timeout or self.timeout,
                **encoded,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError):
            raise NotSent("unreachable") from None
        except httpx.HTTPError:
            raise MaybeSent from None
        return Response(answer.status_code, answer.text, answer.headers)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _rewrite(self, uri: str) -> str:
        if self._api is None:
            return uri
        asked = urlsplit(uri)
        return urlunsplit((self._api.scheme, self._api.netloc, self._api.path + asked.path, asked.query, ""))


def _is_json(headers: dict[str, str] | None) -> bool:
    return (headers or {}).get("Content-Type", "").startswith("application/json")
