"""What is said against the team or a place is nowhere where the team could read it."""

import pytest
from sqlalchemy import select, text

from cases import complaints
from cases.errors import NotTheReader
from cases.models import Complaint, ComplaintEvent, User
from core.settings import Settings
from core.turns import Choice, Complain, HandOver, NoComplaint, Payload, Say
from gateway import thread
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

CHOICES = (Choice(value="skip", label="choice_complaint_done"), Choice(value="none", label="choice_no_complaint"))
ASK = Say(say="ask_complaint", question="complaint", choices=CHOICES, secret=True)
KEPT = Say(say="say_complaint_kept")
FIRST, MORE = "your man wanted money for the paper", "it was the tall one on monday, he said i must not tell anybody"


async def complained(line: Line) -> None:
    line.engine.steps = [[Complain(do="complain", told=True), ASK], [KEPT]]
    await line.say(FIRST)
    await line.say(MORE)


def staff(line: Line, role: str, name: str) -> User:
    with line.sessions.begin() as session:
        user = User(name=name, roles=[role])
        session.add(user)
    return user


def bodies(line: Line) -> list[str]:
    with line.sessions.begin() as session:
        return [entry.body for entry in thread.messages(session, line.conversation().id) if entry.inbound]


def words(line: Line, user: User, settings: Settings) -> list[str | None]:
    with line.sessions.begin() as session:
        number = session.scalars(select(Complaint.number)).one()
        return [each.body for each in complaints.read(session, number, user, settings).words]


async def test_the_words_are_kept_apart_and_the_thread_does_not_show_them(line: Line, settings: Settings) -> None:
    await complained(line)
    assert line.engine.requests[-1].payload == Payload(intent="answer", question="complaint", value="set")
    with line.sessions.begin() as session:
        assert thread.messages(session, line.conversation().id) == [], "not even that somebody complains"
    assert line.cases() == []
    reader = staff(line, "supervisor", "A. Supervisor")
    assert words(line, reader, settings) == [FIRST, MORE]


async def test_no_word_of_it_lies_open_in_the_database(line: Line) -> None:
    await complained(line)
    with line.sessions.begin() as session:
        rows = session.execute(text("SELECT complaint_words::text, message::text FROM complaint_words, message")).all()
    assert not any("tall" in str(row) or "money" in str(row) for row in rows)


async def test_caseworkers_and_whoever_is_not_the_named_reader_are_refused(line: Line, settings: Settings) -> None:
    await complained(line)
    named = settings.model_copy(update={"complaints_reader": "A. Reader"})
    for role, name, with_settings in (
        ("caseworker", "A. Caseworker", settings),
        ("administrator", "An Administrator", settings),
        ("supervisor", "B. Supervisor", named),
    ):
        user = staff(line, role, name)
        with pytest.raises(NotTheReader):
            words(line, user, with_settings)
    assert words(line, staff(line, "administrator", "A. Reader"), named) == [FIRST, MORE]


async def test_every_reading_leaves_a_row(line: Line, settings: Settings) -> None:
    await complained(line)
    reader = staff(line, "supervisor", "A. Supervisor")
    words(line, reader, settings)
    words(line, reader, settings)
    with line.sessions.begin() as session:
        events = session.execute(select(ComplaintEvent.kind, ComplaintEvent.user_id).order_by(ComplaintEvent.at)).all()
        assert complaints.waiting(session) == 0
    assert [tuple(event) for event in events] == [("kept", None), ("read", reader.id), ("read", reader.id)]


async def test_what_was_no_complaint_comes_back_to_the_thread(line: Line) -> None:
    line.engine.steps = [
        [Complain(do="complain", told=True), ASK],
        [NoComplaint(do="no_complaint"), HandOver(do="hand_over", reason="asks_human", level="U")],
    ]
    await line.say(FIRST)
    await line.say("2")
    assert bodies(line) == [FIRST, "2"]
    assert line.count(Complaint) == 0


async def test_a_cry_for_help_in_a_complaint_is_kept_and_heard(line: Line, settings: Settings) -> None:
    line.engine.steps = [[Complain(do="complain", told=True), ASK], [Say(say="say_help")]]
    await line.say(FIRST)
    await line.say("your man is here with a knife")
    assert line.engine.requests[-1].alarm == "danger_now"
    reader = staff(line, "supervisor", "A. Supervisor")
    assert words(line, reader, settings) == [FIRST, "your man is here with a knife"]


async def test_erasure_waits_for_the_reader_and_then_deletes_the_words(line: Line, settings: Settings) -> None:
    await complained(line)
    with line.sessions.begin() as session:
        complaints.ask_erasure(session, line.conversation().id)
        assert complaints.delete_words(session, settings) == 0
    reader = staff(line, "supervisor", "A. Supervisor")
    assert words(line, reader, settings) == [FIRST, MORE]
    with line.sessions.begin() as session:
        assert complaints.delete_words(session, settings) == 1
    assert words(line, reader, settings) == [None, None]


async def test_unread_words_go_after_the_time_to_check(line: Line, settings: Settings) -> None:
    await complained(line)
    with line.sessions.begin() as session:
        complaints.ask_erasure(session, line.conversation().id)
        session.execute(text("UPDATE complaint SET erasure_asked_at = erasure_asked_at - interval '25 hours'"))
        assert complaints.delete_words(session, settings) == 1
        assert complaints.delete_words(session, settings) == 0


async def test_a_complaint_outlives_its_conversation(line: Line, settings: Settings) -> None:
    await complained(line)
    with line.sessions.begin() as session:
        session.execute(text("DELETE FROM conversation"))
    assert words(line, staff(line, "supervisor", "A. Supervisor"), settings) == [FIRST, MORE]
