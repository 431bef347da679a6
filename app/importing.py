"""`waymark directory import` and `undo`: a file is looked at, and written if asked; what happened is said in a table or in JSON lines."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

from app.bootstrap import make_sessions
from core.database import Sessions
from core.settings import Settings
from desk.import_words import told, why
from desk.words import Words, words
from directory.errors import DirectoryError
from directory.exchange import Applied, Outcome, Plan, Source, Undone, apply, dry_run, spooled, undo
from directory.exchange.errors import FailedError, RefusedEntriesError

FINE, REFUSED, UNREADABLE = 0, 1, 2
"""Exit codes: everything is or would be written; some entries are refused; the file cannot be read or nothing was done."""
OPERATOR = "operator"
"""`by` of what is done at the command line."""
_MOST_SHOWN = 50
_MARKS = {"create": "+", "update": "~", "same": "=", "refused": "!"}


def import_file(
    settings: Settings,
    name: str,
    out: IO[str],
    *,
    format_: str | None = None,
    country: str | None = None,
    write: bool = False,
    publish: bool = False,
    all_or_nothing: bool = False,
    as_json: bool = False,
    language: str = "en",
) -> int:
    """Look at a file (`-`: standard input) and write it if `write`; problems are said in a language of the desk. Returns the exit code."""
    said = _Said(out, words(language), as_json=as_json)
    sessions = make_sessions(settings)
    try:
        with _source(name, format_, country or _only(settings)) as source, sessions.begin() as session:
            if not write:
                plan = dry_run(session, source, by=OPERATOR, progress=said.progress, seen=said.outcome)
                return said.end(plan, None)
            applied = apply(
                session,
                source,
                by=OPERATOR,
                publish=publish,
                all_or_nothing=all_or_nothing,
                progress=said.progress,
                seen=said.outcome,
            )
            return said.end(applied.plan, applied)
    except FailedError as error:
        said.failure(why(said.console, error.failure))
        return REFUSED if isinstance(error, RefusedEntriesError) else UNREADABLE
    except DirectoryError as error:
        said.failure(str(error))
        return UNREADABLE
    finally:
        sessions.engine.dispose()


def undo_batch(settings: Settings, batch: str, out: IO[str], *, as_json: bool = False) -> int:
    """Undo an import. Returns the exit code: 1 when entries were left because they changed since."""
    sessions: Sessions = make_sessions(settings)
    try:
        with sessions.begin() as session:
            done = undo(session, UUID(batch), by=OPERATOR)
    except (DirectoryError, ValueError) as error:
        reason = str(error) if isinstance(error, DirectoryError) else f"{batch} is not the id of a batch"
        sys.stderr.write(f"waymark: {reason}\n")
        return UNREADABLE
    finally:
        sessions.engine.dispose()
    _undone(done, out, as_json=as_json)
    return REFUSED if done.left else FINE


def _undone(done: Undone, out: IO[str], *, as_json: bool) -> None:
    if as_json:
        left = [{"service_id": str(one.service_id), "name": one.name, "reason": one.reason} for one in done.left]
        said = {"removed": done.removed, "restored": done.restored, "withdrawn": done.withdrawn, "left": left}
        out.write(json.dumps(said, ensure_ascii=False) + "\n")
        return
    out.write(f"{done.removed} removed, {done.restored} restored, {done.withdrawn} changes withdrawn\n")
    for one in done.left:
        out.write(f"left: {one.service_id} {one.name} ({one.reason.replace('_', ' ')})\n")


@contextmanager
def _source(name: str, format_: str | None, country: str | None) -> Iterator[Source]:
    with ExitStack() as stack:
        if name == "-":
            yield stack.enter_context(spooled(sys.stdin.buffer, "standard input", format_, country))
        else:
            yield Source.of(Path(name), format_, country=country)


def _only(settings: Settings) -> str | None:
    """The country of entries that name none, when only one is served."""
    return settings.countries[0] if len(settings.countries) == 1 else None


class _Said:
    """Says what happens, while it happens in JSON lines, at the end as a table."""

    def __init__(self, out: IO[str], console: Words, *, as_json: bool) -> None:
        self._out = out
        self.console = console
        self._json = as_json
        self._shown = dict.fromkeys(_MARKS, 0)
        self._progressing = sys.stderr.isatty()

    def progress(self, done: int) -> None:
        """A line that replaces itself, at a terminal only."""
        if self._progressing:
            sys.stderr.write(f"\r… {done} entries")
            sys.stderr.flush()

    def outcome(self, outcome: Outcome) -> None:
        """One entry."""
        if self._json:
            entry = outcome.as_json()
            for kind, problems in (("problems", outcome.problems), ("warnings", outcome.warnings)):
                for item, problem in zip(entry[kind], problems, strict=True):
                    item |= {
                        "says": told(self.console, problem, "says"),
                        "remedy": told(self.console, problem, "remedy"),
                    }
            self._out.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def end(self, plan: Plan, applied: Applied | None) -> int:
        """What became of the file; returns the exit code."""
        if self._progressing:
            sys.stderr.write("\r" + " " * 40 + "\r")
        if self._json:
            summary = plan.as_json() | {
                "applied": applied is not None,
                "batch": str(applied.batch.id) if applied else None,
            }
            del summary["outcomes"]
            self._out.write(json.dumps(summary, ensure_ascii=False) + "\n")
        else:
            self._table(plan, applied)
        return REFUSED if plan.counts["refused"] else FINE

    def failure(self, reason: str) -> None:
        """Why nothing was done."""
        if self._json:
            self._out.write(json.dumps({"error": reason}, ensure_ascii=False) + "\n")
        sys.stderr.write(f"waymark: {reason}\n")

    def _table(self, plan: Plan, applied: Applied | None) -> None:
        for outcome in plan.outcomes:
            if outcome.notable or outcome.action == "create":
                self._shown[outcome.action] += 1
                if self._shown[outcome.action] <= _MOST_SHOWN:
                    self._lines(outcome)
        for action, shown in self._shown.items():
            if action != "same" and (more := plan.counts[action] - min(shown, _MOST_SHOWN)) > 0:
                self._out.write(f"{_MARKS[action]} … and {more} more (--json shows all)\n")
        counts = plan.counts
        did = "" if applied else "would be "
        self._out.write(
            f"{counts['create']} {did}created, {counts['update']} {did}changed, {counts['same']} unchanged, "
            f"{counts['refused']} refused, {plan.with_duplicates} with possible duplicates, {plan.with_warnings} with warnings\n"
        )
        if applied:
            self._out.write(f"batch {applied.batch.id} (waymark directory undo {applied.batch.id})\n")
        else:
            self._out.write("nothing was written; --apply writes what is not refused\n")

    def _lines(self, outcome: Outcome) -> None:
        write = self._out.write
        write(f"{_MARKS[outcome.action]} {outcome.where}: {outcome.name}\n")
        for change in outcome.changes:
            write(f"    {change.path}: {change.before or '–'} → {change.after or '–'}\n")  # noqa: RUF001
        for mark, problems in (("", outcome.problems), ("note: ", outcome.warnings)):
            for problem in problems:
                place = f"{problem.column}: " if problem.column else ""
                says, remedy = told(self.console, problem, "says"), told(self.console, problem, "remedy")
                write(f"    {mark}{place}{says}; {remedy}\n")
        for other in outcome.duplicates:
            where = other.where or f"entry {other.service_id}"
            write(f"    perhaps the same as {where}: {other.name} ({other.reason})\n")
