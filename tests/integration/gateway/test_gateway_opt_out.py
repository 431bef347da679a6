"""STOP is confirmed once and then kept; START opens again; what is written in between reaches a human."""

import httpx
import pytest
from sqlalchemy import select, text

from cases import service
from cases.models import CaseEvent, User
from cases.ownership import change_owner
from core.turns import Choice, Close, HandOver, Item, OptOut, Payload, Say, TurnRequest
from gateway import outbox, turn
from gateway.errors import CannotWrite, EngineError
from gateway.models import Message
from gateway.sending import MAX_ATTEMPTS
from tests.integration.gateway.doubles import Line, refused

pytestmark = pytest.mark.anyio

INTRO = Say(say="say_intro")
STOPPED: list[Item] = [Say(say="say_opted_out"), OptOut(do="opt_out"), Close(do="close", reason="stopped")]
CONFIRMATION = "We send nothing more. Write START to begin again."
SAFE = Say(
    say="ask_safe",
    question="safe",
    choices=(Choice(value="yes", label="choice_yes"), Choice(value="no", label="choice_no")),
)


def flags(line: Line) -> tuple[bool, bool]:
    conversation = line.conversation()
    return conversation.opted_out, conversation.opt_out_pending


def events(line: Line) -> list[str]:
    with line.sessions.begin() as session:
        return list(session.execute(select(CaseEvent.kind).order_by(CaseEvent.at)).scalars())


async def stopped(line: Line) -> None:
    line.engine.steps = [[INTRO], STOPPED]
    await line.say("hello")
    await line.say("stop")
    assert flags(line) == (True, False)


def at_the_desk(line: Line, level: str = "P") -> User:
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
            reason="contact",
            settings=line.gateway.settings,
        )
        case = service.open_case_of(session, conversation.id)
        assert case is not None
        service.take(session, case.id, session.merge(user))
    return user


@pytest.mark.parametrize("body", ["stop", "STOP.", "Unsubscribe", "arrêt", "ARRÊT !"])
async def test_the_confirmation_is_sent_before_the_flag_is_set(line: Line, body: str) -> None:
    line.engine.steps = [[INTRO], STOPPED]
    await line.say("hello")
    await line.write(body)
    turn.handle_next(line.gateway, line.conversation().id)
    assert line.engine.requests[-1].payload == Payload(intent="opt_out")
    assert (flags(line), line.rows("outbound")[-1].confirms_opt_out) == ((False, True), True)
    await line.work()
    assert (flags(line), line.twilio.bodies[-1], line.out()[-1]) == ((True, False), CONFIRMATION, ("bot", "sent"))
    conversation = line.conversation()
    assert (conversation.owner, conversation.new_session) == ("closed", True)


@pytest.mark.parametrize("body", ["9", "bye"])
async def test_leaving_is_no_opt_out(line: Line, body: str) -> None:
    line.engine.steps = [[INTRO], [Close(do="close", reason="left"), Say(say="say_goodbye")]]
    await line.say("hello")
    await line.say(body)
    assert line.engine.requests[-1].payload == Payload(intent="stop")
    assert flags(line) == (False, False)


def timeout(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


@pytest.mark.parametrize(
    ("fault", "state"),
    [(lambda _: refused(400, 21610), "failed"), (lambda _: refused(400, 21211), "failed"), (timeout, "uncertain")],
)
async def test_however_the_sending_ends_nothing_is_sent_after_it(line: Line, fault: object, state: str) -> None:
    line.engine.steps = [[INTRO], STOPPED]
    await line.say("hello")
    line.twilio.faults = [fault]  # type: ignore[list-item]
    await line.say("stop")
    with line.sessions.begin() as session:  # half a minute later
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))
        session.execute(text("UPDATE message SET handled_at = handled_at - interval '31 seconds'"))
    await line.work()
    assert (flags(line), line.out()[-1][1]) == ((True, False), state)


async def test_while_the_confirmation_waits_for_twilio_nobody_says_anything_else(line: Line) -> None:
    line.engine.steps = [[INTRO], STOPPED]
    await line.say("hello")
    user = at_the_desk(line)
    with line.sessions.begin() as session:
        change_owner(session, line.conversation().id, "bot")
    line.twilio.faults = [lambda _: refused(500, 20500)]
    await line.say("stop")
    assert flags(line) == (False, True)
    await line.say("and now?")
    assert len(line.engine.requests) == 2
    with pytest.raises(CannotWrite) as caught, line.sessions.begin() as session:
        outbox.send_as_caseworker(
            session,
            line.conversation(),
            user,
            "x",
            line.conversation().id,
            wording=line.gateway.wording,
            settings=line.gateway.settings,
        )
    assert caught.value.reason == "opted_out"
    with line.sessions.begin() as session:
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))
        session.execute(text("UPDATE message SET handled_at = handled_at - interval '31 seconds'"))
    await line.work()
    assert (flags(line), line.twilio.bodies) == ((True, False), ["An information line.", CONFIRMATION])


