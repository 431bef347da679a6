"""After a pause nobody knows who writes: nothing of before is shown, nobody is shut out, and nothing is counted twice."""

from typing import Any

import pytest
from sqlalchemy import text

from cases import service
from cases.ownership import change_owner
from core.turns import Choice, Close, Item, Payload, Say, TurnRequest
from gateway import sending, thread, turn
from gateway.errors import EngineError
from gateway.outbox import resume
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio

YES_NO = (Choice(value="yes", label="choice_yes"), Choice(value="no", label="choice_no"))
SAFE = Say(say="ask_safe", question="safe", choices=YES_NO)
LEAVE = Say(say="ask_can_leave", question="can_leave", choices=YES_NO)
SHARED = Say(
    say="ask_shared_phone", question="shared_phone", choices=(*YES_NO, Choice(value="unsure", label="choice_unsure"))
)
COVER = Say(say="say_cover")
GO_ON = Say(say="say_go_on")
SKIP = (Choice(value="skip", label="choice_skip"),)
ASK_WORD = Say(say="ask_safe_word", question="safe_word", choices=SKIP, secret=True)
ASK_SECOND = Say(say="ask_duress_word", question="duress_word", choices=SKIP, secret=True)


async def with_words(line: Line, last: Say = SAFE) -> None:
    """A person who has chosen both words and sees a question."""
    line.engine.steps = [[ASK_WORD], [ASK_SECOND], [last]]
    for words in ("hello", "Garden", "wíndow"):
        await line.say(words)
    assert [request.payload and request.payload.value for request in line.engine.requests] == [None, "set", "set"]


def asked(line: Line) -> TurnRequest:
    return line.engine.requests[-1]


@pytest.mark.parametrize(
    ("question", "minutes", "locks"), [(SAFE, 59, False), (SAFE, 61, True), (LEAVE, 14, False), (LEAVE, 16, True)]
)
async def test_a_pause_locks_sooner_after_a_sensitive_question(
    line: Line,
    question: Say,
    minutes: int,
    locks: bool,  # noqa: FBT001
) -> None:
    line.engine.steps = [[question], [SAFE]]
    await line.say("hello")
    line.wait(minutes=minutes)
    await line.say("2")
    assert asked(line).new_session is locks
    answered = Payload(intent="answer", question=question.question, value="no")
    assert (asked(line).payload, asked(line).text) == ((None, "2") if locks else (answered, None))


@pytest.mark.parametrize(("digit", "locks"), [("1", True), ("3", True), ("2", False)])
async def test_a_phone_that_others_read_locks_sooner(line: Line, digit: str, locks: bool) -> None:  # noqa: FBT001
    line.engine.steps = [[SHARED], [SAFE], [SAFE]]
    await line.say("hello")
    await line.say(digit)
    line.wait(minutes=16)
    await line.say("2")
    assert asked(line).new_session is locks


async def test_who_told_it_in_words_locks_sooner_too(line: Line) -> None:
    line.engine.steps = [[SAFE], [SAFE]]
    await line.say("hello")
    with line.sessions.begin() as session:
        service.set_shared_phone(session, line.conversation().id, shared=True)
    line.wait(minutes=16)
    await line.say("2")
    assert asked(line).new_session


async def test_an_old_question_is_answered_neither_now_nor_by_the_message_after(line: Line) -> None:
    line.engine.steps = [[LEAVE], [COVER], [COVER]]
    await line.say("hello")
    line.wait(minutes=20)
    await line.say("hm")
    await line.say("1")
    assert (asked(line).text, asked(line).payload, asked(line).new_session) == ("1", None, False)


async def test_what_has_not_left_before_the_lock_is_not_shown_in_the_new_session(line: Line) -> None:
    line.engine.steps = [[LEAVE], [COVER]]
    await line.write("hello")
    turn.handle_next(line.gateway, line.conversation().id)
    line.wait(minutes=20)
    await line.say("hm")
    assert line.twilio.bodies == ["An information line. Write HELP."]
    assert line.out() == [("bot", "dropped"), ("bot", "sent")]


