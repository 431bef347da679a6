"""A stranger who makes us write thousands of messages meets a limit; a person in danger meets a human."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.settings import read_settings
from core.turns import Say
from gateway import spending
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

INTRO = [Say(say="say_intro")]


@pytest.fixture(autouse=True)
def unlooked() -> Iterator[None]:
    spending._looked = (0.0, 0)
    yield
    spending._looked = (0.0, 0)


def limited(line: Line, **limits: int) -> Line:
    settings = read_settings(**(line.gateway.settings.model_dump() | limits))
    line.gateway = replace(line.gateway, settings=settings)
    return line


async def test_after_so_many_messages_in_an_hour_a_human_has_the_conversation(line: Line) -> None:
    limited(line, answers_per_hour=2)
    line.engine.steps = [INTRO] * 5
    for number in range(4):
        await line.say(f"spam {number}")
    assert len(line.engine.requests) == 2
    assert line.twilio.bodies == ["An information line."] * 2 + ["It has arrived."], (
        "one word that it arrived, and no more"
    )
    (case,) = line.cases()
    assert (case.reason, line.conversation().owner) == ("budget", "desk")


async def test_an_hour_later_nobody_is_held_to_it(line: Line) -> None:
    limited(line, answers_per_hour=2)
    line.engine.steps = [INTRO] * 5
    for _ in range(2):
        await line.say("hello")
    line.wait(hours=1, minutes=1)
    await line.say("hello again")
    assert len(line.engine.requests) == 3


async def test_when_the_lines_budget_is_spent_the_bot_is_silent_and_danger_is_still_heard(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending, "LOOK_SECONDS", 0.0)
    limited(line, segments_per_hour=1)
    line.engine.steps = [INTRO] * 5
    await line.say("hello")
    await line.say("he has a knife", From="+15005550011")
    assert len(line.engine.requests) == 1
    assert len(line.twilio.sent) == 1
    assert [case.level for case in line.cases()] == ["E"]


async def test_in_a_demonstration_nothing_is_counted(line: Line) -> None:
    assert (line.gateway.settings.most_answers(), line.gateway.settings.most_segments()) == (0, 0)
    real = line.gateway.settings.model_copy(update={"demonstration": False})
    assert (real.most_answers(), real.most_segments()) == (120, 5000)
