"""A number is kept by the gateway alone; Rasa hears that a call is wanted, and never a number."""

import pytest

from core.turns import Choice, Payload, Say
from gateway import thread
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

ASK = Say(say="ask_contact", question="contact", choices=(Choice(value="write_here", label="choice_write_here"),))
NUMBER = "+15005550123"
CALL, CALL_NUMBER = (Payload(intent="ask_human", value=value) for value in ("call", "call_number"))


def numbers_seen_by_rasa(line: Line) -> list[str]:
    return [request.text or "" for request in line.engine.requests if "0123" in (request.text or "")]


@pytest.mark.parametrize(
    "body",
    [f"call me on {NUMBER}", f"CALL ME {NUMBER}!", f"call me on: {NUMBER}", f"call me on {NUMBER} i cannot write"],
)
async def test_a_call_with_a_number_keeps_the_number_for_whoever_holds_the_case(line: Line, body: str) -> None:
    line.engine.steps = [[ASK], [ASK]]
    await line.say("hello there")
    await line.say(body)
    assert line.engine.requests[-1].payload == CALL_NUMBER
    assert line.conversation().other_number == NUMBER
    with line.sessions.begin() as session:
        entry = [entry for entry in thread.messages(session, line.conversation().id) if entry.inbound][-1]
    assert (entry.secret, entry.body) == (True, "")


async def test_a_call_without_a_number_is_a_call(line: Line) -> None:
    line.engine.steps = [[ASK]]
    await line.say("call me")
    assert line.engine.requests[-1].payload == CALL
    assert line.conversation().other_number is None


async def test_a_bare_number_answers_how_a_person_may_reach_them_and_nothing_else(line: Line) -> None:
    line.engine.steps = [[Say(say="say_help")], [ASK], [ASK]]
    await line.say(NUMBER)
    assert line.engine.requests[-1].text == "#"
    assert line.conversation().other_number is None
    await line.say("hello there")
    await line.say(NUMBER)
    assert line.engine.requests[-1].payload == CALL_NUMBER
    assert line.conversation().other_number == NUMBER


@pytest.mark.parametrize(
    "body", [f"my boss is {NUMBER} do not call me", f"call me on {NUMBER} or +15005550124", "০১৭১২৩৪৫৬৭৮ আমার মালিক"]
)
async def test_any_other_number_is_left_in_the_message_and_never_reaches_rasa(line: Line, body: str) -> None:
    line.engine.steps = [[ASK]]
    await line.say(body)
    assert "#" in (line.engine.requests[-1].text or "")
    assert not any(sign.isdigit() for sign in line.engine.requests[-1].text or "")
    assert line.conversation().other_number is None
    assert line.rows("inbound")[-1].body == body


async def test_whoever_writes_after_a_pause_leaves_no_number_to_call(line: Line) -> None:
    line.engine.steps = [[ASK], [ASK]]
    await line.say("hello there")
    line.wait(minutes=61)
    await line.say(f"call me on {NUMBER}")
    assert line.engine.requests[-1].payload == CALL
    assert line.conversation().other_number is None
    assert line.rows("inbound")[-1].body == f"call me on {NUMBER}", "a person may still read it and judge"
