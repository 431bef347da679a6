"""Measures the directory at every size; writes the results, the page and the picture.

Interrupted or out of time, it goes on at the next call.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.directory import measure, page
from benchmarks.directory.copies import SERVER, Copies
from benchmarks.directory.rates import STEPS, measured
from benchmarks.figures import machine
from core.database import make_engine
from core.settings import PROJECT

RESULTS = Path(__file__).parent / "results.json"
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def main() -> int:
    """The command. Exit code 1: time ran out before every size was measured."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.directory", description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N")
    arguments.add_argument(
        "--minutes", type=float, default=90, help="time for writing services; what is left is written at the next call"
    )
    arguments.add_argument(
        "--folder",
        type=Path,
        default=PROJECT / ".make" / "bench-directory",
        help="where the copies stay (gigabytes)",
    )
    arguments.add_argument("--drop", action="store_true", help="give the disk back and end")
    arguments.add_argument("--queries", action="store_true", help="only the queries, on the copies that are ready")
    arguments.add_argument("--rates", action="store_true", help="only import and export")
    arguments.add_argument(
        "--rows", type=int, default=100_000, metavar="N", help="rows to import, and the copy to export"
    )
    arguments.add_argument(
        "--step-minutes", type=float, default=30, help="longest time for one export, or for the import"
    )
    arguments.add_argument(
        "--steps", nargs="+", default=list(STEPS), choices=STEPS, metavar="STEP", help="of import and export"
    )
    asked = arguments.parse_args()
    copies = Copies.start(asked.folder)
    if asked.drop:
        copies.drop()
        return 0
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"sizes": {}}
    results |= {"rounds": measure.ROUNDS, "machine": _machine()}
    until = time.monotonic() + asked.minutes * 60
    missing: list[int] = []
    if not asked.rates:
        sizes = [size for size in sorted(asked.sizes) if not asked.queries or copies.there(size)]
        missing = [size for size in sizes if not _one(copies, size, asked.sizes, until, results)]
        results["missing"] = [f"{size:,}" for size in missing]
    if not asked.queries:
        _rates(copies, asked, until, results)
    _keep(results)
    return 1 if missing else 0


def _one(copies: Copies, size: int, sizes: list[int], until: float, results: dict[str, Any]) -> bool:
    print(f"{size:,} services …", file=sys.stderr)
    if not copies.ready(size, sizes, until):
        return False
    engine = make_engine(copies.url(size))
    with Session(engine) as session:
        found = {
            name: asdict(of(session))
            for name, of in (("bot", measure.bot), ("desk", measure.desk), ("place", measure.place))
        }
        disk = session.scalar(text("SELECT pg_database_size(current_database())"))
    engine.dispose()
    results["sizes"][str(size)] = found | {"disk_mb": round((disk or 0) / 1e6), "load": f"{os.getloadavg()[0]:.1f}"}
    _keep(results)
    return True


def _rates(copies: Copies, asked: argparse.Namespace, until: float, results: dict[str, Any]) -> None:
    """Out of the copy of that many, into an empty one. Each step is kept as soon as it is measured."""
    empty = 0
    for step in asked.steps:
        size = empty if step.startswith("import") else asked.rows
        if copies.ready(size, [size], until):
            print(f"{step} …", file=sys.stderr)
            load = f"{os.getloadavg()[0]:.1f}"
            found = measured(step, copies.url(size), asked.rows, asked.step_minutes * 60)
            results.setdefault("rates", {}).update({name: rate | {"load": load} for name, rate in found.items()})
            _keep(results)


def _keep(results: dict[str, Any]) -> None:
    results["sizes"] = dict(sorted(results["sizes"].items(), key=lambda item: int(item[0])))
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write(results)


def _machine() -> dict[str, str]:
    return machine() | {"PostgreSQL": ", ".join(f"{name} {value}" for name, value in SERVER.items())}


if __name__ == "__main__":
    raise SystemExit(main())
