"""The processes of one copy, started together, watched, restarted when they die, and stopped together."""

import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.logging import get_logger
from core.settings import PROJECT

log = get_logger("app.processes")

STOP_SECONDS = 10.0
"""How long a process may take to finish what it is doing when it is asked to stop."""
MAX_BACKOFF = 30.0
LOOK_SECONDS = 0.5
"""Between two looks at who still runs."""
BACKLOG = 512
"""Calls that may wait while a program is started again: Twilio gives each 15 seconds."""
SOCKET = "KEPT_SOCKET_FD"
"""Variable that tells a program which of its open files is the socket it serves."""
_LOG_LIMIT = 20 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _begin() -> None:
    """In the new process, before its program."""
    # What a process holds in memory must not end up in a file when it crashes: keys, and what people wrote.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # When the supervisor is killed without warning its children must not go on answering with nobody watching them.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: name, command, and the whole environment of the process (nothing is inherited)."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    listens: tuple[str, int] | None = None
    """Address whose socket the supervisor opens and keeps: who calls while the program is started again waits, and is not turned away."""


@dataclass(slots=True)
class _Running:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """Starts programs, restarts one that ends (at once, then with growing pauses), stops them in reverse order."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[_Running] = []
        self._sockets: dict[tuple[str, int], socket.socket] = {}
        # A plain flag: an event has a lock, and a second signal while the first one sets it would wait for that lock for ever.
        self.stopping = False

    def start(self, program: Program) -> None:
        """Start a program; its output goes to `<name>.log` in the log folder."""
        self._running.append(_Running(program, self._spawn(program), time.monotonic()))

    def log_of(self, name: str) -> Path:
        """Where a program's output goes."""
        return self._logs / f"{name}.log"

    def alive(self, name: str) -> bool:
        """Whether a program runs at this moment."""
        return any(item.program.name == name and item.process.poll() is None for item in self._running)

    def pid(self, name: str) -> int:
        """Process id of a program. Raises KeyError."""
        for item in self._running:
            if item.program.name == name:
                return item.process.pid
        raise KeyError(name)

    def ask_to_stop(self) -> None:
        """Make `watch` return soon; safe to call from a signal handler."""
        self.stopping = True

    def watch(self, *, beside: Callable[[], object] | None = None) -> None:
        """Restart what ends, until somebody asks to stop; `beside` looks after what is not a program of ours (the database)."""
        while not self.stopping:
            self.revive()
            if beside is not None:
                beside()
            time.sleep(LOOK_SECONDS)

    def revive(self) -> None:
        """Look once whether a process ended, and start it again when its pause is over."""
        moment = time.monotonic()
        for item in self._running:
            code = item.process.poll()
            if code is None:
                continue
            if item.restart_at is None:
                item.failures = 1 if moment - item.started > 60 else item.failures + 1
                pause = 0.0 if item.failures == 1 else min(MAX_BACKOFF, 2.0 ** (item.failures - 2))
                item.restart_at = moment + pause
                log.error("process ended", part=item.program.name, exit_code=code, seconds=pause)
                print(  # noqa: T201 (the person at the terminal)
                    f"! {item.program.name} ended (exit code {code}), started again in {pause:.0f} s; its log: "
                    f"{self.log_of(item.program.name)}",
                    file=sys.stderr,
                )
            if moment >= item.restart_at:
                item.process = self._spawn(item.program)
                item.started, item.restart_at = moment, None

    def stop(self) -> None:
        """Stop everything, the last started first. Who does not stop in time is killed."""
        self.stopping = True
        living = [item for item in reversed(self._running) if item.process.poll() is None]
        for item in living:
            item.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for item in living:
            try:
                item.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("process killed", part=item.program.name)
                item.process.kill()
                item.process.wait()
        self._running.clear()
        for each in self._sockets.values():
            each.close()
        self._sockets.clear()

    def _socket(self, program: Program) -> socket.socket | None:
        if program.listens is None:
            return None
        if program.listens not in self._sockets:
            # As `waymark up` itself does not accept, what comes meanwhile waits in the socket's queue. Several programs may share it:
            # whoever is free takes the next call.
            self._sockets[program.listens] = socket.create_server(program.listens, backlog=BACKLOG)
        return self._sockets[program.listens]

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        kept = self._socket(program)
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self.log_of(program.name)
        if path.is_file() and path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as output:
            os.chmod(path, 0o600)  # noqa: PTH101
            return subprocess.Popen(  # noqa: S603 (our own programs)
                list(program.command),
                cwd=PROJECT,
                env=dict(program.environment) | ({SOCKET: str(kept.fileno())} if kept else {}),
                pass_fds=(kept.fileno(),) if kept else (),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the others in order
                preexec_fn=_begin,  # noqa: PLW1509 (no threads start programs)
            )


def stoppable(logs: Path) -> Supervisor:
    """A supervisor that Ctrl-C and SIGTERM ask to stop."""
    supervisor = Supervisor(logs)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.ask_to_stop())
    return supervisor
