"""What must be true after the storm, counted from the database and from what the stand-in of Twilio really received."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.chaos.line import Line
from benchmarks.chaos.people import Person
from gateway.statuses import FORWARD

_OURS = re.compile(r"[?&]message=([0-9a-f-]{36})")
LEGAL = {
    ("received", "handled"), ("handled", "parked"), ("received", "parked"),
    ("queued", "sending"), ("sending", "queued"), ("sending", "sent"), ("sending", "failed"), ("sending", "uncertain"), ("sending", "held"),
    ("queued", "dropped"), ("queued", "failed"), ("queued", "held"), ("held", "queued"), ("held", "dropped"), ("uncertain", "sent"),
    ("uncertain", "failed"), ("sent", "failed"), ("failed", "sent"), ("failed", "held"), ("sent", "held"), ("uncertain", "held"),
    ("uncertain", "queued"),
}  # fmt: skip
"""The only steps there are. `uncertain` and `failed` become `sent` when Twilio itself speaks of the message; what Twilio
answered with 500 is queued again once Twilio's list does not have it."""


@dataclass(frozen=True, slots=True)
class Count:
    """One promise: how many were looked at, and the ids for which it did not hold."""

    promise: str
    looked_at: int
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the promises are counted from."""

    people: list[Person]
    journal: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    conversations: list[dict[str, Any]]
    cases: list[dict[str, Any]]
    history: list[tuple[Any, ...]]
    jobs: list[tuple[Any, ...]]


def look(line: Line, people: list[Person]) -> Seen:
    """Read the database and the stand-in."""
    columns = "id, seq, conversation_id, direction, author, provider_sid, state, status, turn_id, key, question, withheld, attempts"
    messages = line.rows(f"SELECT {columns} FROM message ORDER BY seq")  # noqa: S608 - our own columns
    conversations = line.rows("SELECT id, owner, opted_out, opt_out_pending FROM conversation")
    cases = line.rows('SELECT id, conversation_id, level, state FROM "case"')
    return Seen(
        people=people,
        journal=line.journal(),
        messages=[dict(zip(columns.split(", "), map(_plain, row), strict=True)) for row in messages],
        conversations=[
            dict(zip(("id", "owner", "opted_out", "opt_out_pending"), map(_plain, row), strict=True))
            for row in conversations
        ],
        cases=[dict(zip(("id", "conversation_id", "level", "state"), map(_plain, row), strict=True)) for row in cases],
        history=line.rows(
            "SELECT message::text, state_before, state_after, status_before, status_after FROM chaos_history ORDER BY id"
        ),
        jobs=line.rows(
            "SELECT id, task_name, status::text FROM procrastinate_jobs WHERE queue_name IN ('turns', 'outbox')"
            " AND status IN ('todo', 'doing')"
        ),
    )


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int | str | bool) else str(value)


def count(seen: Seen) -> list[Count]:
    """Every promise, counted."""
    return [one(seen) for one in PROMISES]


def nothing_lost(seen: Seen) -> Count:
    """Everything that somebody wrote is stored, once, whatever became of its webhook."""
    stored = Counter(each["provider_sid"] for each in seen.messages if each["direction"] == "inbound")
    written = [sid for person in seen.people for sid in person.sent]
    return Count(
        "every message that was written is stored once", len(written), _ids(s for s in written if stored[s] != 1)
    )


def handled_once(seen: Seen) -> Count:
    """Committed steps, not rows: a message that was handled twice would have two."""
    done = Counter(message for message, before, *_ in seen.history if before == "received")
    # Twilio's own STOP is handled in the transaction that stores it, and so has no step from `received`.
    # What others wrote before the storm has no history.
    written = {sid for person in seen.people for sid in person.sent}
    inbound = [each for each in seen.messages if each["direction"] == "inbound" and each["provider_sid"] in written]
    return Count(
        "every message is handled, exactly once",
        len(inbound),
        _ids(each["id"] for each in inbound if each["state"] not in ("handled", "parked") or done[each["id"]] != 1),
    )


def handled_in_order(seen: Seen) -> Count:
    """In each conversation, in the order in which they were stored."""
    of = {each["id"]: each for each in seen.messages if each["direction"] == "inbound"}
    last: dict[str, int] = defaultdict(int)
    wrong = []
    for message, before, *_ in seen.history:
        if before == "received" and message in of:
            one = of[message]
            if one["seq"] < last[one["conversation_id"]]:
                wrong.append(message)
            last[one["conversation_id"]] = max(last[one["conversation_id"]], one["seq"])
    return Count("messages of a conversation are handled in their order", len(of), _ids(wrong))


def answered_once(seen: Seen) -> Count:
    """A turn writes its replies in one transaction: a second run of it would ask the same question again."""
    asked = Counter(
        (each["turn_id"], each["question"])
        for each in seen.messages
        if each["direction"] == "outbound" and each["turn_id"] and each["question"] and each["state"] != "dropped"
    )
    # A question of several parts is one question on its last part only.
    return Count(
        "no turn asks its question twice", len(asked), _ids(turn for (turn, _), times in asked.items() if times > 1)
    )


def sent_once(seen: Seen) -> Count:
    """Against what the stand-in took over: sent is once, uncertain at most once, what was not sent never."""
    taken = Counter(_ours(each) for each in seen.journal if each["direction"] == "outbound")
    may = {"sent": (1, 1), "uncertain": (0, 1), "failed": (0, 1), "dropped": (0, 0), "held": (0, 0)}
    outbound = [each for each in seen.messages if each["direction"] == "outbound"]
    wrong = [
        each["id"]
        for each in outbound
        if each["state"] not in may or not may[each["state"]][0] <= taken[each["id"]] <= may[each["state"]][1]
    ]
    strange = [ours or "unknown" for ours in taken if ours not in {each["id"] for each in outbound}]
    return Count(
        "every reply is sent once, or shown as uncertain, or not sent", len(outbound), _ids([*wrong, *strange])
    )


def sent_in_order(seen: Seen) -> Count:
    """The order in which the stand-in took them over, for each phone."""
    of = {each["id"]: each for each in seen.messages if each["direction"] == "outbound"}
    last: dict[str, int] = defaultdict(int)
    wrong, looked = [], 0
    for each in seen.journal:
        one = of.get(_ours(each)) if each["direction"] == "outbound" else None
        if one is None:
            continue
        looked += 1
        if one["seq"] < last[each["person"]]:
            wrong.append(one["id"])
        last[each["person"]] = max(last[each["person"]], one["seq"])
    return Count("replies reach each phone in their order", looked, _ids(wrong))


def statuses_forward(seen: Seen) -> Count:
    """Every committed step of a status, whatever order the callbacks came in."""
    steps = [(m, b, a) for m, _, _, b, a in seen.history if b != a]
    wrong = [
        m
        for m, before, after in steps
        if after not in FORWARD or (before in FORWARD and FORWARD[before] >= FORWARD[after])
    ]
    return Count("a status only moves forward", len(steps), _ids(wrong))


def steps_legal(seen: Seen) -> Count:
    """No message takes a step that there is not."""
    steps = [(m, b, a) for m, b, a, *_ in seen.history if b != a]
    return Count(
        "a message takes only steps that exist", len(steps), _ids(m for m, b, a in steps if (b, a) not in LEGAL)
    )


def danger_has_a_case(seen: Seen) -> Count:
    """Whoever wrote that they are in danger has a case of level E or U, whatever was dead at that moment."""
    conversation = {
        each["provider_sid"]: each["conversation_id"] for each in seen.messages if each["direction"] == "inbound"
    }
    urgent = {each["conversation_id"] for each in seen.cases if each["level"] in ("E", "U")}
    told = [sid for person in seen.people for sid in person.danger]
    return Count(
        "whoever told of danger has an urgent case",
        len(told),
        _ids(s for s in told if conversation.get(s) not in urgent),
    )


def desk_has_a_case(seen: Seen) -> Count:
    """Nobody is handed to no one."""
    open_cases = Counter(each["conversation_id"] for each in seen.cases if each["state"] == "open")
    held = [each["id"] for each in seen.conversations if each["owner"] == "desk"]
    twice = [conversation for conversation, number in open_cases.items() if number > 1]
    return Count(
        "a conversation at the desk has one open case",
        len(held),
        _ids([*(c for c in held if not open_cases[c]), *twice]),
    )


def nothing_stuck(seen: Seen) -> Count:
    """Nothing waits any more, neither message nor job."""
    waiting = [each["id"] for each in seen.messages if each["state"] in ("received", "queued", "sending")]
    return Count(
        "no conversation is stuck",
        len(seen.conversations),
        _ids([*waiting, *(f"job {job} {task}" for job, task, _ in seen.jobs)]),
    )


def bot_answers(seen: Seen) -> Count:
    """Where the bot has the conversation, the last message of the person was answered, or what came after it was.

    A conversation that the desk gave back counts by what the bot then said. It says nothing to a number that takes no messages just then:
    what the desk had it do is no message of the person.
    """
    answered = {each["turn_id"] for each in seen.messages if each["direction"] == "outbound"}
    last: dict[str, bool] = {}
    for each in seen.messages:
        if each["direction"] == "inbound":
            before = each["author"] == "system" and last.get(each["conversation_id"], False)
            last[each["conversation_id"]] = before or each["id"] in answered
    bots = [
        each["id"]
        for each in seen.conversations
        if each["owner"] == "bot" and not each["opted_out"] and not each["opt_out_pending"] and each["id"] in last
    ]
    return Count(
        "where the bot answers, the last message was answered",
        len(bots),
        _ids(c for c in bots if not last[c]),
    )


PROMISES: tuple[Callable[[Seen], Count], ...] = (
    nothing_lost, handled_once, handled_in_order, answered_once, sent_once, sent_in_order, statuses_forward, steps_legal,
    danger_has_a_case, desk_has_a_case, nothing_stuck, bot_answers,
)  # fmt: skip


def _ours(entry: dict[str, Any]) -> str | None:
    found = _OURS.search(entry["callback"] or "")
    return found[1] if found else None


def _ids(found: Iterator[str] | list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(map(str, found))))
