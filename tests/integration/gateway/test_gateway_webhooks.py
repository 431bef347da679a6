"""Messages are stored once, in order and completely, or refused and kept; whatever they hold."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, text

from cases.models import Conversation, Person
from core.database import Base, Sessions, make_engine, now
from core.pace import Pace
from core.settings import read_settings
from core.turns import Say
from gateway import webhooks
from gateway.gateway import Gateway
from gateway.models import Message, RejectedRequest
from gateway.rejected import Request, forget
from gateway.replay import replay_rejected
from gateway.signature import SignatureCheck
from gateway.webhooks import handle
from tests.integration.gateway.doubles import THEM, US, Line

pytestmark = pytest.mark.anyio


def jobs(line: Line, task: str = "gateway.turn") -> int:
    with line.sessions.begin() as session:
        query = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task")
        return int(session.execute(query, {"task": task}).scalar_one())


async def test_a_message_is_stored_with_its_job_and_answered_at_once(line: Line) -> None:
    answer = await line.write("hello")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/xml")
    assert answer.text.endswith("<Response/>")
    (message,) = line.rows()
    assert (message.body, message.state, message.kind) == ("hello", "received", "text")
    assert jobs(line) == 1
    conversation = line.conversation()
    assert (conversation.channel, conversation.our_address, conversation.owner) == ("sms", US, "bot")
    assert conversation.last_inbound_at is not None


@pytest.mark.parametrize(("signature", "reason"), [("", "missing_signature"), ("wrong", "wrong_signature")])
async def test_an_unsigned_request_is_refused_counted_and_kept(line: Line, signature: str, reason: str) -> None:
    answer = await line.post("/twilio/messages", line.form("secret words"), signature=signature)
    assert answer.status_code == 403
    assert line.count(Message) == 0
    with line.sessions.begin() as session:
        row = session.execute(select(RejectedRequest)).scalar_one()
        assert row.reason == reason
        assert "secret words" in (row.request or "").replace("+", " ")
        assert b"secret" not in bytes(row.request_encrypted or b"")


async def test_wrong_signatures_from_one_address_are_kept_so_often_and_what_is_signed_is_never_refused(
    line: Line,
) -> None:
    check, pace = SignatureCheck(line.gateway.settings), Pace(2)
    wrong = Request("/twilio/messages", "", b"MessageSid=SM1", "x")
    codes = [handle(line.gateway, check, wrong, pace=pace, address=address)[0] for address in ("a", "a", "a", "b")]
    assert codes == [403, 403, 429, 403]
    assert line.count(RejectedRequest) == 3
    for _ in range(webhooks.REFUSED_A_MINUTE + 1):
        answer = await line.post("/twilio/messages", {}, signature="wrong")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    assert (await line.write("a person behind the same address")).status_code == 200


async def test_requests_are_taken_in_once_the_fault_is_mended(line: Line) -> None:
    form = line.form("I wrote while the token was wrong")
    assert (await line.post("/twilio/messages", form, token="new-token")).status_code == 403
    assert (await line.post("/twilio/messages", line.form("a stranger"), token="a stranger's token")).status_code == 403
    assert replay_rejected(line.gateway) == (0, 2)
    settings = read_settings(**(line.gateway.settings.model_dump() | {"twilio_auth_token_secondary": "new-token"}))
    mended = Gateway(settings, line.sessions, line.gateway.wording, line.engine, line.gateway.provider)
    assert replay_rejected(mended) == (1, 1)
    assert [row.body for row in line.rows()] == ["I wrote while the token was wrong"]
    assert replay_rejected(mended) == (0, 1)
    assert jobs(line) == 1


async def test_a_flood_of_unsigned_requests_does_not_fill_the_disk(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.rejected.KEPT_PER_HOUR", 3)
    for _ in range(6):
        assert (await line.post("/twilio/messages", line.form(), signature="x")).status_code == 403
    assert line.count(RejectedRequest) == 3


async def test_the_same_message_ten_times_at_once_is_one(line: Line) -> None:
    form = line.form("again")
    answers = await asyncio.gather(*(line.post("/twilio/messages", form) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert (line.count(Message), jobs(line), line.count(Person), line.count(Conversation)) == (1, 1, 1, 1)


async def test_first_messages_of_one_person_at_once_make_one_conversation(line: Line) -> None:
    answers = await asyncio.gather(*(line.write(str(number)) for number in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert (line.count(Message), line.count(Person), line.count(Conversation)) == (10, 1, 1)
    assert sorted(row.body or "" for row in line.rows()) == [str(number) for number in range(10)]


async def test_messages_within_a_millisecond_stay_in_order(line: Line) -> None:
    for letter in "abcde":
        await line.write(letter)
    assert [row.body for row in line.rows()] == list("abcde")
    line.engine.steps = [[Say(say="say_intro")] for _ in range(5)]
    await line.work()
    assert [request.text for request in line.engine.requests] == list("abcde")
    assert [row.state for row in line.rows("inbound")] == ["handled"] * 5


@pytest.mark.parametrize(
    "body",
    [
        "",
        "x" * 10_000,
        "😀" * 2_000,
        "a\x00b",
        "\x00",
        "a\ud800b",
        "مرحبا \u200f!",
        "১",
        "<b>&amp;",
        "'; DROP TABLE message; --",
        "%s {} \\",
    ],
)
async def test_any_text_is_stored_as_it_is(line: Line, body: str) -> None:
    line.engine.steps = []
    assert (await line.write(body)).status_code == 200
    assert [row.body for row in line.rows()] == [body]
    await line.work()
    assert [row.state for row in line.rows("inbound")] == ["handled"]


async def test_a_body_that_is_longer_than_any_message_is_not_read(line: Line) -> None:
    assert (await line.write("x" * 300_000)).status_code == 413
    assert line.count(Message) == 0


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"NumMedia": "1", "MediaUrl0": "https://example.org/1", "MediaContentType0": "image/jpeg"}, "media"),
        ({"NumMedia": "2", "MediaContentType0": "audio/ogg"}, "media"),
        ({"Latitude": "33.5", "Longitude": "-7.6", "Address": "somewhere"}, "location"),
        ({"MessageType": "contacts"}, "unknown"),
        ({"MessageType": "hologram", "Hologram\x00": "\x00\ud800"}, "unknown"),
        ({"ButtonPayload": "safe:yes", "ButtonText": "Yes"}, "button"),
        ({"ListId": "needs:health", "ListTitle": "Health"}, "button"),
        ({"NumMedia": "many", "SomethingNew": "1"}, "text"),
    ],
)
async def test_every_kind_of_message_is_stored(line: Line, fields: dict[str, str], kind: str) -> None:
    assert (await line.write("", channel="whatsapp", **fields)).status_code == 200
    assert [row.kind for row in line.rows()] == [kind]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"From": ""}, "missing_from"), ({"To": " "}, "missing_to"), ({"From": "messenger:123"}, "unknown_channel"),
        ({"From": "MYBANK"}, "unusable_from"), ({"From": "+1\x00500"}, "unusable_from"), ({"MessageSid": ""}, "missing_sid"),
        ({"MessageSid": "SM\x00"}, "missing_sid"), ({"To": "whatsapp:"}, "unusable_to"),
    ],
)  # fmt: skip
async def test_a_signed_request_that_cannot_be_used_is_kept(line: Line, changes: dict[str, str], reason: str) -> None:
    assert (await line.post("/twilio/messages", line.form("x") | changes)).status_code == 200
    with line.sessions.begin() as session:
        assert session.execute(select(RejectedRequest.reason)).scalars().all() == [reason]
    assert line.count(Message) == 0


async def test_a_sender_without_a_number_is_a_person_too(line: Line) -> None:
    assert (await line.write("x", channel="whatsapp", From="whatsapp:BR.1A2b3C4d5E")).status_code == 200
    with line.sessions.begin() as session:
        assert session.execute(select(Person)).scalar_one().phone == "BR.1A2b3C4d5E"


async def test_the_same_number_on_two_channels_is_one_person_in_two_conversations(line: Line) -> None:
    await line.write("x")
    await line.write("x", channel="whatsapp")
    assert (line.count(Person), line.count(Conversation)) == (1, 2)


async def test_numbers_and_words_are_encrypted(line: Line) -> None:
    await line.write("hidden words")
    with line.sessions.begin() as session:
        tables = [table for table in Base.metadata.sorted_tables if table.name in ("person", "conversation", "message")]
        dump = "".join(str(row) for table in tables for row in session.execute(select(table)))
        dump += "".join(str(row) for row in session.execute(text("SELECT * FROM procrastinate_jobs")))
        person = session.execute(select(Person)).scalar_one()
        assert person.phone == THEM
    assert THEM not in dump
    assert "hidden" not in dump


async def test_without_the_database_twilio_is_told_to_try_again(line: Line) -> None:
    gone = Sessions(make_engine("postgresql://nobody@127.0.0.1:9/none"))
    gateway = Gateway(line.gateway.settings, gone, line.gateway.wording, line.engine, line.gateway.provider)
    from fastapi import FastAPI

    from gateway.webhooks import make_router

    app = FastAPI()
    app.include_router(make_router(gateway))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://elsewhere.invalid") as web:
        line.web = web
        answer = await line.write("hello")
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert (await line.post("/twilio/messages", line.form(), signature="x")).status_code == 403


async def test_a_row_and_its_job_come_together_or_not_at_all(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> int:
        from sqlalchemy.exc import OperationalError

        raise OperationalError("job", {}, Exception())

    monkeypatch.setattr("gateway.receive.defer", broken)
    assert (await line.write("hello")).status_code == 503
    assert line.count(Message) == 0


async def test_what_the_request_says_of_its_host_does_not_matter(line: Line) -> None:
    form = line.form("x")
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    line.web.headers.update(headers)
    assert (await line.post("/twilio/messages", form)).status_code == 200


async def test_stop_closes_without_a_word_and_start_opens_again(line: Line) -> None:
    line.engine.steps = [[]]
    await line.write("STOP", OptOutType="STOP")
    conversation = line.conversation()
    assert (conversation.opted_out, conversation.owner, jobs(line)) == (True, "closed", 0)
    await line.say("are you there")
    assert (line.engine.requests, line.twilio.sent) == ([], [])
    assert [row.state for row in line.rows()] == ["handled", "handled"]
    await line.say("START", OptOutType="START")
    assert not line.conversation().opted_out
    assert line.engine.requests[0].new_session


async def test_help_is_ordinary_help(line: Line) -> None:
    await line.say("INFO", OptOutType="HELP")
    assert line.engine.requests[0].payload is not None
    assert line.engine.requests[0].payload.intent == "help"


async def test_a_refused_request_is_never_valid_for_another_path(line: Line) -> None:
    check = SignatureCheck(line.gateway.settings)
    request = Request("/twilio/status", "", b"MessageSid=SM1", "x")
    assert handle(line.gateway, check, request, pace=Pace(9), address="a") == (
        403,
        "wrong_signature",
    )


async def test_refused_requests_are_not_kept_for_ever(line: Line) -> None:
    for _ in range(2):
        await line.post("/twilio/messages", line.form("x"), signature="x")
    with line.sessions.begin() as session:
        first = session.execute(select(RejectedRequest)).scalars().first()
        assert first is not None
        first.at = now() - timedelta(days=31)
    with line.sessions.begin() as session:
        assert forget(session) == 1
    assert line.count(RejectedRequest) == 1
