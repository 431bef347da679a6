"""A message goes out once, or it is known that nobody knows; what became of it moves forward only."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases import service
from cases.errors import NotTheOwner
from cases.models import CaseEvent, Conversation, User
from cases.ownership import change_owner, lock_conversation
from core.database import now
from core.turns import Choice, Say
from gateway import outbox, thread
from gateway.errors import CannotWrite, SendLater
from gateway.handing_over import make_ready
from gateway.models import Message, RegisteredContent
from gateway.sending import MAX_ATTEMPTS, _accepted, _taken_over, send
from gateway.tasks import pick_up_left_behind
from gateway.twilio_client import Accepted
from tests.integration.gateway.doubles import THEM, US, Fault, Line, refused

pytestmark = pytest.mark.anyio

INTRO = Say(say="say_intro")
MORE = Say(
    say="ask_anything_else",
    question="anything_else",
    choices=(Choice(value="need", label="choice_need"), Choice(value="finish", label="choice_finish")),
)


async def queued(line: Line, *, channel: str = "sms", says: tuple[Say, ...] = (INTRO,)) -> Message:
    """A row of the bot that is ready to be sent."""
    from gateway.turn import handle_next

    line.engine.steps.append(list(says))
    await line.write("hello", channel=channel)
    handle_next(line.gateway, line.conversation().id)
    return line.rows("outbound")[-1]


def state(line: Line) -> tuple[str, str | None, str | None]:
    row = line.rows("outbound")[-1]
    return row.state, row.status, row.error_code


def jobs_run_now(line: Line) -> None:
    with line.sessions.begin() as session:
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))


def timeout(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


def no_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


async def test_a_message_leaves_with_our_id_in_its_callback(line: Line) -> None:
    row = await queued(line)
    await line.work()
    (form,) = line.twilio.sent
    assert (form["To"], form["From"], form["Body"]) == (THEM, US, "An information line.")
    assert form["StatusCallback"] == f"http://testserver/twilio/status?message={row.id}#rc=5&rp=all"
    assert state(line) == ("sent", "queued", None)


async def test_buttons_are_registered_once_and_sent_with_the_question_as_variable(line: Line) -> None:
    await queued(line, channel="whatsapp", says=(MORE, MORE))
    await line.work()
    assert line.count(RegisteredContent) == 1
    assert len(line.twilio.contents) == 1
    first, second = line.twilio.sent
    assert first["ContentSid"] == second["ContentSid"]
    assert json.loads(first["ContentVariables"]) == {"1": "Anything else?"}
    assert first["To"] == f"whatsapp:{THEM}"
    (content,) = line.twilio.contents.values()
    assert "Anything" not in str(content)
    assert "anything_else:need" in str(content)


async def test_buttons_that_were_deleted_at_twilio_become_numbers_and_are_registered_anew(line: Line) -> None:
    await queued(line, channel="whatsapp", says=(MORE,))
    await line.work()
    line.twilio.contents.clear()
    await queued(line, channel="whatsapp", says=(MORE,))
    await line.work()
    assert line.twilio.bodies == ["Anything else?", "Anything else?\n1 Another\n2 Finish"]
    assert (state(line)[0], line.count(RegisteredContent)) == ("sent", 0)


async def test_without_buttons_the_choices_go_out_as_numbers(line: Line) -> None:
    await queued(line, channel="whatsapp", says=(MORE,))
    line.twilio.faults = [lambda _: refused(400, 20001)]
    await line.work()
    assert line.twilio.bodies == ["Anything else?\n1 Another\n2 Finish"]


@pytest.mark.parametrize(
    "fault",
    [
        lambda _: refused(429, 20429),
        no_connection,
    ],
)
async def test_what_certainly_was_not_sent_is_sent_again(line: Line, fault: object) -> None:
    row = await queued(line)
    line.twilio.faults = [fault]  # type: ignore[list-item]
    with pytest.raises(SendLater):
        send(line.gateway, row.id)
    assert state(line)[0] == "queued"
    send(line.gateway, row.id)
    assert state(line) == ("sent", "queued", None)
    assert len(line.twilio.sent) == 1


BROKEN = [
    lambda _: refused(500, 20500),
    lambda _: httpx.Response(502, text=""),
    lambda _: httpx.Response(503, text="<html>"),
]


def earlier(line: Line, seconds: float) -> None:
    """So long ago was the last attempt of everything that was sent."""
    with line.sessions.begin() as session:
        session.execute(text("UPDATE message SET handled_at = handled_at - make_interval(secs => :s)"), {"s": seconds})


@pytest.mark.parametrize("fault", BROKEN)
async def test_after_an_error_of_twilios_its_list_is_asked_before_anything_is_sent_again(
    line: Line, fault: object
) -> None:
    row = await queued(line)
    line.twilio.faults = [fault]  # type: ignore[list-item]
    with pytest.raises(SendLater):
        send(line.gateway, row.id)
    assert state(line)[0] == "uncertain"
    with line.sessions.begin() as session:
        assert thread.messages(session, row.conversation_id)[-1].state == "uncertain", "staff see it"
    with pytest.raises(SendLater):
        send(line.gateway, row.id)  # the list may not show it yet
    line.twilio.lists_nothing = True
    earlier(line, 31)
    with pytest.raises(SendLater):
        send(line.gateway, row.id)  # nobody knows
    assert (line.twilio.seen, line.twilio.sent) == (1, [])
    line.twilio.lists_nothing = False
    send(line.gateway, row.id)
    assert state(line) == ("sent", "queued", None)
    assert len(line.twilio.sent) == 1


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
async def test_what_twilio_took_over_before_it_answered_with_an_error_is_not_sent_twice(
    line: Line, channel: str
) -> None:
    def after(request: httpx.Request) -> httpx.Response:
        line.twilio(request)
        return refused(500, 20500)

    row = await queued(line, channel=channel, says=(MORE,))
    line.twilio.faults = [after] if channel == "sms" else [line.twilio, after]
    with pytest.raises(SendLater):
        send(line.gateway, row.id)
    send(line.gateway, row.id)
    assert state(line) == ("sent", "queued", None)
    assert line.rows("outbound")[-1].provider_sid == "SMf" + f"{1:031x}"
    send(line.gateway, row.id)
    assert len(line.twilio.sent) == 1


@pytest.mark.parametrize("fault", [lambda _: refused(500, 20500), timeout])
async def test_a_message_that_the_list_cannot_tell_apart_stays_uncertain_and_keeps_nothing_back_for_longer(
    line: Line, fault: object
) -> None:
    """For six minutes the replies after it waited for a list that would never say more."""
    await queued(line, says=(INTRO, Say(say="say_goodbye")))
    row = line.rows("outbound")[0]
    line.twilio.sent.append({"To": THEM, "From": US, "Body": "something else"})
    line.twilio.faults = [fault]  # type: ignore[list-item]
    await line.work()
    earlier(line, 20)
    with pytest.raises(SendLater):
        send(line.gateway, row.id)  # the list may still show it
    earlier(line, 11)
    jobs_run_now(line)
    await line.work()
    assert [each.state for each in line.rows("outbound")] == ["uncertain", "sent"]
    assert line.twilio.bodies[-1] == "Goodbye."
    await line.status(row.id, "sent", MessageSid="SM9")
    send(line.gateway, row.id)
    assert [each.state for each in line.rows("outbound")] == ["sent", "sent"]
    assert line.twilio.seen == 2


async def test_a_twilio_that_stays_broken_leaves_an_uncertain_message_and_a_stop_is_obeyed(line: Line) -> None:
    row = await queued(line)
    line.twilio.faults = [BROKEN[0]] * MAX_ATTEMPTS
    for _ in range(MAX_ATTEMPTS - 1):
        with pytest.raises(SendLater):
            send(line.gateway, row.id)
        earlier(line, 31)
    send(line.gateway, row.id)
    send(line.gateway, row.id)
    assert (state(line)[0], line.twilio.seen) == ("uncertain", MAX_ATTEMPTS)


async def test_messages_behind_one_that_waits_wait_too(line: Line) -> None:
    await queued(line, says=(INTRO, Say(say="say_goodbye")))
    line.twilio.faults = [no_connection]
    await line.work()
    assert line.twilio.sent == []
    jobs_run_now(line)
    await line.work()
    assert line.twilio.bodies == ["An information line.", "Goodbye."]


TWO = (INTRO, Say(say="say_goodbye"))
THREE = (INTRO, Say(say="say_help"), Say(say="say_goodbye"))


def taken(line: Line, happens: Callable[[], None] = lambda: None) -> Fault:
    """Twilio takes a message over, and then something happens before anybody goes on."""

    def takes(request: httpx.Request) -> httpx.Response:
        faults, line.twilio.faults = line.twilio.faults, []
        answer = line.twilio(request)
        line.twilio.faults, line.twilio.seen = faults, line.twilio.seen - 1
        happens()
        return answer

    return takes


async def test_the_messages_of_one_reply_leave_one_after_the_other_without_a_pause(line: Line) -> None:
    await queued(line, says=THREE)
    first, second, third = line.rows("outbound")
    send(line.gateway, first.id)
    assert line.twilio.bodies == ["An information line.", "You can write here.", "Goodbye."]
    for row in (first, second, third):
        send(line.gateway, row.id)
    await line.work()
    assert line.twilio.seen == 3
    assert {row.state for row in line.rows("outbound")} == {"sent"}


async def test_a_later_job_takes_nothing_that_is_before_its_row(line: Line) -> None:
    await queued(line, says=TWO)
    send(line.gateway, line.rows("outbound")[1].id)
    assert line.twilio.bodies == ["Goodbye."]
    assert [row.state for row in line.rows("outbound")] == ["queued", "sent"]


async def test_nothing_of_the_bot_leaves_behind_a_message_during_which_a_human_took_over(line: Line) -> None:
    def take_over() -> None:
        with line.sessions.begin() as session:
            change_owner(session, line.conversation().id, "desk")

    await queued(line, says=THREE)
    line.twilio.faults = [taken(line, take_over)]
    send(line.gateway, line.rows("outbound")[0].id)
    assert line.twilio.bodies == ["An information line."]
    assert [row.state for row in line.rows("outbound")] == ["sent", "dropped", "dropped"]


async def test_nothing_leaves_behind_a_message_during_which_the_person_wrote_stop(line: Line) -> None:
    def stop() -> None:
        with line.sessions.begin() as session:
            session.get_one(Conversation, line.conversation().id).opted_out = True

    await queued(line, says=TWO)
    line.twilio.faults = [taken(line, stop)]
    send(line.gateway, line.rows("outbound")[0].id)
    assert [row.state for row in line.rows("outbound")] == ["sent", "dropped"]


@pytest.mark.parametrize("fault", [no_connection, BROKEN[0], timeout])
async def test_what_fails_in_the_middle_of_a_reply_is_neither_overtaken_nor_sent_twice(
    line: Line, fault: Fault
) -> None:
    await queued(line, says=THREE)
    line.twilio.faults = [taken(line), fault]
    with pytest.raises(SendLater):
        send(line.gateway, line.rows("outbound")[0].id)
    assert line.twilio.bodies == ["An information line."]
    assert [row.state for row in line.rows("outbound")][::2] == ["sent", "queued"]
    if fault is not no_connection:
        send(line.gateway, line.rows("outbound")[0].id)
        assert len(line.twilio.sent) == 1, "its own job asks what became of it, and until then nothing follows"
        earlier(line, 31)
    await line.work()
    jobs_run_now(line)
    await line.work()
    sent = ["An information line.", "You can write here.", "Goodbye."]
    assert line.twilio.bodies == (sent if fault is not timeout else [sent[0], sent[2]])
    assert line.rows("outbound")[1].state == ("sent" if fault is not timeout else "uncertain")


async def test_behind_a_message_that_a_dead_worker_had_begun_nothing_leaves_before_staff_see_it(line: Line) -> None:
    await queued(line, says=THREE)
    first, second, third = line.rows("outbound")
    with line.sessions.begin() as session:
        session.get_one(Message, second.id).state = "sending"
    send(line.gateway, first.id)
    assert line.twilio.bodies == ["An information line."]
    send(line.gateway, second.id)
    assert [row.state for row in line.rows("outbound")] == ["sent", "uncertain", "sent"]
    send(line.gateway, third.id)
    assert line.twilio.bodies == ["An information line.", "Goodbye."]


async def test_what_a_reply_no_longer_needs_is_left_out_and_the_rest_goes_on(line: Line) -> None:
    await queued(line, says=THREE)
    with line.sessions.begin() as session:
        session.execute(text("UPDATE message SET body_encrypted = NULL WHERE key = 'say_help'"))
    send(line.gateway, line.rows("outbound")[0].id)
    assert line.twilio.bodies == ["An information line.", "Goodbye."]
    assert [row.state for row in line.rows("outbound")] == ["sent", "dropped", "sent"]


async def test_after_many_attempts_a_message_has_failed(line: Line) -> None:
    row = await queued(line)
    line.twilio.faults = [no_connection] * MAX_ATTEMPTS
    for _ in range(MAX_ATTEMPTS - 1):
        with pytest.raises(SendLater):
            send(line.gateway, row.id)
    send(line.gateway, row.id)
    assert state(line) == ("failed", None, "unreachable")


@pytest.mark.parametrize(
    "fault",
    [
        timeout,
        lambda _: refused(504, 20504),
        lambda _: httpx.Response(201, text="{"),
        lambda _: httpx.Response(201, json={"sid": None}),
    ],
)
async def test_what_may_have_been_sent_is_never_sent_again_by_itself(line: Line, fault: object) -> None:
    row = await queued(line)
    line.twilio.faults = [fault]  # type: ignore[list-item]
    await line.work()
    assert state(line)[0] == "uncertain"
    with pytest.raises(SendLater):
        send(line.gateway, row.id)  # what comes after it waits: the request may still be on its way
    earlier(line, 31)
    send(line.gateway, row.id)
    assert state(line) == ("uncertain", None, None)
    assert pick_up_left_behind(line.gateway, seconds=0) == 0
    await line.work()
    assert line.twilio.seen == 1
    with line.sessions.begin() as session:
        assert thread.messages(session, row.conversation_id)[-1].state == "uncertain"


async def test_what_got_no_answer_is_not_overtaken_by_what_comes_after_it(line: Line) -> None:
    def late(request: httpx.Request) -> httpx.Response:
        arriving.append(request)
        raise httpx.ReadTimeout("slow", request=request)

    arriving: list[httpx.Request] = []
    await queued(line, says=(INTRO, Say(say="say_goodbye")))
    line.twilio.faults = [late]
    await line.work()
    assert line.twilio.sent == []
    line.twilio(arriving[0])
    jobs_run_now(line)
    await line.work()
    assert line.twilio.bodies == ["An information line.", "Goodbye."]
    assert [row.state for row in line.rows("outbound")] == ["sent", "sent"]


async def test_a_status_settles_what_was_uncertain(line: Line) -> None:
    row = await queued(line)
    line.twilio.faults = [timeout]
    await line.work()
    await line.status(row.id, "delivered", MessageSid="SM9")
    assert state(line) == ("sent", "delivered", None)


async def test_a_worker_that_died_while_sending_leaves_an_uncertain_message(line: Line) -> None:
    row = await queued(line)
    with line.sessions.begin() as session:
        session.get_one(Message, row.id).state = "sending"
    await line.work()
    assert (state(line)[0], line.twilio.sent) == ("uncertain", [])


@pytest.mark.parametrize(("code", "opted_out"), [(21211, False), (63016, False), (21610, True)])
async def test_a_refusal_is_shown_with_its_code_and_not_repeated(line: Line, code: int, opted_out: bool) -> None:  # noqa: FBT001
    await queued(line)
    line.twilio.faults = [lambda _: refused(400, code)]
    await line.work()
    await line.work()
    assert (state(line), line.twilio.seen) == (("failed", None, str(code)), 1)
    assert line.conversation().opted_out is opted_out


@pytest.mark.parametrize(
    ("statuses", "last"),
    [
        (["queued", "sent", "delivered"], ("sent", "delivered", None)),
        (["delivered", "sent", "queued", "sending"], ("sent", "delivered", None)),
        (["read", "delivered"], ("sent", "read", None)),
        (["undelivered", "sent"], ("failed", "undelivered", "30003")),
        (["failed", "delivered"], ("sent", "delivered", None)),
        (["sent", "hologram", "", "\x00"], ("sent", "sent", None)),
        (["delivered", "failed"], ("sent", "delivered", None)),
    ],
)
async def test_statuses_move_forward_only(line: Line, statuses: list[str], last: tuple[str, str, str | None]) -> None:
    row = await queued(line)
    await line.work()
    for status in statuses:
        code = {"ErrorCode": "30003"} if status in ("failed", "undelivered") else {}
        assert (await line.status(row.id, status, **code)).status_code == 200
        assert (await line.status(row.id, status, **code)).status_code == 200
    assert state(line) == last


async def test_a_callback_that_overtakes_the_answer_is_kept(line: Line) -> None:
    row = await queued(line)
    with line.sessions.begin() as session:
        session.get_one(Message, row.id).state = "sending"
    await line.status(row.id, "failed", ErrorCode="30005", MessageSid="SM7")
    with line.sessions.begin() as session:
        _accepted(session.get_one(Message, row.id), Accepted("SM7", "queued", 1))
    assert state(line) == ("failed", "failed", "30005")


async def test_that_twilio_has_a_message_is_written_down_alike_by_one_statement_and_by_looking(line: Line) -> None:
    row = await queued(line)
    known = [Accepted("SM7", "queued", 2), Accepted("SM7", "accepted", None), Accepted("SM7", "unheard_of", 0)]
    states, statuses = (
        ("sending", "sent", "failed", "uncertain", "held"),
        (None, "accepted", "queued", "delivered", "failed"),
    )
    alone = 0
    for accepted, state, status, sid in product(known, states, statuses, (None, "SM7", "SM8")):
        ends = []
        for together in (True, False):
            with line.sessions.begin() as session:
                message = session.get_one(Message, row.id)
                message.state, message.status, message.provider_sid, message.error_code = state, status, sid, None
                message.segments, message.attempts = 1, 1
                ready = make_ready(line.gateway, message.conversation, message, last_attempt=False)
            written = together and _taken_over(line.gateway, ready, accepted)
            alone += written
            with line.sessions.begin() as session:
                after = session.get_one(Message, row.id)
                if not written:
                    _accepted(after, accepted)
                ends.append((after.state, after.status, after.provider_sid, after.segments, after.error_code))
        assert ends[0] == ends[1], (accepted.status, state, status, sid)
    assert alone > len(known) * 3


async def test_the_confirmation_of_an_opt_out_is_looked_at_when_it_has_left(line: Line) -> None:
    row = await queued(line)
    with line.sessions.begin() as session:
        session.get_one(Message, row.id).confirms_opt_out = True
        session.get_one(Conversation, row.conversation_id).opt_out_pending = True
    await line.work()
    assert (state(line)[0], line.conversation().opted_out) == ("sent", True)


async def test_what_a_person_writes_to_a_reply_just_sent_finds_its_conversation_free(line: Line) -> None:
    """The answer of Twilio is written down without the conversation's lock."""
    row = await queued(line)
    with line.sessions.begin() as session:
        message = session.get_one(Message, row.id)
        message.state = "sending"
        ready = make_ready(line.gateway, message.conversation, message, last_attempt=False)
    with line.sessions.begin() as session:
        lock_conversation(session, row.conversation_id)
        assert _taken_over(line.gateway, ready, Accepted("SM7", "queued", 1))
    assert state(line) == ("sent", "queued", None)


