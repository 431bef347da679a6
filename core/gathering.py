"""What is asked for at the same moment is done together: while one batch is under way in its thread, the next one gathers."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from anyio import CapacityLimiter, to_thread

from core.logging import get_logger

log = get_logger(__name__)


class Gathering[Item, Answer]:
    """One batch at a time; what cannot be done with others is done alone, in a thread of its own, so that nobody waits for it.

    together: Does a batch, in order; None for each item that has to be done alone. When it raises, all of them are.
    alone: Does one item.
    most: Items of a batch. at_once: Items that are done alone at the same time.
    pause: Seconds for which a batch gathers before it is begun.
    """

    def __init__(
        self,
        together: Callable[[Sequence[Item]], Sequence[Answer | None]],
        alone: Callable[[Item], Answer],
        *,
        most: int,
        at_once: int,
        pause: float = 0.0,
    ) -> None:
        self._together, self._alone, self._most, self._pause = together, alone, most, pause
        self._room, self._own_thread = CapacityLimiter(at_once), CapacityLimiter(1)
        self._waiting: deque[tuple[Item, asyncio.Future[Answer | None]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def ask(self, item: Item) -> Answer:
        """The answer to one item, when its batch is done. Raises what `alone` raises."""
        done: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        answer = await done
        return await to_thread.run_sync(self._alone, item, limiter=self._room) if answer is None else answer

    async def _work(self) -> None:
        while self._waiting:
            if self._pause and len(self._waiting) < self._most:
                await asyncio.sleep(self._pause)
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            items = [item for item, _ in batch]
            answers: Sequence[Answer | None] = [None] * len(batch)
            try:
                answers = await to_thread.run_sync(self._together, items, limiter=self._own_thread)
            except Exception as error:  # noqa: BLE001 - whatever it was, each is still done alone: none may be lost with the others
                log.warning("a batch was not done together", count=len(batch), error=type(error).__name__)
            finally:
                # Also when this process is told to stop: nobody may wait for an answer that nobody gives.
                for (_, done), answer in zip(batch, answers, strict=True):
                    if not done.done():
                        done.set_result(answer)
