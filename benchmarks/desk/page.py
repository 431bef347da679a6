"""Writes `docs/desk-performance.md` from `results.json`; no figure is typed."""

from collections.abc import Mapping
from typing import Any

from benchmarks.desk.measure import NOTHING
from benchmarks.figures import table
from core.settings import PROJECT

PAGE = PROJECT / "docs" / "desk-performance.md"
AIM = 500
"""Milliseconds until something is painted: "well under a second"."""

HEAD = """# How fast the desk is

Written by `make bench-desk` (`python -m benchmarks.desk`) from `benchmarks/desk/results.json`. No figure is typed by hand.

{cases:,} open cases, invented, all of one team: half are held by twenty colleagues, each with some messages. They are written in bulk, with
the keys of their people and everything sealed as always. The web process is the real one, on the packaged PostgreSQL.

## In the browser

Milliseconds by Chromium's own clock from asking for the page until something of it was painted, and until its largest piece was; the middle
and the worst of {browsers} new browsers. Where other programs run on the machine everything waits several times as long as it is worked on:
`quietest` is the round in which they wanted least, and the load average below says how many did. What a browser that was just started takes
to paint two lines of text from the same server is its own share.

"""

SERVER = """## At the server

Milliseconds from asking to the last byte on this machine, {rounds} times one after the other; `first`: as after a start, when the process
has opened nothing yet. `processor` is the time that processors worked on it, here and in the database: what is left when nobody else wants
them. Queries are all that the page takes, those of the session and of the header among them.

"""

BOUNDS = """What a person told is encrypted, need and country too, and stands nowhere else. So a filter by them opens every open case
that its user may read, {chunk:,} at a time with one query for their keys. What was found of a case is remembered for ten minutes, by the
seal of its envelope: a page that keeps itself fresh does not open them all each time. Every other filter is the database's.

The number of queries does not grow with the cases.

"""


def page(results: Mapping[str, Any]) -> str:
    """The page as it must be."""
    lines = HEAD.format(**results).splitlines()
    lines += table(
        ("Page", "first paint", "quietest", "worst", "largest paint", "worst", f"aim: first paint under {AIM}"),
        [
            (
                name,
                one["first"]["p50"],
                one["first"]["quietest"],
                one["first"]["worst"],
                one["largest"]["p50"],
                one["largest"]["worst"],
                "" if name == NOTHING else _verdict(one["first"]["p50"]),
            )
            for name, one in results["paints"].items()
        ],
    )
    lines += SERVER.format(**results).splitlines()
    lines += table(
        ("Page", "first", "processor", "p50", "p95", "quietest", "processor", "queries", "time of them", "cases", "kB"),
        [
            (name, one["first"], one["first_processor"], one["p50"], one["p95"], one["quietest"], one["processor"],
             f"{one['queries']:g}", one["query_ms"], one["rows"], one["kilobytes"])
            for name, one in results["pages"].items()
        ],
    )  # fmt: skip
    lines += BOUNDS.format(**results).splitlines()
    if "race" in results:
        lines += RACE.format(**results["race"]).splitlines()
    lines += table(
        ("Machine", ""), (results["machine"] | {"load average when it ended": results["load_at_end"]}).items()
    )
    return "\n".join(lines).rstrip() + "\n"


RACE = """## A reply of the bot and a takeover at the same moment

{rounds:,} times the bot had written a reply when a caseworker took the conversation: {sent_before:,} times the reply was sent first,
{taken_before:,} times the takeover came first. Messages of the bot that left after a takeover: {after_takeover}. In every run of the tests
it is a hundred times (`tests/integration/desk/test_takeover_race.py`).

"""


def _verdict(milliseconds: float) -> str:
    return "met" if milliseconds < AIM else f"missed by {milliseconds - AIM:.0f}"