async def test_a_status_needs_its_signature_and_nothing_breaks_it(line: Line) -> None:
    row = await queued(line)
    assert (
        await line.post(f"/twilio/status?message={row.id}", {"MessageStatus": "read"}, signature="x")
    ).status_code == 403
    for path in (
        "/twilio/status",
        "/twilio/status?message=none",
        f"/twilio/status?message={uuid4()}",
        "/twilio/status?message=%00",
    ):
        assert (await line.post(path, {"MessageStatus": "read", "MessageSid": "SM\x00"})).status_code == 200
    assert (await line.post(f"/twilio/status?message={row.id}", {})).status_code == 200
    assert state(line)[1] is None


async def test_a_failed_delivery_on_an_urgent_case_is_told_to_the_desk(line: Line) -> None:
    row = await queued(line)
    with line.sessions.begin() as session:
        service.open_or_update(
            session,
            row.conversation_id,
            level="U",
            rules=[],
            needs=[],
            answers={},
            reason="x",
            settings=line.gateway.settings,
        )
    await line.work()
    await line.status(row.id, "undelivered", ErrorCode="30003")
    with line.sessions.begin() as session:
        event = session.execute(select(CaseEvent).where(CaseEvent.kind == "not_delivered")).scalar_one()
        assert event.details == {"message": str(row.id), "error_code": "30003", "state": "failed"}


