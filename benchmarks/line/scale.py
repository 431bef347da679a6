"""Writes `docs/scale.md`: what more turns a second need, computed from what one turn was measured to cost. No figure is typed."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import table
from core.settings import PROJECT

PAGE = PROJECT / "docs" / "scale.md"
TEXT = Path(__file__).with_name("scale.md")
RATES = (10, 1_000, 100_000)
"""Turns a second that are computed."""
HEADROOM = 0.6
"""Share of a processor that is planned for work: the rest is for peaks, and for the death of a machine."""
PROCESSORS_A_MACHINE = 16
ONE_SERVER = 64
"""Processors of the largest single PostgreSQL that is planned; above, conversations are spread over several."""


def write(results: Mapping[str, Any]) -> None:
    """The page as the results have it."""
    before, after = TEXT.read_text(encoding="utf-8").split("<!-- figures -->\n")
    PAGE.write_text(before + figures(results["lines"]["waymark"]) + after, encoding="utf-8")


def figures(rounds: Sequence[Mapping[str, Any]]) -> str:
    """The table. `rounds`: of Waymark's line."""
    cpu = {
        part: _middle(rounds, "cpu_ms_per_turn", part) for part in ("web", "worker", "engine", "actions", "postgres")
    }
    statements = sum(_middle(rounds, "statements_per_turn", part) for part in rounds[0]["costs"]["statements_per_turn"])
    memory = {part: statistics.median(float(one["memory_mb"][part]) for one in rounds) for part in cpu}
    rows: list[tuple[str, ...]] = [
        (
            f"{part}: processes" if part != "postgres" else "PostgreSQL: processors",
            *(f"{_processes(cpu[part], rate):,}" for rate in RATES),
        )
        for part in cpu
    ]
    rows += [
        ("memory of the processes, GB", *(f"{_memory(cpu, memory, rate):,.1f}" for rate in RATES)),
        (
            f"machines of {PROCESSORS_A_MACHINE} processors, without PostgreSQL",
            *(f"{_machines(cpu, rate):,}" for rate in RATES),
        ),
        ("statements a second", *(f"{statements * rate:,.0f}" for rate in RATES)),
        ("PostgreSQL", *(_engine(_processes(cpu["postgres"], rate)) for rate in RATES)),
    ]
    return "\n".join(table(("needed for", *(f"{rate:,} turns a second" for rate in RATES)), rows))


def _middle(rounds: Sequence[Mapping[str, Any]], what: str, part: str) -> float:
    return statistics.median(float(one["costs"][what].get(part, 0.0)) for one in rounds)


def _processes(milliseconds: float, rate: int) -> int:
    """So many processes (each uses one processor at most) that none is busy for more than the headroom allows."""
    return max(1, math.ceil(milliseconds / 1000 * rate / HEADROOM))


def _memory(cpu: Mapping[str, float], memory: Mapping[str, float], rate: int) -> float:
    return sum(_processes(cpu[part], rate) * memory[part] for part in cpu if part != "postgres") / 1000


def _machines(cpu: Mapping[str, float], rate: int) -> int:
    return math.ceil(sum(_processes(cpu[part], rate) for part in cpu if part != "postgres") / PROCESSORS_A_MACHINE)


def _engine(processors: int) -> str:
    if processors <= 4:
        return "the embedded one, or any managed one"
    if processors <= ONE_SERVER:
        return "one managed server with a replica that takes over"
    return f"Citus, by conversation: {math.ceil(processors / PROCESSORS_A_MACHINE):,} nodes of {PROCESSORS_A_MACHINE} processors"
