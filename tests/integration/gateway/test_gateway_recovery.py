"""What happens when the ground gives way: a full disk, a lost connection, a clock that jumps. Nothing is lost and nothing is said twice."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection, event, select, text
from sqlalchemy.exc import DBAPIError

from cases.ownership import lock_conversation
from core.database import now
from core.turns import Item, Say, TurnRequest
from gateway import tasks, turn
from gateway.models import Message, Reconciliation
from gateway.reconcile import last, reconcile
from gateway.rows import lock_message
from gateway.turn import handle_next
from tests.databases import end_connections
from tests.integration.gateway.doubles import Line, until_waiting

pytestmark = pytest.mark.anyio

INTRO = Say(say="say_intro")
FULL = """
    CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER disk_is_full BEFORE {what} ON message FOR EACH ROW EXECUTE FUNCTION disk_is_full();
"""
ROOM = "DROP TRIGGER disk_is_full ON message; DROP FUNCTION disk_is_full()"


def run(line: Line, statement: str) -> None:
    with line.sessions.begin() as session:
        session.execute(text(statement))


async def test_on_a_full_disk_twilio_is_told_to_try_again_and_nothing_is_half_stored(line: Line) -> None:
    line.engine.steps = [[INTRO]]
    form = line.form("hello")
    run(line, FULL.format(what="INSERT"))
    answer = await line.post("/twilio/messages", form)
    assert answer.status_code == 503
    run(line, ROOM)
    with line.sessions.begin() as session:
        assert session.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 0
    assert line.count(Message) == 0
    assert (await line.post("/twilio/messages", form)).status_code == 200
    await line.work()
    assert line.twilio.bodies == ["An information line."]


async def test_a_disk_that_fills_up_during_a_turn_costs_nobody_their_answer(line: Line) -> None:
    def fill(request: TurnRequest) -> Sequence[Item]:
        run(line, FULL.format(what="INSERT"))
        return [INTRO]

    line.engine.steps = [fill]
    await line.write("hello")
    with pytest.raises(DBAPIError):
        handle_next(line.gateway, line.conversation().id)
    assert [(row.direction, row.state) for row in line.rows()] == [("inbound", "received")], "nothing is half done"
    run(line, ROOM)
    await line.work()
    assert line.twilio.bodies == ["An information line."]


async def test_connections_that_broke_are_made_anew_before_a_message_is_refused(line: Line) -> None:
    line.engine.steps = [[INTRO], [INTRO]]
    await line.say("hello")
    end_connections(line.url)
    assert (await line.write("hello again")).status_code == 200
    await line.work()
    assert len(line.twilio.sent) == 2


@pytest.mark.parametrize("times", [1, 3])
async def test_a_message_that_meets_an_ending_connection_is_stored_on_a_new_one(line: Line, times: int) -> None:
    """The database ends a connection after it was looked at: only the statement itself finds out."""
    cut: list[int] = []

    def end(connection: Connection, cursor: psycopg.Cursor, *_: object) -> None:
        if len(cut) < times:
            cut.append(cursor.connection.info.backend_pid)
            end_connections(line.url, cut[-1])

    form = line.form("hello")
    event.listen(line.sessions.engine, "before_cursor_execute", end)
    try:
        answer = await line.post("/twilio/messages", form)
    finally:
        event.remove(line.sessions.engine, "before_cursor_execute", end)
    assert len(cut) == times
    assert answer.status_code == (200 if times == 1 else 503), "a database that stays away is Twilio's to wait for"
    assert line.count(Message) == (1 if times == 1 else 0)


async def test_a_database_that_restarts_during_a_turn_loses_nothing_and_doubles_nothing(line: Line) -> None:
    def restart(request: TurnRequest) -> Sequence[Item]:
        end_connections(line.url)
        return [INTRO]

    line.engine.steps = [restart]
    await line.write("hello")
    handle_next(line.gateway, line.conversation().id)
    assert [(row.direction, row.state) for row in line.rows()] == [("inbound", "handled"), ("outbound", "queued")]
    await line.work()
    assert line.twilio.bodies == ["An information line."]


async def test_a_clock_that_jumps_back_keeps_the_order_of_a_conversation(line: Line) -> None:
    line.engine.steps = [[Say(say="say_intro")], [Say(say="say_goodbye")]]
    await line.say("hello")
    run(line, "UPDATE message SET created_at = created_at + interval '2 days'")
    run(line, "UPDATE conversation SET last_inbound_at = last_inbound_at + interval '2 days'")
    await line.say("goodbye")
    assert line.twilio.bodies == ["An information line.", "Goodbye."]
    assert line.conversation().locked_at is None, "a pause that ended before it began locks nobody out"


async def test_a_clock_that_ran_ahead_hides_no_lost_message_afterwards(line: Line) -> None:
    ahead = now() + timedelta(days=2)
    reconcile(line.gateway, at=now() - timedelta(minutes=10))
    reconcile(line.gateway, at=ahead)
    reconcile(line.gateway, at=now())
    with line.sessions.begin() as session:
        spans = session.query(Reconciliation).order_by(Reconciliation.until).all()
        newest = last(session, successful=True, before=now())
    assert newest is not None
    assert newest.since < now() - timedelta(minutes=10), (
        "the look after the jump begins where the last look before it ended"
    )
    assert all(span.since <= span.until for span in spans)


async def test_a_message_whose_reading_kills_the_process_is_counted_from_the_second_run_on(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run writes its attempt with what it read; a run after one that broke writes it before it reads."""

    def dies(*_: object) -> None:
        raise SystemExit

    await line.write("hello")
    monkeypatch.setattr(turn, "find_alarm", dies)
    for again, attempts in [(False, 0), (True, 1), (True, 2), (True, 3)]:
        with pytest.raises(SystemExit):
            turn.handle_next(line.gateway, line.conversation().id, again=again)
        assert line.rows("inbound")[0].attempts == attempts
    turn.handle_next(line.gateway, line.conversation().id, again=True)
    assert line.rows("inbound")[0].state == "parked"


async def test_the_job_of_a_run_that_broke_says_so(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[bool] = []

    def break_once(*_: object, again: bool = False) -> None:
        said.append(again)
        if not again:
            raise RuntimeError

    await line.write("hello")
    monkeypatch.setattr(tasks, "handle_next", break_once)
    await line.work()
    run(line, "UPDATE procrastinate_jobs SET scheduled_at = NULL")
    await line.work()
    assert said == [False, True]


async def test_a_message_is_locked_after_its_conversation_and_read_as_it_is_then(line: Line) -> None:
    """Two who lock in different orders would wait for each other; what was read before the wait would undo what was written during it."""
    await line.write("hello")
    message_id = line.rows("inbound")[0].id
    with ThreadPoolExecutor(1) as other, line.sessions.begin() as session:
        conversation = lock_conversation(session, line.conversation().id)

        def look() -> tuple[str, int]:
            with line.sessions.begin() as inner:
                row = lock_message(inner, message_id)
                return row.state, row.conversation.epoch

        looking = other.submit(look)
        await until_waiting(line.sessions, 1)
        row = session.execute(select(Message).where(Message.id == message_id).with_for_update(nowait=True)).scalar_one()
        row.state = "parked"
        conversation.epoch += 7
        session.commit()
        assert looking.result(timeout=10) == ("parked", 7)