async def held_case(line: Line, *, channel: str = "sms") -> User:
    user = line.caseworker()
    await line.write("hello", channel=channel)
    with line.sessions.begin() as session:
        conversation = line.conversation()
        service.open_or_update(
            session,
            conversation.id,
            level="U",
            rules=[],
            needs=[],
            answers={},
            reason="x",
            settings=line.gateway.settings,
        )
        case = service.open_case_of(session, conversation.id)
        assert case is not None
        service.take(session, case.id, session.merge(user))
    return user


def writes(line: Line, session: Session, user: User, words: str, client_id: UUID | None = None) -> Message:
    gateway = line.gateway
    return outbox.send_as_caseworker(
        session,
        line.conversation(),
        user,
        words,
        client_id or uuid4(),
        wording=gateway.wording,
        settings=gateway.settings,
    )


async def test_a_caseworker_writes_and_a_double_click_is_one_message(line: Line) -> None:
    user, client_id = await held_case(line), uuid4()
    for _ in range(2):
        with line.sessions.begin() as session:
            writes(line, session, user, "Hello, I am here.", client_id)
    await line.work()
    assert line.twilio.bodies == ["Hello, I am here."]
    with line.sessions.begin() as session:
        entry = thread.messages(session, line.conversation().id)[-1]
    assert (entry.author, entry.name, entry.body, entry.state) == ("caseworker", user.name, "Hello, I am here.", "sent")


