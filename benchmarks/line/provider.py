"""Twilio as both lines meet it: takes messages over, says so, posts what people write. Light, so that it costs neither line much.

It refuses what Twilio refuses of a request's form; everything that goes wrong at Twilio is the storm's business (`make chaos`).
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self
from uuid import uuid4

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

from gateway.simulator.addresses import OUR_NUMBER, Address
from gateway.simulator.resources import API_VERSION, message_json, page_json
from gateway.simulator.state import Message
from gateway.twilio_client import LISTED_AT_ONCE

ACCOUNT, TOKEN = "AC" + "b" * 32, "invented-token-of-the-benchmark"
PATIENCE = 15.0
"""Seconds that Twilio waits for a webhook's answer."""
_REQUIRED = ("To", "From", "Body")


@dataclass(slots=True)
class Provider:
    """`webhook`: where messages of people go; set before the first is posted."""

    port: int
    webhook: str = ""
    taken: dict[str, asyncio.Queue[tuple[float, str]]] = field(default_factory=lambda: defaultdict(asyncio.Queue))
    """By number: when a message to it was taken over, and its text."""
    refused: int = 0
    callbacks_failed: int = 0
    _validator: RequestValidator = field(default_factory=lambda: RequestValidator(TOKEN))
    _client: aiohttp.ClientSession | None = None
    _runner: web.AppRunner | None = None
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=PATIENCE)
        )
        app = web.Application()
        app.router.add_post(f"/{API_VERSION}/Accounts/{ACCOUNT}/Messages.json", self._take)
        app.router.add_get(f"/{API_VERSION}/Accounts/{ACCOUNT}/Messages.json", self._list)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._telling:
            task.cancel()
        if self._client and self._runner:
            await self._client.close()
            await self._runner.cleanup()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def write(self, number: str, text: str) -> float:
        """Post what somebody writes; seconds until the line said that it has it. Raises TimeoutError, and OSError when it was refused."""
        sid = "SM" + uuid4().hex
        form = {
            "AccountSid": ACCOUNT, "ApiVersion": API_VERSION, "Body": text, "From": number, "To": OUR_NUMBER, "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid, "SmsStatus": "received", "NumMedia": "0", "NumSegments": "1", "FromCountry": "US", "FromCity": "",
            "FromState": "", "FromZip": "", "ToCountry": "US",
        }  # fmt: skip
        return await self._post(self.webhook, form)

    async def _post(self, url: str, form: Mapping[str, str]) -> float:
        if self._client is None:
            raise RuntimeError("the provider was not entered")
        address = url.partition("#")[0]
        headers = {"X-Twilio-Signature": self._validator.compute_signature(address, dict(form))}
        begun = time.perf_counter()
        async with self._client.post(address, data=form, headers=headers) as answer:
            await answer.read()
            if answer.status >= 300:
                raise OSError(f"the webhook answered {answer.status}")
        return time.perf_counter() - begun

    async def _take(self, request: web.Request) -> web.Response:
        form = await request.post()
        if request.headers.get("Authorization") is None or any(not form.get(name) for name in _REQUIRED):
            self.refused += 1
            return web.json_response(
                {"code": 21602, "message": "Message body is required", "more_info": "", "status": 400}, status=400
            )
        sid, number, text = "SM" + uuid4().hex, str(form["To"]), str(form["Body"])
        self.taken[number].put_nowait((time.perf_counter(), text))
        moment = datetime.now(UTC)
        message = Message(
            sid=sid,
            inbound=False,
            sender=Address("sms", OUR_NUMBER),
            recipient=Address("sms", number),
            body=text,
            status="queued",
            created=moment,
            updated=moment,
        )
        if callback := str(form.get("StatusCallback", "")):
            task = asyncio.create_task(self._tell(callback, sid, number))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        return web.json_response(message_json(message, ACCOUNT), status=201)

    async def _tell(self, callback: str, sid: str, number: str) -> None:
        """As Twilio does for an SMS that arrives: sent, then delivered."""
        with suppress(asyncio.CancelledError):
            for status in ("sent", "delivered"):
                form = {
                    "AccountSid": ACCOUNT, "ApiVersion": API_VERSION, "From": OUR_NUMBER, "To": number, "MessageSid": sid, "SmsSid": sid,
                    "MessageStatus": status, "SmsStatus": status,
                }  # fmt: skip
                try:
                    await self._post(callback, form)
                except (OSError, TimeoutError, aiohttp.ClientError):
                    self.callbacks_failed += 1

    async def _list(self, _request: web.Request) -> web.Response:
        """Nothing was lost on the way: Waymark's comparison every five minutes is asked the same of both lines, namely nothing."""
        return web.json_response(page_json([], ACCOUNT, page=0, size=LISTED_AT_ONCE, filters=[]))
