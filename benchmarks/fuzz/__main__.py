"""`make fuzz`: broken input for every parser, for a bounded time; how many inputs, and what was found, goes to `results.json`."""

import argparse
import hashlib
import json
import random
import secrets
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

from benchmarks.figures import table
from benchmarks.fuzz.machines import Walked, walk_all
from benchmarks.fuzz.mutating import mutated
from benchmarks.fuzz.targets import TARGETS, Target, seeds_of
from core.settings import PROJECT

RESULTS = Path(__file__).with_name("results.json")
PAGE = PROJECT / "docs" / "security.md"
BEGIN, END = "<!-- fuzz -->\n", "<!-- /fuzz -->"
CORPUS = PROJECT / "tests" / "corpus"
"""What once broke something, a folder for each parser: replayed by `make test`."""
SLOWEST = 2.0
"""Seconds after which an input counts as one that hangs. A parser of 16 KiB needs milliseconds; the machine may be busy."""
MOST_MEMORY = 128 * 1024 * 1024
"""Bytes that one input may take."""


def attempt(target: Target, data: bytes) -> str | None:
    """Give one input to a parser; what was wrong, or None."""
    begun = time.monotonic()
    try:
        target.run(data)
    except target.answers:
        pass
    except Exception as error:  # noqa: BLE001 - whatever it is, that is what is looked for
        return type(error).__name__
    return "slow" if time.monotonic() - begun > SLOWEST else None


def fuzz(target: Target, seconds: float, seed: int, *, most: int = 10**9) -> tuple[int, dict[str, bytes]]:
    """So many inputs within the time, and the shortest one for each kind of fault."""
    dice = random.Random(seed)  # noqa: S311 - inputs that can be made again, not secrets
    seeds, found, tried = seeds_of(target), dict[str, bytes](), 0
    for example in seeds:
        attempt(target, example)  # what is read once at the first use is not the input's time
    deadline = time.monotonic() + seconds
    while tried < most and time.monotonic() < deadline:
        data = mutated(seeds, dice)
        tried += 1
        fault = attempt(target, data)
        if fault and len(data) < len(found.get(fault, data + b"x")):
            found[fault] = data
    return tried, found


def memory(target: Target, seed: int) -> int:
    """The most bytes that one of a hundred inputs took."""
    dice, most = random.Random(seed), 0  # noqa: S311 - as above
    tracemalloc.start()
    for _ in range(100):
        data = mutated(seeds_of(target), dice)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        attempt(target, data)
        most = max(most, tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    return most


def section(result: dict[str, Any]) -> str:
    """What `docs/security.md` says of the last run."""
    lines = [
        f"The last run tried {result['inputs']:,} inputs in {result['seconds']:.0f} seconds (seed {result['seed']}):",
        "",
    ]
    lines += table(
        ("parser", "inputs", "found in this run", "kept from earlier ones", "most memory of one input"),
        [
            (
                name,
                f"{each['inputs']:,}",
                ", ".join(each["found"]) or "nothing",
                each["corpus"] - len(each["found"]),
                f"{each['most_kilobytes']:,} KB",
            )
            for name, each in result["parsers"].items()
        ],
    )
    return "\n".join([*lines, *_machines(result)])


def _machines(result: dict[str, Any]) -> list[str]:
    walked = result.get("machines")
    if not walked:
        return []
    return [
        "State machines of hypothesis, each checked after every step against a model of a few lines:",
        "",
        *table(
            ("machine", "walks", "steps", "found"),
            [(one["machine"], f"{one['walks']:,}", f"{one['steps']:,}", one["found"] or "nothing") for one in walked],
        ),
    ]


def written_into(page: str, result: dict[str, Any]) -> str:
    """The page with the section in its place."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + section(result) + END + rest.partition(END)[2]


def keep(target: Target, data: bytes) -> Path:
    """Put an input into the corpus."""
    path = CORPUS / target.name.replace(" ", "_") / hashlib.sha256(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def main() -> int:
    """Exit code 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="for all parsers together")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--only", metavar="PARSER")
    parser.add_argument("--walks", type=int, default=60, help="of each state machine; 0: none")
    wanted = parser.parse_args()
    print(f"seed {wanted.seed}", flush=True)
    targets = [target for target in TARGETS if wanted.only in (None, target.name)]
    result: dict[str, Any] = {"seed": wanted.seed, "seconds": wanted.seconds, "parsers": {}}
    wrong = 0
    for target in targets:
        tried, found = fuzz(target, wanted.seconds / len(targets), wanted.seed)
        peak = memory(target, wanted.seed)
        if peak > MOST_MEMORY:
            found["memory"] = b""
        wrong += len(found)
        result["parsers"][target.name] = {
            "inputs": tried,
            "found": {fault: str(keep(target, data).relative_to(PROJECT)) for fault, data in found.items()},
            "corpus": len(list((CORPUS / target.name.replace(" ", "_")).glob("*"))),
            "most_kilobytes": peak // 1024,
        }
        print(f"{target.name}: {tried} inputs, {(found and sorted(found)) or 'nothing found'}", flush=True)
    result["inputs"] = sum(each["inputs"] for each in result["parsers"].values())
    walked: list[Walked] = [] if wanted.only else walk_all(wanted.walks)
    result["machines"] = walked
    wrong += sum(bool(one["found"]) for one in walked)
    if wanted.only is None:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(written_into(PAGE.read_text(encoding="utf-8"), result), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
