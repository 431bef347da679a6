"""The state machines of the suite, walked longer: tests that count their steps, run by pytest on databases of their own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypedDict

from core.settings import PROJECT

MACHINES = {
    "conversation": "tests/integration/gateway/test_gateway_machine.py",
    "referral": "tests/integration/cases/test_referral_machine.py",
    "entry of the directory": "tests/integration/directory/test_life_of_an_entry.py",
}
STEPS = 40


class Walked(TypedDict):
    """One machine: how many walks, how many steps in all, and where what was found is told."""

    machine: str
    walks: int
    steps: int
    found: str


def walk_all(walks: int) -> list[Walked]:
    """Walk each machine so often. What is found is printed, with the steps that lead there."""
    return [_walk(name, test, walks) for name, test in MACHINES.items()] if walks else []


def _walk(name: str, test: str, walks: int) -> Walked:
    with tempfile.TemporaryDirectory() as folder:
        count = Path(folder) / "count"
        environment = {name: value for name, value in os.environ.items() if name != "WAYMARK_DEMONSTRATION"}
        environment |= {"MACHINE_WALKS": str(walks), "MACHINE_STEPS": str(STEPS), "MACHINE_COUNT": str(count)}
        done = subprocess.run(  # noqa: S603 - our own tests
            [sys.executable, "-m", "pytest", "-q", "--no-header", test], cwd=PROJECT, env=environment, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        told = json.loads(count.read_text(encoding="utf-8").splitlines()[-1]) if count.is_file() else {}
    found = "" if done.returncode == 0 else "a broken rule"
    print(f"{name}: {told.get('steps', 0)} steps, {found or 'nothing found'}", flush=True)
    if found:
        print(done.stdout[-4000:], flush=True)
    return Walked(machine=name, walks=told.get("walks", 0), steps=told.get("steps", 0), found=found)
