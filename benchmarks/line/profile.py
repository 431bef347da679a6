"""Where the processor's time goes in the processes of a line, by what it is spent on: py-spy looks at each while people write."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.line.lines import Line
from benchmarks.line.people import crowd
from benchmarks.line.provider import Provider

AT_ONCE = 8
SECONDS = 15
LOOKS = 200
"""Looks a second at each process."""
MOST = 8
"""Lines told of each process."""

KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("waiting for a lock or a job", ("threading.py", "queue.py", "selectors.py", "concurrent/futures")),
    ("procrastinate (the queue)", ("procrastinate/",)),
    ("psycopg (talking to PostgreSQL)", ("psycopg",)),
    ("SQLAlchemy", ("sqlalchemy/",)),
    ("encryption", ("cryptography/", "core/encryption", "core/person_keys", "bot/engine/sealing")),
    ("HTTP client", ("httpx/", "httpcore/", "h11/", "aiohttp/", "requests/", "urllib3/", "twilio/", "http/client.py")),
    ("web server", ("uvicorn/", "starlette/", "fastapi/", "anyio/", "sanic/")),
    ("checking the action server's answer against its constant schema", ("jsonschema/",)),
    ("TensorFlow", ("tensorflow/", "keras/")),
    ("scikit-learn, ONNX, NumPy", ("sklearn/", "onnxruntime/", "numpy/", "scipy/")),
    ("Rasa: trackers and events", ("rasa/shared/core/trackers", "rasa/shared/core/events", "rasa/core/tracker_store")),
    ("Rasa: policies", ("rasa/core/policies", "rasa/core/featurizers", "rasa/shared/core/generator")),
    ("Rasa: the rest", ("rasa/", "dask/", "networkx/", "structlog/")),
    ("rasa-sdk", ("rasa_sdk/",)),
    ("pydantic, JSON", ("pydantic", "json/")),
    (
        "our own code",
        ("gateway/", "cases/", "screening/", "directory/", "bot/", "core/", "app/", "desk/", "benchmarks/"),
    ),
)
"""What a frame belongs to, by its file; the innermost frame that belongs to something says what a moment was spent on."""


async def profiled(line: Line, provider: Provider) -> dict[str, dict[str, float]]:
    """Shares of the busy moments by kind, for each Python process of the line."""
    looks: dict[str, asyncio.subprocess.Process] = {}
    paths: dict[str, Path] = {}
    for part, processes in line.processes().items():
        if part == "postgres":
            continue
        paths[part] = line.folder / f"profile-{part}.txt"
        looks[part] = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(processes[0].pid), "--duration", str(SECONDS),
            "--rate", str(LOOKS), "--format", "raw", "--output", str(paths[part]), "--nonblocking",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    await crowd(provider, AT_ONCE, SECONDS + 2)
    for each in looks.values():
        await each.wait()
    return {part: shares(path.read_text(encoding="utf-8").splitlines()) for part, path in paths.items()}


def shares(stacks: Sequence[str]) -> dict[str, float]:
    """Shares by kind of py-spy's raw stacks: frames from the outermost to the innermost, then how often they were seen."""
    seen: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        seen[_kind(stack.split(";"))] += int(count)
    whole = sum(seen.values()) or 1
    return {kind: count / whole for kind, count in seen.most_common(MOST)}


def _kind(frames: Sequence[str]) -> str:
    for frame in reversed(frames):
        file = frame.rpartition("(")[2]
        for kind, marks in KINDS:
            if any(mark in file for mark in marks):
                return kind
    return "Python itself"
