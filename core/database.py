"""The one database: declarative base, engine and sessions, and the notifications that make pages live."""

import json
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.pq import ConnStatus
from psycopg.pq.abc import PGconn
from sqlalchemy import DateTime, Engine, ExceptionContext, MetaData, create_engine, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

ASK_AFTER_SECONDS = 30.0
"""A connection that rested for longer is asked whether it still leads anywhere."""
_BACK = "waymark_back"

DESK_CHANNEL = "waymark_desk"
"""PostgreSQL channel on which the desk hears that a case or a thread changed; payloads are ids only."""


def now() -> datetime:
    """The present moment, with its zone: the only clock of the rooms."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Base of every table. Times carry their zone; dictionaries are JSONB."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB, list[Any]: JSONB}  # noqa: RUF012


class Identified:
    """A row with a random id that is known from construction: encrypted columns are bound to it."""

    id: Mapped[UUID] = mapped_column(primary_key=True)

    def __init__(self, **values: Any) -> None:
        values.setdefault("id", uuid4())
        # The id first: an encrypted attribute set in the same call needs it.
        self.id = values.pop("id")
        for name, value in values.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no attribute {name!r}")
            setattr(self, name, value)


def make_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine on psycopg 3. `url` may be written postgresql:// or postgres://. Its errors never quote what was to be stored."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    engine = create_engine(url, pool_size=pool_size, max_overflow=10, hide_parameters=True)
    event.listen(engine, "handle_error", _say_no_values)
    event.listen(engine, "checkout", _look_before_use(engine))
    event.listen(engine, "checkin", _note_the_hour)
    return engine


def is_quiet(connection: PGconn) -> bool:
    """Whether nothing has come on a connection that nobody uses: a server that ends it says so, and then there is something to read."""
    if connection.status != ConnStatus.OK:
        return False
    looking = select.poll()
    looking.register(connection.socket, select.POLLIN | select.POLLRDHUP)
    return not looking.poll(0)


def _look_before_use(engine: Engine) -> Callable[..., None]:
    """A connection that the database ended meanwhile is replaced before it is used: a message must not fail for it.

    A look at the socket instead of a question each time: of a turn's statements every fifth was such a question. A machine that vanished
    without a word is only found by asking, and is asked after a longer rest.
    """

    def look(connection: psycopg.Connection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        if time.monotonic() - record.info.get(_BACK, 0.0) < ASK_AFTER_SECONDS and is_quiet(connection.pgconn):
            return
        try:
            engine.dialect.do_ping(connection)  # type: ignore[arg-type]
        except (psycopg.Error, OSError):
            raise InvalidatePoolError from None

    return look


def _note_the_hour(_: object, record: ConnectionPoolEntry) -> None:
    record.info[_BACK] = time.monotonic()


def _say_no_values(context: ExceptionContext) -> None:
    """PostgreSQL quotes the whole row that it refuses (`Failing row contains`): only the first line, which names the rule, is kept."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


class Sessions:
    """Hands out sessions. A unit of work commits at its edge: a request, a job, a command. Nowhere else."""

    def __init__(self, engine: Engine) -> None:
        global _home  # noqa: PLW0603
        _home = self.engine = engine
        self._make = sessionmaker(engine, expire_on_commit=False)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A session in one transaction: committed when the block ends, rolled back when it raises."""
        with self._make.begin() as session:
            before = _unit.get()
            _unit.set(session)
            try:
                yield session
            finally:
                _unit.set(before)

    def run[T](self, work: Callable[[Session], T]) -> T:
        """A unit of work that may be done twice, its result: once more, on a new connection, when the database ended the first one.

        The look before use can come too early for a restart; what somebody wrote must not wait for Twilio to ask again.
        """
        try:
            with self.begin() as session:
                return work(session)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        with self.begin() as session:
            return work(session)


_unit: ContextVar[Session | None] = ContextVar("unit", default=None)
_home: Engine | None = None


def current_session() -> Session | None:
    """The unit of work under way here: keys of people are looked up in it, so that what it has written itself is seen."""
    session = _unit.get()
    return session if session is not None and session.in_transaction() else None


def home() -> Engine | None:
    """The database of this process, for a look outside any unit of work."""
    return _home


def notify(session: Session, channel: str = DESK_CHANNEL, **ids: str | UUID | int) -> None:
    """Tell listeners, when this transaction commits, that something changed. Ids only, never content."""
    payload = json.dumps({key: str(value) for key, value in ids.items()})
    session.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})
