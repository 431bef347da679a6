"""The supervisor starts, revives and stops real processes."""

import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.processes import Program, Supervisor
from core.settings import PROJECT
from tests.ports import free_port

SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path)
    yield made
    made.stop()


def wait(until: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_process_that_dies_is_started_again(supervisor: Supervisor) -> None:
    supervisor.start(Program("one", SLEEP, {}))
    first = supervisor.pid("one")
    psutil.Process(first).kill()
    wait(lambda: not supervisor.alive("one"))
    supervisor.revive()
    assert supervisor.alive("one")
    assert supervisor.pid("one") != first


def test_a_process_that_keeps_dying_is_given_longer_and_longer_pauses(supervisor: Supervisor) -> None:
    supervisor.start(Program("one", (sys.executable, "-c", "raise SystemExit(3)"), {}))
    wait(lambda: not supervisor.alive("one"))
    supervisor.revive()
    wait(lambda: not supervisor.alive("one"))
    before = supervisor.pid("one")
    supervisor.revive()
    assert supervisor.pid("one") == before, "the second death in a row is followed by a pause"


def test_stopping_ends_even_who_does_not_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.processes.STOP_SECONDS", 0.5)
    supervisor = Supervisor(tmp_path)
    supervisor.start(Program("deaf", DEAF, {}))
    wait(lambda: supervisor.log_of("deaf").read_text().startswith("up"))
    pid = supervisor.pid("deaf")
    supervisor.stop()
    assert not psutil.pid_exists(pid)


def test_however_often_it_is_asked_it_stops(tmp_path: Path) -> None:
    """Ctrl-C twice, or a SIGTERM for the whole group that `make` passes on: signals meet signals."""
    script = """if True:
        import sys
        from pathlib import Path
        from app.processes import stoppable
        supervisor = stoppable(Path(sys.argv[1]))
        print("ready", flush=True)
        supervisor.watch()
        print("stopped", flush=True)
        sys.stdin.read()
    """
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT,
        ) as asked:  # fmt: skip
            assert asked.stdout is not None
            assert asked.stdin is not None
            assert asked.stdout.readline() == "ready\n"
            try:
                for number in range(2000):
                    asked.send_signal((signal.SIGINT, signal.SIGTERM)[number % 2])
                assert select.select([asked.stdout], [], [], 10)[0], "it waits for itself"
                assert asked.stdout.readline() == "stopped\n"
            finally:
                asked.kill()


def test_a_process_gets_the_environment_it_is_given_and_nothing_else(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYMARK_ENCRYPTION_KEYS", "k:secret")
    supervisor.start(Program("env", (sys.executable, "-c", "import os; print(dict(os.environ))"), {"ONLY": "this"}))
    wait(lambda: not supervisor.alive("env"))
    printed = supervisor.log_of("env").read_text()
    assert "this" in printed
    assert "secret" not in printed


def test_logs_can_be_read_by_their_owner_only(supervisor: Supervisor) -> None:
    supervisor.start(Program("one", SLEEP, {}))
    assert supervisor.log_of("one").stat().st_mode & 0o077 == 0


LISTENER = (
    sys.executable,
    "-c",
    (
        "import os, socket; kept = socket.socket(fileno=int(os.environ['KEPT_SOCKET_FD']))\n"
        "while True:\n    caller, _ = kept.accept(); caller.sendall(str(os.getpid()).encode()); caller.close()"
    ),
)


def test_who_calls_while_a_program_is_dead_waits_until_it_lives_again(supervisor: Supervisor) -> None:
    port = free_port()
    supervisor.start(Program("web", LISTENER, {}, listens=("127.0.0.1", port)))
    psutil.Process(supervisor.pid("web")).kill()
    wait(lambda: not supervisor.alive("web"))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as call:
        supervisor.revive()
        assert call.recv(20) == str(supervisor.pid("web")).encode()


def test_two_programs_of_one_address_share_its_callers_and_one_is_enough(supervisor: Supervisor) -> None:
    port = free_port()
    for name in ("web", "web-2"):
        supervisor.start(Program(name, LISTENER, {}, listens=("127.0.0.1", port)))
    pids = {str(supervisor.pid(name)).encode() for name in ("web", "web-2")}
    psutil.Process(supervisor.pid("web")).kill()
    wait(lambda: not supervisor.alive("web"))
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as call:
            assert call.recv(20) in pids


def test_no_process_leaves_its_memory_in_a_file(supervisor: Supervisor) -> None:
    asks = (sys.executable, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))")
    supervisor.start(Program("core", asks, {}))
    wait(lambda: not supervisor.alive("core"))
    assert supervisor.log_of("core").read_text().strip() == "(0, 0)"
