"""What gathers while a batch is under way is the next batch, and whatever goes wrong with a batch, each item gets its own answer."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from core.gathering import Gathering

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def until(condition: threading.Event) -> None:
    assert await asyncio.to_thread(condition.wait, 10)


async def test_what_comes_while_a_batch_is_under_way_is_done_together_in_order() -> None:
    batches: list[list[int]] = []
    begun, go_on = threading.Event(), threading.Event()

    def together(items: Sequence[int]) -> list[str | None]:
        batches.append(list(items))
        begun.set()
        go_on.wait(10)
        return [f"{item} with others" for item in items]

    gathering = Gathering(together, lambda item: f"{item} alone", most=3, at_once=1)
    first = asyncio.create_task(gathering.ask(0))
    await until(begun)
    rest = [asyncio.create_task(gathering.ask(item)) for item in range(1, 6)]
    await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(first, *rest) == [f"{item} with others" for item in range(6)]
    assert batches == [[0], [1, 2, 3], [4, 5]]
    assert await gathering.ask(6) == "6 with others", "it goes on after it had nothing to do"


async def test_with_a_pause_what_comes_one_after_the_other_is_one_batch_and_a_full_one_does_not_wait() -> None:
    batches: list[int] = []

    def together(items: Sequence[int]) -> list[str | None]:
        batches.append(len(items))
        return ["done" for _ in items]

    gathering = Gathering(together, lambda _: "alone", most=4, at_once=1, pause=0.3)
    asked = []
    for item in range(3):
        asked.append(asyncio.create_task(gathering.ask(item)))
        await asyncio.sleep(0.01)
    assert await asyncio.gather(*asked) == ["done"] * 3
    assert batches == [3]
    patient: Gathering[int, str] = Gathering(together, lambda _: "alone", most=4, at_once=1, pause=3600)
    async with asyncio.timeout(10):
        assert await asyncio.gather(*(patient.ask(item) for item in range(4))) == ["done"] * 4
    assert batches == [3, 4]


async def test_who_is_done_alone_keeps_nobody_waiting() -> None:
    held, go_on = threading.Event(), threading.Event()

    def alone(item: int) -> str:
        held.set()
        go_on.wait(10)
        return f"{item} alone"

    gathering = Gathering(
        lambda items: [None if item == 0 else "with others" for item in items], alone, most=9, at_once=1
    )
    slow = asyncio.create_task(gathering.ask(0))
    await until(held)
    assert await gathering.ask(1) == "with others"
    assert not slow.done()
    go_on.set()
    assert await slow == "0 alone"


async def test_a_batch_that_fails_is_done_one_by_one() -> None:
    def together(_: Sequence[int]) -> list[str | None]:
        raise ValueError("broken")

    gathering = Gathering(together, lambda item: f"{item} alone", most=9, at_once=2)
    assert await asyncio.gather(*(gathering.ask(item) for item in range(4))) == [f"{item} alone" for item in range(4)]


async def test_what_fails_alone_fails_for_the_one_who_asked() -> None:
    def alone(item: int) -> str:
        if item:
            raise ValueError(item)
        return "done"

    gathering: Gathering[int, str] = Gathering(lambda items: [None for _ in items], alone, most=9, at_once=2)
    answers = await asyncio.gather(gathering.ask(0), gathering.ask(1), return_exceptions=True)
    assert answers[0] == "done"
    assert isinstance(answers[1], ValueError)


async def test_who_no_longer_waits_disturbs_nobody() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def together(items: Sequence[int]) -> list[str | None]:
        begun.set()
        go_on.wait(10)
        return ["with others" for _ in items]

    gathering = Gathering(together, lambda item: f"{item} alone", most=9, at_once=1)
    gone = asyncio.create_task(gathering.ask(0))
    await until(begun)
    gone.cancel()
    stays = asyncio.create_task(gathering.ask(1))
    go_on.set()
    assert await stays == "with others"
    with pytest.raises(asyncio.CancelledError):
        await gone
