"""A webhook receiver that checks signatures as a real one does, and the stand-in served over real HTTP."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from twilio.request_validator import RequestValidator

from gateway.simulator.simulator import Simulator

OURS, PERSON = "+15005550006", "+15005550101"


class Served:
    """An ASGI application on a loopback port, in a thread."""

    def __init__(self, app: FastAPI) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, host="127.0.0.1", port=0, log_config=None, access_log=False, timeout_graceful_shutdown=1
            )
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until(lambda: self._server.started)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


def until[T](look: Callable[[], T], seconds: float = 30.0) -> T:
    """What `look` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen in time")
        time.sleep(0.01)
    return found


@dataclass
class Receiver:
    """What arrived at our webhooks. `statuses` say how the next are answered, `pause` how many seconds a status callback takes."""

    token: str
    forms: list[dict[str, str]] = field(default_factory=list)
    callbacks: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    pause: float = 0.0
    url: str = ""
    public: str = ""

    def app(self) -> FastAPI:
        app = FastAPI()

        async def take(request: Request, kept: list[dict[str, str]]) -> Response:
            form = {key: str(value) for key, value in (await request.form()).items()}
            address = (self.public or self.url) + request.url.path
            if request.url.query:
                address += f"?{request.url.query}"
            if not RequestValidator(self.token).validate(address, form, request.headers["X-Twilio-Signature"]):
                return Response(status_code=403)
            self.headers.append(dict(request.headers))
            kept.append(form)
            return Response(status_code=self.statuses.pop(0) if self.statuses else 204)

        @app.post("/twilio/messages")
        async def messages(request: Request) -> Response:
            return await take(request, self.forms)

        @app.post("/twilio/status/{message}")
        async def status(request: Request, message: str) -> Response:
            await asyncio.sleep(self.pause)
            return await take(request, self.callbacks)

        return app


@dataclass
class Line:
    """The stand-in, a client of its API, and our webhooks."""

    simulator: Simulator
    api: httpx.Client
    phone: httpx.Client
    url: str
    receiver: Receiver

    def create(self, **form: Any) -> httpx.Response:
        """Ask Twilio to send a message; an entry of None takes a parameter away."""
        whole = {"To": PERSON, "From": OURS, "Body": "Hello", **form}
        data = {key: value for key, value in whole.items() if value is not None}
        return self.api.post(f"/2010-04-01/Accounts/{self.simulator.account}/Messages.json", data=data)

    def content(self, **types: Any) -> str:
        """Register a content; its id."""
        body = {"friendly_name": "t", "language": "en", "types": {k.replace("_", "/", 1): v for k, v in types.items()}}
        answer = self.api.post("/v1/Content", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["sid"])

    def write(self, text: str = "", *, channel: str = "sms", phone: str = PERSON, **what: Any) -> dict[str, Any]:
        """A person writes; the form our webhook got for it."""
        before = len(self.receiver.forms)
        answer = self.phone.post("/phone/send", json={"phone": phone, "channel": channel, "text": text, **what})
        assert answer.status_code == 202, answer.text
        return until(lambda: self.receiver.forms[before:])[0]

    def entries(self, *, channel: str = "sms", phone: str = PERSON) -> list[dict[str, Any]]:
        answer = self.phone.post("/phone/open", json={"phone": phone, "channel": channel})
        return list(answer.json()["entries"])
