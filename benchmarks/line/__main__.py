"""`make bench`: both lines in turn, round after round, on databases of their own; writes results.json and docs/performance.md.

What is done stays done: an interrupted run goes on with `--go-on`.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from benchmarks.figures import machine
from benchmarks.line import measure, scale
from benchmarks.line.lines import NAMES, Line, Name, forget, running
from benchmarks.line.page import RESULTS, flat, write
from benchmarks.line.profile import profiled
from benchmarks.line.provider import Provider
from benchmarks.line.stock import trained
from benchmarks.line.stored import store, stored
from core.database import now
from core.settings import read_settings
from tests.ports import free_port

FEW, MANY = 100, 1_000_000
"""Stored conversations that are compared."""
PEOPLE = 5
"""Whose dialogues the costs of a turn are counted over."""


def main() -> int:
    """Measure, and write down what was measured after every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of both lines")
    parser.add_argument("--seconds", type=float, default=20, help="of one measurement")
    parser.add_argument(
        "--stored", type=int, default=MANY, help="stored conversations that are compared with 100; 0: left out"
    )
    parser.add_argument("--go-on", action="store_true", help="keep what an interrupted run has measured")
    parser.add_argument("--folder", type=Path, help="where the databases lie (default: a temporary folder)")
    asked = parser.parse_args()
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if asked.go_on else {}
    results |= {
        "day": now().date().isoformat(),
        "seconds": asked.seconds,
        "machine": machine(),
        "training": _training(),
    }
    with tempfile.TemporaryDirectory(prefix="waymark-bench-") as made:
        Path(made).chmod(0o711)  # the embedded PostgreSQL runs as a user of its own below it
        asyncio.run(_all(results, asked, asked.folder or Path(made)))
    write(results)
    scale.write(results)
    return 0


async def _all(results: dict[str, Any], asked: argparse.Namespace, home: Path) -> None:
    lines: dict[str, list[Any]] = results.setdefault("lines", {name: [] for name in NAMES})
    async with Provider(free_port()) as provider:
        for number in range(asked.rounds):
            for name in NAMES if number % 2 == 0 else reversed(NAMES):
                if len(lines[name]) <= number:
                    _say(f"round {number + 1}: {name}")
                    lines[name].append(await _round(name, home / name, provider, asked.seconds))
                    _keep(results)
        for name in NAMES:
            once = results.setdefault("once", {}).setdefault(name, {})
            if "long" not in once or (asked.stored and "stored" not in once):
                _say(f"one long conversation, and stored ones: {name}")
                async for what, found in _once(name, home / name, provider, asked.stored, done=set(once)):
                    once[what] = found
                    _keep(results)
            forget(home / name)


async def _round(name: Name, folder: Path, provider: Provider, seconds: float) -> dict[str, Any]:
    """A start, then everything that is compared in every round. The flood comes last: it leaves more than can be answered."""
    with running(name, folder, provider):
        await measure.warm_up(provider)  # the first start makes the database, which is not what is measured
    with running(name, folder, provider) as (line, ready):
        await measure.warm_up(provider)
        found: dict[str, Any] = {"ready_seconds": ready, "load": os.getloadavg()[0]}
        found["costs"] = await measure.costs(line, provider, PEOPLE)
        found["saturation"] = await measure.saturation(provider, seconds)
        found["latencies"] = await measure.latencies(provider, seconds)
        found["memory_mb"] = found["costs"].pop("memory_mb")
        found["acknowledgements"] = await measure.acknowledgements(provider, seconds / 2)
        found["refused"] = provider.refused
    # What the flood left would be answered in the next round, and measured there.
    forget(folder)
    return found


async def _once(
    name: Name, folder: Path, provider: Provider, wanted: int, *, done: set[str]
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """What takes long and is compared with itself: one measurement of each line."""
    with running(name, folder, provider) as (line, _):
        await measure.warm_up(provider)
        if "profile" not in done:
            yield "profile", await profiled(line, provider)
        if "long" not in done:
            yield "long", await measure.long_conversation(line, provider)
        if wanted and "stored" not in done:
            yield "stored", {str(size): await _with_stored(line, provider, size) for size in (FEW, wanted)}


async def _with_stored(line: Line, provider: Provider, size: int) -> dict[str, Any]:
    there = await asyncio.to_thread(store, line, size) if stored(line) < size else stored(line)
    await measure.warm_up(provider)
    return await measure.one_by_one(provider, PEOPLE) | {"conversations": there}


def _training() -> dict[str, Any]:
    model = read_settings().model
    ours = json.loads(model.with_name(model.name + ".training.json").read_text(encoding="utf-8"))
    return {"waymark": {"seconds": ours["seconds"], "cpu_seconds": ours["cpu_seconds"]}, "stock": trained()[1]}


def _keep(results: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(flat(results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
