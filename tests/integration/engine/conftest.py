"""A real engine for the tests: a small assistant is trained once and started as a process."""

import base64
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import with_database
from tests.integration.engine.running import ACTIONS_SECRET, FIXTURES, SECRET, Actions, Engine, run_python
from tests.ports import free_port


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small assistant's model, trained by the real command."""
    out = tmp_path_factory.mktemp("model") / "small.tar.gz"
    done = run_python("-m", "bot.engine.train", "--project", str(FIXTURES), "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="session")
def actions() -> Iterator[Actions]:
    server = Actions()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture(scope="session")
def engine_database(postgres: str) -> str:
    """A database of the engine's own, as a deployment may give it."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE engine_tests")
    return with_database(postgres, "engine_tests")


@pytest.fixture(scope="session")
def engine_environment(model: Path, actions: Actions, engine_database: str) -> dict[str, str]:
    return {
        "WAYMARK_ENGINE_PORT": str(free_port()),
        "WAYMARK_ENGINE_SECRET": SECRET,
        # Two, as while the key is exchanged.
        "WAYMARK_ENGINE_KEY": ",".join(base64.b64encode(os.urandom(32)).decode() for _ in range(2)),
        "WAYMARK_ENGINE_DATABASE_URL": engine_database,
        "WAYMARK_ACTIONS_URL": actions.url,
        "WAYMARK_ACTIONS_SECRET": ACTIONS_SECRET,
        "WAYMARK_MODEL": str(model),
    }


@pytest.fixture(scope="session")
def engine(engine_environment: dict[str, str]) -> Iterator[Engine]:
    """One engine for all tests of this folder; what it prints is read by the test on privacy."""
    running = Engine(engine_environment)
    running.start()
    yield running
    assert running.stop() == 0, "the engine did not stop cleanly"


@pytest.fixture
def events(engine_database: str) -> Callable[[str], bytes | None]:
    """The stored bytes of a conversation."""

    def stored(conversation_id: str) -> bytes | None:
        with psycopg.connect(engine_database) as connection:
            row = connection.execute(
                "SELECT sealed FROM engine.tracker WHERE conversation_id = %s", (conversation_id,)
            ).fetchone()
        return bytes(row[0]) if row else None

    return stored
