"""What Rasa remembers, read from outside while Rasa goes on: some conversations at a time, in the order of their ids."""

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg

from core.jobs import plain_conninfo


def connect(url: str) -> psycopg.Connection:
    """The database of Rasa's memory; each statement by itself."""
    return psycopg.connect(plain_conninfo(url), autocommit=True, connect_timeout=5)


def remembered(
    connection: psycopg.Connection, batch: int, *, also: LiteralString = ""
) -> Iterator[list[tuple[Any, ...]]]:
    """Rows of all conversations: their ids, and the columns `also` (`, sealed`). None before Rasa has run for the first time."""
    if connection.execute("SELECT to_regclass('engine.tracker')").fetchone() == (None,):
        return
    last = ""
    while rows := connection.execute(
        f"SELECT conversation_id{also} FROM engine.tracker WHERE conversation_id > %s ORDER BY conversation_id LIMIT %s",  # noqa: S608 - ours
        (last, batch),
    ).fetchall():
        yield rows
        last = rows[-1][0]
