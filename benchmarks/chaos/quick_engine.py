"""A stand-in of Rasa for large storms: it answers a turn in a millisecond, the same turn always the same, and now and then breaks.

What Rasa itself does in a storm is seen in the smaller ones. Everything around it is real.
"""

import json
import os
import random
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

QUESTION = {
    "say": "ask_safe",
    "question": "safe",
    "choices": [{"value": "yes", "label": "choice_yes"}, {"value": "no", "label": "choice_no"}],
}
HANG = 3.0
"""Seconds: longer than the worker waits for it."""


def reply(turn: dict[str, Any]) -> Any:
    """What is said to a turn; None breaks the connection."""
    dice = random.Random(turn["turn_id"])  # noqa: S311 - so that a repeated turn gets the same reply
    if turn.get("alarm") in ("danger_now", "self_harm", "child_alone"):
        output: list[dict[str, Any]] = [{"do": "hand_over", "reason": "danger", "level": "E"}, {"say": "say_neutral"}]
    elif turn.get("alarm") == "ask_human":
        output = [{"do": "hand_over", "reason": "asks_human", "level": "P"}, {"say": "say_neutral"}]
    elif (turn.get("payload") or {}).get("intent") == "opt_out":
        output = [{"say": "say_opted_out"}, {"do": "opt_out"}]
    else:
        roll = dice.random()
        if roll < 0.005:
            return None
        if roll < 0.01:
            return "garbage"
        if roll < 0.012:
            time.sleep(HANG)
        output = (
            [{"say": "say_help"}, QUESTION]
            if roll < 0.3
            else [{"do": "close", "reason": "done"}, {"say": "say_goodbye"}]
            if roll < 0.35
            else [QUESTION]
        )
    return {"turn_id": turn["turn_id"], "understood": {"intent": "other", "confidence": 1.0}, "output": output}


class Handler(BaseHTTPRequestHandler):
    """Our channel's two routes."""

    def do_GET(self) -> None:
        self._answer(b"{}")

    def do_POST(self) -> None:
        said = reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if said is None:
            self.connection.close()
            return
        self._answer(json.dumps(said).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["WAYMARK_ENGINE_PORT"])), Handler).serve_forever()
