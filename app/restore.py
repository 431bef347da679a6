"""`waymark restore`: brings a backup back into an empty database, and says that it is whole only after having counted and opened it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import func, select

from app import tables
from app.backup import DATABASE, KEYS, MANIFEST, PEOPLE, SECRETS, TRACKER, program
from app.sealed_files import SealedFileError, SealedReader
from app.secrets import FILE, write_secrets
from core.database import Sessions, make_engine
from core.encryption import Cipher, DecryptionError, StaticKeys, use_cipher
from core.hash_keys import HashKeys, needed
from core.jobs import plain_conninfo
from core.resealing import sealed_attributes
from core.settings import Settings, variable_of

OPENED = 50
"""Rows of each encrypted attribute that are opened to see that the keys fit."""


class RestoreError(Exception):
    """Nothing, or not everything, could be brought back; the text is for the person at the terminal."""


def restore(
    data: Path, keys: Path, passphrase: str, url: str, engine_url: str | None
) -> tuple[dict[str, str], dict[str, int]]:
    """Bring back data and keys. The variables of the keys, for the settings of the copy, and the rows of each table.

    Raises RestoreError: the database is not empty, a file does not open, a table has not as many rows as it had, a text does not open.
    """
    url = plain_conninfo(url)
    _refuse_full(url)
    try:
        secrets, people = _read_keys(keys, passphrase)
        manifest = _read_data(data, passphrase, url, engine_url and plain_conninfo(engine_url))
    except SealedFileError as error:
        raise RestoreError(str(error)) from None
    with psycopg.connect(url) as connection:
        _put_keys(connection, people)
        _compare(connection, manifest["rows"])
        _send_nothing_twice(connection)
    _open(url, secrets)
    return secrets, manifest["rows"]


def keep_keys(settings: Settings, secrets: dict[str, str]) -> Path:
    """Write the keys where this copy keeps those it made, or beside, for whoever gives them in the environment; the file."""
    path = settings.data_dir / FILE
    if not path.is_file():
        path = settings.data_dir / "restored-keys.json"
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known |= {name: secrets[variable_of(name)] for name in KEYS if variable_of(name) in secrets}
    write_secrets(path, known)
    return path


def missing_keys(url: str, secrets: dict[str, str]) -> list[str]:
    """Names of keys by which people are found in the data, and which the file of keys does not have: it is newer than the data."""
    known = HashKeys.parse(secrets[variable_of("hash_key")]).names
    engine = make_engine(url, pool_size=1)
    try:
        with Sessions(engine).begin() as session:
            return [name for name in needed(session) if name not in known]
    finally:
        engine.dispose()


def _refuse_full(url: str) -> None:
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() != (None,):
            raise RestoreError("the database is not empty: a backup is restored into one in which nothing is yet")


def _read_keys(path: Path, passphrase: str) -> tuple[dict[str, str], list[list[str]]]:
    found: dict[str, bytes] = {}
    with path.open("rb") as file:
        for name, pieces in SealedReader(file, passphrase).sections():
            found[name] = b"".join(pieces)
    if SECRETS not in found:
        raise RestoreError("this is not the file of the keys")
    return json.loads(found[SECRETS]), [json.loads(line) for line in found[PEOPLE].splitlines()]


def _read_data(path: Path, passphrase: str, url: str, engine_url: str | None) -> dict[str, Any]:
    manifest: dict[str, Any] = {}
    with path.open("rb") as file:
        for name, pieces in SealedReader(file, passphrase).sections():
            if name == MANIFEST:
                manifest = json.loads(b"".join(pieces))
            elif name == DATABASE:
                _load(url, pieces)
            elif name == TRACKER and engine_url:
                _load(engine_url, pieces)
            else:
                for _ in pieces:  # read on, so that the whole file is checked
                    pass
    if not manifest:
        raise RestoreError("this is not the file of the data")
    return manifest


def _load(url: str, pieces: Iterator[bytes]) -> None:
    command = [program("pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={url}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603 - the wheel's own program
    assert process.stdin is not None  # noqa: S101 - for the type
    try:
        for piece in pieces:
            process.stdin.write(piece)
        process.stdin.close()
    except BrokenPipeError:
        pass
    except SealedFileError:
        process.kill()
        process.wait()
        raise
    if process.wait() != 0:
        raise RestoreError("pg_restore did not end well: the database is half full, begin again with an empty one")


def _put_keys(connection: psycopg.Connection[Any], people: list[list[str]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO person_key (id, person_id, kek, wrapped, created_at)"
            " SELECT %s::uuid, person.id, %s, decode(%s, 'base64'), %s::timestamptz FROM person WHERE person.id = %s::uuid",
            [(key_id, kek, wrapped, at, person) for key_id, person, kek, wrapped, at in people],
        )


def _compare(connection: psycopg.Connection[Any], expected: dict[str, int]) -> None:
    for name, rows in expected.items():
        found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        if found != (rows,):
            raise RestoreError(f"the table {name} has {found and found[0]} rows, and had {rows}")


def _send_nothing_twice(connection: psycopg.Connection[Any]) -> None:
    """What waited to be sent may have been sent since the backup was made: staff see it as uncertain, and nobody repeats it unasked."""
    connection.execute(
        "UPDATE message SET state = 'uncertain' WHERE direction = 'outbound' AND state IN ('queued', 'sending')"
    )


def _open(url: str, secrets: dict[str, str]) -> None:
    """Open some of everything that is sealed: a backup whose keys do not fit is found out now, and not in the need."""
    assert tables.metadata.tables  # noqa: S101 - importing it brought every table
    keys = HashKeys.parse(secrets["WAYMARK_HASH_KEY"])
    use_cipher(Cipher(StaticKeys.parse(secrets["WAYMARK_ENCRYPTION_KEYS"]), keys))
    engine = make_engine(url, pool_size=2)
    try:
        with Sessions(engine).begin() as session:
            for sealed in sealed_attributes():
                query = select(sealed.model).where(sealed.envelope.is_not(None)).order_by(func.random()).limit(OPENED)
                for row in session.scalars(query):
                    try:
                        getattr(row, sealed.name)
                    except DecryptionError as error:
                        # A key that was destroyed: somebody was forgotten after the data were backed up.
                        if "destroyed" not in error.reason:
                            raise RestoreError(f"{sealed.label} does not open: {error.reason}") from None
    finally:
        engine.dispose()
        use_cipher(None)
