"""Where Rasa remembers a conversation: one sealed row each in PostgreSQL, what the next turn needs of the session, gone after some days.

Rasa's own SQL store keeps every word in clear, one row an event, for ever, and opens a connection for each read.
"""

# ruff: noqa: ARG002, FBT001, FBT002 (the signatures are Rasa's)

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Type

import psycopg2
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    LoopInterrupted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.common import all_subclasses

from bot.engine.sealing import Seal

logger = logging.getLogger("waymark.engine.tracker")

# The table lives in a schema of its own, so that the engine's role needs no right on anything else.
# `EXTERNAL` storage: sealed bytes do not compress.
TABLE = """
CREATE SCHEMA IF NOT EXISTS engine;
CREATE TABLE IF NOT EXISTS engine.tracker (
    conversation_id text PRIMARY KEY,
    sealed bytea NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE engine.tracker ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS tracker_updated_at ON engine.tracker (updated_at);
"""
CREATION = 0x7761796D  # advisory lock: two engines that start together must not create the table at the same moment
TURNS_KEPT = 3  # whole, so that a worker that was slow gets the reply it missed and runs nothing again
BATCH = 1000  # rows forgotten in one statement


class Overtaken(Exception):  # noqa: N818
    """Another process stored a later turn of the conversation."""


