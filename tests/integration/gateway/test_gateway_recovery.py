"""What happens when the ground gives way: a full disk, a lost connection, a clock that jumps. Nothing is lost and nothing is said twice."""

from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

from core.database import now
from core.turns import Item, Say, TurnRequest
from gateway.models import Message, Reconciliation
from gateway.reconcile import last, reconcile
from gateway.turn import handle_next
from tests.databases import end_connections
from tests.integration.gateway.doubles import Line

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
