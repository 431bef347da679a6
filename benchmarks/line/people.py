"""People who write: one after the other through the dialogue, each turn checked, as many at once as are asked for."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp

from benchmarks.line.dialogue import Turn, dialogue
from benchmarks.line.provider import Provider

PATIENCE = 60.0
"""Seconds that a person of the measurement waits for an answer."""
_numbers = itertools.count(random.SystemRandom().randrange(1_000_000) * 100)


class WrongAnswerError(Exception):
    """A line did not say what it must: a measurement of it would be worth nothing."""


@dataclass(slots=True)
class Seen:
    """What was measured. Seconds."""

    replies: list[float] = field(default_factory=list)
    """From posting a message to the last of its answers at the provider."""
    acknowledged: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    """When each turn was over."""
    wrong: list[str] = field(default_factory=list)


class Person:
    """Somebody with a number of Twilio's range for tests, who has never written before."""

    def __init__(self, provider: Provider, seen: Seen, turns: Sequence[Turn] | None = None) -> None:
        self._provider, self._seen = provider, seen
        self.number = f"+1500555{next(_numbers):08d}"
        self._turns = iter(turns or dialogue())
        self.done = False

    async def next(self) -> float | None:
        """One turn; its seconds. None when there is no further one, or the answer was wrong."""
        turn = next(self._turns, None)
        if turn is None:
            self.done = True
            return None
        begun = time.perf_counter()
        try:
            self._seen.acknowledged.append(await self._provider.write(self.number, turn.said))
            last = await self._answers(turn)
        except (WrongAnswerError, TimeoutError, OSError, aiohttp.ClientError) as error:
            self._seen.wrong.append(f"{turn.said!r}: {type(error).__name__} {error}")
            self.done = True
            return None
        finally:
            self._seen.ended.append(time.perf_counter())
        self._seen.replies.append(last - begun)
        return last - begun

    async def _answers(self, turn: Turn) -> float:
        inbox, moment = self._provider.taken[self.number], 0.0
        for pattern in turn.answered:
            async with asyncio.timeout(PATIENCE):
                moment, text = await inbox.get()
            if not pattern.fullmatch(text):
                raise WrongAnswerError(f"{text!r} instead of {pattern.pattern!r}")
        return moment

    def leave(self) -> None:
        """Forget the inbox: a million people must not stay in memory."""
        self._provider.taken.pop(self.number, None)


async def crowd(provider: Provider, count: int, seconds: float) -> Seen:
    """So many people at once, each writing as soon as they were answered; who is through is followed by the next."""
    seen = Seen()
    until = time.perf_counter() + seconds

    async def one() -> None:
        while time.perf_counter() < until:
            person = Person(provider, seen)
            while not person.done and time.perf_counter() < until:
                await person.next()
            person.leave()

    await asyncio.gather(*(one() for _ in range(count)))
    return seen


async def stream(provider: Provider, rate: float, seconds: float) -> Seen:
    """So many turns a second, whatever the line does: at each beat somebody writes who is not waiting for an answer, or somebody new."""
    seen = Seen()
    idle: list[Person] = []
    under_way: set[asyncio.Task[None]] = set()

    async def turn(person: Person) -> None:
        await person.next()
        if person.done:
            person.leave()
        else:
            idle.append(person)

    async for _ in beats(rate, seconds):
        person = idle.pop(0) if idle else Person(provider, seen)
        task = asyncio.create_task(turn(person))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return seen


async def flood(provider: Provider, rate: float, seconds: float) -> Seen:
    """So many first messages a second from as many strangers: how fast each is acknowledged, whatever becomes of the answer."""
    seen = Seen()
    under_way: set[asyncio.Task[None]] = set()

    async def write() -> None:
        person = Person(provider, seen)
        try:
            seen.acknowledged.append(await provider.write(person.number, dialogue()[0].said))
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            seen.wrong.append(type(error).__name__)

    async for _ in beats(rate, seconds):
        task = asyncio.create_task(write())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return seen


async def beats(rate: float, seconds: float) -> AsyncIterator[int]:
    """So many a second. A beat that comes late is not left out: the next ones follow at once."""
    begun = time.perf_counter()
    for number in range(round(rate * seconds)):
        wait = begun + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        yield number
