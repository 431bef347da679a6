"""After a hand-over the person is not met with silence, and no machine speaks where a human has taken over."""

import pytest

from cases import service
from core.turns import HandOver, Say
from gateway.errors import EngineError
from gateway.outbox import send_as_caseworker
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

RECEIVED = "It has arrived."


def heard(line: Line) -> list[str]:
    """What was said after the hand-over."""
    return line.twilio.bodies[1:]


COMING = Say(say="say_help")


async def handed_over(line: Line, reason: str = "asks_human", level: str = "U") -> None:
    line.engine.steps = [[COMING, HandOver(do="hand_over", reason=reason, level=level)]]
    await line.say("a person please")


async def test_one_word_says_that_the_message_arrived_and_not_after_each(line: Line) -> None:
    await handed_over(line)
    for body in ("are you there", "please", "hello??", "0"):
        await line.say(body)
    assert heard(line) == [RECEIVED]
    assert line.conversation().owner == "desk"


async def test_after_a_pause_it_is_said_again(line: Line) -> None:
    await handed_over(line)
    await line.say("are you there")
    line.wait(minutes=50)
    await line.say("still there?")
    line.wait(minutes=61)
    await line.say("please")
    assert heard(line) == [RECEIVED, RECEIVED]


async def test_in_an_emergency_too(line: Line) -> None:
    await handed_over(line, "emergency", "E")
    await line.say("please come")
    assert heard(line) == [RECEIVED]


async def test_what_is_worse_than_before_is_answered_with_the_truth_about_who_comes(line: Line) -> None:
    await handed_over(line)
    await line.say("are you there")
    await line.say("he has a knife")
    await line.say("knife knife")
    assert heard(line)[0] == RECEIVED
    assert heard(line)[1].startswith("A person comes. Reference K")
    assert len(heard(line)) == 2
    assert [case.level for case in line.cases()] == ["E"]


async def test_nobody_is_promised_a_message_where_nobody_may_write_first(line: Line) -> None:
    line.engine.steps = [[COMING], EngineError("refused")]
    await line.say("hello")
    with line.sessions.begin() as session:
        service.set_hold(session, line.conversation().id, "not_safe")
    await line.say("please")
    await line.say("he has a knife")
    assert [text[:22] for text in heard(line)] == ["A person reads this. R", RECEIVED]
    assert [case.level for case in line.cases()] == ["E"]


async def test_a_voice_note_is_said_not_to_be_heard(line: Line) -> None:
    await handed_over(line)
    await line.say(NumMedia="1", MediaContentType0="audio/ogg")
    assert heard(line) == ["It has arrived, closed."]


async def test_who_leaves_reads_something_ordinary(line: Line) -> None:
    await handed_over(line)
    await line.say("bye")
    assert heard(line) == ["Thank you. Good day."]


async def test_never_while_a_caseworker_has_taken_the_case(line: Line) -> None:
    await handed_over(line)
    user = line.caseworker()
    with line.sessions.begin() as session:
        service.take(session, line.cases()[0].id, user)
    for body in ("are you there", "he has a knife"):
        await line.say(body)
    assert heard(line) == []


async def test_never_after_a_human_was_the_last_to_write(line: Line) -> None:
    await handed_over(line)
    user = line.caseworker()
    with line.sessions.begin() as session:
        case = service.take(session, line.cases()[0].id, user)
        send_as_caseworker(
            session, case.conversation, user, "I am here.", case.id, wording=line.gateway.wording,
            settings=line.gateway.settings,
        )  # fmt: skip
        case.assignee_id = None  # put back into the queue by hand
    await line.work()
    await line.say("are you there")
    assert heard(line) == ["I am here."]


@pytest.mark.parametrize("hold", ["duress", "other_person"])
async def test_never_to_a_phone_that_somebody_else_may_hold(line: Line, hold: str) -> None:
    await handed_over(line)
    with line.sessions.begin() as session:
        service.set_hold(session, line.conversation().id, hold)
    await line.say("who is this")
    assert heard(line) == []


async def test_stop_and_erase_have_answers_of_their_own(line: Line) -> None:
    await handed_over(line)
    await line.say("erase")
    await line.say("stop")
    assert heard(line) == ["Deleted.", "We send nothing more. Write START to begin again."]
