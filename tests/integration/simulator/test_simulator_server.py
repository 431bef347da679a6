"""The process that serves the phone: starts in a demonstration only, and logs no address."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.integration.simulator.simulator_line import until
from tests.ports import free_port

PROJECT = Path(__file__).resolve().parents[3]


def _environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "WAYMARK_DATA_DIR": str(tmp_path),
        "WAYMARK_LANGUAGES": "en",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "token",
        **more,
    }


@contextmanager
def _running(environment: dict[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.simulator.server"], cwd=PROJECT, env=environment, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_it_starts_in_a_demonstration_only(tmp_path: Path) -> None:
    for environment, reason in [
        (_environment(tmp_path), "WAYMARK_DEMONSTRATION"),
        (_environment(tmp_path, WAYMARK_DEMONSTRATION="1", TWILIO_AUTH_TOKEN=""), "TWILIO_AUTH_TOKEN"),
    ]:
        if not environment["TWILIO_AUTH_TOKEN"]:
            del environment["TWILIO_AUTH_TOKEN"]
        ended = subprocess.run(
            [sys.executable, "-m", "gateway.simulator.server"],
            cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 2
        assert reason in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_it_serves_the_phone_on_loopback_and_ends_while_a_phone_is_open_and_logs_nobody(tmp_path: Path) -> None:
    port = free_port()
    environment = _environment(tmp_path, WAYMARK_DEMONSTRATION="1", WAYMARK_PHONE_PORT=str(port))
    base = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{base}/health").status_code == 200
        except httpx.HTTPError:
            return False

    output = tmp_path / "phone.log"
    with _running(environment, output) as process:
        until(answers, 60)
        owner = {"phone": "+15005550101", "channel": "sms"}
        thread = httpx.post(f"{base}/phone/send", json=owner | {"text": "a secret"}).json()["thread"]
        with httpx.stream("GET", f"{base}/phone/threads/{thread}/events") as answer:
            assert next(answer.iter_lines())
            process.terminate()
            assert process.wait(15) in {0, -15}
    logged = output.read_text()
    assert "secret" not in logged
    assert "5005550101" not in logged
    assert thread not in logged
