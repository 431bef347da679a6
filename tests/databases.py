"""Databases of tests, used again when a test left nothing behind: making one from the template costs more than most tests do."""

import time
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
from psycopg import sql

GONE_WITHIN = 0.5
"""Seconds that connections of a finished test have to close; who keeps one open after that gets its database thrown away."""
OTHERS = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
TABLES = """
    SELECT schemaname, relname, n FROM (
        SELECT n.nspname AS schemaname, c.relname, c.relkind, count(*) OVER () AS n
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT LIKE 'pg_%' AND n.nspname <> 'information_schema'
    ) objects WHERE relkind = 'r' ORDER BY 1, 2
"""
FILLED = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg_%' AND n.nspname <> 'information_schema' AND pg_relation_size(c.oid) > 0
"""


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


def end_connections(url: str, pid: int | None = None) -> None:
    """End one connection of the database from outside, or all of them as when the server restarts; they are gone when this returns."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid = coalesce(%s, pid)",
            [pid],
        )


@dataclass(slots=True)
class Databases:
    """Migrated, empty databases of one server; each is one test's own as long as the test runs."""

    postgres: str
    template: str
    free: list[str] = field(default_factory=list)
    shape: list[tuple[str, str, int]] = field(default_factory=list)
    """Schema, name and how many objects there are in all, for each table of the template: a test that changes this spoils its database."""
    filled: set[tuple[str, str]] = field(default_factory=set)
    """Tables that the migrations fill: their rows stay, and a test that changes one spoils its database."""
    prints: list[tuple[str, str]] = field(default_factory=list)

    def take(self) -> str:
        """The name of an empty database."""
        if self.free:
            return self.free.pop()
        name = f"test_{uuid4().hex[:12]}"
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(self.template))
            )
        if not self.shape:
            with psycopg.connect(with_database(self.postgres, name), autocommit=True) as connection:
                self.shape = _shape(connection)
                self.filled = _filled(connection)
                self.prints = _prints(connection, self.filled)
        return name

    def give_back(self, name: str) -> None:
        """Empty it for the next test, or throw it away where that is not surely possible."""
        if self._left_alone(name) and self._emptied(name):
            self.free.append(name)
            return
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _left_alone(self, name: str) -> bool:
        until = time.monotonic() + GONE_WITHIN
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            while connection.execute(OTHERS, [name]).fetchone():
                if time.monotonic() > until:
                    return False
                time.sleep(0.01)
        return True

    def _emptied(self, name: str) -> bool:
        with psycopg.connect(with_database(self.postgres, name), autocommit=True) as connection:
            if _shape(connection) != self.shape or _prints(connection, self.filled) != self.prints:
                return False
            used = _filled(connection) - self.filled
            if used:
                tables = sql.SQL(", ").join(sql.Identifier(*table) for table in sorted(used))
                connection.execute("SET session_replication_role = replica")
                connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
            return _prints(connection, self.filled) == self.prints


def _shape(connection: psycopg.Connection) -> list[tuple[str, str, int]]:
    return connection.execute(TABLES).fetchall()


def _filled(connection: psycopg.Connection) -> set[tuple[str, str]]:
    """The tables that hold something, or did since they were last emptied: an empty one has no page."""
    return set(connection.execute(FILLED).fetchall())


def _prints(connection: psycopg.Connection, tables: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """What stands in tables that the migrations fill, as a sum."""
    return [
        (name, str(connection.execute(
            sql.SQL("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t").format(
                sql.Identifier(schema, name)
            )
        ).fetchone()))
        for schema, name in sorted(tables)
    ]  # fmt: skip
