"""Measures the directory at every size; writes the results, the page and the picture.

Interrupted or out of time, it goes on at the next call.
"""

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.directory import measure, page
from benchmarks.directory.copies import SERVER, Copies
from benchmarks.directory.rates import rates
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
    arguments.add_argument("--no-rates", action="store_true", help="leave import and export as they were measured last")
    asked = arguments.parse_args()
    copies = Copies.start(asked.folder)
    if asked.drop:
        copies.drop()
        return 0
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"sizes": {}}
    results |= {"rounds": measure.ROUNDS, "machine": _machine()}
    until = time.monotonic() + asked.minutes * 60
    missing = [size for size in sorted(asked.sizes) if not _one(copies, size, asked.sizes, until, results)]
    results["missing"] = [f"{size:,}" for size in missing]
    if not asked.no_rates:
        results["rates"] = _rates(copies, until)
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
    results["sizes"][str(size)] = found | {"disk_mb": round((disk or 0) / 1e6)}
    _keep(results)
    return True


def _rates(copies: Copies, until: float) -> Any:
    """From the copy of ten thousand into an empty one."""
    full, empty = 10_000, 0
    if not (copies.ready(full, [full], until) and copies.ready(empty, [empty], until)):
        return None
    return rates(copies.url(full), copies.url(empty))


def _keep(results: dict[str, Any]) -> None:
    results["sizes"] = dict(sorted(results["sizes"].items(), key=lambda item: int(item[0])))
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write(results)


def _machine() -> dict[str, str]:
    busy = os.getloadavg()[0]
    return {
        "processors": str(os.cpu_count()),
        "Python": platform.python_version(),
        "PostgreSQL": ", ".join(f"{name} {value}" for name, value in SERVER.items()),
        "processes waiting for a processor when it began (load average)": f"{busy:.1f}",
    }


if __name__ == "__main__":
    raise SystemExit(main())
