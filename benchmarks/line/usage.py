"""What a line's processes use: processor time, memory, statements to the database, by part."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from benchmarks.line.lines import Line

_STATEMENT = re.compile(r"^([\w-]*)\|LOG:  (?:statement|execute [^:]+): \s*(\w+)", re.MULTILINE)
_FRAME = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "DISCARD", "SHOW", "SET", "LISTEN"}
"""Not counted: they frame statements, or begin a connection."""
_SETTINGS = {"log_statement": "all", "log_line_prefix": "%a|"}


@dataclass(slots=True)
class Used:
    """By part of the line."""

    cpu_seconds: dict[str, float] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)


def memory(line: Line) -> dict[str, float]:
    """Megabytes by part: proportional set size, in which what processes share counts once."""
    return {
        part: sum(_proportional(process) for process in processes) / 2**20
        for part, processes in line.processes().items()
    }


@contextmanager
def worked(line: Line) -> Iterator[Used]:
    """Processor seconds while the block runs. The server's account of its children holds the sessions that ended meanwhile."""
    found = Used()
    before = _worked(line)
    yield found
    found.cpu_seconds = {part: seconds - before.get(part, 0.0) for part, seconds in _worked(line).items()}


@contextmanager
def counted(line: Line) -> Iterator[Used]:
    """Statements while the block runs, read from the server's own log. Writing it takes time: nothing else is measured meanwhile."""
    found = Used()
    with line.connect() as connection:
        for name, value in _SETTINGS.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        connection.execute("SELECT pg_reload_conf()")
        begun = line.server_log.stat().st_size
        try:
            yield found
        finally:
            for name in _SETTINGS:
                connection.execute(f"ALTER SYSTEM RESET {name}".encode())
            connection.execute("SELECT pg_reload_conf()")
    with line.server_log.open("rb") as log:
        log.seek(begun)
        said = log.read().decode("utf-8", "replace")
    said_by = Counter(
        match[1].removeprefix("waymark-") for match in _STATEMENT.finditer(said) if match[2].upper() not in _FRAME
    )
    found.statements = {part: said_by[part] for part in line.processes() if said_by[part]}


def _worked(line: Line) -> dict[str, float]:
    found: dict[str, float] = {}
    for part, processes in line.processes().items():
        for process in processes:
            with suppress(psutil.Error):
                times = process.cpu_times()
                found[part] = found.get(part, 0.0) + times.user + times.system
                if part == "postgres":
                    found[part] += times.children_user + times.children_system
    return found


def _proportional(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_full_info().pss)
    return 0.0
