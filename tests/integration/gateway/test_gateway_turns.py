"""One turn at a time, once, by whoever owns the conversation; and when the bot fails a human has it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from procrastinate.retry import RetryDecision
from sqlalchemy import select, text

from cases import service
from cases.models import CaseEvent
from cases.ownership import change_owner
from core.database import now
from core.jobs import make_app, run_again_what_was_left
from core.turns import Choice, Close, Erase, HandOver, Item, Payload, Say, SetLanguage, TurnRequest
from gateway import door, turn
from gateway.errors import EngineError
from gateway.outbox import resume
from gateway.tasks import pick_up_left_behind
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

SAFE = Say(
    say="ask_safe",
    question="safe",
    choices=(Choice(value="yes", label="choice_yes"), Choice(value="no", label="choice_no")),
)
INTRO = Say(say="say_intro")
HAND_OVER = HandOver(do="hand_over", reason="danger", level="E")


def events(line: Line) -> list[str]:
    with line.sessions.begin() as session:
        return list(session.execute(select(CaseEvent.kind).order_by(CaseEvent.at)).scalars())


def take_over(line: Line) -> None:
    with line.sessions.begin() as session:
        change_owner(session, line.conversation().id, "desk")


async def test_the_bot_answers_in_order_and_the_next_message_answers_its_question(line: Line) -> None:
    line.engine.steps = [[SetLanguage(do="set_language", language="en"), INTRO, SAFE], [Say(say="say_goodbye")]]
    await line.say("hello")
    assert line.twilio.bodies == ["An information line.", "Can you write here now?\n1 Yes\n2 No"]
    assert line.out() == [("bot", "sent")] * 2
    assert not line.conversation().new_session
    await line.say("٢")
    first, second = line.engine.requests
    assert (first.text, first.new_session, first.language) == ("hello", True, None)
    assert second.payload == Payload(intent="answer", question="safe", value="no")
    assert (second.new_session, second.language) == (False, "en")


async def test_the_question_of_a_session_that_is_over_is_not_answered(line: Line) -> None:
    line.engine.steps = [[SAFE], [Close(do="close", reason="left"), Say(say="say_goodbye")], [SAFE]]
    await line.say("hello")
    await line.say("9")
    conversation = line.conversation()
    assert (conversation.owner, conversation.new_session) == ("closed", True)
    assert line.twilio.bodies[-1] == "Goodbye."
    await line.say("1")
    assert line.engine.requests[-1].text == "1"
    assert line.engine.requests[-1].new_session
    assert line.conversation().owner == "bot"


async def test_the_language_is_guessed_until_the_bot_sets_it(line: Line) -> None:
    line.engine.steps = [[SAFE], [SAFE], [SetLanguage(do="set_language", language="xx"), SAFE]]
    await line.say("bonjour")
    assert line.engine.requests[0].language_guess == "fr"
    assert line.twilio.bodies[-1].startswith("Pouvez-vous")
    await line.say("...?")
    assert line.engine.requests[1].language_guess == "fr"
    await line.say("x")
    assert line.conversation().language is None


async def test_a_hand_over_opens_a_case_and_its_last_words_are_sent(line: Line) -> None:
    line.engine.steps = [
        [HAND_OVER, Say(say="say_emergency", values={"reference": "K1", "time": "2030-01-01T10:00:00+00:00"})]
    ]
    await line.say("help me")
    (case,) = line.cases()
    assert (case.level, case.reason, line.conversation().owner) == ("E", "danger", "desk")
    assert line.twilio.bodies == ["A person comes. Reference K1, before 1 January 10:00 UTC."]
    await line.say("are you there")
    assert len(line.engine.requests) == 1
    assert line.rows("inbound")[-1].state == "handled"
    assert line.twilio.bodies[1:] == ["It has arrived."]


async def test_a_case_that_the_actions_opened_is_not_opened_again_and_never_falls(line: Line) -> None:
    def opens_a_case(request: TurnRequest) -> list[Item]:
        with line.sessions.begin() as session:
            service.open_or_update(
                session, request.conversation_id, level="E", rules=["E1"], needs=["health"], answers={"danger": "yes"},
                reason="danger", settings=line.gateway.settings,
            )  # fmt: skip
        return [HandOver(do="hand_over", reason="asks_human", level="R")]

    line.engine.steps = [opens_a_case]
    await line.say("help")
    (case,) = line.cases()
    assert (case.level, service.read_screening(case).rules) == ("E", ["E1"])


@pytest.mark.parametrize("reason", ["down", "timeout", "garbage", "refused", "too_large"])
async def test_when_the_bot_fails_the_person_hears_it_once_and_a_human_has_the_conversation(
    line: Line, reason: str
) -> None:
    line.engine.steps = [EngineError(reason)]
    await line.say("bonjour")
    await line.say("bonjour ?")
    await line.say("1")
    assert len(line.twilio.sent) == 2, "two messages after it are said to have arrived once"
    assert line.twilio.bodies[1] == "It has arrived."
    assert line.twilio.bodies[0].startswith("Un souci. Une personne vous écrit avant")
    (case,) = line.cases()
    assert (case.level, case.reason, service.read_screening(case).rules) == ("U", "bot_failure", ["U12"])
    assert line.conversation().owner == "desk"
    with line.sessions.begin() as session:
        event = session.execute(select(CaseEvent).where(CaseEvent.kind == "bot_failure")).scalar_one()
        assert event.details == {"reason": reason}
    assert [row.state for row in line.rows("inbound")] == ["handled"] * 3


@pytest.mark.parametrize("output", [[], [SetLanguage(do="set_language", language="fr")]])
async def test_a_bot_that_says_nothing_has_failed(line: Line, output: list[Item]) -> None:
    line.engine.steps = [output]
    await line.say("hello")
    assert [author for author, _ in line.out()] == ["system"]
    assert line.conversation().owner == "desk"


async def test_what_the_bot_says_after_a_human_took_over_is_dropped_before_it_is_queued(line: Line) -> None:
    def slow(_: TurnRequest) -> list[Item]:
        take_over(line)
        return [INTRO, HAND_OVER, Erase(do="erase"), SetLanguage(do="set_language", language="fr")]

    line.engine.steps = [slow]
    await line.say("hello")
    assert (line.twilio.sent, line.out()) == ([], [("bot", "dropped")])
    assert line.rows("inbound")[0].state == "handled"
    assert line.rows("inbound")[0].body == "hello"
    assert (line.cases(), line.conversation().language) == ([], None)


async def test_a_bot_that_fails_after_a_human_took_over_says_nothing(line: Line) -> None:
    def slow(_: TurnRequest) -> list[Item]:
        take_over(line)
        raise EngineError("timeout")

    line.engine.steps = [slow]
    await line.say("hello")
    assert (line.twilio.sent, line.cases()) == ([], [])


async def test_what_was_queued_before_a_human_took_over_is_dropped_at_sending(line: Line) -> None:
    line.engine.steps = [[INTRO]]
    await line.write("hello")
    turn.handle_next(line.gateway, line.conversation().id)
    assert line.out() == [("bot", "queued")]
    take_over(line)
    await line.work()
    assert (line.out(), line.twilio.sent) == ([("bot", "dropped")], [])


async def test_a_turn_that_is_run_again_says_nothing_twice(line: Line) -> None:
    line.engine.steps = [[INTRO], [INTRO]]
    await line.write("hello")
    conversation = line.conversation().id
    for _ in range(3):
        turn.handle_next(line.gateway, conversation)
    await line.work()
    assert len(line.engine.requests) == 1
    assert len(line.twilio.sent) == 1


async def test_two_workers_on_one_message_say_nothing_twice(line: Line) -> None:
    """A worker that was taken for dead may still be running when another takes its job."""
    asked: list[UUID] = []

    def overtaken(request: TurnRequest) -> list[Item]:
        asked.append(request.turn_id)
        if len(asked) == 1:
            line.engine._said.clear()
            line.engine.steps.insert(0, overtaken)
            turn.handle_next(line.gateway, request.conversation_id)
        return [INTRO]

    line.engine.steps = [overtaken]
    await line.write("hello")
    await line.work()
    assert len(asked) == 2
    assert len(line.twilio.sent) == 1


async def test_a_crash_between_the_reply_and_its_writing_is_made_good(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.engine.steps = [[INTRO]]
    await line.write("hello")
    conversation = line.conversation().id
    real = turn.apply

    def crash(*arguments: Any, **values: Any) -> None:
        real(*arguments, **values)
        raise RuntimeError("the power failed")

    monkeypatch.setattr(turn, "apply", crash)
    with pytest.raises(RuntimeError):
        turn.handle_next(line.gateway, conversation)
    assert line.out() == []
    monkeypatch.setattr(turn, "apply", real)
    await line.work()
    assert line.twilio.bodies == ["An information line."]
    assert line.engine.requests[0].turn_id == line.engine.requests[1].turn_id


async def test_a_message_that_breaks_every_run_is_parked_and_those_behind_it_go_on(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = door.read

    def poisoned(inbound: Any, *arguments: Any) -> Any:
        if inbound.body == "poison":
            raise RuntimeError("poison")
        return real(inbound, *arguments)

    monkeypatch.setattr(door, "read", poisoned)
    monkeypatch.setattr(
        "gateway.tasks.Backoff.get_retry_decision",
        lambda *_, **__: RetryDecision(retry_in={"seconds": 0}),
    )
    await line.write("poison")
    await line.write("after it")
    await line.work()
    assert [row.state for row in line.rows("inbound")] == ["parked", "handled"]
    assert line.conversation().owner == "desk"
    assert line.twilio.bodies[1:] == ["It has arrived."]
    assert "bot_failure" in events(line)


async def test_a_message_whose_job_is_lost_is_found_again(line: Line) -> None:
    line.engine.steps = [[INTRO]]
    await line.write("hello")
    with line.sessions.begin() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
        session.execute(text("UPDATE message SET created_at = now() - interval '5 minutes'"))
    assert pick_up_left_behind(line.gateway) == 1
    assert pick_up_left_behind(line.gateway) == 0
    await line.work()
    assert line.twilio.bodies == ["An information line."]


async def test_the_bot_takes_up_again_what_the_desk_gives_back(line: Line) -> None:
    line.engine.steps = [EngineError("down"), [SAFE]]
    await line.say("hello")
    with line.sessions.begin() as session:
        change_owner(session, line.conversation().id, "bot")
        resume(session, line.conversation())
    await line.work()
    assert line.engine.requests[-1].payload == Payload(intent="resume")
    assert line.twilio.bodies[-1].startswith("Can you write")


async def test_the_desk_has_the_bot_ask_about_a_named_place(line: Line) -> None:
    line.engine.steps = [[SAFE], [SAFE]]
    await line.say("hello")
    with line.sessions.begin() as session:
        resume(session, line.conversation(), prompt="ask_referral", value="Example house")
    await line.work()
    assert line.engine.requests[-1].payload == Payload(intent="ask_referral", value="Example house")


async def test_erasing_leaves_no_word_behind(line: Line) -> None:
    line.engine.steps = [[INTRO], [Erase(do="erase"), Say(say="say_erased")]]
    await line.say("my secret")
    with line.sessions.begin() as session:
        service.open_or_update(
            session,
            line.conversation().id,
            level="P",
            rules=["P1"],
            needs=["health"],
            answers={"medical": "yes"},
            reason="x",
            settings=line.gateway.settings,
        )
    await line.say("erase")
    assert [row.body for row in line.rows()] == [None, None, None, "Deleted."]
    (case,) = line.cases()
    assert service.read_screening(case).answers == {}
    assert events(line)[-1] == "erased"
    assert line.twilio.bodies[-1] == "Deleted."


async def test_an_urgent_case_survives_an_erasure_with_its_level_and_a_human_is_told(line: Line) -> None:
    line.engine.steps = [[Erase(do="erase"), Say(say="say_erased")]]
    await line.write("erase")
    with line.sessions.begin() as session:
        service.open_or_update(
            session,
            line.conversation().id,
            level="E",
            rules=["E1"],
            needs=[],
            answers={"danger": "yes"},
            reason="danger",
            settings=line.gateway.settings,
        )
    await line.work()
    (case,) = line.cases()
    assert (case.level, case.state, case.screening) == ("E", "open", None)
    assert events(line)[-1] == "erasure_pending"
    with line.sessions.begin() as session:
        conversation = session.merge(line.conversation())
        assert conversation.person.phone is not None


async def test_attachments_reach_the_bot_as_what_they_are(line: Line) -> None:
    line.engine.steps = [[INTRO], [INTRO], [INTRO]]
    await line.say("", NumMedia="1", MediaContentType0="image/jpeg")
    await line.say("", Latitude="1", Longitude="2")
    await line.say("", MessageType="hologram")
    assert [request.payload.value for request in line.engine.requests if request.payload] == [
        "image",
        "location",
        "unknown",
    ]


async def test_two_conversations_do_not_wait_for_each_other(line: Line) -> None:
    line.engine.steps = [[INTRO]] * 6
    await asyncio.gather(*(line.write("x", From=f"+1500555002{number}") for number in range(6)))
    await line.work()
    assert len(line.twilio.sent) == 6


async def test_nothing_is_said_to_who_opted_out_while_the_bot_was_thinking(line: Line) -> None:
    def overtaken(_: TurnRequest) -> list[Item]:
        with line.sessions.begin() as session:
            session.merge(line.conversation()).opted_out = True
        return [INTRO]

    line.engine.steps = [overtaken]
    await line.say("hello")
    assert line.twilio.sent == []


async def test_logs_jobs_and_events_hold_no_number_and_no_word(
    line: Line, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    line.engine.steps = [[INTRO, SAFE], EngineError("garbage")]
    line.twilio.faults = [
        lambda _: httpx.Response(
            400, json={"code": 21211, "message": "The number +15005550010 is invalid", "status": 400}
        )
    ]
    await line.say("unmistakable words")
    await line.say("other unmistakable words")
    await line.post("/twilio/messages", line.form("unmistakable"), signature="x")
    await line.post("/twilio/messages", line.form("unmistakable", From="MYBANK unmistakable"))
    with line.sessions.begin() as session:
        kept = [str(row) for row in session.execute(text("SELECT * FROM procrastinate_jobs"))]
        kept += [str(row) for row in session.execute(text("SELECT * FROM case_event"))]
    written = capfd.readouterr()
    everything = "\n".join([*kept, caplog.text, written.out, written.err])
    assert "a message was stored" in everything
    for secret in ("unmistakable", "5005550010", "5550010", "information line"):
        assert secret not in everything


async def test_the_job_of_a_worker_that_died_is_run_again(line: Line) -> None:
    line.engine.steps = [[INTRO]]
    await line.write("hello")
    with line.sessions.begin() as session:
        session.execute(text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL"))
    app = make_app(line.url)
    async with app.open_async():
        # Two at once, as in two workers: the slower must not take it away from whom the faster gave it to.
        given = await asyncio.gather(run_again_what_was_left(app), run_again_what_was_left(app))
    assert sum(given) == 1
    await line.work()
    assert line.twilio.bodies == ["An information line."]


async def test_a_job_whose_end_could_not_be_written_down_does_not_hold_its_conversation_for_ever(line: Line) -> None:
    line.engine.steps = [[INTRO]]
    await line.write("hello")
    app = make_app(line.url)
    async with app.open_async():
        # Its worker lives and says so; it only could not reach the database when the job ended.
        worker = await app.job_manager.register_worker()
        with line.sessions.begin() as session:
            session.execute(text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :id"), {"id": worker})
        assert await run_again_what_was_left(app) == 0, "it may still be at work"
        with line.sessions.begin() as session:
            session.execute(text("UPDATE procrastinate_events SET at = at - interval '6 minutes'"))
        assert await run_again_what_was_left(app) == 1
    await line.work()
    assert line.twilio.bodies == ["An information line."]


async def test_an_hour_that_has_passed_is_promised_to_nobody(line: Line) -> None:
    line.engine.steps = [EngineError("down")]
    await line.write("hello")
    with line.sessions.begin() as session:
        service.open_or_update(
            session, line.conversation().id, level="E", rules=[], needs=[], answers={}, reason="danger"
        )
        case = service.open_case_of(session, line.conversation().id)
        assert case is not None
        case.due_at = now() - timedelta(hours=5)
    await line.work()
    promised = line.rows("outbound")[-1].body or ""
    past = (now() - timedelta(hours=5)).strftime("%H:%M")
    assert past not in promised
    assert (line.cases()[0].level, events(line)[-1]) == ("E", "bot_failure")


async def test_when_even_the_honest_message_breaks_a_human_has_the_conversation(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(door, "read", broken)
    monkeypatch.setattr("gateway.failure.say_system", broken)
    monkeypatch.setattr(
        "gateway.tasks.Backoff.get_retry_decision", lambda *_, **__: RetryDecision(retry_in={"seconds": 0})
    )
    await line.say("hello")
    assert line.rows("inbound")[0].state == "parked"
    assert line.conversation().owner == "desk"
    assert [case.reason for case in line.cases()] == ["bot_failure"]


async def test_an_old_message_that_cannot_be_opened_does_not_silence_a_new_one(line: Line) -> None:
    line.engine.steps = [[INTRO], [INTRO]]
    await line.say("hello")
    with line.sessions.begin() as session:
        session.execute(text("UPDATE message SET body_encrypted = 'damaged' WHERE direction = 'inbound'"))
    await line.say("12345")
    assert len(line.twilio.sent) == 2
