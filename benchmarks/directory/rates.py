"""Entries a second: out of the directory as documents of HSDS and as our table, and back in from the table."""

import io
import tempfile
import time
from pathlib import Path
from typing import cast

from sqlalchemy.orm import Session

from core.database import Sessions, make_engine
from directory.exchange import Source, apply, dry_run
from directory.hsds.documents import Reader
from directory.hsds.export import Format, export

Rates = dict[str, dict[str, float]]


def rates(full: str, empty: str) -> Rates:
    """Measure on two databases, by their URLs: one to export from, one to import into; the second is rolled back."""
    found: Rates = {}
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "entries.csv"
        for kind in ("hsds-3.1", "csv"):
            out = io.BytesIO()
            engine = make_engine(full)
            with Session(engine) as session:
                start = time.perf_counter()
                counts = export(session, cast("Format", kind), Reader(), out)
            engine.dispose()
            found[f"export {kind}"] = _rate(sum(counts.values()), start)
            table.write_bytes(out.getvalue())
        sessions = Sessions(make_engine(empty))
        with Session(sessions.engine) as session:
            source = Source.of(table)
            start = time.perf_counter()
            plan = dry_run(session, source, by="benchmark")
            found["import csv, dry run"] = _rate(sum(plan.counts.values()), start)
            start = time.perf_counter()
            applied = apply(session, source, by="benchmark", plan=plan)
            found["import csv, applied"] = _rate(applied.batch.created, start)
            session.rollback()
        sessions.engine.dispose()
    return found


def _rate(entries: int, start: float) -> dict[str, float]:
    seconds = time.perf_counter() - start
    return {"entries": entries, "seconds": round(seconds, 2), "a_second": round(entries / seconds, 1)}
