"""A word or a number that was asked for stays in the gateway; whatever is no such answer goes its ordinary way."""

import pytest
from sqlalchemy import text

from cases import service
from core.turns import Choice, Close, Erase, Payload, Say
from gateway.models import Message
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

SKIP = (Choice(value="skip", label="choice_skip"),)
ASK_WORD = Say(say="ask_safe_word", question="safe_word", choices=SKIP, secret=True)
ASK_NUMBER = Say(say="ask_other_number", question="other_number", choices=SKIP, secret=True)
THANKS = Say(say="say_goodbye")


async def asked(line: Line, question: Say, body: str, **fields: str) -> None:
    line.engine.steps = [[question], [THANKS]]
    await line.say("hello")
    with line.sessions.begin() as session:
        session.merge(line.conversation()).language = "en"
    await line.say(body, **fields)


async def test_the_row_of_the_question_says_that_its_answer_is_secret(line: Line) -> None:
    line.engine.steps = [[THANKS, ASK_WORD]]
    await line.say("hello")
    assert [(row.question, row.secret) for row in line.rows("outbound")] == [(None, False), ("safe_word", True)]


@pytest.mark.parametrize(
    ("question", "body", "value"),
    [
        (ASK_WORD, "garden", "set"), (ASK_WORD, "١٢٣٤", "set"), (ASK_WORD, "zq", "unusable"), (ASK_WORD, "reprendre", "unusable"),
        (ASK_NUMBER, "+1500 555 0007", "set"), (ASK_NUMBER, "00 15 00 55 50 00", "set"), (ASK_NUMBER, "my brother", "unusable"),
        (ASK_NUMBER, "12345", "unusable"),
    ],
)  # fmt: skip
async def test_only_the_gateway_keeps_an_answer(line: Line, question: Say, body: str, value: str) -> None:
    await asked(line, question, body)
    request = line.engine.requests[-1]
    assert (request.text, request.payload) == (None, Payload(intent="answer", question=question.question, value=value))
    row = line.rows("inbound")[-1]
    assert (row.body, row.secret) == (None, True)
    assert body not in str(line.engine.requests)


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        ("1", Payload(intent="answer", question="safe_word", value="skip")),
        ("skip", Payload(intent="answer", question="safe_word", value="skip")),
        ("0", Payload(intent="ask_human")), ("0000", Payload(intent="ask_human")), ("9", Payload(intent="stop")),
        ("help", Payload(intent="help")), ("unsubscribe", Payload(intent="opt_out")), ("erase", Payload(intent="erase_data")),
        ("no", None), ("start", None), ("why do you want that", None), ("knife here", None),
    ],
)  # fmt: skip
async def test_what_is_no_secret_goes_its_ordinary_way(line: Line, body: str, payload: Payload | None) -> None:
    await asked(line, ASK_WORD, body)
    request = line.engine.requests[-1]
    assert (request.payload, request.text) == (payload, None if payload else body)
    row = line.rows("inbound")[-1]
    assert (row.body, row.secret) == (body, False)
    assert line.conversation().safe_word_hash is None


async def test_an_alarm_in_the_answer_reaches_the_bot(line: Line) -> None:
    await asked(line, ASK_NUMBER, "knife 15005550007")
    assert (line.engine.requests[-1].alarm, line.engine.requests[-1].text) == ("danger_now", "knife #")
    assert line.conversation().other_number is None


async def test_a_photo_is_no_word(line: Line) -> None:
    await asked(line, ASK_WORD, "garden", NumMedia="1", MediaContentType0="image/png")
    assert line.engine.requests[-1].text == "garden"
    assert line.conversation().safe_word_hash is None


async def test_the_number_is_kept_for_the_conversation_and_encrypted(line: Line) -> None:
    await asked(line, ASK_NUMBER, "+1 (500) 555-0007")
    assert line.conversation().other_number == "+15005550007"
    with line.sessions.begin() as session:
        stored = [str(row) for table in ("conversation", "message", "person", "procrastinate_jobs")
                  for row in session.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608 - fixed names  # fmt: skip
    assert "5550007" not in "".join(stored)


async def test_only_the_last_question_is_answered_by_a_secret(line: Line) -> None:
    line.engine.steps = [[ASK_WORD], [Say(say="ask_safe", question="safe", choices=SKIP)], [THANKS]]
    for body in ("hello", "skip", "garden"):
        await line.say(body)
    assert line.engine.requests[-1].text == "garden"


async def test_after_the_session_ended_the_question_is_over(line: Line) -> None:
    line.engine.steps = [[ASK_WORD], [Close(do="close", reason="left"), THANKS], [THANKS]]
    for body in ("hello", "bye", "garden"):
        await line.say(body)
    assert line.engine.requests[-1].text == "garden"
    assert line.conversation().safe_word_hash is None


async def test_the_words_and_the_number_go_with_an_erasure(line: Line) -> None:
    await asked(line, ASK_WORD, "garden")
    line.engine.steps = [[ASK_NUMBER], [Erase(do="erase"), Say(say="say_erased")]]
    await line.say("go on please with it")
    with line.sessions.begin() as session:
        assert service.has_safe_word(session, line.conversation().id)
        session.merge(line.conversation()).duress_word_hash = b"x"
        session.merge(line.conversation()).other_number = "+15005550007"
    await line.say("erase")
    conversation = line.conversation()
    assert (conversation.safe_word_hash, conversation.duress_word_hash, conversation.other_number_encrypted) == (
        None,
    ) * 3
    with line.sessions.begin() as session:
        assert not service.has_safe_word(session, conversation.id)


async def test_what_was_written_after_the_wish_to_erase_is_still_answered(line: Line) -> None:
    line.engine.steps = [[Erase(do="erase"), Say(say="say_erased")], [THANKS]]
    await line.write("erase")
    await line.write("one more thing")
    await line.work()
    assert line.engine.requests[-1].text == "one more thing"
    assert [row.body for row in line.rows("inbound")] == [None, "one more thing"]


async def test_a_conversation_of_the_desk_asks_for_no_secret(line: Line) -> None:
    line.engine.steps = [[ASK_WORD]]
    await line.say("hello")
    with line.sessions.begin() as session:
        session.merge(line.conversation()).owner = "desk"
    await line.say("garden")
    assert [row.body for row in line.rows("inbound")] == ["hello", "garden"]
    assert line.count(Message) == 3
