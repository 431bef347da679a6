"""Faults of Twilio on demand: what a test or a demonstration wants to see survive."""

from collections import deque
from dataclasses import dataclass
from typing import Literal, get_args

FaultKind = Literal[
    "rate_limit",  # answers 429
    "server_error",  # answers 500, nothing was sent
    "server_error_after",  # answers 500, yet the message goes out
    "timeout_before",  # no answer in time, nothing was sent
    "timeout_after",  # no answer in time, yet the message goes out
    "undelivered",  # accepted, then the handset is not reached
    "duplicate_callbacks",  # each status is told twice
    "reversed_callbacks",  # statuses are told last first
    "lost_callbacks",  # no status is told
    "duplicate_webhook",  # what a person wrote is posted twice
    "lost_webhook",  # what a person wrote is posted never; only a reconciliation finds it
    "delayed_webhook",  # what a person wrote is posted late: what they wrote after it overtakes it
]
KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(slots=True)
class Fault:
    """One planned fault: how often it still happens, and for the slow ones how long they take."""

    kind: FaultKind
    times: int = 1
    seconds: float = 15.0
    code: int = 30003


class Faults:
    """Planned faults, used up in the order in which they were planned."""

    def __init__(self) -> None:
        self._planned: deque[Fault] = deque()

    def plan(self, kind: FaultKind, *, times: int = 1, seconds: float = 15.0, code: int = 30003) -> None:
        """Let a fault happen the next `times` times it can."""
        self._planned.append(Fault(kind, times, seconds, code))

    def take(self, *kinds: FaultKind) -> Fault | None:
        """The first planned fault of these kinds, one use of it spent."""
        for fault in self._planned:
            if fault.kind in kinds:
                fault.times -= 1
                if fault.times <= 0:
                    self._planned.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self._planned.clear()

    def planned(self) -> list[Fault]:
        return list(self._planned)
