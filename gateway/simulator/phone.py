"""The phone: its page, what a person does on it, and what arrives on it while it is open."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Self

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sse_starlette import EventSourceResponse, ServerSentEvent

from gateway.simulator.addresses import OUR_NUMBER, PEOPLE, Address, Channel
from gateway.simulator.inbound import NothingToTap
from gateway.simulator.media import EXAMPLES, Kind
from gateway.simulator.simulator import Simulator
from gateway.simulator.state import Message, Thread
from gateway.simulator.view import entry, snapshot

_FOLDER = Path(__file__).parent
_QUEUE = 256
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

Number = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]


class Phone(BaseModel):
    """Whose phone, on which channel."""

    model_config = ConfigDict(extra="forbid")

    phone: Number
    channel: Channel

    @property
    def address(self) -> Address:
        return Address(self.channel, self.phone)


class Tap(BaseModel):
    """A tapped button: its id and what it shows."""

    model_config = ConfigDict(extra="forbid")

    payload: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=200)


class Place(BaseModel):
    """A shared location, in degrees."""

    model_config = ConfigDict(extra="forbid")

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Send(Phone):
    """What a person sends: text, a tap, a location or a file; a file may carry text."""

    text: str = Field("", max_length=4096)
    tap: Tap | None = None
    location: Place | None = None
    media: Kind | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        special = [item for item in (self.tap, self.location, self.media) if item is not None]
        if len(special) > 1 or (self.text and (self.tap or self.location)):
            raise ValueError("one thing at a time")
        if not special and not self.text.strip():
            raise ValueError("nothing to send")
        if self.channel == "sms" and (self.tap or self.location):
            raise ValueError("an SMS has no buttons and no location")
        return self


def make_router(simulator: Simulator) -> APIRouter:
    """The page and its requests."""
    router = APIRouter()
    templates = Jinja2Templates(_FOLDER / "templates")

    @router.get("/health")
    async def health() -> dict[str, bool]:
        return {"ready": True}

    @router.get("/", response_class=HTMLResponse)
    async def page(request: Request) -> Response:
        answer = templates.TemplateResponse(request, "phone.html", {"people": PEOPLE, "our_number": OUR_NUMBER})
        answer.headers.update({
            "Content-Security-Policy": CSP,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        })  # fmt: skip
        return answer

    @router.post("/phone/open")
    async def open_phone(phone: Phone) -> dict[str, object]:
        return snapshot(simulator.state.thread(phone.address))

    @router.post("/phone/send", status_code=202)
    async def send(what: Send) -> dict[str, object]:
        try:
            message = simulator.send(
                what.address,
                text=what.text,
                tap=(what.tap.payload, what.tap.text) if what.tap else None,
                location=(what.location.latitude, what.location.longitude) if what.location else None,
                media=what.media,
            )
        except NothingToTap:
            raise HTTPException(409, "no message on this phone shows that button") from None
        return {"thread": simulator.state.thread(what.address).id, "entry": entry(message)}

    @router.get("/phone/threads/{thread_id}/events")
    async def events(thread_id: str) -> Response:
        thread = simulator.state.thread_by_id(thread_id)
        if thread is None:
            raise HTTPException(404, "there is no such thread")
        return EventSourceResponse(_events(simulator, thread), ping=15)

    @router.get("/phone/media/{name}")
    async def media(name: Kind) -> Response:
        example = EXAMPLES[name]
        return Response(example.read(), media_type=example.content_type)

    return router


def add_static(app: FastAPI) -> None:
    """Scripts and styles of the page."""
    app.mount("/static", StaticFiles(directory=_FOLDER / "static"), name="static")


async def _events(simulator: Simulator, thread: Thread) -> AsyncIterator[ServerSentEvent]:
    """First the whole thread, then each message that is new or changed, until the page is closed or falls behind."""
    queue: asyncio.Queue[Message | None] = asyncio.Queue(_QUEUE)
    thread.watchers.add(queue)
    try:
        yield ServerSentEvent(json.dumps(snapshot(thread)), event="snapshot")
        simulator.opened(thread)
        while (message := await queue.get()) is not None:
            yield ServerSentEvent(json.dumps({"stopped": thread.stopped, "entry": entry(message)}), event="entry")
    finally:
        thread.watchers.discard(queue)
