"""The line under the storm: a running `waymark up`, its processes, its database and the stand-in of Twilio, seen from outside."""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from app.embedded import APPLICATION

MODULES = {
    "web": "app.web",
    "worker": "app.worker",
    "actions": "bot.actions.server",
    "engine": "bot.engine.server",
}
QUICK = "benchmarks.chaos.quick_engine"
VICTIMS = (*MODULES, "database", "database_session")
"""`database`: the server itself. `database_session`: one of its sessions; its sudden death makes the server end all of them and recover."""


@dataclass(frozen=True, slots=True)
class Line:
    """A running copy: where it listens, where its data is, the process of `waymark up`."""

    port: int
    data_dir: Path
    supervisor: int
    environment: dict[str, str] = field(repr=False, default_factory=dict)
    """In which commands of this copy run."""

    @property
    def web(self) -> str:
        """Address of the desk and the webhooks."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def stand_in(self) -> str:
        """Address of the phone and the stand-in of Twilio."""
        return f"http://127.0.0.1:{self.port + 3}"

    @property
    def database_url(self) -> str:
        """The application's database. Raises OSError while the server is down."""
        folder = (self.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[4]
        return f"postgresql://{APPLICATION}@/{APPLICATION}?host={folder}"

    def rows(self, query: str, *values: object, patience: float = 60) -> list[tuple[Any, ...]]:
        """What the database answers; while it is down it is asked again. Raises psycopg.Error when patience ends."""
        deadline = time.monotonic() + patience
        while True:
            try:
                with psycopg.connect(self.database_url, connect_timeout=5) as connection:
                    return connection.execute(query.encode(), values or None).fetchall()
            except (psycopg.OperationalError, OSError, IndexError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def run(self, statement: str) -> None:
        """Run statements that answer nothing."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(statement.encode())

    def journal(self) -> list[dict[str, Any]]:
        """Everything the stand-in took over and posted, in that order."""
        answer = httpx.get(f"{self.stand_in}/simulator/journal", timeout=60, trust_env=False)
        answer.raise_for_status()
        return list(answer.json())

    def pending(self) -> int:
        """Messages of people that the stand-in has still to post."""
        return int(
            httpx.get(f"{self.stand_in}/simulator/pending", timeout=60, trust_env=False).raise_for_status().json()
        )

    def ready(self) -> bool:
        """Whether the health page says that everything is."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=10, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self, victim: str, dice: random.Random) -> bool:
        """Kill a part without warning; False when it is dead at the moment."""
        try:
            if victim == "database":
                psutil.Process(self._postmaster()).kill()
            elif victim == "database_session":
                sessions = [
                    child
                    for child in psutil.Process(self._postmaster()).children()
                    if APPLICATION in " ".join(child.cmdline())
                ]
                dice.choice(sessions).kill()
            else:
                dice.choice(self._processes(MODULES[victim])).kill()
        except (OSError, ValueError, IndexError, psutil.Error):
            return False
        return True

    def _postmaster(self) -> int:
        return int((self.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])

    def _processes(self, module: str) -> list[psutil.Process]:
        return [
            child
            for child in psutil.Process(self.supervisor).children()
            if (module in child.cmdline() or (module == MODULES["engine"] and QUICK in child.cmdline()))
            and child.status() != psutil.STATUS_ZOMBIE
        ]


@contextmanager
def secrets(line: Line) -> Iterator[dict[str, str]]:
    """The keys that the copy made for itself, to read what it has sealed."""
    yield json.loads((line.data_dir / "secrets.json").read_text())


def wait_for(what: Callable[[], object], *, seconds: float, pause: float = 0.5) -> bool:
    """Ask again and again; False when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(pause)
    return False