async def test_a_question_of_before_stays_although_its_sender_is_quicker_than_the_turn_of_the_new_message(
    line: Line,
) -> None:
    line.engine.steps = [[LEAVE], [COVER]]
    await line.write("hello")
    turn.handle_next(line.gateway, line.conversation().id)
    line.wait(minutes=20)
    await line.write("hm")
    (question,) = line.rows("outbound")
    sending.send(line.gateway, question.id)
    assert (line.twilio.bodies, line.out()) == ([], [("bot", "dropped")])


async def test_an_old_button_answers_nothing_in_a_new_session(line: Line) -> None:
    line.engine.steps = [[LEAVE], [COVER], [SAFE], [SAFE], [SAFE]]
    await line.say("hello", channel="whatsapp")
    line.wait(minutes=20)
    for _ in range(2):
        await line.say("Yes", channel="whatsapp", ButtonPayload="can_leave:yes")
        assert (asked(line).text, asked(line).payload) == ("Yes", None)
    await line.say("Yes", channel="whatsapp", ButtonPayload="safe:yes")
    assert asked(line).payload == Payload(intent="answer", question="safe", value="yes")


async def test_a_locked_conversation_with_a_word_stays_locked_until_the_word(line: Line) -> None:
    await with_words(line, LEAVE)
    line.engine.steps = [[COVER]] * 3 + [[GO_ON, LEAVE], [SAFE]]
    line.wait(minutes=20)
    await line.say("are you still there?")
    assert (asked(line).text, asked(line).signs, asked(line).new_session) == (
        "are you still there?",
        ("locked",),
        False,
    )
    await line.say("1")
    assert (asked(line).text, asked(line).payload, asked(line).signs) == ("1", None, ("locked",))
    await line.say("", NumMedia="1", MediaContentType0="image/jpeg")
    assert (asked(line).payload, asked(line).signs) == (Payload(intent="attachment", value="image"), ("locked",))
    await line.say("  GARDEN ")
    assert (asked(line).payload, asked(line).signs) == (Payload(intent="unlock"), ())
    assert line.conversation().locked_at is None
    await line.say("2")
    assert asked(line).payload == Payload(intent="answer", question="can_leave", value="no")


async def test_the_word_is_told_to_nobody_and_is_not_kept_in_clear(
    line: Line, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    await with_words(line)
    line.engine.steps = [[GO_ON]]
    line.wait(minutes=70)
    await line.say("garden")
    said = [row.body for row in line.rows("inbound")]
    assert said == ["hello", None, None, None]
    conversation = line.conversation()
    assert conversation.safe_word_hash not in (None, conversation.duress_word_hash)
    with line.sessions.begin() as session:
        entries = [entry for entry in thread.messages(session, conversation.id) if entry.inbound]
    assert [entry.secret for entry in entries] == [False, True, True, True]
    written = capfd.readouterr()
    everything = caplog.text + written.out + written.err + str(line.engine.requests) + str(line.twilio.bodies)
    assert "arden" not in everything
    assert "ndow" not in everything.replace("window_", "")


async def test_the_word_for_a_bad_time_opens_like_the_other(line: Line) -> None:
    await with_words(line)
    line.engine.steps = [[GO_ON, SAFE], [SAFE]]
    line.wait(minutes=70)
    await line.say("Window")
    assert (asked(line).payload, asked(line).signs) == (Payload(intent="duress"), ())
    assert line.rows("inbound")[-1].body is None
    await line.say("2")
    assert asked(line).payload == Payload(intent="answer", question="safe", value="no")


async def test_the_word_for_a_bad_time_is_heard_without_a_lock_too(line: Line) -> None:
    await with_words(line)
    line.engine.steps = [[GO_ON]]
    await line.say("window")
    assert asked(line).payload == Payload(intent="duress")


@pytest.mark.parametrize("body", ["help", "HELP!", "aide", "0", "٠", "person", "start", "Reprendre", "hi"])
async def test_nobody_is_shut_out(line: Line, body: str) -> None:
    await with_words(line, LEAVE)
    line.engine.steps = [[COVER], [SAFE], [SAFE]]
    line.wait(minutes=20)
    await line.say("good day to you")
    await line.say(body)
    assert (asked(line).new_session, asked(line).signs) == (True, ())
    assert line.conversation().locked_at is None
    await line.say("1")
    assert (asked(line).payload, asked(line).new_session) == (
        Payload(intent="answer", question="safe", value="yes"), False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "payload"),
    [("stop", "opt_out"), ("arrêt", "opt_out"), ("9", "stop"), ("bye", "stop"), ("erase", "erase_data")],
)
async def test_the_ways_out_work_through_the_lock(line: Line, body: str, payload: str) -> None:
    await with_words(line)
    line.engine.steps = [[COVER]]
    line.wait(minutes=70)
    await line.say(body)
    assert (asked(line).payload, asked(line).signs, asked(line).new_session) == (
        Payload(intent=payload),
        ("locked",),
        False,
    )
    assert line.conversation().wrong_words == 0