async def test_what_a_caseworker_wrote_is_sent_though_the_conversation_was_given_back(line: Line) -> None:
    user = await held_case(line)
    with line.sessions.begin() as session:
        conversation = line.conversation()
        writes(line, session, user, "One moment.")
        case = service.open_case_of(session, conversation.id)
        assert case is not None
        service.give_back(session, case.id, session.merge(user))
    line.engine.steps = [[INTRO]]
    await line.work()
    assert "One moment." in line.twilio.bodies


async def test_who_does_not_hold_the_case_cannot_write(line: Line) -> None:
    await held_case(line)
    other = line.caseworker()
    with pytest.raises(NotTheOwner), line.sessions.begin() as session:
        writes(line, session, other, "x")
    assert line.rows("outbound") == []


async def test_without_a_case_nobody_writes(line: Line) -> None:
    await line.write("hello")
    with pytest.raises(CannotWrite) as caught, line.sessions.begin() as session:
        writes(line, session, line.caseworker(), "x")
    assert caught.value.reason == "no_case"


@pytest.mark.parametrize(("words", "reason"), [(" \u200f\x00", "empty"), ("x" * 1601, "too_long")])
async def test_a_text_that_cannot_be_sent_is_refused(line: Line, words: str, reason: str) -> None:
    user = await held_case(line)
    with pytest.raises(CannotWrite) as caught, line.sessions.begin() as session:
        writes(line, session, user, words)
    assert caught.value.reason == reason


