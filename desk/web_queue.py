"""The queue page, the emergencies in the header, and the stream of events that keeps every page live."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import select
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from cases.models import LEVELS, Case
from cases.teams import in_teams_of
from core.settings import Settings
from desk import mentions, views
from desk.access import Door, Visit
from desk.errors import BadInput, NotFound
from desk.frame import frame
from desk.live import HERE, Live, Subscriber
from desk.narrowing import CHANNELS, FILTERS, Wanted
from desk.pages import go, page
from desk.permissions import needs
from desk.queue import read_queue, untaken_emergencies
from desk.words import words
from directory.models import NEEDS

Field = Annotated[str, Form()]

KEEP_ALIVE_SECONDS = 15
LONGEST_STREAM_SECONDS = 600.0
"""Then the browser connects again, and whoever was signed out meanwhile is not let in."""


@dataclass(frozen=True, slots=True)
class QueuePages:
    """Shows the queue."""

    settings: Settings
    door: Door

    def shown(self, visit: Visit, asked: Mapping[str, str]) -> dict[str, Any]:
        """What the part of the page that keeps itself fresh needs."""
        wanted = Wanted.of(asked)
        return {
            "queue": read_queue(visit.session, visit.user, wanted, words()),
            "wanted": wanted,
            "filters": FILTERS,
            "mentions": mentions.unseen(visit.session, visit.user),
        }

    def whole(self, visit: Visit, asked: Mapping[str, str], *, status: int = 200, error: str = "") -> Response:
        """The page with its filters and the user's own views."""
        console = words()
        return page(
            "queue.html",
            status=status,
            **frame(visit, current="/desk"),
            **self.shown(visit, asked),
            views=views.views_of(visit.session, visit.user),
            error=error,
            all_levels=LEVELS,
            all_channels=CHANNELS,
            all_languages=_named(self.settings.languages, console.language),
            all_countries=_named(self.settings.countries, console.country),
            all_needs=[(need, console.find(f"need_{need}", need)) for need in NEEDS],
        )


def add_routes(router: APIRouter, settings: Settings, door: Door, live: Live) -> None:
    """The queue and what keeps it live."""
    pages = QueuePages(settings, door)
    _add_queue(router, pages)
    _add_views(router, pages)
    _add_live(router, door, live)


def _add_queue(router: APIRouter, pages: QueuePages) -> None:
    @router.get("")
    @needs("queue.read")
    def show_queue(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            return pages.whole(visit, request.query_params)

    @router.get("/queue")
    @needs("queue.read")
    def refresh_queue(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            return page("_queue.html", **pages.shown(visit, request.query_params))


def _add_views(router: APIRouter, pages: QueuePages) -> None:
    @router.post("/views")
    @needs("queue.read", logs="view_saved")
    def save_view(request: Request, name: Field = "", query: Field = "") -> Response:
        wanted = views.wanted_of(query)
        try:
            with pages.door.visit(request) as visit:
                views.save(visit.session, visit.user, name, wanted)
        except BadInput as fault:
            said = words().say(fault.key, **fault.values)
            with pages.door.visit(request) as visit:
                return pages.whole(visit, dict(parse_qsl(wanted.query())), status=422, error=said)
        return go(f"/desk?{wanted.query()}")

    @router.post("/views/{view_id}/remove")
    @needs("queue.read", logs="view_removed")
    def remove_view(request: Request, view_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            views.remove(visit.session, visit.user, view_id)
        return go("/desk")


def _named(codes: Iterable[str], name: Callable[[str], str]) -> list[tuple[str, str]]:
    return sorted(((code, name(code)) for code in codes), key=lambda one: one[1])


def _add_live(router: APIRouter, door: Door, live: Live) -> None:
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
            if any(f"{HERE}{one}" in changed for one in ids):
                yield ServerSentEvent(event="here", data="-")
            changed = frozenset(one for one in changed if not one.startswith(HERE))
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
