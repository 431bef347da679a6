"""Shares with their intervals, tables, and the machine on which something was measured."""

import math
import os
import platform
from collections.abc import Iterable, Sequence


def interval(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson): honest for few messages and for shares near one."""
    if not of:
        return 0.0, 1.0
    p, z = right / of, 1.96
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: Iterable[bool]) -> str:
    """`0.97 (0.92 to 0.99)`, or a dash where there is nothing to count."""
    counted = list(hits)
    if not counted:
        return "-"
    low, high = interval(sum(counted), len(counted))
    return f"{sum(counted) / len(counted):.3f} ({low:.2f} to {high:.2f})"


def machine(when: str = "when it began") -> dict[str, str]:
    """What is told of the machine beside what was measured on it, by name. `when`: at which moment this is asked."""
    return {
        "processors": str(os.cpu_count()),
        "Python": platform.python_version(),
        f"processes waiting for a processor {when} (load average)": f"{os.getloadavg()[0]:.1f}",
    }


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table, with an empty line behind it."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines] + [""]