async def test_when_twilio_stays_away_the_opt_out_holds_all_the_same(line: Line) -> None:
    line.engine.steps = [[INTRO], STOPPED]
    await line.say("hello")
    line.twilio.faults = [lambda _: refused(500, 20500)] * MAX_ATTEMPTS
    await line.say("stop")
    for _ in range(MAX_ATTEMPTS):
        with line.sessions.begin() as session:
            session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))
            session.execute(text("UPDATE message SET handled_at = handled_at - interval '31 seconds'"))
        await line.work()
    assert (flags(line), line.out()[-1][1]) == ((True, False), "uncertain"), "nobody knows whether the last try arrived"


async def test_what_was_queued_before_stop_is_not_sent_after_it(line: Line) -> None:
    line.engine.steps = [[INTRO], STOPPED]
    await line.write("hello")
    await line.write("stop")
    for _ in range(2):
        turn.handle_next(line.gateway, line.conversation().id)
    await line.work()
    assert line.twilio.bodies == [CONFIRMATION]


async def test_what_a_caseworker_wrote_before_stop_is_not_sent_after_it(line: Line) -> None:
    line.engine.steps = [[INTRO]]
    await line.say("hello")
    user = at_the_desk(line)
    with line.sessions.begin() as session:
        outbox.send_as_caseworker(
            session, line.conversation(), user, "One moment.", line.conversation().id,
            wording=line.gateway.wording, settings=line.gateway.settings,
        )  # fmt: skip
    await line.write("stop")
    turn.handle_next(line.gateway, line.conversation().id)
    await line.work()
    assert (flags(line), line.twilio.bodies) == ((True, False), ["An information line.", CONFIRMATION])


@pytest.mark.parametrize("output", [EngineError("down"), [INTRO], [OptOut(do="opt_out")]])
async def test_stop_is_obeyed_whatever_the_bot_does(line: Line, output: object) -> None:
    line.engine.steps = [[INTRO], output]  # type: ignore[list-item]
    await line.say("hello")
    await line.say("stop")
    assert flags(line) == (True, False)
    assert (line.conversation().owner, line.cases()) == ("closed", [])
    await line.say("start")
    assert line.twilio.bodies.count(CONFIRMATION) == (0 if output == [OptOut(do="opt_out")] else 1)


async def test_stop_is_obeyed_when_a_human_took_over_meanwhile(line: Line) -> None:
    def slow(_: TurnRequest) -> list[Item]:
        at_the_desk(line)
        return STOPPED

    line.engine.steps = [[INTRO], slow]
    await line.say("hello")
    await line.say("stop")
    assert (flags(line), line.twilio.bodies[-1], line.conversation().owner) == ((True, False), CONFIRMATION, "desk")


async def test_a_caseworkers_conversation_is_stopped_and_the_caseworker_sees_it(line: Line) -> None:
    await line.say("hello")
    user = at_the_desk(line)
    await line.say("stop")
    assert (flags(line), line.twilio.bodies[-1], line.conversation().owner) == ((True, False), CONFIRMATION, "desk")
    assert events(line)[-1] == "opted_out"
    with pytest.raises(CannotWrite) as caught, line.sessions.begin() as session:
        outbox.send_as_caseworker(
            session,
            line.conversation(),
            user,
            "x",
            line.conversation().id,
            wording=line.gateway.wording,
            settings=line.gateway.settings,
        )
    assert caught.value.reason == "opted_out"
    await line.say("stop")
    assert line.twilio.bodies.count(CONFIRMATION) == 1


async def test_twilios_own_stop_is_not_confirmed_a_second_time(line: Line) -> None:
    line.engine.steps = [[INTRO]]
    await line.say("hello")
    await line.say("STOP", OptOutType="STOP")
    assert (flags(line), line.twilio.bodies, line.cases()) == ((True, False), ["An information line."], [])
    await line.say("STOP", OptOutType="STOP")
    assert (len(line.engine.requests), line.cases()) == (1, [])


async def test_twilios_stop_in_the_middle_of_our_confirmation_ends_it(line: Line) -> None:
    line.engine.steps = [[INTRO], STOPPED]
    await line.say("hello")
    await line.write("stop")
    turn.handle_next(line.gateway, line.conversation().id)
    await line.write("STOP", OptOutType="STOP")
    await line.work()
    assert (flags(line), line.twilio.bodies) == ((True, False), ["An information line."])


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("start", {}),
        ("Reprendre!", {}),
        ("hi", {}),
        ("START", {"OptOutType": "START"}),
        ("yes", {"OptOutType": "START"}),
    ],
)
async def test_start_opens_a_new_session(line: Line, body: str, fields: dict[str, str]) -> None:
    await stopped(line)
    line.engine.steps = [[SAFE], [SAFE]]
    await line.say(body, **fields)
    assert (flags(line), line.cases(), line.engine.requests[-1].new_session) == ((False, False), [], True)
    assert line.twilio.bodies[-1].startswith("Can you write")
    await line.say("1")
    assert line.engine.requests[-1].payload == Payload(intent="answer", question="safe", value="yes")