async def test_danger_is_heard_through_the_lock(line: Line) -> None:
    await with_words(line)
    line.engine.steps = [[COVER]]
    line.wait(minutes=70)
    await line.say("knife")
    assert (asked(line).text, asked(line).alarm, asked(line).signs) == ("knife", "danger_now", ("locked",))
    assert line.conversation().wrong_words == 0


async def test_a_wrong_word_is_counted_and_its_text_stays_for_a_human(line: Line) -> None:
    await with_words(line)
    line.engine.steps = [[COVER]] * 4
    line.wait(minutes=70)
    for body, value in (("meadow", "1"), ("some words in a row", None), ("blue bird", "2"), ("1234", "2")):
        await line.say(body)
        payload = Payload(intent="wrong_word", value=value) if value else None
        assert (asked(line).payload, asked(line).signs) == (payload, ("locked",))
    assert [row.body for row in line.rows("inbound")][-4:] == ["meadow", "some words in a row", "blue bird", "1234"]


async def test_a_tap_is_no_try_at_the_word(line: Line) -> None:
    line.engine.steps = [[ASK_WORD], [LEAVE], [COVER]]
    for words in ("hello", "garden"):
        await line.say(words, channel="whatsapp")
    line.wait(minutes=20)
    await line.say("Continue", channel="whatsapp", ButtonPayload="can_leave:yes")
    assert (asked(line).text, asked(line).payload, asked(line).signs) == ("Continue", None, ("locked",))


async def test_the_right_word_after_a_wrong_one_clears_the_count(line: Line) -> None:
    await with_words(line)
    line.engine.steps = [[COVER], [GO_ON], [COVER]]
    line.wait(minutes=70)
    await line.say("meadow")
    await line.say("garden")
    line.wait(minutes=70)
    await line.say("meadow")
    assert asked(line).payload == Payload(intent="wrong_word", value="1")


