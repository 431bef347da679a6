"""The whole line, started as a newcomer starts it: `waymark up` with ports and a data folder of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from app.embedded import APPLICATION, ENGINE
from core.settings import PROJECT
from tests.ports import free_ports

WAYMARK = PROJECT / ".venv" / "bin" / "waymark"
START_SECONDS = 240
TURN_SECONDS = 30


def wait_for[T](
    what: Callable[[], T | None], *, seconds: float = TURN_SECONDS, because: str = "it did not happen"
) -> T:
    """Ask again and again until there is an answer; fail with the reason when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{because} within {seconds:.0f} s")


@dataclass(slots=True)
class Line:
    """A running copy of Waymark."""

    port: int
    data_dir: Path
    process: subprocess.Popen[str]
    printed: str
    environment: dict[str, str] = field(repr=False, default_factory=dict)
    kept: threading.local = field(repr=False, default_factory=threading.local)

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def phone_page(self) -> str:
        return f"http://127.0.0.1:{self.port + 3}"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    def database_url(self, name: str = APPLICATION) -> str:
        return f"postgresql://{name}@/{name}?host={self.socket_folder()}"

    def engine_database_url(self) -> str:
        return self.database_url(ENGINE)

    def socket_folder(self) -> str:
        return (self.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[4]

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What the database says. The connection of the thread is kept: people who wait ask ten times a second."""
        kept: psycopg.Connection | None = getattr(self.kept, "connection", None)
        if kept is None or kept.closed:
            kept = self.kept.connection = psycopg.connect(self.database_url(), autocommit=True)
        try:
            return kept.execute(query, values).fetchall()  # type: ignore[arg-type]
        except psycopg.OperationalError:
            kept.close()  # a test has killed the database
            raise

    def sign_in_link(self, name: str, *roles: str) -> str:
        """A one-time link of a new account."""
        done = subprocess.run(
            [str(WAYMARK), "create-user", name, "--role", *(roles or ("caseworker",))],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip().splitlines()[-1]

    def health(self) -> httpx.Response:
        return httpx.get(f"{self.web}/health", timeout=10)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def start_line(data_dir: Path, **extra: str) -> Line:
    """Start a copy and wait until it says that it is ready."""
    port = free_ports(4)
    (data_dir / "temporary").mkdir(mode=0o777, exist_ok=True)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
        "WAYMARK_DEMONSTRATION": "true",
        "WAYMARK_PORT": str(port),
        "WAYMARK_DATA_DIR": str(data_dir),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(data_dir / "temporary"),  # what is put down for a moment lies where a test can look
        "WAYMARK_ENGINE_TIMEOUT": "60",
        # On a busy machine a conversation may take longer than an emergency may wait; what is said then has tests of its own.
        "WAYMARK_ESCALATE_SECOND": "86400",
        "WAYMARK_ESCALATE_MANAGER": "86400",
        **extra,
    }
    process = subprocess.Popen(
        [str(WAYMARK), "up"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    printed = ""
    deadline = time.monotonic() + START_SECONDS
    assert process.stdout is not None
    for line in process.stdout:
        printed += line
        if "Ctrl-C" in line or time.monotonic() > deadline:
            break
    if "Waymark is ready" not in printed:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        logs = "\n".join(f"--- {path.name}\n{path.read_text()[-2000:]}" for path in (data_dir / "logs").glob("*.log"))
        raise AssertionError(f"the line did not start:\n{printed}\n{logs}")
    return Line(port, data_dir, process, printed, environment)


@pytest.fixture(scope="session")
def line() -> Iterator[Line]:
    """One copy for all acceptance tests that do not break it; each test writes from a number of its own."""
    folder = Path(tempfile.mkdtemp(prefix="waymark-line-"))
    running = start_line(folder)
    yield running
    assert running.stop() == 0, "Ctrl-C must stop everything cleanly"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def breakable_line() -> Iterator[Line]:
    """A copy of one module's own, whose processes its tests may kill; each leaves it as it found it, or waits until it is."""
    folder = Path(tempfile.mkdtemp(prefix="waymark-line-"))
    running = start_line(folder, WAYMARK_ENGINE_TIMEOUT="3", WAYMARK_TWILIO_TIMEOUT="2")
    yield running
    assert running.stop() == 0, "Ctrl-C must stop everything cleanly"
    shutil.rmtree(folder, ignore_errors=True)


_numbers = iter(range(100, 1000))
"""Example services have numbers of this kind too: people get a thousand of their own, or a search for one would find the other."""


@pytest.fixture
def number() -> str:
    """A number nobody has: of Twilio's range for tests."""
    return f"+15005557{next(_numbers)}"


if sys.platform != "linux":
    pytest.skip("the line runs on Linux", allow_module_level=True)
