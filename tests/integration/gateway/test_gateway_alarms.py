"""A sentence that calls for a person is heard in every state, once a message."""

from typing import Any, get_args

import pytest
from procrastinate.retry import RetryDecision
from sqlalchemy import select

from cases import service
from cases.models import CaseEvent
from cases.ownership import change_owner
from core.turns import HandOver, Item, Say, TurnRequest
from gateway import door, turn
from gateway.alarms import LEVELS, Trouble
from gateway.errors import EngineError
from screening.triage import rule_book
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

INTRO = Say(say="say_intro")
ALARMS = [
    ("he has a knife", "E", "E4", "emergency"),
    ("i will end my life", "U", "U4", "self_harm"),
    ("i took the pills", "E", "E3", "self_harm"),
    ("i am alone without mother", "U", "U1", "child_alone"),
    ("give me a real person", "U", "U12", "asks_human"),
]


def alarms(line: Line) -> list[str]:
    with line.sessions.begin() as session:
        found = session.execute(
            select(CaseEvent.details).where(CaseEvent.kind == "alarm").order_by(CaseEvent.at)
        ).scalars()
        return [details["reason"] for details in found]


def case(line: Line) -> tuple[str, str, list[str]]:
    (found,) = line.cases()
    return found.level, found.reason, service.read_screening(found).rules


def test_every_alarm_has_a_level_and_a_rule_that_exist() -> None:
    assert set(LEVELS) == {trouble for kind in get_args(Trouble) for trouble in get_args(kind)}
    known = {rule.id: rule.level for rule in rule_book().rules}
    assert all(known[rule] == level for level, rule, _ in LEVELS.values())


async def test_the_bot_is_told(line: Line) -> None:
    line.engine.steps = [[INTRO]] * 6
    for body, *_ in [*ALARMS, ("all is well", "", "", "")]:
        await line.say(body)
    assert [request.alarm for request in line.engine.requests] == [
        "danger_now",
        "self_harm",
        "self_harm",
        "child_alone",
        "ask_human",
        None,
    ]
    assert line.cases() == []


async def test_the_end_of_a_long_message_is_heard(line: Line) -> None:
    line.engine.steps = [[INTRO]]
    await line.say("so much happened " * 400 + "and now he has a knife")
    request = line.engine.requests[-1]
    assert (request.alarm, len(request.text or "")) == ("danger_now", 1000)


async def test_the_words_beside_a_photo_are_heard(line: Line) -> None:
    line.engine.steps = [[INTRO]]
    await line.say("knife", NumMedia="1", MediaContentType0="image/png")
    assert line.engine.requests[-1].alarm == "danger_now"


@pytest.mark.parametrize(("body", "level", "rule", "reason"), ALARMS)
async def test_a_conversation_of_the_desk_is_raised_once_a_message(
    line: Line, body: str, level: str, rule: str, reason: str
) -> None:
    line.engine.steps = [[HandOver(do="hand_over", reason="contact", level="R"), INTRO]]
    await line.say("hello")
    form = line.form(body)
    for _ in range(2):
        await line.post("/twilio/messages", form)
    await line.work()
    assert case(line) == (level, reason, [rule])
    assert alarms(line) == [reason]
    await line.say(body)
    assert (case(line), alarms(line)) == ((level, reason, [rule]), [reason, reason])


async def test_an_alarm_never_lowers_a_case(line: Line) -> None:
    line.engine.steps = [[HandOver(do="hand_over", reason="danger", level="E"), INTRO]]
    await line.say("hello")
    await line.say("i will end my life")
    assert case(line) == ("E", "danger", ["U4"])


@pytest.mark.parametrize(("body", "level", "rule", "reason"), ALARMS)
async def test_a_failed_bot_raises_it(line: Line, body: str, level: str, rule: str, reason: str) -> None:
    line.engine.steps = [EngineError("timeout")]
    await line.say(body)
    assert case(line) == (level, reason, list(dict.fromkeys([rule, "U12"])))
    assert (alarms(line), line.conversation().owner) == ([reason], "desk")
    assert len(line.twilio.sent) == 1


async def test_the_hour_that_a_failed_bot_names_is_that_of_the_emergency(line: Line) -> None:
    line.engine.steps = [EngineError("down")]
    await line.say("he has a knife")
    (found,) = line.cases()
    assert found.due_at - found.opened_at <= line.gateway.settings.target_e


async def test_a_crash_while_the_bot_fails_raises_it_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.engine.steps = [EngineError("down"), EngineError("down")]
    await line.write("he has a knife")
    real = turn.fail_over

    def crash(*arguments: Any, **values: Any) -> None:
        real(*arguments, **values)
        raise RuntimeError("the power failed")

    monkeypatch.setattr(turn, "fail_over", crash)
    with pytest.raises(RuntimeError):
        turn.handle_next(line.gateway, line.conversation().id)
    assert line.cases() == []
    monkeypatch.setattr(turn, "fail_over", real)
    await line.work()
    assert (case(line)[0], alarms(line)) == ("E", ["emergency"])


async def test_a_parked_message_raises_it(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(door, "read", broken)
    monkeypatch.setattr("gateway.failure.say_system", broken)
    monkeypatch.setattr(
        "gateway.tasks.Backoff.get_retry_decision", lambda *_, **__: RetryDecision(retry_in={"seconds": 0})
    )
    await line.say("he has a knife")
    assert line.rows("inbound")[0].state == "parked"
    assert case(line) == ("E", "emergency", ["E4", "U12"])
    assert alarms(line) == ["emergency"]


async def test_a_message_that_no_list_can_read_is_parked_and_raised_as_a_failure(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "gateway.tasks.Backoff.get_retry_decision", lambda *_, **__: RetryDecision(retry_in={"seconds": 0})
    )
    await line.write("x")
    from gateway.models import Message

    with line.sessions.begin() as session:
        session.get_one(Message, line.rows()[0].id).body_encrypted = b"\x01\x04test" + b"0" * 40
    await line.work()
    assert case(line) == ("U", "bot_failure", ["U12"])


async def test_what_a_human_took_over_in_the_middle_of_is_raised(line: Line) -> None:
    def slow(request: TurnRequest) -> list[Item]:
        with line.sessions.begin() as session:
            change_owner(session, request.conversation_id, "desk")
        return [INTRO]

    line.engine.steps = [slow]
    await line.say("he has a knife")
    assert (case(line), line.twilio.sent) == (("E", "emergency", ["E4"]), [])


@pytest.mark.parametrize("owner", ["bot", "desk"])
async def test_a_stopped_conversation_is_raised(line: Line, owner: str) -> None:
    await line.write("hello")
    with line.sessions.begin() as session:
        conversation = session.merge(line.conversation())
        conversation.opted_out, conversation.owner = True, owner
    await line.work()
    await line.say("he has a knife")
    assert case(line) == ("E", "wrote_after_stop", ["E4"])
    assert (line.twilio.sent, line.engine.requests) == ([], [])


async def test_the_word_for_a_bad_time_reaches_a_caseworker_and_holds_them_back(line: Line) -> None:
    from core.turns import Choice

    skip = (Choice(value="skip", label="choice_skip"),)
    line.engine.steps = [
        [Say(say="ask_duress_word", question="duress_word", choices=skip, secret=True)],
        [HandOver(do="hand_over", reason="contact", level="R"), INTRO],
    ]
    for body in ("hello", "window", "Window!"):
        await line.say(body)
    assert case(line) == ("E", "duress", ["E4"])
    assert (line.conversation().hold, line.rows("inbound")[-1].body) == ("duress", None)
    assert alarms(line) == ["duress"]