async def test_neither_a_crash_nor_a_repeated_webhook_counts_twice(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    await with_words(line)
    line.engine.steps = [[COVER], [GO_ON]]
    line.wait(minutes=70)
    form = line.form("meadow")
    for _ in range(3):
        assert (await line.post("/twilio/messages", form)).status_code == 200
    real = turn.apply

    def crash(*arguments: Any, **values: Any) -> None:
        real(*arguments, **values)
        raise RuntimeError("the power failed")

    monkeypatch.setattr(turn, "apply", crash)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            turn.handle_next(line.gateway, line.conversation().id)
    monkeypatch.setattr(turn, "apply", real)
    await line.work()
    assert line.conversation().wrong_words == 1
    assert {request.payload for request in line.engine.requests[-3:]} == {Payload(intent="wrong_word", value="1")}


@pytest.mark.parametrize(("body", "intent"), [("garden", "unlock"), ("window", "duress")])
async def test_a_crash_after_the_word_was_heard_does_not_lose_it(
    line: Line, monkeypatch: pytest.MonkeyPatch, body: str, intent: str
) -> None:
    await with_words(line)
    line.engine.steps = [[GO_ON]]
    line.wait(minutes=70)
    await line.write(body)
    real = turn.apply

    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power failed")

    monkeypatch.setattr(turn, "apply", crash)
    with pytest.raises(RuntimeError):
        turn.handle_next(line.gateway, line.conversation().id)
    assert line.rows("inbound")[-1].body is None
    monkeypatch.setattr(turn, "apply", real)
    await line.work()
    assert [(request.payload, request.signs) for request in line.engine.requests[-2:]] == [
        (Payload(intent=intent), ())
    ] * 2


async def test_a_crash_at_the_choice_of_a_word_does_not_lose_it(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.engine.steps = [[ASK_WORD], [SAFE]]
    await line.say("hello")
    await line.write("garden")
    real = line.engine.turn
    failures = [RuntimeError("the power failed")]

    def broken(request: TurnRequest) -> Any:
        if failures:
            raise failures.pop()
        return real(request)

    monkeypatch.setattr(line.engine, "turn", broken)
    with pytest.raises(RuntimeError):
        turn.handle_next(line.gateway, line.conversation().id)
    await line.work()
    assert asked(line).payload == Payload(intent="answer", question="safe_word", value="set")


async def test_a_failed_bot_at_the_word_for_a_bad_time_still_raises_the_alarm(line: Line) -> None:
    await with_words(line)
    line.engine.steps = [EngineError("down")]
    line.wait(minutes=70)
    await line.say("window")
    (case,) = line.cases()
    assert (case.level, case.reason) == ("E", "duress")
    assert service.read_screening(case).rules == ["E4", "U12"]
    assert line.conversation().hold == "duress"


async def test_a_person_who_left_begins_anew_and_is_not_locked(line: Line) -> None:
    await with_words(line)
    line.engine.steps = [[COVER], [Close(do="close", reason="left"), COVER], [SAFE], [SAFE]]
    line.wait(minutes=70)
    await line.say("hm, hm, hm, hm")
    await line.say("9")
    line.wait(minutes=300)
    await line.say("meadow")
    assert (asked(line).new_session, asked(line).signs, asked(line).text) == (True, (), "meadow")
    await line.say("1")
    assert (asked(line).signs, asked(line).new_session) == ((), False)


async def test_the_desk_gives_back_a_locked_conversation_locked(line: Line) -> None:
    await with_words(line)
    line.engine.steps = [[COVER], [COVER], [COVER], [COVER]]
    line.wait(minutes=70)
    for body in ("meadow", "1234"):
        await line.say(body)
    with line.sessions.begin() as session:
        change_owner(session, line.conversation().id, "desk")
        change_owner(session, line.conversation().id, "bot")
        resume(session, line.conversation())
    await line.work()
    assert (asked(line).payload, asked(line).signs) == (Payload(intent="resume"), ("locked",))
    await line.say("meadow")
    assert (asked(line).payload, asked(line).signs) == (Payload(intent="wrong_word", value="1"), ("locked",))


async def test_a_conversation_of_the_desk_does_not_lock(line: Line) -> None:
    await with_words(line)
    with line.sessions.begin() as session:
        change_owner(session, line.conversation().id, "desk")
    line.wait(minutes=70)
    before = len(line.engine.requests)
    await line.say("meadow")
    conversation = line.conversation()
    assert (conversation.locked_at, conversation.wrong_words, len(line.engine.requests)) == (None, 0, before)


async def test_the_first_message_after_an_upgrade_knows_its_question(line: Line) -> None:
    line.engine.steps = [[SAFE], [SAFE]]
    await line.say("hello")
    with line.sessions.begin() as session:
        session.execute(text("UPDATE conversation SET session_seq = NULL"))
    await line.say("2")
    assert asked(line).payload == Payload(intent="answer", question="safe", value="no")


@pytest.mark.parametrize(("spacing", "signed"), [(5, [5]), (11, [5]), (12, []), (60, [])])
async def test_a_burst_is_noticed_once(line: Line, spacing: int, signed: list[int]) -> None:
    def answer(_: TurnRequest) -> list[Item]:
        line.wait(seconds=spacing)
        return [COVER]

    line.engine.steps = [answer] * 14
    for number in range(14):
        await line.say(f"message {number}")
    assert [place for place, request in enumerate(line.engine.requests) if "burst" in request.signs] == signed


async def test_after_a_pause_a_burst_is_a_new_one(line: Line) -> None:
    line.engine.steps = [[COVER]] * 14
    for _ in range(2):
        for number in range(7):
            await line.say(f"message {number}")
        line.wait(minutes=3)
    assert [place for place, request in enumerate(line.engine.requests) if "burst" in request.signs] == [5, 12]


@pytest.mark.parametrize(("length", "signs"), [(600, ()), (601, ("long_text",)), (9000, ("long_text",))])
async def test_a_very_long_text_is_noticed(line: Line, length: int, signs: tuple[str, ...]) -> None:
    line.engine.steps = [[COVER]]
    await line.say("x" * length)
    assert asked(line).signs == signs


@pytest.mark.parametrize(
    ("language", "body", "signs"),
    [
        ("en", "bonjour mon ami français", ("other_language",)), ("en", "bonjour mon ami", ()), ("fr", "bonjour mon ami français", ()),
        (None, "bonjour mon ami français", ()),
    ],
)  # fmt: skip
async def test_another_language_is_noticed(line: Line, language: str | None, body: str, signs: tuple[str, ...]) -> None:
    line.engine.steps = [[COVER], [COVER]]
    await line.say("hello")
    with line.sessions.begin() as session:
        session.merge(line.conversation()).language = language
    await line.say(body)
    assert asked(line).signs == signs


FOLLOW_UP = Say(say="ask_follow_up", question="follow_up", choices=YES_NO)


async def followed_up(line: Line, *, first: tuple[Item, ...] = (SAFE, Close(do="close", reason="finished"))) -> None:
    """Days after a conversation ended the desk has the bot ask how a referral went."""
    line.engine.steps = [list(first), [SAFE], [FOLLOW_UP], [GO_ON]]
    await line.say("hello")
    line.wait(days=2)
    with line.sessions.begin() as session:
        resume(session, line.conversation(), prompt="follow_up")
    await line.work()


async def test_whether_it_is_ok_to_write_is_answered_however_late_when_the_desk_had_asked(line: Line) -> None:
    await followed_up(line)
    line.wait(hours=20)
    await line.say("1")
    assert asked(line).payload == Payload(intent="answer", question="safe", value="yes")
    assert not asked(line).new_session
    line.wait(hours=3)
    await line.say("2")
    assert asked(line).payload == Payload(intent="answer", question="follow_up", value="no")
    assert not asked(line).new_session


async def test_anything_but_the_answer_to_a_late_follow_up_begins_anew(line: Line) -> None:
    await followed_up(line)
    await line.say("1")
    line.wait(hours=3)
    await line.say("hello, who are you")
    assert asked(line).new_session


async def test_with_a_word_a_late_answer_to_the_desk_still_needs_it(line: Line) -> None:
    await with_words(line)
    line.wait(days=2)
    line.engine.steps = [[SAFE], [COVER]]
    with line.sessions.begin() as session:
        resume(session, line.conversation(), prompt="follow_up")
    await line.work()
    line.wait(hours=3)
    await line.say("1")
    assert "locked" in asked(line).signs
