"""After a long silence a number is somebody else's: nothing of before is shown, continued or sent."""

import asyncio

import pytest
from sqlalchemy import select

from cases import service
from cases.models import CaseEvent, Conversation, Person
from core.turns import Choice, Say
from gateway import outbox, turn
from gateway.errors import CannotWrite
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

SAFE = Say(
    say="ask_safe",
    question="safe",
    choices=(Choice(value="yes", label="choice_yes"), Choice(value="no", label="choice_no")),
)


def people(line: Line) -> list[Person]:
    with line.sessions.begin() as session:
        return list(session.execute(select(Person).order_by(Person.created_at)).scalars())


def conversations(line: Line) -> list[Conversation]:
    with line.sessions.begin() as session:
        return list(session.execute(select(Conversation).order_by(Conversation.last_inbound_at)).scalars())


@pytest.mark.parametrize(("days", "strangers"), [(29.9, False), (30.1, True), (400, True)])
async def test_after_thirty_days_somebody_new_writes(line: Line, days: float, strangers: bool) -> None:  # noqa: FBT001
    line.engine.steps = [[SAFE], [SAFE]]
    await line.say("hello")
    with line.sessions.begin() as session:
        session.merge(line.conversation()).language = "en"
    line.wait(days=days)
    await line.say("1")
    request = line.engine.requests[-1]
    assert (request.new_session, request.payload, request.text) == (True, None, "1")
    assert len(people(line)) == len(conversations(line)) == 1 + strangers
    assert (request.language is None) is strangers
    assert (request.conversation_id == line.engine.requests[0].conversation_id) is not strangers
    assert [person.retired_at is not None for person in people(line)] == ([True, False] if strangers else [False])


async def test_the_stranger_knows_no_word_and_is_bound_by_no_stop(line: Line) -> None:
    await line.write("hello")
    with line.sessions.begin() as session:
        conversation = session.merge(line.conversation())
        conversation.opted_out, conversation.safe_word_hash, conversation.hold = True, b"x", "duress"
    line.wait(days=31)
    line.engine.steps = [[SAFE]] * 2
    await line.say("hello")
    _, new = conversations(line)
    assert (new.opted_out, new.safe_word_hash, new.hold, new.owner) == (False, None, None, "bot")
    assert len(line.twilio.sent) == 1


async def test_the_old_case_can_send_nothing_more(line: Line) -> None:
    user = line.caseworker()
    line.engine.steps = [[SAFE]]
    await line.say("hello")
    with line.sessions.begin() as session:
        conversation = line.conversation()
        service.open_or_update(
            session,
            conversation.id,
            level="E",
            rules=[],
            needs=[],
            answers={},
            reason="danger",
            settings=line.gateway.settings,
        )
        case = service.open_case_of(session, conversation.id)
        assert case is not None
        service.take(session, case.id, session.merge(user))
    line.wait(days=31)
    with line.sessions.begin() as session:
        outbox.send_as_caseworker(
            session,
            conversation,
            user,
            "written before",
            conversation.id,
            wording=line.gateway.wording,
            settings=line.gateway.settings,
        )
    await line.write("who is this?")
    with pytest.raises(CannotWrite) as caught, line.sessions.begin() as session:
        outbox.send_as_caseworker(
            session, conversation, user, "x", user.id, wording=line.gateway.wording, settings=line.gateway.settings
        )
    assert caught.value.reason == "stranger"
    with line.sessions.begin() as session:
        assert outbox.say_system(session, conversation, "say_human_takes_over", wording=line.gateway.wording) == []
        kinds = list(session.execute(select(CaseEvent.kind).order_by(CaseEvent.at)).scalars())
    assert kinds[-1] == "stranger"
    line.engine.steps = [[SAFE]]
    await line.work()
    assert line.twilio.bodies == ["Can you write here now?\n1 Yes\n2 No"] * 2
    assert (line.cases()[0].state, line.cases()[0].level) == ("open", "E")
    assert ("caseworker", "dropped") in line.out()


async def test_who_writes_on_another_channel_is_no_stranger(line: Line) -> None:
    line.engine.steps = [[SAFE]] * 3
    await line.say("hello", channel="whatsapp")
    await line.say("hello")
    line.wait(days=31)
    await line.say("hello")
    assert len(people(line)) == 2
    await line.say("hello", channel="whatsapp")
    assert len(people(line)) == 2
    assert len(conversations(line)) == 4


async def test_ten_messages_at_once_make_one_stranger(line: Line) -> None:
    await line.say("hello")
    line.wait(days=31)
    forms = [line.form(f"message {number}") for number in range(5)]
    answers = await asyncio.gather(*(line.post("/twilio/messages", form) for form in [*forms, *forms]))
    assert {answer.status_code for answer in answers} == {200}
    assert len(people(line)) == 2
    _, new = conversations(line)
    assert sum(row.conversation_id == new.id for row in line.rows("inbound")) == 5


async def test_a_message_that_comes_twice_retires_nobody(line: Line) -> None:
    line.engine.steps = [[SAFE]]
    form = line.form("hello")
    await line.post("/twilio/messages", form)
    line.wait(days=31)
    assert (await line.post("/twilio/messages", form)).status_code == 200
    assert [person.retired_at for person in people(line)] == [None]


async def test_the_bots_late_words_to_a_stranger_are_dropped(line: Line) -> None:
    line.engine.steps = [[SAFE], [SAFE]]
    await line.write("hello")
    turn.handle_next(line.gateway, line.conversation().id)
    line.wait(days=31)
    await line.say("hello")
    assert line.out() == [("bot", "dropped"), ("bot", "sent")]


async def test_the_retired_number_is_found_under_nothing(line: Line) -> None:
    await line.say("hello")
    before = people(line)[0].phone_hash
    line.wait(days=31)
    await line.write("hello")
    old, new = people(line)
    assert (old.phone_hash != before, new.phone_hash == before, new.phone == old.phone) == (True, True, True)
