"""A backup comes back whole, says nothing to whoever finds it, and forgets whom we have forgotten."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from app.backup import backup
from app.restore import RestoreError, keep_keys, missing_keys, restore
from app.sealed_files import SealedFileError, SealedReader, SealedWriter
from cases.models import Person, User
from core import person_keys
from core.database import Sessions, make_engine
from core.encryption import Cipher, DecryptionError, cipher, use_cipher
from core.hash_keys import settle
from core.resealing import renew
from core.settings import Settings, read_settings
from gateway.models import Message
from tests.conftest import secret_key, with_database
from tests.integration.core.somebody import somebody

PASSPHRASE = "correct horse battery"
MARKER = "zanzibarmarker"


@pytest.fixture
def copy(settings: Settings, sessions: Sessions, database_url: str) -> Settings:
    """A copy in whose database somebody has written; one reply was about to leave."""
    with sessions.begin() as session:
        conversation = somebody(session, f"{MARKER} one", f"{MARKER} two")
        session.add(
            Message(conversation_id=conversation.id, direction="outbound", author="bot", state="queued", body="hello")
        )
        session.add(User(name="Nadia", password_hash="x"))
        settle(session, cipher().hash_keys)
    return read_settings(**(settings.model_dump() | {"database_url": database_url}))


@pytest.fixture
def empty(postgres: str) -> Iterator[str]:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")
        connection.execute("CREATE DATABASE restored")
    yield with_database(postgres, "restored")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")


def made(copy: Settings, folder: Path) -> tuple[Path, Path]:
    assert copy.encryption_keys is not None
    return backup(copy, folder, PASSPHRASE, copy.encryption_keys.get_secret_value())


def test_data_and_keys_come_back_and_nothing_is_sent_twice(copy: Settings, tmp_path: Path, empty: str) -> None:
    data, keys = made(copy, tmp_path / "backup")
    assert {path.stat().st_mode & 0o777 for path in (data, keys)} == {0o600}
    for path in (data, keys):
        assert MARKER.encode() not in path.read_bytes()
        assert b"+15005550100" not in path.read_bytes()
    secrets, rows = restore(data, keys, PASSPHRASE, empty, None)
    assert rows["message"] == 3
    person_keys._opened.clear()
    fresh = read_settings(
        data_dir=tmp_path, encryption_keys=secrets["WAYMARK_ENCRYPTION_KEYS"], hash_key=secrets["WAYMARK_HASH_KEY"]
    )
    fresh_cipher = Cipher.from_settings(fresh)
    use_cipher(fresh_cipher)
    engine = make_engine(empty)
    with Sessions(engine).begin() as session:
        # A caseworker who has forgotten their password: what is stored depends on nobody's.
        session.execute(text("UPDATE staff_user SET password_hash = NULL"))
        assert {row.body for row in session.query(Message)} == {f"{MARKER} one", f"{MARKER} two", "hello"}
        assert session.query(Message).filter_by(direction="outbound").one().state == "uncertain"
        assert session.query(Person).one().phone == "+15005550100"
    engine.dispose()
    assert keep_keys(copy, secrets).stat().st_mode & 0o077 == 0
    assert missing_keys(empty, secrets) == []
    newer = secrets | {"WAYMARK_HASH_KEY": secret_key()}
    assert missing_keys(empty, newer) == list(fresh_cipher.hash_keys.names), "it is told, and the data are there"
    with pytest.raises(RestoreError, match="not empty"):
        restore(data, keys, PASSPHRASE, empty, None)


def test_whoever_was_forgotten_is_forgotten_in_an_older_backup_too(
    copy: Settings, sessions: Sessions, cipher: Cipher, tmp_path: Path, empty: str
) -> None:
    old_data, _ = made(copy, tmp_path / "old")
    with sessions.begin() as session:
        session.execute(text("UPDATE message SET body_encrypted = NULL"))
        renew(session, session.query(Person).one().id)
    _, new_keys = made(copy, tmp_path / "new")
    restore(old_data, new_keys, PASSPHRASE, empty, None)
    use_cipher(cipher)
    engine = make_engine(empty)
    with Sessions(engine).begin() as session:
        for row in session.query(Message):
            with pytest.raises(DecryptionError, match="destroyed"):
                _ = row.body
    engine.dispose()


@pytest.mark.parametrize("harm", ["passphrase", "cut", "changed", "swapped"])
def test_a_file_that_is_not_as_it_was_written_does_not_open(
    tmp_path: Path, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sealed_files._SCRYPT_N", 2**4)
    monkeypatch.setattr("app.sealed_files._PIECE", 64)
    path = tmp_path / "file"
    with path.open("wb") as file:
        writer = SealedWriter(file, PASSPHRASE)
        writer.section("first", iter([b"a" * 100, b"b" * 500]))
        writer.section("second", iter([b"c"]))
        writer.close()

    def read(passphrase: str = PASSPHRASE) -> dict[str, bytes]:
        with path.open("rb") as file:
            return {name: b"".join(pieces) for name, pieces in SealedReader(file, passphrase).sections()}

    assert read() == {"first": b"a" * 100 + b"b" * 500, "second": b"c"}
    content = bytearray(path.read_bytes())
    chunk = 4 + 64 + 16
    if harm == "cut":
        del content[20 + 3 * chunk :]
    elif harm == "changed":
        content[20 + 2 * chunk + 30] ^= 1
    elif harm == "swapped":
        one, two = content[20 : 20 + chunk], content[20 + chunk : 20 + 2 * chunk]
        content[20 : 20 + 2 * chunk] = two + one
    path.write_bytes(content)
    with pytest.raises(SealedFileError):
        read("another passphrase" if harm == "passphrase" else PASSPHRASE)
