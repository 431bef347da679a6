"""How changes reach open pages: together, each page its own, never without bound."""

import asyncio
import json

import pytest

from desk.live import DEBOUNCE_SECONDS, EVERYTHING, MAX_WAITING, Live, Subscriber


async def heard_together() -> tuple[list[frozenset[str]], bool]:
    live = Live("postgresql://nowhere/none")
    async with live.subscribed() as page:
        for number in range(5):
            live.heard(json.dumps({"case": f"c{number}", "conversation": "one"}))
        early = page._wake.is_set()
        first = await asyncio.wait_for(page.changes(), 2)
        await asyncio.sleep(DEBOUNCE_SECONDS * 1.5)
        later = [await asyncio.wait_for(page.changes(), 0.01)] if page._wake.is_set() else []
    assert not live._subscribers
    return [first, *later], early


def test_changes_of_one_moment_are_told_once_and_not_before_the_moment_is_over() -> None:
    told, early = asyncio.run(heard_together())
    assert told == [frozenset({"c0", "c1", "c2", "c3", "c4", "one"})]
    assert early is False


def test_what_a_slow_page_missed_is_bounded() -> None:
    async def pile_up() -> frozenset[str]:
        page = Subscriber()
        for number in range(MAX_WAITING * 10):
            page.tell(frozenset({str(number)}))
        assert len(page._waiting) <= MAX_WAITING
        return await asyncio.wait_for(page.changes(), 1)

    changed = asyncio.run(pile_up())
    assert Subscriber(frozenset({"never mentioned"})).concerns(changed | EVERYTHING)


@pytest.mark.parametrize("payload", ["", "no json", "[1]", "null", '"text"'])
def test_a_payload_nobody_understands_makes_every_page_look(payload: str) -> None:
    async def hear() -> frozenset[str]:
        live = Live("postgresql://nowhere/none")
        async with live.subscribed(frozenset({"mine"})) as page:
            live.heard(payload)
            changed = await asyncio.wait_for(page.changes(), 2)
            assert page.concerns(changed)
            return changed

    assert asyncio.run(hear()) == EVERYTHING


def test_a_page_is_concerned_by_its_own_case_only() -> None:
    page = Subscriber(frozenset({"case", "conversation"}))
    assert page.concerns(frozenset({"conversation", "x"}))
    assert not page.concerns(frozenset({"x"}))
    assert page.concerns(EVERYTHING)
    assert Subscriber().concerns(frozenset({"x"}))


def test_without_a_database_nobody_claims_to_be_live() -> None:
    async def look() -> bool:
        live = Live("postgresql://127.0.0.1:1/none")
        async with live.running():
            await asyncio.sleep(0.2)
            return live.connected

    assert asyncio.run(look()) is False
