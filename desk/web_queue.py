"""The queue page, the emergencies in the header, and the stream of events that keeps every page live."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from cases.models import Case
from cases.teams import in_teams_of
from desk.access import Door
from desk.errors import NotFound
from desk.frame import frame
from desk.live import Live, Subscriber
from desk.pages import page
from desk.permissions import needs
from desk.queue import FILTERS, Filter, read_queue, untaken_emergencies
from desk.words import words

KEEP_ALIVE_SECONDS = 15
LONGEST_STREAM_SECONDS = 600.0
"""Then the browser connects again, and whoever was signed out meanwhile is not let in."""


def add_routes(router: APIRouter, door: Door, live: Live) -> None:
    """The queue and what keeps it live."""

    @router.get("")
    @needs("queue.read")
    def show_queue(request: Request, show: str = "all") -> Response:
        with door.visit(request) as visit:
            chosen = _filter(show)
            queue = read_queue(visit.session, visit.user, chosen, words())
            return page("queue.html", **frame(visit, current="/desk"), queue=queue, chosen=chosen, filters=FILTERS)

    @router.get("/queue")
    @needs("queue.read")
    def refresh_queue(request: Request, show: str = "all") -> Response:
        with door.visit(request) as visit:
            chosen = _filter(show)
            queue = read_queue(visit.session, visit.user, chosen, words())
            return page("_queue.html", queue=queue, chosen=chosen, filters=FILTERS)

    @router.get("/alerts")
    @needs("queue.read")
    def refresh_alerts(request: Request) -> Response:
        with door.visit(request) as visit:
            return page("_alerts.html", emergencies=untaken_emergencies(visit.session, visit.user))

    def about(request: Request, case_id: UUID | None) -> frozenset[str]:
        """Check the visitor; the ids whose changes concern the page."""
        with door.visit(request) as visit:
            if case_id is None:
                return frozenset()
            conversation = visit.session.execute(
                select(Case.conversation_id).where(Case.id == case_id, in_teams_of(visit.user.id))
            ).scalar_one_or_none()
            if conversation is None:
                raise NotFound
            return frozenset({str(case_id), str(conversation)})

    @router.get("/live")
    @needs("queue.read")
    async def stream(request: Request, case: UUID | None = None) -> Response:
        ids = await run_in_threadpool(about, request, case)
        return EventSourceResponse(
            events(live, ids),
            ping=KEEP_ALIVE_SECONDS,
            ping_message_factory=lambda: ServerSentEvent(comment="still here"),
            send_timeout=20,
            headers={"Cache-Control": "no-store"},
        )


async def events(live: Live, ids: frozenset[str]) -> AsyncIterator[ServerSentEvent]:
    """`queue` whenever anything changed, `case` when the page's own case did. The first pair closes the gap before the connection."""
    until = time.monotonic() + LONGEST_STREAM_SECONDS
    async with live.subscribed(ids) as subscriber:
        yield ServerSentEvent(event="queue", data="-", retry=2000)
        yield ServerSentEvent(event="case", data="-")
        while (left := until - time.monotonic()) > 0:
            changed = await _next(subscriber, left)
            if changed:
                yield ServerSentEvent(event="queue", data="-")
                if subscriber.concerns(changed):
                    yield ServerSentEvent(event="case", data="-")


async def _next(subscriber: Subscriber, seconds: float) -> frozenset[str]:
    try:
        async with asyncio.timeout(seconds):
            return await subscriber.changes()
    except TimeoutError:
        return frozenset()


def _filter(show: str) -> Filter:
    return next((name for name in FILTERS if name == show), "all")
