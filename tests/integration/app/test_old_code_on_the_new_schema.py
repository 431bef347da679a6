"""While a newer version migrates the database the last release goes on serving: what it says still works in the middle of that.

The release's own statements, as they were recorded (tests/releases/recording.py): half of each story before the migration, half after it.
"""

import gzip
import json
from collections import defaultdict
from typing import Any

import psycopg
import pytest
from psycopg import sql

from app.migrations import migrate, state
from core.settings import PROJECT
from tests.databases import with_database

RECORDED = PROJECT / "tests" / "releases" / "last.jsonl.gz"
CHANGES = ("INSERT", "UPDATE", "DELETE")


def recorded() -> tuple[str, dict[str, Any], dict[str, list[list[Any]]]]:
    """The schema of the release, the rows its migrations made, and what was said in each story: connection, kind, statement, rows."""
    first, *lines = gzip.decompress(RECORDED.read_bytes()).decode().split("\n")
    stories: dict[str, list[list[Any]]] = defaultdict(list)
    for line in lines:
        name, *said = json.loads(line)
        stories[name].append(said)
    revision, filled = json.loads(first)
    return revision, filled, dict(stories)


class Release:
    """The old processes: each connection says what it said then."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connections: dict[int, psycopg.Connection] = {}

    def say(self, said: list[list[Any]]) -> int:
        """Say it again; how many changes of rows there were. Fails where a statement does, or changes other rows than it did."""
        changes = 0
        for number, kind, statement, rows in said:
            connection = self._connections.get(number) or psycopg.connect(self._url)
            self._connections[number] = connection
            if kind != "say":
                (connection.commit if kind == "commit" else connection.rollback)()
                continue
            done = connection.execute(statement.encode())
            if rows >= 0 and statement.lstrip().startswith(CHANGES):
                assert done.rowcount == rows, statement[:300]
                changes += rows
        return changes

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


@pytest.fixture(scope="module")
def of_the_release(postgres: str) -> str:
    """A database as the last release left it."""
    revision, filled, _ = recorded()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS of_the_release WITH (FORCE)")
        connection.execute("CREATE DATABASE of_the_release")
    url = with_database(postgres, "of_the_release")
    migrate(url, revision)
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for table, rows in filled.items():
            name = sql.Identifier(table)
            connection.execute(sql.SQL("DELETE FROM {}").format(name))
            connection.execute(
                sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, %s)").format(name),
                [json.dumps(rows)],
            )
    return "of_the_release"


def database_of(postgres: str, template: str, name: str) -> str:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return with_database(postgres, name)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE message RENAME COLUMN segments TO parts",
        "ALTER TABLE message DROP COLUMN segments",
        "ALTER TABLE message ADD COLUMN needed integer NOT NULL",
    ],
)
def test_a_change_that_the_rule_forbids_is_noticed(postgres: str, of_the_release: str, change: str) -> None:
    _, _, stories = recorded()
    url = database_of(postgres, of_the_release, "serving_wrong")
    with psycopg.connect(url) as connection:
        connection.execute(change.encode())
    serving = Release(url)
    with pytest.raises((psycopg.errors.UndefinedColumn, psycopg.errors.NotNullViolation)):
        serving.say(next(said for name, said in stories.items() if name.startswith("the_bot_answers_in_order")))
    serving.close()


def test_the_last_release_goes_on_serving_while_the_schema_becomes_the_new_one(
    postgres: str, of_the_release: str
) -> None:
    changes, (revision, _, stories) = 0, recorded()
    for number, (name, said) in enumerate(stories.items()):
        url = database_of(postgres, of_the_release, f"serving_{number}")
        serving = Release(url)
        try:
            # Between two transactions: one that is under way makes the migration wait for it.
            ends = [0, *(at + 1 for at, one in enumerate(said) if one[1] != "say")]
            half = min(ends, key=lambda at: abs(at - len(said) // 2))
            changes += serving.say(said[:half])
            before, after = migrate(url)
            assert before == revision, name
            assert after == state(url)[1]
            changes += serving.say(said[half:])
        finally:
            serving.close()
    assert changes > 100
