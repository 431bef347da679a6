"""Calls to the action server: replies checked quickly, one kept connection, an answer within five seconds or a failed turn.

Rasa checks the constant schema of replies against the schema of schemas at every reply: 79 % of its CPU time, measured.
"""

# ruff: noqa: ARG002, FBT001, FBT002 (the signatures are Rasa's)

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Dict, List, Optional

import aiohttp
from jsonschema import Draft7Validator, ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.shared.utils.schemas.events import EVENT_SCHEMA
from rasa.utils.endpoints import ClientResponseError, EndpointConfig, concat_url

logger = logging.getLogger("waymark.engine")

TIMEOUT = 5.0  # seconds; the person waits, and the worker tells them when the bot failed
LARGEST_REPLY = 1024 * 1024  # bytes

# The same schema as Rasa's, in two steps: what all events share, then only the branch that carries the event's own name.
# Rasa tries all 23 branches for every event.
_REPLY = Draft7Validator(
    {
        "type": "object",
        "properties": {
            "events": {"type": "array", "items": {key: value for key, value in EVENT_SCHEMA.items() if key != "oneOf"}},
            "responses": {"type": "array", "items": {"type": "object"}},
        },
    }
)
_EVENTS: Dict[str, Draft7Validator] = {
    branch["properties"]["event"]["const"]: Draft7Validator(branch)
    for branch in EVENT_SCHEMA["oneOf"]  # type: ignore[index]
}


def check_reply(reply: Any) -> None:
    """Raises `ValidationError` for a reply Rasa must not act on. The message names the event, never its values."""
    if not _REPLY.is_valid(reply):
        raise ValidationError("the action server's reply has another shape")
    for event in reply.get("events", []):
        validator = _EVENTS.get(event["event"])
        if validator is None or not validator.is_valid(event):
            raise ValidationError("the action server's reply holds an invalid event")


def _validate_action_result(_: RemoteAction, result: Any) -> bool:
    check_reply(result)
    return True


def install() -> None:
    """Puts the quick check into Rasa. On the class, because Rasa's forms hold their own reference to it."""
    RemoteAction._validate_action_result = _validate_action_result  # noqa: SLF001


class ActionServer(EndpointConfig):
    """The action endpoint with a kept session. Errors carry the status only: a reply's body may repeat what a person wrote."""

    _session: Optional[aiohttp.ClientSession] = None
    _first = -1

    @classmethod
    def of(cls, endpoint: EndpointConfig) -> ActionServer:
        """Of one address, or of several with commas between them."""
        return cls(endpoint.url, endpoint.params, endpoint.headers)

    def _in_turn(self) -> List[str]:
        """The servers in the order in which to ask: by turns."""
        servers = [each.strip() for each in self.url.split(",")]
        self._first = (self._first + 1) % len(servers)
        return servers[self._first :] + servers[: self._first]

    async def request(
        self,
        method: str = "post",
        subpath: Optional[str] = None,
        content_type: Optional[str] = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> Optional[Any]:
        if self._session is None or self._session.closed:
            # Shorter than the server keeps its side open: a call never meets a connection that is just being closed.
            self._session = aiohttp.ClientSession(
                headers=self.headers,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
                connector=aiohttp.TCPConnector(keepalive_timeout=10),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        *others, last = self._in_turn()
        for server in others:
            try:
                return await self._ask(server, method, subpath, kwargs.get("json"))
            except aiohttp.ClientConnectorError:
                # Nobody listens there, so nothing was done: the next may do it. What broke off later is not repeated.
                logger.warning("an action server does not answer")
        return await self._ask(last, method, subpath, kwargs.get("json"))

    async def _ask(self, server: str, method: str, subpath: Optional[str], call: Any) -> Optional[Any]:
        assert self._session is not None  # noqa: S101 (for mypy)
        async with self._session.request(
            method, concat_url(server, subpath), json=call, allow_redirects=False
        ) as response:
            body = await response.content.read(LARGEST_REPLY + 1)
            while not response.content.at_eof() and len(body) <= LARGEST_REPLY:
                body += await response.content.read(LARGEST_REPLY + 1 - len(body))
            if len(body) > LARGEST_REPLY:
                raise ClientResponseError(502, "reply too large", "")
            if response.status == 400:
                raise ClientResponseError(400, "rejected", _rejection(body))
            if response.status != 200:
                raise ClientResponseError(response.status, "failed", "")
            try:
                return json.loads(body)
            except ValueError:
                raise ClientResponseError(502, "reply is not JSON", "") from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)  # lets the transports close


def _rejection(body: bytes) -> str:
    """The action's name out of a refusal, as Rasa wants to read it; the reason stays in the action server's log."""
    try:
        data = json.loads(body)
        return json.dumps({"action_name": str(data["action_name"])})
    except (ValueError, KeyError, TypeError):
        raise ClientResponseError(502, "refusal is not readable", "") from None