async def test_outside_its_window_and_without_a_template_nothing_can_be_written_on_whatsapp(line: Line) -> None:
    user = await held_case(line, channel="whatsapp")
    with line.sessions.begin() as session:
        session.merge(line.conversation()).last_inbound_at = now() - timedelta(hours=25)
    with pytest.raises(CannotWrite) as caught, line.sessions.begin() as session:
        writes(line, session, user, "x")
    assert caught.value.reason == "no_template"


async def test_who_opted_out_gets_nothing_from_anybody(line: Line) -> None:
    user = await held_case(line)
    with line.sessions.begin() as session:
        writes(line, session, user, "queued before")
    await line.write("STOP", OptOutType="STOP")
    assert line.conversation().owner == "desk"
    with pytest.raises(CannotWrite) as caught, line.sessions.begin() as session:
        writes(line, session, user, "x")
    assert caught.value.reason == "opted_out"
    with line.sessions.begin() as session:
        assert (
            outbox.say_system(session, line.conversation(), "say_human_takes_over", wording=line.gateway.wording) == []
        )
    await line.work()
    assert line.twilio.sent == []
    assert state(line)[0] == "dropped"


async def test_the_service_speaks_the_persons_language(line: Line) -> None:
    await held_case(line)
    with line.sessions.begin() as session:
        outbox.say_system(
            session,
            line.conversation(),
            "say_human_takes_over",
            wording=line.gateway.wording,
            settings=line.gateway.settings,
        )
    await line.work()
    assert "A person is here." in line.twilio.bodies


