"""One storm from its beginning to its count."""

import random
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from app.bootstrap import make_rooms
from benchmarks.chaos import history
from benchmarks.chaos.counting import Count, count, look
from benchmarks.chaos.line import Line, secrets, wait_for
from benchmarks.chaos.people import people
from benchmarks.chaos.storm import Storm
from core.database import now
from core.encryption import use_cipher
from core.settings import read_settings
from gateway.errors import ProviderError
from gateway.reconcile import IN_FLIGHT, reconcile


@dataclass(frozen=True, slots=True)
class Size:
    """How much of a storm. `seconds` bounds the writing, `calm` the time in which everything must have come to an end."""

    messages: int
    conversations: int
    kills: int
    seconds: float
    calm: float = 300.0


def run(line: Line, size: Size, seed: int) -> dict[str, Any]:
    """Blow, wait until it is calm, compare with Twilio's list, count. What was done and every promise with its count."""
    dice = random.Random(seed)  # noqa: S311 - a storm that can be repeated, not a secret
    crowd = people(size.conversations, size.messages, dice)
    history.begin(line)
    begun, started = now(), time.monotonic()
    storm = Storm(line, crowd, size.kills, dice, size.seconds)
    storm.blow()
    stormy = time.monotonic() - started
    ready = wait_for(line.ready, seconds=size.calm)
    calm(line, size.calm)
    found_late = compare(line)
    settled = calm(line, size.calm)
    seen = look(line, crowd)
    counts = count(seen)
    states = [each["state"] for each in seen.messages if each["direction"] == "outbound"]
    return {
        "seed": seed,
        "messages_written": storm.written,
        "messages_wanted": size.messages,
        "conversations": size.conversations,
        "kills": sum(storm.killed.values()),
        "killed": dict(sorted(storm.killed.items())),
        "faults_planned": dict(sorted(storm.planned.items())),
        "replies": {state: states.count(state) for state in sorted(set(states))},
        "parked": sum(each["state"] == "parked" for each in seen.messages),
        "cases": len(seen.cases),
        "given_back": storm.given_back,
        "turns": len({each["turn_id"] for each in seen.messages if each["author"] == "bot" and each["turn_id"]}),
        "found_by_reconciliation": found_late,
        "storm_seconds": round(stormy),
        "all_seconds": round(time.monotonic() - started),
        "ready_again": ready,
        "calm": settled,
        "day": begun.date().isoformat(),
        "promises": [asdict(one) for one in counts],
    }


def broken(result: dict[str, Any]) -> list[str]:
    """The promises that did not hold, in words; empty when everything did."""
    said = [
        f"{one['promise']}: {len(one['broken'])} of {one['looked_at']}" for one in result["promises"] if one["broken"]
    ]
    if not result["ready_again"]:
        said.append("the health page did not become ready again")
    return said


def calm(line: Line, seconds: float) -> bool:
    """Wait until no message and no job waits for anything."""
    query = (
        "SELECT (SELECT count(*) FROM message WHERE state IN ('received', 'queued', 'sending'))"
        " + (SELECT count(*) FROM procrastinate_jobs WHERE queue_name IN ('turns', 'outbox') AND status IN ('todo', 'doing'))"
    )
    still = 0

    def look_once() -> bool:
        nonlocal still
        still = still + 1 if line.pending() == 0 and int(line.rows(query)[0][0]) == 0 else 0
        return still >= 4  # callbacks that are on their way arrive within these looks

    return wait_for(look_once, seconds=seconds)


def compare(line: Line) -> int:
    """What never reached the webhook comes in as the schedule brings it in; how many. Without waiting until it is two minutes old."""
    with secrets(line) as made:
        settings = read_settings(
            **made,
            demonstration=True,
            port=line.port,
            data_dir=line.data_dir,
            database_url=line.database_url,
            twilio_api_url=line.stand_in,
        )
        rooms = make_rooms(settings)
        try:
            with suppress(ProviderError):
                return reconcile(rooms.gateway, at=now() + IN_FLIGHT).taken_in + _earlier(line)
            return -1
        finally:
            rooms.close()
            use_cipher(None)


def _earlier(line: Line) -> int:
    """What the schedule of the line itself had brought in before."""
    return int(
        line.rows("SELECT coalesce(sum(taken_in), 0) FROM reconciliation WHERE at < now() - interval '1 second'")[0][0]
    )


__all__ = ["Count", "Size", "broken", "run"]
