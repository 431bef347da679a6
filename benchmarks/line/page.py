"""Writes `docs/performance.md` and its picture from `benchmarks/results.json`. No figure is typed."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import table
from benchmarks.line.lines import NAMES
from benchmarks.line.measure import FLOODS, LATE, LONG_SECONDS, RATES
from benchmarks.line.picture import bars
from benchmarks.line.profile import AT_ONCE
from core.settings import PROJECT

RESULTS = PROJECT / "benchmarks" / "results.json"
PAGE = PROJECT / "docs" / "performance.md"
PICTURE = PROJECT / "docs" / "pictures" / "performance.svg"
TEXT = Path(__file__).with_name("performance.md")
"""What is said around the figures."""
TITLES = {"waymark": "Waymark", "stock": "stock Rasa"}
PARTS = ("web", "worker", "engine", "actions", "postgres")

AIMS: dict[str, tuple[str, Callable[[Mapping[str, Any]], bool]]] = {
    "ten times stock Rasa's turns per second": (
        "{times_stock:.1f} times",
        lambda flat: flat["times_stock"] >= 10,
    ),
    "acknowledgement p99 under 20 ms at 500 a second": (
        "{ack_p99_ms_at_500:.0f} ms",
        lambda flat: flat["ack_p99_ms_at_500"] < 20,
    ),
    "reply p95 under 150 ms at 20 turns a second": (
        "{reply_p95_ms_at_20:.0f} ms",
        lambda flat: flat["reply_p95_ms_at_20"] < 150,
    ),
    "the 500th turn costs at most 1.1 times the 5th": (
        "{turn_500_over_turn_5:.2f} times",
        lambda flat: flat["turn_500_over_turn_5"] <= 1.1,
    ),
    "start to ready under 15 s": ("{ready_seconds:.1f} s", lambda flat: flat["ready_seconds"] < 15),
    "all processes together under 1 GB": ("{memory_mb:.0f} MB", lambda flat: flat["memory_mb"] < 1000),
}
"""What was aimed at, what is told of it, and whether it is reached. The aims are those of the work order."""


def flat(results: Mapping[str, Any]) -> dict[str, Any]:
    """The results with the figures that are asked for by name in front."""
    ours, theirs = (results["lines"].get(name, []) for name in NAMES)
    once = results.get("once", {}).get("waymark", {})
    named: dict[str, Any] = {}
    if ours and theirs:
        named["turns_per_second_waymark"] = turns_per_second(ours)
        named["turns_per_second_stock"] = turns_per_second(theirs)
        named["times_stock"] = named["turns_per_second_waymark"] / named["turns_per_second_stock"]
        named["ack_p99_ms_at_500"] = middle(ours, "acknowledgements", "500", "p99_ms")
        named["reply_p95_ms_at_20"] = middle(ours, "latencies", "20", "p95_ms")
        named["ready_seconds"] = middle(ours, "ready_seconds")
        named["memory_mb"] = statistics.median(sum(each["memory_mb"].values()) for each in ours)
    if once.get("long", {}).get("turn") == LATE:
        named["turn_500_over_turn_5"] = once["long"]["ratio"]
    return {name: round(value, 2) for name, value in named.items()} | {
        name: value for name, value in results.items() if isinstance(value, dict | list | str) or name == "seconds"
    }


def turns_per_second(rounds: Sequence[Mapping[str, Any]]) -> float:
    """At the number of people at once that gave most, the middle one of the rounds."""
    return statistics.median(_best(one) for one in rounds)


def _best(one: Mapping[str, Any]) -> float:
    return max(float(each["turns_per_second"]) for each in one["saturation"].values())


def middle(rounds: Sequence[Mapping[str, Any]], *path: str) -> float:
    """The middle one of the rounds; a measurement without a single value counts as endless."""
    return statistics.median(_at(one, path) for one in rounds)


def _at(one: Any, path: Sequence[str]) -> float:
    for name in path:
        one = one[name]
    return float("inf") if one is None else float(one)


def write(results: Mapping[str, Any]) -> None:
    """The page and the picture."""
    named = flat(results)
    before, after = TEXT.read_text(encoding="utf-8").split("<!-- figures -->\n")
    PAGE.write_text(before + figures(named) + after, encoding="utf-8")
    PICTURE.write_text(
        bars(
            "Turns a second at saturation, by people who write at once",
            [(TITLES[name], _saturation(named["lines"][name])) for name in NAMES],
        ),
        encoding="utf-8",
    )


def figures(results: Mapping[str, Any]) -> str:
    """What the page says between its texts. `results`: with the flat figures."""
    lines = results["lines"]
    told = ["## Aims", ""]
    told += table(
        ("aim", "reached", "measured"),
        [(aim, "yes" if met(results) else "**no**", says.format(**results)) for aim, (says, met) in AIMS.items()],
    )
    told += ["## Both lines", "", "![turns a second](pictures/performance.svg)", ""]
    told += table(
        ("measured", *(TITLES[name] for name in NAMES)),
        [
            _row(
                "turns a second at saturation", lambda rounds: f"{turns_per_second(rounds):.1f} {_range(rounds)}", lines
            ),
            *(
                _row(f"reply at {rate} turns a second, p50 / p95 / p99, ms", _spread("latencies", str(rate)), lines)
                for rate in RATES
            ),
            *(
                _row(f"webhook's answer at {rate} a second, p50 / p99, ms", _acknowledged(str(rate)), lines)
                for rate in FLOODS
            ),
            _row("start to ready, s", lambda rounds: _number(middle(rounds, "ready_seconds"), 1), lines),
            _row("processor a turn, ms", lambda rounds: _number(_sum(rounds, "cpu_ms_per_turn"), 0), lines),
            _row(
                "statements to the database a turn",
                lambda rounds: _number(_sum(rounds, "statements_per_turn"), 0),
                lines,
            ),
            _row(
                "memory, MB",
                lambda rounds: f"{statistics.median(sum(one['memory_mb'].values()) for one in rounds):.0f}",
                lines,
            ),
            ("training, s (of a processor)", *(_training(results, name) for name in NAMES)),
            ("5th turn of a long conversation, ms", *(_once(results, name, "long", "turn_5_ms") for name in NAMES)),
            (f"{LATE}th turn, ms", *(_late(results, name) for name in NAMES)),
            *_stored(results),
        ],
    )
    told += ["## By process", ""]
    told += table(
        (
            "process",
            *(
                f"{TITLES[name]}: {what}"
                for name in NAMES
                for what in ("processor a turn, ms", "statements a turn", "memory, MB")
            ),
        ),
        [(part, *(cell for name in NAMES for cell in _part(lines[name], part))) for part in PARTS],
    )
    told += ["## Where the time goes", ""]
    told += [f"Shares of the moments in which a process worked, seen by py-spy while {AT_ONCE} people wrote.", ""]
    told += table(
        ("process", "what", *(TITLES[name] for name in NAMES)),
        _profile({name: results.get("once", {}).get(name, {}).get("profile", {}) for name in NAMES}),
    )
    told += [
        f"Measured on {results['day']}, {len(lines['waymark'])} rounds, {results['seconds']:g} s for each measurement.",
        "",
    ]
    told += [*(f"- {name}: {value}" for name, value in results["machine"].items()), ""]
    return "\n".join(told)


def _row(what: str, tell: Callable[[Any], str], lines: Mapping[str, Any]) -> tuple[str, ...]:
    return (what, *(tell(lines[name]) for name in NAMES))


def _spread(kind: str, rate: str) -> Callable[[Any], str]:
    def tell(rounds: Any) -> str:
        return " / ".join(_number(middle(rounds, kind, rate, f"p{share}_ms"), 0) for share in (50, 95, 99))

    return tell


def _acknowledged(rate: str) -> Callable[[Any], str]:
    def tell(rounds: Any) -> str:
        said = " / ".join(_number(middle(rounds, "acknowledgements", rate, f"p{share}_ms"), 1) for share in (50, 99))
        failed = sum(one["acknowledgements"][rate]["failed"] for one in rounds)
        posted = sum(one["acknowledgements"][rate]["posted"] for one in rounds)
        return said + (f"; {failed / posted:.0%} not answered in Twilio's 15 s" if failed else "")

    return tell


def _range(rounds: Sequence[Mapping[str, Any]]) -> str:
    found = [_best(one) for one in rounds]
    return f"({min(found):.1f} to {max(found):.1f})"


def _sum(rounds: Sequence[Mapping[str, Any]], what: str) -> float:
    return statistics.median(float(sum(one["costs"][what].values())) for one in rounds)


def _part(rounds: Sequence[Mapping[str, Any]], part: str) -> tuple[str, str, str]:
    def tell(values: Sequence[Mapping[str, float]], digits: int) -> str:
        there = [each[part] for each in values if part in each]
        return f"{statistics.median(there):.{digits}f}" if there else "–"  # noqa: RUF001 (a dash for a process that is not there)

    return (
        tell([one["costs"]["cpu_ms_per_turn"] for one in rounds], 1),
        tell([one["costs"]["statements_per_turn"] for one in rounds], 1),
        tell([one["memory_mb"] for one in rounds], 0),
    )


def _training(results: Mapping[str, Any], name: str) -> str:
    took = results["training"][name]
    return f"{took['seconds']:.0f} ({took['cpu_seconds']:.0f})"


def _once(results: Mapping[str, Any], name: str, *path: str) -> str:
    found: Any = results.get("once", {}).get(name, {})
    for each in path:
        found = found.get(each) if isinstance(found, Mapping) else None
    return "not measured" if found is None else f"{found:.0f}"


def _late(results: Mapping[str, Any], name: str) -> str:
    told = _once(results, name, "long", "turn_ms")
    turn = results.get("once", {}).get(name, {}).get("long", {}).get("turn", LATE)
    return told if turn == LATE else f"{told} at the {turn}th, where {LONG_SECONDS / 60:.0f} minutes were over"


def _stored(results: Mapping[str, Any]) -> list[tuple[str, ...]]:
    sizes = results.get("once", {}).get("waymark", {}).get("stored", {})
    return [
        (
            f"reply with {int(size):,} stored conversations, p50, ms",
            *(_once(results, name, "stored", size, "p50_ms") for name in NAMES),
        )
        for size in sizes
    ]


def _saturation(rounds: Sequence[Mapping[str, Any]]) -> list[tuple[str, float]]:
    return [(count, middle(rounds, "saturation", count, "turns_per_second")) for count in rounds[0]["saturation"]]


def _profile(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for part in PARTS:
        kinds = dict.fromkeys(kind for name in NAMES for kind in found[name].get(part, {}))
        for kind in kinds:
            shares = [found[name].get(part, {}).get(kind) for name in NAMES]
            rows.append((part, kind, *("–" if share is None else f"{share:.0%}" for share in shares)))  # noqa: RUF001 (a dash for nothing)
    return rows


def _number(value: float, digits: int) -> str:
    return "none came" if value == float("inf") else f"{value:,.{digits}f}"