async def test_a_thread_shows_everything_in_order_with_placeholders(line: Line) -> None:
    line.engine.steps = [[MORE], [INTRO], [INTRO], [INTRO]]
    await line.say("hello", channel="whatsapp")
    await line.say("", channel="whatsapp", NumMedia="1", MediaContentType0="audio/ogg")
    await line.say("", channel="whatsapp", Latitude="1", Longitude="2")
    await line.say("", channel="whatsapp", MessageType="hologram")
    with line.sessions.begin() as session:
        outbox.resume(session, line.conversation())
        entries = thread.messages(session, line.conversation().id)
        assert thread.messages(session, line.conversation().id, after=entries[-2].seq) == entries[-1:]
    assert [(entry.inbound, entry.attachment) for entry in entries] == [
        (True, None), (False, None), (True, "audio"), (False, None), (True, "location"), (False, None), (True, "unknown"), (False, None),
    ]  # fmt: skip
    assert entries[1].choices == ("Another", "Finish")
    assert "hello" not in repr(entries)


async def test_a_damaged_message_does_not_hide_the_thread(line: Line) -> None:
    await line.write("first")
    await line.write("second")
    first, _ = line.rows()
    with line.sessions.begin() as session:
        session.get_one(Message, first.id).body_encrypted = b"\x01\x04test" + b"0" * 40
    with line.sessions.begin() as session:
        assert [entry.body for entry in thread.messages(session, first.conversation_id)] == ["", "second"]
