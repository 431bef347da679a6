"""How often one address of the network may ask in a minute: for what strangers can reach, counted in each process."""

import time
from collections import deque

A_MINUTE = 60
_ADDRESSES = 10_000


class Busy(Exception):  # noqa: N818
    """Too many requests came from one address."""


class Pace:
    """How often each address asked in the last minute, in this process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._asked: dict[str, deque[float]] = {}

    def step(self, address: str, at: float) -> None:
        """Count a request. Raises Busy."""
        if len(self._asked) > _ADDRESSES:
            self._asked.clear()
        asked = self._asked.setdefault(address, deque())
        while asked and asked[0] <= at - A_MINUTE:
            asked.popleft()
        if len(asked) >= self._most:
            raise Busy
        asked.append(at)

    def now(self, address: str | None) -> None:
        """Count a request, now. Raises Busy."""
        self.step(address or "", time.monotonic())
