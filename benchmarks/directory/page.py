"""Writes `docs/directory-performance.md` and its picture from `results.json`; no figure is typed."""

from collections.abc import Mapping
from typing import Any

from benchmarks.directory.picture import picture
from benchmarks.figures import table
from core.settings import PROJECT

PAGE = PROJECT / "docs" / "directory-performance.md"
PICTURE = PROJECT / "docs" / "pictures" / "directory-growth.svg"
AIMS = {"bot": {100_000: 5.0, 1_000_000: 20.0}, "place": {1_000: 10.0, 10_000: 10.0, 100_000: 10.0, 1_000_000: 10.0}}
"""Milliseconds that nineteen of twenty calls were to stay below."""
NAMES = {"bot": "bot's search", "desk": "desk, by words", "place": "place look-up"}

HEAD = """# How fast the directory is

Written by `make bench-directory` (`python -m benchmarks.directory`) from `benchmarks/directory/results.json`. No figure is typed by hand.

Invented services on the real places of seven countries, half of them where people live, half anywhere; 1 of 20 is not published. The bot's
search is measured from the request to what is told (`directory.search.find`), the desk's by `text_search`, places by `look_up` on
sentences in five scripts, a third of them misspelt. Each figure is the middle one of {rounds} rounds; `quietest` is the p95 of the
round in which the machine had least other work, `processor` the time that processors worked on a call, here and in the server. Where
other programs run on the machine, as they did when this page was written last, a call waits several times as long as it is worked on:
the load average at the end of the page says how many wanted a processor. Milliseconds.

![growth](pictures/directory-growth.svg)

"""

BOUNDS = """
## What bounds it

- **The bot's search** makes three statements: the place, the candidates, what is told of the three that were chosen. The nearest
  150 that would take the person come from one index in the order of their distance, so the size of the directory hardly counts.
  Most of what is left is the same for any size: the statements' way to the server and back, and the 70 candidates that are put in
  order in Python.
- **The desk's search** reads the list of every three-letter piece of a word. For a word that half of the entries hold this list is
  half as long as the directory: it grows with it. Rare words stay quick. Misspelt words are the slowest, because each entry that
  resembles them is compared.
- **A place** is one statement when it is written as the gazetteer has it. A misspelt one costs three to nine: its slips, the few
  thousand well-known names, then the hamlets. It does not depend on the number of services.
"""


def write(results: Mapping[str, Any]) -> None:
    """The page and the picture."""
    PAGE.write_text(page(results), encoding="utf-8")
    PICTURE.write_text(drawn(results), encoding="utf-8")


def page(results: Mapping[str, Any]) -> str:
    """The page as it should be."""
    sizes = sorted(results["sizes"], key=int)
    lines = [HEAD.format(rounds=results["rounds"])]
    for kind, name in NAMES.items():
        lines += [f"## {name[0].upper()}{name[1:]}", ""]
        lines += table(
            ("services", "p50", "p95", "quietest p95", "processor p95", "aim for p95"),
            [
                _row(int(size), results["sizes"][size][kind], AIMS.get(kind, {}))
                for size in sizes
                if kind in results["sizes"][size]
            ],
        )
    lines += ["## Import and export", ""]
    if rates := results.get("rates"):
        lines += table(
            ("what", "entries", "seconds", "entries a second"),
            [(what, each["entries"], each["seconds"], each["a_second"]) for what, each in rates.items()],
        )
    else:
        lines += ["Not measured.", ""]
    lines += [
        BOUNDS.strip("\n"),
        "",
        "## The machine",
        "",
        *(f"- {name}: {value}" for name, value in results["machine"].items()),
        "",
    ]
    if missing := results.get("missing"):
        lines += [f"Not measured, because time ran out before so many services were written: {', '.join(missing)}.", ""]
    return "\n".join(lines)


def drawn(results: Mapping[str, Any]) -> str:
    """The picture as it should be."""
    sizes = sorted(results["sizes"], key=int)
    curves = {
        f"{name}, p95": [
            (int(size), results["sizes"][size][kind]["p95"]) for size in sizes if kind in results["sizes"][size]
        ]
        for kind, name in NAMES.items()
    }
    return picture(curves, list(AIMS["bot"].items()), "Milliseconds by the size of the directory")


def _row(size: int, figure: Mapping[str, float], aims: Mapping[int, float]) -> tuple[str, ...]:
    aim = aims.get(size)
    told = (
        ""
        if aim is None
        else f"{aim:g}, reached"
        if figure["p95"] <= aim
        else f"{aim:g}, missed by {figure['p95'] - aim:.1f}"
    )
    return (
        f"{size:,}",
        f"{figure['p50']:.1f}",
        f"{figure['p95']:.1f}",
        f"{figure['best_p95']:.1f}",
        f"{figure['processor_p95']:.1f}",
        told,
    )
