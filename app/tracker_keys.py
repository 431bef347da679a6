"""What Rasa remembers comes under the newest key of its tracker, while Rasa goes on: in small steps that give way to a turn.

Rasa seals with the newest key by itself at the next turn of a conversation; this is for those who have stopped writing.
"""

from collections.abc import Generator
from dataclasses import dataclass

import psycopg

from app.bot_memory import connect, remembered
from bot.engine.sealing import Seal, SealError
from core.resealing import Progress

BATCH = 200
LABEL = "what the bot remembers"


@dataclass(frozen=True, slots=True)
class Left:
    """Conversations that an older key seals, and those that no key opens."""

    older: int
    unopened: int


def reseal(url: str, seal: Seal) -> Generator[Progress]:
    """Seal with the first key what is not. Broken off, it goes on at what is left."""
    done = 0
    with connect(url) as connection:
        total = looked = 0
        for rows in remembered(connection, BATCH, also=", sealed"):
            total = total or _count(connection)
            renewed = [
                (sealed, key, old) for key, old in rows if (sealed := _renewed(seal, key, bytes(old))) is not None
            ]
            # A turn that was stored meanwhile is later, and sealed with the first key already. `updated_at` stays: Rasa compares it.
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE engine.tracker SET sealed = %s WHERE conversation_id = %s AND sealed = %s", renewed
                )
            done, looked = done + len(renewed), looked + len(rows)
            if renewed:
                yield Progress(LABEL, done, max(0, total - looked))


def left(url: str, seal: Seal) -> Left:
    """How much the first key does not open."""
    older = unopened = 0
    with connect(url) as connection:
        for rows in remembered(connection, BATCH, also=", sealed"):
            for key, sealed in rows:
                try:
                    older += seal.renewed(key, bytes(sealed)) is not None
                except SealError:
                    unopened += 1
    return Left(older, unopened)


def _renewed(seal: Seal, conversation_id: str, sealed: bytes) -> bytes | None:
    try:
        renewed: bytes | None = seal.renewed(conversation_id, sealed)
    except SealError:
        return None
    return renewed


def _count(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM engine.tracker").fetchone()
    return int(row[0]) if row else 0
