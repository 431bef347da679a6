"""The phone: what a person does on it reaches our webhook signed, and what goes wrong is seen on it."""

import json
import threading
from typing import Any

import httpx
import pytest

from gateway.simulator.phone import CSP
from tests.integration.simulator.simulator_line import OURS, PERSON, Line, until

WHATSAPP = {"To": f"whatsapp:{PERSON}", "From": f"whatsapp:{OURS}"}


def test_a_text_arrives_as_twilios_form(line: Line) -> None:
    form = line.write("Bonjour, ça va ?")
    assert form["Body"] == "Bonjour, ça va ?"
    assert (form["From"], form["To"]) == (PERSON, OURS)
    assert form["MessageSid"].startswith("SM")
    assert len(form["MessageSid"]) == 34
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"]
    assert (form["NumMedia"], form["NumSegments"], form["SmsStatus"]) == ("0", "1", "received")
    assert (form["AccountSid"], form["ApiVersion"]) == (line.simulator.account, "2010-04-01")
    assert "WaId" not in form
    assert line.receiver.headers[0]["i-twilio-idempotency-token"]
    assert line.receiver.headers[0]["user-agent"].startswith("TwilioProxy")
    entry = until(lambda: next((e for e in line.entries() if e["status"] == "accepted"), None))
    assert entry["segments"] == {"count": 1, "units": 16, "encoding": "UCS-2"}, "a small c with cedilla is not in GSM-7"


def test_a_whatsapp_text_carries_the_profile(line: Line) -> None:
    form = line.write("مرحبا", channel="whatsapp")
    assert (form["From"], form["To"]) == (f"whatsapp:{PERSON}", f"whatsapp:{OURS}")
    assert form["WaId"] == PERSON.removeprefix("+")
    assert form["ProfileName"]
    assert form["MessageType"] == "text"


@pytest.mark.parametrize(
    ("media", "content_type", "message_type"),
    [("voice", "audio/ogg", "audio"), ("photo", "image/jpeg", "image"), ("document", "application/pdf", "document"),
     ("contact", "text/vcard", "contacts")],
)  # fmt: skip
def test_a_file_arrives_with_an_address_that_needs_our_credentials(
    line: Line, media: str, content_type: str, message_type: str
) -> None:
    form = line.write(media=media, channel="whatsapp")
    assert (form["NumMedia"], form["MediaContentType0"], form["MessageType"]) == ("1", content_type, message_type)
    path = form["MediaUrl0"].removeprefix(str(line.simulator.inbound.media_base))
    assert line.phone.get(path).status_code == 401
    answer = line.api.get(path)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, content_type)
    assert len(answer.content) > 50


def test_a_location_arrives_with_its_coordinates(line: Line) -> None:
    form = line.write(channel="whatsapp", location={"latitude": -23.55, "longitude": -46.63})
    assert (form["Latitude"], form["Longitude"], form["MessageType"], form["Body"]) == (
        "-23.550000", "-46.630000", "location", "",
    )  # fmt: skip


def _asked(line: Line, **types: Any) -> None:
    before = len(line.entries(channel="whatsapp"))
    line.create(**WHATSAPP, Body=None, ContentSid=line.content(**types))
    until(lambda: len(line.entries(channel="whatsapp")) > before)


QUICK = {
    "body": "Safe?",
    "actions": [{"type": "QUICK_REPLY", "title": "Yes", "id": "safe:yes"}, {"type": "QUICK_REPLY", "title": "No", "id": "safe:no"}],
}  # fmt: skip
PICKER = {
    "body": "Needs?",
    "button": "Choose",
    "items": [{"id": "n:1", "item": "A bed"}, {"id": "n:2", "item": "Food"}],
}


def test_a_tapped_button_carries_its_payload_and_the_message_it_answers(line: Line) -> None:
    line.write("Hi", channel="whatsapp")
    _asked(line, **{"twilio_quick-reply": QUICK})
    shown = line.entries(channel="whatsapp")[-1]
    assert (shown["kind"], [c["title"] for c in shown["choices"]]) == ("quick_reply", ["Yes", "No"])
    form = line.write(channel="whatsapp", tap={"payload": "safe:no", "text": "No"})
    assert (form["ButtonPayload"], form["ButtonText"], form["Body"]) == ("safe:no", "No", "No")
    assert (form["MessageType"], form["OriginalRepliedMessageSid"]) == ("button", shown["id"])
    assert "ListId" not in form


@pytest.mark.parametrize(
    ("how", "present", "absent"),
    [("both", {"ListId", "ButtonPayload"}, set()), ("list", {"ListId"}, {"ButtonPayload"}), ("button", {"ButtonPayload"}, {"ListId"})],
)  # fmt: skip
def test_a_tapped_list_item_carries_its_id(make_line: Any, how: str, present: set[str], absent: set[str]) -> None:
    line = make_line(list_taps=how)
    line.write("Hi", channel="whatsapp")
    _asked(line, **{"twilio_list-picker": PICKER})
    assert line.entries(channel="whatsapp")[-1]["button"] == "Choose"
    form = line.write(channel="whatsapp", tap={"payload": "n:2", "text": "Food"})
    assert form["MessageType"] == "interactive"
    assert present <= set(form)
    assert not absent & set(form)
    assert {form[name] for name in present} == {"n:2"}


