"""Entries a second, out of a directory in every format, and in from our table: looked at, applied, undone. Each in a process of its own.

A step that does not end in its time is stopped and told as such, with what it had done until then: nothing of it is written.
"""

import io
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.imports import write_file
from core.database import make_engine
from core.encryption import Cipher, use_cipher
from core.settings import read_settings
from directory.exchange import Source, apply, dry_run, undo
from directory.hsds.documents import Reader
from directory.hsds.export import Format, export

Rate = dict[str, Any]
EXPORTS: tuple[Format, ...] = ("hsds-3.1", "tabular", "xlsx", "csv")
STEPS = (*(f"export {kind}" for kind in EXPORTS), "import csv")


class _StoppedError(Exception):
    """Time ran out."""


class _Meter:
    """How long something takes, here and in the server; it stops what goes on for too long."""

    def __init__(self, backend: int, seconds: float) -> None:
        self._server = Path(f"/proc/{backend}/schedstat")
        self._until = time.monotonic() + seconds
        self.done = 0

    def __call__(self, done: int) -> None:
        self.done = done
        if time.monotonic() > self._until:
            raise _StoppedError

    def measure(self, run: Callable[[], Any]) -> tuple[Rate, Any]:
        """The figures, and what it gave; None when it was stopped."""
        self.done, whole, result = 0, True, None
        start, worked = time.perf_counter(), self._worked()
        try:
            result = run()
        except _StoppedError:
            whole = False
        seconds, busy = time.perf_counter() - start, self._worked() - worked
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {
            "seconds": round(seconds, 1),
            "processor": round(busy, 1),
            "peak_mb": round(peak),
            "whole": whole,
        }, result

    def _worked(self) -> float:
        server = int(self._server.read_text(encoding="ascii").split()[0]) / 1e9 if self._server.exists() else 0.0
        return time.process_time() + server


def measured(step: str, url: str, rows: int, seconds: float) -> dict[str, Rate]:
    """One of `STEPS` on a database, by what was done. Exports read it; imports leave it as it was."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        if step == "import csv":
            return pool.submit(_import, url, rows, seconds).result()
        return pool.submit(_export, url, step.removeprefix("export "), seconds).result()


@contextmanager
def _session(url: str) -> Iterator[tuple[Session, int]]:
    engine = make_engine(url, pool_size=1)
    # The figures are the same with any key; nothing of it is kept.
    use_cipher(Cipher.from_settings(read_settings(encryption_keys="b:" + "A" * 43 + "=", hash_key="A" * 43 + "=")))
    try:
        # The session takes the same connection out of the pool: an export wants one in which nothing was asked yet.
        with engine.connect() as connection:
            backend = connection.scalar(text("SELECT pg_backend_pid()")) or 0
        with Session(engine) as session:
            yield session, backend
            session.rollback()
    finally:
        engine.dispose()


def _export(url: str, kind: str, seconds: float) -> dict[str, Rate]:
    with _session(url) as (session, backend), tempfile.TemporaryFile() as out:
        meter = _Meter(backend, seconds)
        rate, counts = meter.measure(lambda: export(session, cast("Format", kind), Reader(), out, progress=meter))
        done = (counts.get("service") or counts.get("row") or 0) if counts else meter.done
        return {f"export {kind}": rate | {"entries": done, "bytes": out.seek(0, io.SEEK_END)}}


def _import(url: str, rows: int, seconds: float) -> dict[str, Rate]:
    found: dict[str, Rate] = {}
    with _session(url) as (session, backend), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "entries.csv"
        write_file(path, rows)
        source = Source.of(path)
        meter = _Meter(backend, seconds)

        def step(name: str, run: Callable[[], Any]) -> Any:
            rate, result = meter.measure(run)
            found[f"import csv, {name}"] = rate | {"entries": meter.done}
            return result

        plan = step("dry run", lambda: dry_run(session, source, by="benchmark", progress=meter))
        applied = plan and step("applied", lambda: apply(session, source, by="benchmark", plan=plan, progress=meter))
        if applied:
            batch = applied.batch.id
            step("undone", lambda: undo(session, batch, by="benchmark", progress=meter))
    return found
