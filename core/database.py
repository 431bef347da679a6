"""The one database: declarative base, engine and sessions, and the notifications that make pages live."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Engine, ExceptionContext, MetaData, create_engine, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

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
    engine = create_engine(url, pool_size=pool_size, max_overflow=10, pool_pre_ping=True, hide_parameters=True)
    event.listen(engine, "handle_error", _say_no_values)
    return engine


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
