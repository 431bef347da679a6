"""Messages and statuses of the same moment: together they leave behind what they would have left behind one by one."""

import asyncio
import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as how
from hypothesis import strategies as st
from sqlalchemy import select, text

from cases.models import Conversation, Person, PersonKey
from cases.ownership import change_owner, lock_conversation
from core.database import Base, Sessions, now
from core.settings import Settings
from gateway import webhooks
from gateway.form import Form
from gateway.models import Message
from gateway.receive import Arrival, store, understand
from gateway.statuses import FORWARD, Told, move_together, receive_status
from gateway.together import store_together
from tests.integration.gateway.doubles import US, Line, until_waiting

pytestmark = pytest.mark.anyio

# What a row holds by chance, or because it was written at another moment.
OWN = {"id", "seq", "person_id", "conversation_id", "provider_sid", "phone_hash", "phone_encrypted", "wrapped", "body_encrypted",
       "extra_encrypted", "created_at", "last_inbound_at", "handled_at", "retired_at"}  # fmt: skip
NUMBERS = ("+1500555{side}001", "+1500555{side}002", "+1500555{side}003", "+1500555{side}004")
"""Invented people, each twice: whose messages are stored together, and whose one by one."""

arrivals = st.fixed_dictionaries(
    {
        "who": st.integers(0, len(NUMBERS) - 1),
        "sid": st.integers(0, 6),
        "channel": st.sampled_from(["", "", "", "whatsapp:"]),
        "body": st.text(max_size=20),
    },
    optional={
        "OptOutType": st.sampled_from(["STOP", "START", "HELP"]),
        "ButtonPayload": st.just("yes"),
        "MediaContentType0": st.just("audio/ogg"),
        "Latitude": st.just("1.5"),
    },
)
before = st.lists(
    st.tuples(
        st.integers(0, len(NUMBERS) - 1),
        st.sampled_from(["wrote", "silent", "desk", "delivery_failed", "not_safe", "stopped"]),
    ),
    max_size=5,
    unique_by=lambda one: one[0],
)


def arrival(said: dict[str, Any], side: int) -> Arrival:
    extra = {name: str(value) for name, value in said.items() if name[0].isupper()}
    if "Latitude" in extra:
        extra["Longitude"] = "2.5"
    if "MediaContentType0" in extra:
        extra["NumMedia"] = "1"
    fields = {
        "MessageSid": f"SM{side}{said['sid']:030x}",
        "From": said["channel"] + NUMBERS[said["who"]].format(side=side),
        "To": said["channel"] + US,
        "Body": said["body"],
    } | extra
    return understand(Form({name: [value] for name, value in fields.items()}))


def lived(sessions: Sessions, settings: Settings, what: str, who: int, side: int) -> None:
    """What had happened with somebody before."""
    with sessions.begin() as session:
        stored = store(
            session, arrival({"who": who, "sid": 1000 + who, "channel": "", "body": "before"}, side), settings
        )
        assert stored is not None
        conversation = session.get_one(Conversation, session.get_one(Message, stored).conversation_id)
        if what == "silent":
            earlier = now() - settings.stranger_after - timedelta(days=1)
            conversation.last_inbound_at = conversation.created_at = earlier
        elif what == "desk":
            change_owner(session, conversation.id, "desk")
        elif what == "stopped":
            conversation.opted_out = True
        elif what in ("delivery_failed", "not_safe"):
            conversation.hold = what


