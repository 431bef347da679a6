"""Measures the queue with ten thousand open cases and runs the race a thousand times; writes the results and their page."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.desk import measure
from benchmarks.desk.page import PAGE, page
from benchmarks.desk.serve import served
from benchmarks.figures import machine
from core.settings import PROJECT
from desk.facets import CHUNK

RESULTS = Path(__file__).with_name("results.json")
CASES, RACES = 10_000, 1000
LONGEST = 1800
"""Seconds for all races on a machine that does other things too."""
RACE = "tests/integration/desk/test_takeover_race.py"


def main() -> int:
    """The command."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.desk", description=__doc__)
    arguments.add_argument("--cases", type=int, default=CASES, metavar="N", help="open cases")
    arguments.add_argument("--queue", action="store_true", help="only the queue")
    arguments.add_argument("--race", action="store_true", help="only the race")
    asked = arguments.parse_args()
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if not asked.race:
        with served(asked.cases) as desk:
            results |= {
                "cases": asked.cases,
                "rounds": measure.ROUNDS,
                "browsers": measure.BROWSERS,
                "chunk": CHUNK,
                "machine": machine(),
                "pages": measure.pages(desk),
                "paints": measure.paints(desk),
                "load_at_end": f"{os.getloadavg()[0]:.1f}",
            }
            _keep(results)
    if not asked.queue:
        results["race"] = _race()
        _keep(results)
    return 0


def _keep(results: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if "pages" in results:
        PAGE.write_text(page(results), encoding="utf-8")


def _race() -> dict[str, int]:
    """The test, with a thousand rounds; it fails when one word of the bot leaves after a takeover."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "race.json"
        environment = os.environ | {"WAYMARK_TEST_ROUNDS": str(RACES), "WAYMARK_TEST_TOLD": str(told)}
        command = [sys.executable, "-m", "pytest", "-q", f"--timeout={LONGEST}", RACE]
        subprocess.run(command, cwd=PROJECT, env=environment, check=True)  # noqa: S603
        found: dict[str, int] = json.loads(told.read_text(encoding="utf-8"))
        return found


if __name__ == "__main__":
    raise SystemExit(main())
