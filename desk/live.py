"""Live pages: PostgreSQL says that something changed, one listener hears it, and every open page is told. Ids only, never content."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from core.database import DESK_CHANNEL
from core.jobs import plain_conninfo
from core.logging import get_logger

log = get_logger("desk.live")

DEBOUNCE_SECONDS = 0.25
"""A turn of the bot writes several rows: one refresh is enough for all of them."""
LOOK_SECONDS = 20.0
"""How often a silent connection is asked whether it still lives."""
MAX_WAITING = 32
"""Ids that wait for a slow page; beyond it the page is told to look at everything."""

HERE = "here:"
"""Before the id of a case of which only who looks at it changed."""
EVERYTHING = frozenset({"*"})
"""Stands for every id: after a gap nobody knows what was missed."""


@dataclass(eq=False)
class Subscriber:
    """One open page. What it has not been told yet is merged, so that a slow page costs no memory."""

    only: frozenset[str] | None = None
    """Ids the page is about; None: all."""
    _waiting: frozenset[str] = frozenset()
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, changed: frozenset[str]) -> None:
        """Something changed."""
        merged = self._waiting | changed
        self._waiting = EVERYTHING if len(merged) > MAX_WAITING or merged >= EVERYTHING else merged
        self._wake.set()

    async def changes(self) -> frozenset[str]:
        """Wait for the next changes."""
        await self._wake.wait()
        self._wake.clear()
        changed, self._waiting = self._waiting, frozenset()
        return changed

    def concerns(self, changed: frozenset[str]) -> bool:
        """Whether the page's own case is among what changed."""
        return self.only is None or changed >= EVERYTHING or not self.only.isdisjoint(changed)


class Live:
    """Listens on one connection of its own and fans out to the pages of this process."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = plain_conninfo(database_url)
        self._subscribers: set[Subscriber] = set()
        self._changed: set[str] = set()
        self._flush: asyncio.TimerHandle | None = None
        self.connected = False
        """Whether changes are being heard now; the health page asks."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen while the block runs."""
        task = asyncio.create_task(self._listen_for_ever())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            if self._flush is not None:
                self._flush.cancel()

    @asynccontextmanager
    async def subscribed(self, only: frozenset[str] | None = None) -> AsyncIterator[Subscriber]:
        """A subscription while the block runs."""
        subscriber = Subscriber(only)
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    def heard(self, payload: str) -> None:
        """Take one notification; what it says goes out together with what follows within a quarter of a second."""
        try:
            ids = json.loads(payload)
            # Who has a page open changes nothing that a queue shows: it is told apart.
            self._changed.update(f"{HERE}{value}" if key == "here" else str(value) for key, value in ids.items())
        except (ValueError, AttributeError):
            # Not ours to understand; looking at everything is always right.
            self._changed |= EVERYTHING
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(DEBOUNCE_SECONDS, self._tell_all)

    def _tell_all(self) -> None:
        self._flush = None
        changed = EVERYTHING if self._changed >= EVERYTHING else frozenset(self._changed)
        self._changed.clear()
        for subscriber in self._subscribers:
            subscriber.tell(changed)

    async def _listen_for_ever(self) -> None:
        pause = 0.5
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True, connect_timeout=5
                ) as connection:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(DESK_CHANNEL)))
                    self.connected, pause = True, 0.5
                    log.info("listening")
                    # What was said while nobody listened is lost: every page looks again.
                    self._changed |= EVERYTHING
                    self._tell_all()
                    await self._listen(connection)
            except (psycopg.Error, OSError) as error:
                log.warning("listening interrupted", error=type(error).__name__, seconds=pause)
            finally:
                self.connected = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)

    async def _listen(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            async for notification in connection.notifies(timeout=LOOK_SECONDS):
                self.heard(notification.payload)
            # A connection that a firewall forgot looks like a quiet night: ask.
            async with asyncio.timeout(5):
                await connection.execute("SELECT 1")
