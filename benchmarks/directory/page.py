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
other programs run on the machine, a call waits several times as long as it is worked on: the load average says how many wanted one of its
processors while it was measured. Milliseconds.

![growth](pictures/directory-growth.svg)

"""

RATES = """Out of the directory in each format, and in from our table (`benchmarks.imports.write_file`: new entries with a place, a
number, hours and a translation; one in a thousand is wrong). `of work` is what a second of a processor does, here and in the server: the
rate on a machine that does nothing else. Each is a process of its own; memory is the most that it had.
"""

BOUNDS = """
## What bounds it

- **The bot's search** makes two statements: the candidates with the place, and what is told of the three that were chosen. The nearest
  150 that would take the person come from one index in the order of their distance, so the size of the directory hardly counts; at a
  million the rows that are read are seldom in memory already. The plans are kept by the server. What is left is the same for any size:
  half of it reading 200 rows here and there in a table, half taking 70 candidates into Python and putting them in order.
- **The desk's search** reads the list of every three-letter piece of a word. For a word that half of the entries hold this list is
  half as long as the directory: it grows with it. Rare words stay quick. Misspelt words are the slowest, because each entry that
  resembles them is compared.
- **A place** is one statement when it is written as the gazetteer has it. A misspelt one costs two to four: its slips and the few
  thousand well-known names, then the hamlets: a word that resembles no well-known name is compared with 340,000 names, and that is
  most of the slowest calls. It does not depend on the number of services.
- **An import** works in Python most of the time: reading cells, checking a record's rules, taking it apart field by field for the history.
  It goes through the file in groups of 500, so memory does not grow with the file but for what tells duplicates: the names, numbers and
  points of its entries.
- **An export** builds each entry's document in Python, 200 entries at a time.
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
            ("services", "p50", "p95", "quietest p95", "processor p95", "aim for p95", "load average"),
            [
                (
                    *_row(int(size), results["sizes"][size][kind], AIMS.get(kind, {})),
                    results["sizes"][size].get("load", ""),
                )
                for size in sizes
                if kind in results["sizes"][size]
            ],
        )
    lines += ["## Import and export", ""]
    if rates := results.get("rates"):
        lines += [RATES]
        lines += table(
            ("what", "entries", "seconds", "entries a second", "of work (processor)", "memory, most", "load average"),
            [_rate(what, each) for what, each in rates.items()],
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


def _rate(what: str, rate: Mapping[str, Any]) -> tuple[str, ...]:
    done = rate["entries"]
    return (
        what,
        f"{done:,}" if rate["whole"] else f"{done:,}, stopped when its time was over",
        f"{rate['seconds']:,.0f}",
        f"{done / rate['seconds']:,.0f}" if rate["seconds"] else "",
        f"{done / rate['processor']:,.0f}" if rate["processor"] else "",
        f"{rate['peak_mb']} MB",
        rate["load"],
    )


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
