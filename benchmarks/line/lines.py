"""Both lines: how each is started on a database of its own, when it is ready, which processes it has."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
import psycopg

from app.embedded import APPLICATION
from benchmarks.line import provider as twilio
from core.settings import PROJECT
from gateway.simulator.addresses import OUR_NUMBER
from tests.ports import free_ports

Name = Literal["waymark", "stock"]
NAMES: tuple[Name, ...] = ("waymark", "stock")
START_SECONDS = 400
MARKS = {
    "app.web": "web",
    "app.worker": "worker",
    "bot.actions.server": "actions",
    "bot.engine.server": "engine",
    "rasa_sdk": "actions",
    "benchmarks.stock_rasa.serve": "engine",
    "gateway.simulator.server": "phone",
}
"""Which part of a line a process is, by what stands in its command line."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that runs."""

    name: Name
    port: int
    folder: Path
    starter: int
    """Process that started the others."""

    @property
    def webhook(self) -> str:
        path = "/twilio/messages" if self.name == "waymark" else "/webhooks/twilio/webhook"
        return f"http://127.0.0.1:{self.port}{path}"

    def processes(self) -> dict[str, list[psutil.Process]]:
        """By part. The phone of a demonstration is not one: nobody uses it here, and no deployment has it."""
        found: dict[str, list[psutil.Process]] = {}
        for child in psutil.Process(self.starter).children(recursive=True):
            try:
                command = child.cmdline()
            except psutil.Error:
                continue
            part = next((part for mark, part in MARKS.items() if mark in command), None)
            if part is not None and part != "phone":
                found.setdefault(part, []).append(child)
        server = psutil.Process(self._postmaster())
        found["postgres"] = [server, *server.children()]
        return found

    def connect(self, database: str = APPLICATION) -> psycopg.Connection[tuple[object, ...]]:
        """As the owner of the server, so that statements can be counted."""
        return psycopg.connect(f"postgresql://postgres@/{database}?host={self._socket()}", autocommit=True)

    @property
    def server_log(self) -> Path:
        return self.folder / "postgres" / "log"

    def _postmaster(self) -> int:
        return int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])

    def _socket(self) -> str:
        return (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[4]


@contextmanager
def running(name: Name, folder: Path, provider: twilio.Provider) -> Iterator[tuple[Line, float]]:
    """The line, and the seconds from its start command until it was ready. The first start on a folder also makes its database."""
    port = free_ports(4)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    log = (folder / "up.log").open("a")
    command = ["-m", "app.cli", "up"] if name == "waymark" else ["-m", "benchmarks.line.stock"]
    begun = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - our own commands
        [sys.executable, *command], cwd=PROJECT, env=_environment(folder, port, provider), stdout=log, stderr=log
    )
    line = Line(name, port, folder, process.pid)
    try:
        while not _ready(line):
            if process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                raise RuntimeError(f"{name} did not start:\n{(folder / 'up.log').read_text()[-3000:]}")
            time.sleep(0.1)
        seconds = time.monotonic() - begun
        provider.webhook = line.webhook
        yield line, seconds
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        log.close()


def forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, port: int, provider: twilio.Provider) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
        "WAYMARK_DEMONSTRATION": "true",
        "WAYMARK_PORT": str(port),
        "WAYMARK_DATA_DIR": str(folder),
        "TWILIO_API_URL": provider.address,
        "TWILIO_ACCOUNT_SID": twilio.ACCOUNT,
        "TWILIO_AUTH_TOKEN": twilio.TOKEN,
        "WAYMARK_NUMBERS": OUR_NUMBER,
        "PYTHONUNBUFFERED": "1",
    }


def _ready(line: Line) -> bool:
    path = "/health" if line.name == "waymark" else "/webhooks/twilio/"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{line.port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