def test_what_a_phone_cannot_do_is_refused(line: Line) -> None:
    for what, status in [
        ({"tap": {"payload": "x", "text": "X"}, "channel": "whatsapp"}, 409),
        ({"tap": {"payload": "x", "text": "X"}}, 422),
        ({"location": {"latitude": 1, "longitude": 1}}, 422),
        ({"location": {"latitude": 91, "longitude": 1}, "channel": "whatsapp"}, 422),
        ({"text": "   "}, 422),
        ({}, 422),
        ({"text": "x", "phone": "somebody"}, 422),
        ({"text": "x", "channel": "letter"}, 422),
        ({"media": "film"}, 422),
        ({"text": "x", "more": 1}, 422),
    ]:
        answer = line.phone.post("/phone/send", json={"phone": PERSON, "channel": "sms", **what})
        assert answer.status_code == status, what
        assert "somebody" not in answer.text
    assert line.receiver.forms == []


def test_a_refusal_of_the_webhook_is_on_the_phone_and_in_twilios_log_and_not_retried(line: Line) -> None:
    line.receiver.statuses = [500]
    form = line.write("Hello")
    entry = until(lambda: next((e for e in line.entries() if e["status"] != "pending"), None))
    assert (entry["status"], entry["detail"]) == ("refused", "HTTP 500")
    line.write("again")
    assert [f["Body"] for f in line.receiver.forms] == ["Hello", "again"]
    assert form["MessageSid"] in line.simulator.state.messages


def test_a_webhook_that_is_not_there_is_told_on_the_phone(make_line: Any) -> None:
    line = make_line(webhook="http://127.0.0.1:9/twilio/messages")
    line.phone.post("/phone/send", json={"phone": PERSON, "channel": "sms", "text": "Hello"})
    entry = until(lambda: next((e for e in line.entries() if e["status"] != "pending"), None))
    assert (entry["status"], entry["detail"], entry["text"]) == ("unreachable", "no connection", "Hello")


def test_an_address_with_overrides_is_retried_as_it_says(make_line: Any) -> None:
    line = make_line()
    eager = make_line(webhook=f"{line.receiver.url}/twilio/messages#rc=3&rp=5xx,ct")
    line.receiver.statuses = [500, 503]
    eager.write("Hello")
    assert until(lambda: next((e for e in eager.entries() if e["status"] == "accepted"), None))
    tokens = {headers["i-twilio-idempotency-token"] for headers in line.receiver.headers}
    assert len(line.receiver.forms) == 3
    assert len(tokens) == 1, "a retry carries the token of the first try"


def test_our_public_address_is_signed_for_yet_reached_on_this_computer(make_line: Any) -> None:
    line = make_line(public_url="https://waymark.example.org")
    line.write("Hello")
    assert line.receiver.headers[0]["host"] == "waymark.example.org"
    line.create(StatusCallback="https://waymark.example.org/twilio/status/1")
    assert until(lambda: line.receiver.callbacks)[0]["MessageStatus"] == "sent"


