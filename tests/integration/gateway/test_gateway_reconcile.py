"""A message whose webhook never came is found in Twilio's list and comes in once. What comes late is for a human; nothing is sent."""

from datetime import datetime, timedelta

import anyio
import httpx
import pytest
from sqlalchemy import select

from core.database import now
from core.turns import Choice, Say
from gateway import thread
from gateway.errors import MaybeSent, ProviderError
from gateway.models import Reconciliation
from gateway.reconcile import Reconciled, last, reconcile
from tests.integration.gateway.doubles import THEM
from tests.integration.gateway.stand_in import Chat, chat

__all__ = ["chat"]

pytestmark = pytest.mark.anyio

HELLO = [Say(say="ask_safe", question="safe", choices=(Choice(value="yes", label="choice_yes"),))]
SOON, HOURS_LATER = timedelta(minutes=3), timedelta(hours=3)


async def lose(chat: Chat, text: str = "", **what: object) -> None:
    """The person writes, and Twilio never reaches us."""
    planned = await chat.phone.post("/simulator/faults", json={"kind": "lost_webhook"})
    assert planned.status_code == 201, planned.text
    answer = await chat.phone.post("/phone/send", json={"phone": THEM, "channel": "sms", "text": text, **what})
    assert answer.status_code == 202, answer.text


async def met(chat: Chat) -> None:
    """A first message that arrived: from now on the number is known to be ours."""
    chat.line.engine.steps = [HELLO]
    await chat.write("hello")


async def test_a_lost_message_is_answered_as_if_it_had_come(chat: Chat) -> None:
    await met(chat)
    await lose(chat, "where can i sleep")
    chat.line.engine.steps = [[Say(say="say_goodbye")]]
    assert reconcile(chat.line.gateway, at=now() + SOON) == Reconciled(2, 1)
    await chat.line.work()
    assert [request.text for request in chat.line.engine.requests[1:]] == ["where can i sleep"]
    assert reconcile(chat.line.gateway, at=now() + SOON) == Reconciled(2, 0), "it comes in once"
    assert len(chat.line.rows("inbound")) == 2


async def test_a_webhook_that_may_still_be_on_its_way_is_waited_for(chat: Chat) -> None:
    await met(chat)
    await lose(chat, "hello again")
    assert reconcile(chat.line.gateway, at=now()).taken_in == 0


async def test_what_comes_hours_later_is_read_by_a_human_and_nothing_is_sent(chat: Chat) -> None:
    await met(chat)
    await lose(chat, "where can i sleep")
    reconcile(chat.line.gateway, at=now() + HOURS_LATER)
    await chat.line.work()
    assert len(chat.line.engine.requests) == 1, "an old answer answers nothing now"
    assert chat.line.out() == [("bot", "sent")]
    (case,) = chat.line.cases()
    assert (case.reason, case.level) == ("late_message", "U")
    assert chat.line.conversation().owner == "desk"
    with chat.line.sessions.begin() as session:
        entries = thread.messages(session, chat.line.conversation().id)
    assert [entry.late is not None for entry in entries if entry.inbound] == [False, True]


async def test_a_cry_for_help_that_comes_late_raises_an_emergency_although_the_person_went_on(chat: Chat) -> None:
    await met(chat)
    await lose(chat, "they want to kill me")
    await anyio.sleep(1.1)  # Twilio's list counts whole seconds
    chat.line.engine.steps = [[Say(say="say_goodbye")]]
    await chat.write("hello?")
    reconcile(chat.line.gateway, at=now() + HOURS_LATER)
    await chat.line.work()
    (case,) = chat.line.cases()
    assert case.level == "E"
    assert len(chat.line.engine.requests) == 2
    assert chat.line.conversation().owner == "bot", "the person is in the middle of a talk with the bot"


async def test_stop_is_obeyed_however_late_it_comes(chat: Chat) -> None:
    await met(chat)
    await lose(chat, "stop")
    reconcile(chat.line.gateway, at=now() + HOURS_LATER)
    await chat.line.work()
    assert chat.line.conversation().silent


async def test_a_lost_photo_is_a_placeholder(chat: Chat) -> None:
    await met(chat)
    await lose(chat, media="photo")
    reconcile(chat.line.gateway, at=now() + HOURS_LATER)
    assert chat.line.rows("inbound")[1].kind == "media"


async def test_messages_to_numbers_that_are_not_ours_are_left_alone(chat: Chat) -> None:
    await lose(chat, "for another application of the account")
    assert reconcile(chat.line.gateway, at=now() + SOON) == Reconciled(0, 0)


async def test_a_list_that_does_not_come_is_noted_and_looked_for_again(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await met(chat)
    first = now() + SOON
    reconcile(chat.line.gateway, at=first)
    await lose(chat, "where can i sleep")

    def cut(*_: object, **__: object) -> httpx.Response:
        raise httpx.ConnectError("no way there")

    with monkeypatch.context() as patch:
        patch.setattr(httpx.Client, "request", cut)
        with pytest.raises(ProviderError):
            reconcile(chat.line.gateway, at=first + HOURS_LATER)
    with chat.line.sessions.begin() as session:
        newest, good = last(session), last(session, successful=True)
        assert newest is not None
        assert good is not None
        assert (newest.failure, good.failure) == ("NotSent", None)
        assert newest.since <= good.until
    assert reconcile(chat.line.gateway, at=first + HOURS_LATER).taken_in == 1
    with chat.line.sessions.begin() as session:
        failures = session.scalars(select(Reconciliation.failure).where(Reconciliation.failure.is_not(None))).all()
    assert failures == ["NotSent"]


async def test_after_a_long_outage_each_slice_that_is_done_stays_done(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await met(chat)
    first = now() + SOON
    reconcile(chat.line.gateway, at=first)
    await lose(chat, "where can i sleep")
    asked = 0
    listed = chat.line.gateway.provider.inbound

    def breaks(since: datetime, until: datetime) -> object:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise MaybeSent
        return listed(since, until)

    monkeypatch.setattr(chat.line.gateway.provider, "inbound", breaks)
    with pytest.raises(ProviderError):
        reconcile(chat.line.gateway, at=first + HOURS_LATER)
    assert len(chat.line.rows("inbound")) == 2, "the slice it was lost in was done"
    with chat.line.sessions.begin() as session:
        good = last(session, successful=True)
        assert good is not None
        assert timedelta(0) < good.until - first < HOURS_LATER
    asked = 3
    assert reconcile(chat.line.gateway, at=first + HOURS_LATER).taken_in == 0
    assert asked < 3 + HOURS_LATER / timedelta(minutes=10) + 1, "it goes on where it was broken off"
    with chat.line.sessions.begin() as session:
        newest = last(session, successful=True)
        assert newest is not None
        assert newest.until == first + HOURS_LATER - timedelta(minutes=2)