class EncryptedTrackerStore(TrackerStore):
    """One connection, opened when needed and again after PostgreSQL restarted. Statements are bounded in time: a turn waits for them."""

    def __init__(
        self,
        domain: Optional[Domain] = None,
        host: Optional[str] = None,
        event_broker: Optional[EventBroker] = None,
        key: str = "",
        keep_days: int = 30,
        **kwargs: Any,
    ) -> None:
        """`host` is a libpq URL, `key` what `Seal` takes; a conversation untouched for `keep_days` is forgotten."""
        super().__init__(domain, event_broker)
        self._url = host or ""
        self._seal = Seal(key)
        self._keep_days = int(keep_days)
        self._connection: Optional[Any] = None
        self._seen: Dict[str, Optional[datetime]] = {}

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Replaces what was remembered of the conversation by what counts of the tracker's current session.

        Raises `Overtaken` when another Rasa process stored a turn of it after it was read here: what was said there would be forgotten.
        """
        events = [event.as_dict() for event in worth_keeping(list(tracker.events))]
        sealed = self._seal.close(tracker.sender_id, json.dumps(events, separators=(",", ":")).encode())
        read = tracker.sender_id in self._seen
        seen = self._seen.pop(tracker.sender_id, None)
        # The same bytes: the statement is run again because the connection broke before we heard that it was done.
        rows = self._run(
            "INSERT INTO engine.tracker AS kept (conversation_id, sealed) VALUES (%s, %s)"
            " ON CONFLICT (conversation_id) DO UPDATE SET sealed = excluded.sealed, updated_at = clock_timestamp()"
            " WHERE NOT %s OR kept.updated_at = %s OR kept.sealed = excluded.sealed RETURNING 1",
            (tracker.sender_id, psycopg2.Binary(sealed), read, seen),
        )
        if not rows:
            raise Overtaken

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        rows = self._run("SELECT sealed, updated_at FROM engine.tracker WHERE conversation_id = %s", (sender_id,))
        self._seen[sender_id] = rows[0][1] if rows else None
        if not rows:
            return None
        tracker = self.init_tracker(sender_id)
        events = restore(json.loads(self._seal.open(sender_id, bytes(rows[0][0]))))
        tracker.update_with_events(events, self.domain, override_timestamp=False)
        return tracker

    def let_go(self, conversation_id: str) -> None:
        """The turn is over, well or not: what was read for it does not count any more."""
        self._seen.pop(conversation_id, None)

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """A new tracker, not stored yet: a turn that fails leaves nothing behind."""
        tracker = self.init_tracker(sender_id)
        if append_action_listen:
            tracker.update(ActionExecuted("action_listen"))
        return tracker

    async def keys(self) -> Iterable[str]:
        return [row[0] for row in self._run("SELECT conversation_id FROM engine.tracker", ())]

    async def delete(self, conversation_id: str) -> None:
        self._run("DELETE FROM engine.tracker WHERE conversation_id = %s", (conversation_id,))

    async def forget_old(self) -> int:
        """Deletes conversations untouched for `keep_days`, at most `BATCH` of them; the number deleted."""
        rows = self._run(
            "DELETE FROM engine.tracker WHERE conversation_id IN (SELECT conversation_id FROM engine.tracker"
            " WHERE updated_at < now() - make_interval(days => %s) LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING 1",
            (self._keep_days, BATCH),
        )
        return len(rows)

    def ready(self) -> bool:
        """Whether the database answers."""
        try:
            self._run("SELECT 1", ())
        except psycopg2.Error:
            return False
        return True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, statement: str, values: Sequence[Any]) -> List[Tuple[Any, ...]]:
        """Runs one statement, once more on a new connection when the old one turned out to be dead (PostgreSQL restarted)."""
        kept = self._connection is not None
        try:
            return self._once(statement, values)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self._drop()
            if not kept:
                raise
        return self._once(statement, values)

    def _once(self, statement: str, values: Sequence[Any]) -> List[Tuple[Any, ...]]:
        if self._connection is None:
            self._connection = self._connect()
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def _drop(self) -> None:
        try:
            self.close()
        except psycopg2.Error:
            self._connection = None

    def _connect(self) -> Any:
        connection = psycopg2.connect(
            self._url,
            application_name="waymark-engine",
            connect_timeout=3,
            tcp_user_timeout=5000,
            options="-c statement_timeout=5000 -c lock_timeout=3000",
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('engine.tracker') IS NOT NULL")
            if not cursor.fetchone()[0]:
                cursor.execute("SELECT pg_advisory_lock(%s)", (CREATION,))
                cursor.execute(TABLE)
                cursor.execute("SELECT pg_advisory_unlock(%s)", (CREATION,))
                logger.info("created the table of conversations")
        return connection


def session(events: List[Event]) -> List[Event]:
    """The events since the last session began; Rasa reads no others."""
    for position in range(len(events) - 1, -1, -1):
        event = events[position]
        if isinstance(event, ActionExecuted) and event.action_name == ACTION_SESSION_START_NAME:
            return events[position:]
    return events


def worth_keeping(events: List[Event]) -> List[Event]:
    """The last turns of the current session, and of those before them what still counts: slots and the form, not a word.

    With every event kept, each turn cost more than the one before it, and what somebody wrote an hour ago lay here for nobody to read.
    """
    events = session(events)
    turns = [position for position, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(turns) <= TURNS_KEPT:
        return events
    begin = turns[-TURNS_KEPT]
    last = {_sets(event): position for position, event in enumerate(events[:begin])}
    counting = sorted(position for what, position in last.items() if what is not None)
    return [*(events[position] for position in counting), *events[begin:]]


def _sets(event: Event) -> Optional[Tuple[str, ...]]:
    """What an event sets for all turns after it: of those that set the same, the last one counts. None: nothing."""
    if isinstance(event, SlotSet):
        return ("slot", event.key)
    if isinstance(event, ActionExecuted):
        return ("session",) if event.action_name == ACTION_SESSION_START_NAME else ("action",)
    return (event.type_name,) if isinstance(event, (SessionStarted, ActiveLoop, LoopInterrupted)) else None


_types: Dict[str, Type[Event]] = {}


def restore(stored: List[Dict[str, Any]]) -> List[Event]:
    """Rasa's events from their dictionaries. Rasa searches all classes again for every event; this looks them up once."""
    if not _types:
        _types.update({each.type_name: each for each in all_subclasses(Event) if getattr(each, "type_name", None)})
    return [_types[each["event"]]._from_parameters(each) for each in stored]  # noqa: SLF001 (what Event.from_parameters calls)
