"""What is measured of a line that runs. Seconds are told in milliseconds."""

import statistics
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.line.dialogue import before_the_round, dialogue, endless
from benchmarks.line.lines import Line
from benchmarks.line.people import Person, Seen, crowd, flood, stream
from benchmarks.line.provider import Provider
from benchmarks.line.usage import counted, memory, worked

Figures = dict[str, Any]
AT_ONCE = (1, 8, 32)
"""People who write at once; the best of the three is the line's saturation."""
RATES = (1, 5, 20)
FLOODS = (100, 500)
EARLY, LATE, ROUND = 5, 500, 7
"""Turns of one conversation that are compared: the 5th with the 500th, each with its neighbours, so many in all. They are counted where it
goes round: those before it have other answers, of one message and not of two, and would be compared with something else."""
LONG_SECONDS = 300.0
"""How long one conversation is gone on with at most."""
WARM_UP = 3


async def warm_up(provider: Provider) -> None:
    """A few people through the whole dialogue, which also shows that the line answers as it must. Raises RuntimeError."""
    for _ in range(WARM_UP):
        seen = Seen()
        person = Person(provider, seen)
        while not person.done:
            await person.next()
        if seen.wrong or len(seen.replies) != len(dialogue()):
            raise RuntimeError(f"the line does not answer as it must: {seen.wrong}")


async def saturation(provider: Provider, seconds: float) -> Figures:
    """Turns a second, by people at once. The first quarter is not counted."""
    found: Figures = {}
    for count in AT_ONCE:
        seen = await crowd(provider, count, seconds)
        begun = min(seen.ended, default=0.0) + seconds / 4
        ended = [moment for moment in seen.ended if moment >= begun]
        span = max(ended, default=0.0) - begun
        found[str(count)] = {
            "turns_per_second": len(ended) / span if span > 0 else 0.0,
            **spread(seen.replies),
            "wrong": len(seen.wrong),
        }
    return found


async def latencies(provider: Provider, seconds: float) -> Figures:
    """Replies at so many turns a second. A rate that the line cannot keep up with ends in answers that take seconds."""
    found: Figures = {}
    for rate in RATES:
        seen = await stream(provider, rate, max(seconds, 20 / rate))
        found[str(rate)] = spread(seen.replies) | {"turns": len(seen.replies), "wrong": len(seen.wrong)}
    return found


async def acknowledgements(provider: Provider, seconds: float) -> Figures:
    """How long Twilio waits for the answer to its webhook at so many messages a second."""
    found: Figures = {}
    for rate in FLOODS:
        seen = await flood(provider, rate, seconds)
        found[str(rate)] = spread(seen.acknowledged) | {"posted": round(rate * seconds), "failed": len(seen.wrong)}
    return found


async def costs(line: Line, provider: Provider, people: int) -> Figures:
    """Processor milliseconds and statements a turn, by part, while some people write, and the memory of the parts after it."""
    turns = people * len(dialogue())
    with worked(line) as work:
        await _all_through(provider, people)
    with counted(line) as statements:
        await _all_through(provider, people)
    return {
        "cpu_ms_per_turn": {part: seconds * 1000 / turns for part, seconds in work.cpu_seconds.items()},
        "statements_per_turn": {part: count / turns for part, count in statements.statements.items()},
        "memory_mb": memory(line),
    }


async def long_conversation(line: Line, provider: Provider, seconds: float = LONG_SECONDS) -> Figures:
    """Medians of the replies around the 5th and the 500th turn of one conversation, in milliseconds.

    A line that has not come so far when the time is over is told by the last turn that it reached (`turn`): what it costs grows with each.
    Raises RuntimeError when an answer was wrong, or did not come.
    """
    seen = Seen()
    begun = before_the_round(line.name)
    person = Person(provider, seen, endless(line.name, begun + LATE + ROUND // 2))
    until = time.monotonic() + seconds
    while not person.done and (time.monotonic() < until or len(seen.replies) < begun + EARLY + ROUND):
        await person.next()
    if seen.wrong:
        raise RuntimeError(f"the long conversation broke off: {seen.wrong}")
    alike = seen.replies[begun:]
    late = min(LATE, len(alike) - ROUND // 2)
    first, last = (statistics.median(alike[turn - 1 - ROUND // 2 : turn + ROUND // 2]) * 1000 for turn in (EARLY, late))
    return {"turn_5_ms": first, "turn": late, "turn_ms": last, "ratio": last / first}


async def one_by_one(provider: Provider, people: int) -> Figures:
    """Replies when nobody else writes."""
    return spread((await _all_through(provider, people)).replies)


async def _all_through(provider: Provider, people: int) -> Seen:
    seen = Seen()

    async def one() -> None:
        person = Person(provider, seen)
        while not person.done:
            await person.next()
        person.leave()

    for _ in range(people):
        await one()
    if seen.wrong:
        raise RuntimeError(f"wrong answers: {seen.wrong[:3]}")
    return seen


def spread(seconds: Sequence[float]) -> Figures:
    """p50, p95 and p99 in milliseconds; None without a value."""
    if not seconds:
        return {"p50_ms": None, "p95_ms": None, "p99_ms": None}
    ordered = sorted(seconds)
    return {
        f"p{share}_ms": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] * 1000 for share in (50, 95, 99)
    }