async def test_yes_that_twilio_takes_for_start_is_an_answer(line: Line) -> None:
    line.engine.steps = [[SAFE], [INTRO]]
    await line.say("hello")
    await line.say("yes", OptOutType="START")
    request = line.engine.requests[-1]
    assert (request.new_session, request.payload and request.payload.intent) == (False, None)
    with line.sessions.begin() as session:
        session.merge(line.conversation()).language = "en"
    line.engine.steps = [[SAFE], [INTRO]]
    await line.say("hm")
    await line.say("yes", OptOutType="START")
    assert line.engine.requests[-1].payload == Payload(intent="answer", question="safe", value="yes")


async def test_start_before_the_confirmation_has_left_takes_it_back(line: Line) -> None:
    line.engine.steps = [[INTRO], STOPPED, [SAFE]]
    await line.say("hello")
    await line.write("stop")
    await line.write("start")
    for _ in range(2):
        turn.handle_next(line.gateway, line.conversation().id)
    await line.work()
    assert (flags(line), line.twilio.bodies[1:]) == ((False, False), ["Can you write here now?\n1 Yes\n2 No"])


async def test_start_to_a_caseworker_lets_them_write_again(line: Line) -> None:
    await line.say("hello")
    user = at_the_desk(line)
    await line.say("stop")
    await line.say("start")
    assert (flags(line), line.conversation().owner) == ((False, False), "desk")
    with line.sessions.begin() as session:
        outbox.send_as_caseworker(
            session, line.conversation(), user, "Good to hear.", line.conversation().id,
            wording=line.gateway.wording, settings=line.gateway.settings,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "fields", "level", "rules"),
    [
        ("are you there", {}, "U", []), ("help", {}, "U", []), ("1", {}, "U", []), ("9", {}, "U", []),
        ("INFO", {"OptOutType": "HELP"}, "U", []),
        ("", {"NumMedia": "1", "MediaContentType0": "audio/ogg"}, "U", []),
        ("he has a knife", {}, "E", ["E4"]), ("i will end my life", {}, "U", ["U4"]), ("i want a real person", {}, "U", ["U12"]),
    ],
)  # fmt: skip
async def test_a_human_reads_what_is_written_after_stop(
    line: Line, body: str, fields: dict[str, str], level: str, rules: list[str]
) -> None:
    await stopped(line)
    await line.say(body, **fields)
    await line.say(body, **fields)
    (case,) = line.cases()
    assert (case.level, case.reason, service.read_screening(case).rules) == (level, "wrote_after_stop", rules)
    assert (len(line.engine.requests), len(line.twilio.sent), flags(line)) == (2, 2, (True, False))
    assert [row.body for row in line.rows("inbound")][-2:] == [body, body]


@pytest.mark.parametrize("body", ["stop", "unsubscribe", "erase"])
async def test_a_second_stop_is_no_call_for_help(line: Line, body: str) -> None:
    await stopped(line)
    await line.say(body)
    assert (line.cases(), len(line.twilio.sent)) == ([], 2)


async def test_who_wrote_stop_can_still_have_everything_deleted(line: Line) -> None:
    await stopped(line)
    await line.say("erase")
    assert {row.body for row in line.rows()} == {None}
    assert (flags(line), len(line.twilio.sent)) == ((True, False), 2)


async def test_after_stop_an_open_case_is_raised_once(line: Line) -> None:
    await line.say("hello")
    at_the_desk(line, "R")
    await line.say("stop")
    await line.say("the knife again")
    (case,) = line.cases()
    assert case.level == "E"
    assert events(line).count("raised") == 1


async def test_a_damaged_message_after_stop_is_seen_by_a_human(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    await stopped(line)
    await line.write("x")
    with line.sessions.begin() as session:
        session.get_one(Message, line.rows("inbound")[-1].id).body_encrypted = b"\x01\x04test" + b"0" * 40
        session.get_one(Message, line.rows("inbound")[-1].id).attempts = 3
    await line.work()
    assert [(case.level, case.reason) for case in line.cases()] == [("U", "wrote_after_stop")]
    assert line.rows("inbound")[-1].state == "parked"
    assert len(line.twilio.sent) == 2


async def test_an_emergency_in_the_same_turn_goes_to_the_desk_and_is_stopped(line: Line) -> None:
    line.engine.steps = [[INTRO], [HandOver(do="hand_over", reason="danger", level="E"), *STOPPED[:2]]]
    await line.say("hello")
    await line.say("stop")
    assert (flags(line), line.conversation().owner, line.twilio.bodies[-1]) == ((True, False), "desk", CONFIRMATION)
