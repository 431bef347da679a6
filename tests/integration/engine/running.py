"""What the engine's tests run: Rasa's interpreter, an action server that misbehaves on request, the engine as a process."""

import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

PROJECT = Path(__file__).resolve().parents[3]
PYTHON = PROJECT / ".venv-engine" / "bin" / "python"
FIXTURES = Path(__file__).parent / "fixtures"
SECRET = "secret-of-the-engine"
ACTIONS_SECRET = "secret-of-the-actions"

needs_engine = pytest.mark.skipif(not PYTHON.exists(), reason="Rasa's environment is not installed")


def run_python(
    *arguments: str, stdin: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PYTHON), *arguments],
        cwd=PROJECT,
        env=os.environ | (environment or {}),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


class Actions:
    """An action server of twenty lines: `action_reply` says what it was asked, the others fail each in their way."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.connections = 0
        actions = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                actions.connections += 1
                super().setup()

            def do_POST(self) -> None:
                call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                actions.calls.append(call)
                actions.secrets.append(self.headers.get("X-Waymark-Secret"))
                status, reply = actions.reply(call)
                body = json.dumps(reply).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/webhook"

    def reply(self, call: dict[str, Any]) -> tuple[int, Any]:  # noqa: PLR0911
        message = call["tracker"]["latest_message"]
        echo: dict[str, Any] = {
            "text": message["text"],
            "intent": message["intent"]["name"],
            "entities": {each["entity"]: each["value"] for each in message["entities"]},
            "metadata": message["metadata"],
            "turns": sum(event["event"] == "user" for event in call["tracker"]["events"]),
        }
        said: dict[str, Any] = {"events": [], "responses": [{"custom": {"say": "echo", "values": echo}}]}
        match call["next_action"]:
            case "action_fail":
                return 500, {"error": f"cannot handle {message['text']}"}
            case "action_wrong":
                return 200, {"events": [{"event": "slot", "text": message["text"]}], "responses": []}
            case "action_slow":
                time.sleep(7)
                return 200, said
            case "action_huge":
                return 200, {"events": [], "responses": [{"custom": {"say": "x" * 2_000_000}}]}
            case "action_erase":
                said["events"] = [{"event": "slot", "name": "seen", "value": "kept words", "timestamp": None}]
                said["responses"].append({"custom": {"do": "erase"}})
                return 200, said
            case "action_reject":
                return 400, {"action_name": "action_reject", "error": f"not now: {message['text']}"}
        return 200, said


@dataclass
class Engine:
    """A running engine and what it has printed."""

    environment: dict[str, str]
    process: subprocess.Popen[str] = field(init=False)
    output: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(PYTHON), "-m", "bot.engine.server"],
            cwd=PROJECT,
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        deadline = time.monotonic() + 90
        while not any("engine ready" in line for line in self.output):
            assert self.process.poll() is None, "".join(self.output)
            assert time.monotonic() < deadline, "".join(self.output)
            time.sleep(0.05)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(20)
        self._reader.join(5)
        return code

    @property
    def printed(self) -> str:
        return "".join(self.output)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['WAYMARK_ENGINE_PORT']}/webhooks/waymark"

    def post(self, body: Any, secret: str | None = SECRET) -> httpx.Response:
        headers = {} if secret is None else {"X-Waymark-Secret": secret}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.post(f"{self.url}/turn", content=content, headers=headers, timeout=30)

    def turn(self, **fields: Any) -> httpx.Response:
        return self.post(a_turn(**fields))


def a_turn(**fields: Any) -> dict[str, Any]:
    turn: dict[str, Any] = {
        "conversation_id": str(uuid4()),
        "turn_id": str(uuid4()),
        "text": None,
        "payload": None,
        "language": None,
        "language_guess": None,
        "channel": "sms",
        "new_session": False,
    }
    return turn | fields
