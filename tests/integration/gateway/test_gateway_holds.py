"""While a conversation is held no caseworker writes first; the bot still answers what it is asked."""

from uuid import uuid4

import pytest

from cases import service
from cases.models import HOLDS, User
from core.turns import Say
from gateway import outbox
from gateway.errors import CannotWrite
from tests.integration.gateway.doubles import Line, refused

pytestmark = pytest.mark.anyio

INTRO = Say(say="say_intro")


def held_case(line: Line, level: str) -> User:
    user = line.caseworker()
    with line.sessions.begin() as session:
        conversation = line.conversation()
        service.open_or_update(
            session,
            conversation.id,
            level=level,
            rules=[],
            needs=[],
            answers={},
            reason="x",
            settings=line.gateway.settings,
        )
        case = service.open_case_of(session, conversation.id)
        assert case is not None
        service.take(session, case.id, session.merge(user))
    return user


def write(line: Line, user: User) -> str | None:
    """Write as a caseworker; why that is not possible."""
    try:
        with line.sessions.begin() as session:
            outbox.send_as_caseworker(
                session,
                line.conversation(),
                user,
                "Hello.",
                uuid4(),
                wording=line.gateway.wording,
                settings=line.gateway.settings,
            )
    except CannotWrite as fault:
        return fault.reason
    return None


def hold(line: Line, reason: str | None) -> None:
    with line.sessions.begin() as session:
        service.set_hold(session, line.conversation().id, reason)


@pytest.mark.parametrize("reason", HOLDS)
async def test_a_held_conversation_is_written_to_by_nobody(line: Line, reason: str) -> None:
    await line.say("hello")
    user = held_case(line, "U")
    hold(line, reason)
    assert write(line, user) == reason
    hold(line, None)
    assert write(line, user) is None


@pytest.mark.parametrize("reason", HOLDS)
async def test_the_bot_answers_all_the_same_and_only_silence_is_ended_by_a_message(line: Line, reason: str) -> None:
    line.engine.steps = [[INTRO], [INTRO]]
    await line.say("hello")
    hold(line, reason)
    await line.say("hello")
    assert line.out() == [("bot", "sent")] * 2
    assert line.conversation().hold == (None if reason == "delivery_failed" else reason)


@pytest.mark.parametrize(("level", "holds"), [("E", True), ("U", True), ("P", False), ("R", False)])
async def test_what_does_not_arrive_on_an_urgent_case_holds_it(line: Line, level: str, holds: bool) -> None:  # noqa: FBT001
    line.engine.steps = [[INTRO]]
    await line.say("hello")
    user = held_case(line, level)
    assert write(line, user) is None
    await line.work()
    await line.status(line.rows("outbound")[-1].id, "undelivered", ErrorCode="30003")
    assert write(line, user) == ("delivery_failed" if holds else None)
    await line.say("i am here")
    assert write(line, user) is None


async def test_a_refusal_by_twilio_holds_it_too(line: Line) -> None:
    await line.say("hello")
    user = held_case(line, "E")
    line.twilio.faults = [lambda _: refused(400, 21211)]
    write(line, user)
    await line.work()
    assert write(line, user) == "delivery_failed"


async def test_what_nobody_knows_the_fate_of_holds_nothing(line: Line) -> None:
    """One broken connection must not keep a caseworker from an emergency."""
    await line.say("hello")
    user = held_case(line, "E")
    line.twilio.faults = [lambda _: refused(504, 20504)]
    write(line, user)
    await line.work()
    assert (line.out()[-1], write(line, user)) == (("caseworker", "uncertain"), None)


async def test_what_arrives_after_all_ends_the_hold(line: Line) -> None:
    await line.say("hello")
    user = held_case(line, "E")
    write(line, user)
    await line.work()
    row = line.rows("outbound")[-1].id
    await line.status(row, "failed", ErrorCode="30008")
    assert write(line, user) == "delivery_failed"
    await line.status(row, "delivered")
    assert write(line, user) is None


async def test_a_failed_delivery_does_not_take_the_place_of_duress(line: Line) -> None:
    await line.say("hello")
    user = held_case(line, "E")
    write(line, user)
    await line.work()
    hold(line, "duress")
    await line.status(line.rows("outbound")[-1].id, "failed", ErrorCode="30003")
    await line.say("hello")
    assert write(line, user) == "duress"