def test_nothing_is_posted_to_another_computer(make_line: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    line = make_line(webhook="https://elsewhere.example.org/twilio/messages")
    called: list[str] = []
    monkeypatch.setattr(httpx.AsyncClient, "post", lambda _, url, **__: called.append(url))
    line.phone.post("/phone/send", json={"phone": PERSON, "channel": "sms", "text": "Hello"})
    entry = until(lambda: next((e for e in line.entries() if e["status"] != "pending"), None))
    assert entry["detail"] == "the address is on another computer"
    assert called == []


def test_a_page_of_another_site_reaches_nothing(line: Line) -> None:
    assert line.phone.get("/", headers={"Host": "evil.example.org"}).status_code == 400
    answer = line.phone.post("/phone/send", content=b'{"phone":"+15005550101","channel":"sms","text":"x"}',
                             headers={"Content-Type": "text/plain"})  # fmt: skip
    assert answer.status_code == 422, "a form of another site can send text/plain without asking"


class Watch:
    """An open phone: its events, as they come."""

    def __init__(self, line: Line, *, channel: str = "whatsapp") -> None:
        thread = line.phone.post("/phone/open", json={"phone": PERSON, "channel": channel}).json()["thread"]
        self.events: list[tuple[str, Any]] = []
        self._client = httpx.Client(base_url=line.url, timeout=20, trust_env=False)
        self._path = f"/phone/threads/{thread}/events"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        until(lambda: self.events)

    def _run(self) -> None:
        try:
            with self._client.stream("GET", self._path) as answer:
                name = ""
                for text in answer.iter_lines():
                    if text.startswith("event: "):
                        name = text.removeprefix("event: ")
                    elif text.startswith("data: "):
                        self.events.append((name, json.loads(text.removeprefix("data: "))))
        except (httpx.HTTPError, OSError):
            return


def test_an_open_phone_shows_what_arrives_and_says_it_was_read(line: Line) -> None:
    line.write("Hi", channel="whatsapp")
    line.create(**WHATSAPP, Body="first", StatusCallback=f"{line.receiver.url}/twilio/status/1")
    until(lambda: len(line.receiver.callbacks) == 2)
    assert [form["MessageStatus"] for form in line.receiver.callbacks] == ["sent", "delivered"]
    watch = Watch(line)
    assert [e["text"] for e in watch.events[0][1]["entries"]] == ["Hi", "first"]
    until(lambda: len(line.receiver.callbacks) == 3)
    assert (line.receiver.callbacks[2]["MessageStatus"], line.receiver.callbacks[2]["EventType"]) == ("read", "READ")
    line.create(**WHATSAPP, Body="second", StatusCallback=f"{line.receiver.url}/twilio/status/2")
    until(lambda: [form["MessageStatus"] for form in line.receiver.callbacks[3:]] == ["sent", "delivered", "read"])
    shown = [
        event["entry"]["status"]
        for name, event in watch.events
        if name == "entry" and event["entry"]["text"] == "second"
    ]
    assert shown == ["sent", "delivered", "read"]


def test_an_open_phone_never_reads_an_sms(line: Line) -> None:
    Watch(line, channel="sms")
    line.create(StatusCallback=f"{line.receiver.url}/twilio/status/1")
    until(lambda: len(line.receiver.callbacks) == 2)
    line.create(StatusCallback=f"{line.receiver.url}/twilio/status/2")
    until(lambda: len(line.receiver.callbacks) == 4)
    assert {form["MessageStatus"] for form in line.receiver.callbacks} == {"sent", "delivered"}


def test_the_page_is_strict_and_names_no_person_in_an_address(line: Line) -> None:
    answer = line.phone.get("/")
    assert answer.headers["Content-Security-Policy"] == CSP
    assert "unsafe" not in CSP
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert "nothing here leaves this computer" in answer.text
    for path in ("/static/phone.js", "/static/phone.css", "/static/icon.svg", "/phone/media/voice"):
        assert line.phone.get(path).status_code == 200
    thread = line.phone.post("/phone/open", json={"phone": PERSON, "channel": "sms"}).json()["thread"]
    assert PERSON.removeprefix("+") not in thread
    assert line.phone.get("/phone/threads/nobody/events").status_code == 404


def test_faults_are_planned_from_this_computer_and_used_up(line: Line) -> None:
    answer = line.phone.post("/simulator/faults", json={"kind": "rate_limit", "times": 2})
    assert answer.status_code == 201
    assert [line.create().status_code for _ in range(3)] == [429, 429, 201]
    assert line.phone.post("/simulator/faults", json={"kind": "nonsense"}).status_code == 422
    line.phone.post("/simulator/faults", json={"kind": "server_error", "times": 9})
    assert line.phone.get("/simulator/faults").json()[0]["times"] == 9
    assert line.phone.delete("/simulator/faults").status_code == 204
    assert line.create().status_code == 201


@pytest.mark.parametrize(("kind", "sent"), [("timeout_before", 0), ("timeout_after", 1)])
def test_a_timeout_leaves_the_sender_in_doubt(line: Line, kind: Any, sent: int) -> None:
    line.simulator.faults.plan(kind, seconds=1.0)
    with pytest.raises(httpx.ReadTimeout):
        line.api.post(
            f"/2010-04-01/Accounts/{line.simulator.account}/Messages.json",
            data={"To": PERSON, "From": OURS, "Body": "Hello"},
            timeout=0.3,
        )
    until(lambda: len(line.simulator.state.messages) == sent)
    assert line.create(Body="next").status_code == 201
    assert len(line.simulator.state.messages) == sent + 1


@pytest.mark.parametrize(
    ("kind", "told"),
    [("duplicate_callbacks", ["sent", "sent", "delivered", "delivered"]), ("reversed_callbacks", ["delivered", "sent"]),
     ("undelivered", ["undelivered"])],
)  # fmt: skip
def test_callbacks_can_go_wrong(line: Line, kind: Any, told: list[str]) -> None:
    line.simulator.faults.plan(kind)
    line.create(StatusCallback=f"{line.receiver.url}/twilio/status/1")
    until(lambda: len(line.receiver.callbacks) == len(told))
    assert [form["MessageStatus"] for form in line.receiver.callbacks] == told


def test_a_message_can_be_posted_twice_or_lost_on_the_way(line: Line) -> None:
    line.simulator.faults.plan("duplicate_webhook")
    line.write("twice")
    until(lambda: len(line.receiver.forms) == 2)
    assert line.receiver.forms[0] == line.receiver.forms[1]
    line.simulator.faults.plan("lost_webhook")
    line.phone.post("/phone/send", json={"phone": PERSON, "channel": "sms", "text": "lost"})
    until(lambda: line.entries()[-1]["status"] == "unreachable")
    assert "lost" in [message.body for message in line.simulator.state.find(inbound=True)]
    assert len(line.receiver.forms) == 2
