"""Writes `docs/reliability.md` from `results.json`: what is promised, how a storm tests it, and what it found. No figure is typed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.chaos.pieces import seeds
from benchmarks.figures import table
from core.settings import PROJECT

RESULTS = Path(__file__).with_name("results.json")
PAGE = PROJECT / "docs" / "reliability.md"
TEXT = Path(__file__).with_name("reliability.md")
"""What is said around the figures."""
FOUND = Path(__file__).with_name("found.md")


ENGINES = {
    "Rasa, several": "More than one of each, Rasa included",
    "Rasa": "One of each, Rasa included",
    "quick stand-in, several": "More than one of each, with a stand-in that answers in a millisecond in Rasa's place",
    "quick stand-in": "One of each, with that stand-in",
}


ONE = "one of each"
LATER = {
    "turns": "turns that the bot answered",
    "given_back": "conversations that a caseworker took and gave back",
}
"""What older results do not tell."""


def found(seed: int) -> list[str]:
    """What a storm found, and what was done about it (`found.md`): no broken promise is shown without a word on it."""
    for section in FOUND.read_text(encoding="utf-8").split("\n# ")[1:]:
        title, _, told = section.partition("\n")
        if title == f"seed {seed}":
            return [one for one in told.strip().split("\n\n") if one]
    return []


def page(results: Mapping[str, Any]) -> str:
    """The page as it should be."""
    before, after = TEXT.read_text(encoding="utf-8").split("<!-- figures -->\n")
    told = [f"### {says}\n\n{_storm(results[engine])}" for engine, says in ENGINES.items() if engine in results]
    return before + "\n".join(told) + after


def _storm(result: Mapping[str, Any]) -> str:
    short = result["messages_written"] < result["messages_wanted"]
    lines = [
        f"One storm of {result['day']}, {_seeds(result)}: {result['messages_written']:,} messages in {result['conversations']:,}"
        f" conversations, {result['kills']:,} kills, in {_minutes(result['all_seconds'])} minutes"
        f" ({_minutes(result['storm_seconds'])} of storm)."
        + (f" Processes: {result['processes']}." if result.get("processes", ONE) != ONE else "")
        + (f" {result['messages_wanted']:,} were wanted: the time that was given ended first." if short else ""),
        "",
    ]
    lines += table(
        ("promise", "looked at", "broken"),
        [(one["promise"], f"{one['looked_at']:,}", f"{len(one['broken']):,}") for one in result["promises"]],
    )
    for seed in seeds(dict(result)):
        for told in found(seed):
            lines += [told, ""]
    lines += ["What was done to the line, and what came of it:", ""]
    lines += table(
        ("what", "how often"),
        [
            *((f"killed: {victim.replace('_', ' ')}", number) for victim, number in result["killed"].items()),
            *(
                (f"fault planned: {kind.replace('_', ' ')}", number)
                for kind, number in result["faults_planned"].items()
            ),
            *((f"replies {state}", f"{number:,}") for state, number in result["replies"].items()),
            ("messages parked for a human", result["parked"]),
            ("messages that only the comparison with Twilio's list brought in", result["found_by_reconciliation"]),
            ("cases", result["cases"]),
            *((name, f"{result[key]:,}") for key, name in LATER.items() if key in result),
        ],
    )
    lines += [*(f"- {name}: {value}" for name, value in result["machine"].items()), ""]
    return "\n".join(lines)


def _seeds(result: Mapping[str, Any]) -> str:
    found = seeds(dict(result))
    named = ", ".join(map(str, found))
    return f"seed {named}" if len(found) == 1 else f"in {len(found)} pieces, seeds {named}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"