def left_behind(sessions: Sessions, side: int) -> list[Any]:
    """Every row of one side, in an order that the other side has too."""
    numbers = {NUMBERS[who].format(side=side): who for who in range(len(NUMBERS))}
    found = []
    with sessions.begin() as session:
        jobs = session.execute(text("SELECT lock, args, task_name, queue_name, priority FROM procrastinate_jobs")).all()
        for person in session.scalars(select(Person).order_by(Person.created_at)):
            if person.phone not in numbers:
                continue
            key = session.execute(select(PersonKey).where(PersonKey.person_id == person.id)).scalar_one()
            rows = [columns(person), columns(key)]
            of_theirs = select(Conversation).where(Conversation.person_id == person.id).order_by(Conversation.channel)
            for conversation in session.scalars(of_theirs):
                rows.append(columns(conversation) | {"heard": conversation.last_inbound_at is not None})
                messages = select(Message).where(Message.conversation_id == conversation.id).order_by(Message.seq)
                for message in session.scalars(messages):
                    told = {"body": message.body, "extra": message.extra, "handled": message.handled_at is not None}
                    rows.append(columns(message) | told | {"sid": (message.provider_sid or "")[3:]})
                    assert message.body_encrypted is not None
                    assert message.body_encrypted[:1] == b"\x02", "sealed with the key of the person"
                own = [job for job in jobs if job.lock == str(conversation.id)]
                assert all(job.args == {"conversation_id": job.lock} for job in own)
                rows.append({"jobs": sorted((job.task_name, job.queue_name, job.priority) for job in own)})
            found.append((numbers[person.phone], person.retired_at is not None, rows))
    return sorted(found, key=repr)


def columns(row: Base) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.name not in OWN}


def both_ways(sessions: Sessions, settings: Settings, said: list[dict[str, Any]]) -> int:
    """Store the same on both sides; how many were stored together."""
    with sessions.begin() as session:
        together = [arrival(one, 1) for one in said]
        outcomes = store_together(session, together, settings)
    for one, outcome in zip(together, outcomes, strict=True):
        if outcome is None:
            with sessions.begin() as session:
                store(session, one, settings)
    for one in said:
        with sessions.begin() as session:
            store(session, arrival(one, 2), settings)
    return sum(outcome not in (None, "duplicate") for outcome in outcomes)


@how(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=before, said=st.lists(st.lists(arrivals, min_size=1, max_size=6), min_size=1, max_size=3))
def test_together_is_what_one_by_one_would_have_been(
    sessions: Sessions, settings: Settings, lives: list[tuple[int, str]], said: list[list[dict[str, Any]]]
) -> None:
    with sessions.begin() as session:
        session.execute(text("TRUNCATE person, procrastinate_jobs CASCADE"))
    for who, what in lives:
        for side in (1, 2):
            lived(sessions, settings, what, who, side)
    for number, batch in enumerate(said):
        # Two people of one batch that share a SID do not exist: Twilio numbers messages.
        named = [one | {"sid": one["sid"] + 10 * one["who"] + 100 * number * (one["sid"] % 2)} for one in batch]
        both_ways(sessions, settings, named)
    assert left_behind(sessions, 1) == left_behind(sessions, 2)


def test_plain_messages_are_stored_together_whoever_writes(sessions: Sessions, settings: Settings) -> None:
    lived(sessions, settings, "wrote", 0, 1)
    lived(sessions, settings, "wrote", 0, 2)
    said = [{"who": who, "sid": who, "channel": "", "body": f"I am {who}"} for who in range(4)]
    assert both_ways(sessions, settings, said) == 4, "one who is known, and three who write for the first time"
    assert both_ways(sessions, settings, [one | {"sid": one["sid"] + 10} for one in said]) == 4
    assert both_ways(sessions, settings, said) == 0, "they were stored before"
    assert left_behind(sessions, 1) == left_behind(sessions, 2)


def test_nobody_waits_for_a_conversation_that_is_being_answered(sessions: Sessions, settings: Settings) -> None:
    for who in (0, 1):
        lived(sessions, settings, "wrote", who, 1)
    said = [arrival({"who": who, "sid": who, "channel": "", "body": "hello"}, 1) for who in (0, 1)]
    with sessions.begin() as turn:
        held = turn.execute(select(Message.conversation_id).order_by(Message.seq).limit(1)).scalar_one()
        lock_conversation(turn, held)
        with sessions.begin() as session:
            session.execute(text("SET LOCAL lock_timeout = '5s'"))
            outcomes = store_together(session, said, settings)
    assert [outcome is None for outcome in outcomes] == [True, False]
    with sessions.begin() as session:
        assert store(session, said[0], settings) is not None


def test_two_processes_that_are_told_the_same_store_it_once(sessions: Sessions, settings: Settings) -> None:
    lived(sessions, settings, "wrote", 0, 1)
    people = [f"+1500556{number:04d}" for number in range(40)]
    forms = [
        Form({"MessageSid": [f"SM{number:032x}"], "From": [one], "To": [US], "Body": ["hello"]})
        for number, one in enumerate(people)
    ]

    def take(seed: int) -> None:
        mine = random.Random(seed).sample(forms, len(forms))
        for begin in range(0, len(mine), 10):
            batch = [understand(form) for form in mine[begin : begin + 10]]
            with sessions.begin() as session:
                outcomes = store_together(session, batch, settings)
            for one, outcome in zip(batch, outcomes, strict=True):
                if outcome is None:
                    with sessions.begin() as session:
                        store(session, one, settings)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(take, range(4)))
    with sessions.begin() as session:
        stored = session.scalars(select(Message.provider_sid)).all()
        assert len(session.scalars(select(Person.id)).all()) == len(people) + 1
        assert session.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == len(people) + 1
    assert sorted(sid for sid in stored if sid) == sorted(
        [form.text("MessageSid") or "" for form in forms] + [f"SM1{1000:030x}"]
    )


async def test_a_crowd_that_writes_at_once_is_answered_and_stored_by_few_transactions(line: Line) -> None:
    await line.write("the very first message makes the name of the key")
    crowd = [line.form(f"message {number}", From=f"+1500557{number:04d}") for number in range(60)]
    before = transactions(line.sessions)
    answers = await asyncio.gather(*(line.post("/twilio/messages", form) for form in crowd + crowd))
    assert {answer.status_code for answer in answers} == {200}
    assert transactions(line.sessions) - before < 30
    assert len(line.rows("inbound")) == 61


def transactions(sessions: Sessions) -> int:
    with sessions.begin() as session:
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    with sessions.begin() as session:
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        return int(session.execute(text(query)).scalar_one())


async def test_what_is_wrong_is_refused_alone_and_the_others_are_stored(line: Line) -> None:
    await line.write("the very first message makes the name of the key")
    good = [line.form("good", From=f"+1500558{number:04d}") for number in range(5)]
    nobody = line.form("from nobody", From="")
    answers = await asyncio.gather(
        *(line.post("/twilio/messages", form) for form in good),
        line.post("/twilio/messages", line.form("unsigned"), signature="wrong"),
        line.post("/twilio/messages", nobody),
    )
    assert [answer.status_code for answer in answers] == [200] * 5 + [403, 200]
    assert len(line.rows("inbound")) == 6


async def test_nobodys_message_overtakes_one_of_theirs_that_still_waits(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[str] = []

    def seen(session: Any, arrivals: Any, settings: Settings) -> Any:
        together.extend(one.body for one in arrivals)
        return store_together(session, arrivals, settings)

    await line.write("before")
    monkeypatch.setattr(webhooks, "store_together", seen)
    with line.sessions.begin() as turn:
        lock_conversation(turn, line.conversation().id)
        waiting = []
        for number, body in enumerate(("first", "second"), start=1):
            waiting.append(asyncio.create_task(line.write(body)))
            await until_waiting(line.sessions, number)
        assert (await line.write("somebody else", From="+15005559000")).status_code == 200
    assert [(await one).status_code for one in waiting] == [200, 200]
    assert together == ["first", "somebody else"], "the second waits behind the first, where no batch can pass it"
    assert [row.body for row in line.rows("inbound")] == ["before", "somebody else", "first", "second"]
    await line.write("third")
    assert together[-1] == "third"


def sent(
    session: Any,
    conversation: Conversation,
    sid: str | None,
    state: str,
    *,
    status: str | None,
    refused: str | None = None,
) -> Message:
    message = Message(
        conversation_id=conversation.id,
        direction="outbound",
        author="bot",
        provider_sid=sid,
        state=state,
        status=status,
    )
    if refused is not None:
        message.extra, message.held_since = json.dumps({"refused": [refused]}), now()
    session.add(message)
    session.flush()
    return message


@how(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from(["sent", "sending", "uncertain", "failed", "held", "queued"]),
                            st.none() | st.sampled_from([*FORWARD]), st.sampled_from(["known", "not_yet", "refused_before"])),
                  min_size=1, max_size=4),
    hold=st.sampled_from([None, "delivery_failed", "not_safe"]),
    told=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([*FORWARD, "nonsense"]), st.booleans()), min_size=1, max_size=8),
)  # fmt: skip
@example(rows=[("sending", None, "refused_before")], hold=None, told=[(0, "delivered", False)])
@example(rows=[("sending", None, "not_yet")], hold=None, told=[(0, "queued", True), (0, "sent", True)])
def test_statuses_together_leave_what_they_leave_one_by_one(
    sessions: Sessions, settings: Settings, rows: list[Any], hold: str | None, told: list[tuple[int, str, bool]]
) -> None:
    ends: list[Any] = []
    with sessions.begin() as session:
        session.execute(text("TRUNCATE person, procrastinate_jobs CASCADE"))
    for side in (1, 2):
        with sessions.begin() as session:
            first = store(session, arrival({"who": 0, "sid": 1, "channel": "", "body": "hello"}, side), settings)
            conversation = session.get_one(Conversation, session.get_one(Message, first).conversation_id)
            conversation.hold = hold
            messages = [
                sent(
                    session,
                    conversation,
                    f"SM{side}{number}" if sid == "known" else None,
                    state,
                    status=status,
                    refused=f"SMother{side}" if sid == "refused_before" else None,
                )
                for number, (state, status, sid) in enumerate(rows)
            ]
        said = []
        for which, status, own in told:
            number = which % len(messages)
            sid = f"SM{side}{number}" if own or rows[number][2] == "not_yet" else f"SMother{side}"
            said.append((str(messages[number].id), Form({"MessageSid": [sid], "MessageStatus": [status]})))
        if side == 1:
            with sessions.begin() as session:
                moved = move_together(session, [Told.read(*one) for one in said])
        for number, one in enumerate(said):
            if side == 2 or not moved[number]:
                with sessions.begin() as session:
                    receive_status(session, *one)
        with sessions.begin() as session:
            after = [session.get_one(Message, message.id) for message in messages]
            ends.append(
                (
                    [
                        (row.state, row.status, row.error_code, (row.provider_sid or "").replace(f"SM{side}", ""))
                        for row in after
                    ],
                    session.get_one(Conversation, conversation.id).hold,
                )
            )
    assert ends[0] == ends[1]


async def test_statuses_in_any_order_at_once_end_at_the_furthest(line: Line) -> None:
    line.engine.steps = [[]]
    await line.say("hello")
    with line.sessions.begin() as session:
        conversation = session.execute(select(Conversation)).scalar_one()
        messages = [sent(session, conversation, f"SMout{number}", "sent", status="queued") for number in range(20)]
    calls = [(message, status) for message in messages for status in ("sending", "sent", "delivered", "read")]
    random.Random(5).shuffle(calls)
    answers = await asyncio.gather(
        *(line.status(message.id, status, MessageSid=message.provider_sid or "") for message, status in calls)
    )
    assert {answer.status_code for answer in answers} == {200}
    with line.sessions.begin() as session:
        assert {session.get_one(Message, message.id).status for message in messages} == {"read"}
