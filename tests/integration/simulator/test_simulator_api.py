"""The stand-in against Twilio's own description, and against Twilio's own client."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from gateway.simulator.contract import check_answer
from tests.integration.simulator.simulator_line import OURS, PERSON, Line, until

WHATSAPP = {"To": f"whatsapp:{PERSON}", "From": f"whatsapp:{OURS}"}
QUICK = {"body": "Are you safe?", "actions": [{"type": "QUICK_REPLY", "title": "Yes", "id": "safe:yes"}]}


def quick(buttons: int, title: str = "Yes") -> dict[str, Any]:
    actions = [{"type": "QUICK_REPLY", "title": f"{title}{n}", "id": f"q:{n}"} for n in range(buttons)]
    return {"body": "Are you safe?", "actions": actions}


@pytest.mark.parametrize(
    "auth", [None, ("AC" + "0" * 32, "wrong"), ("AC" + "1" * 32, "twilio-token")], ids=["none", "token", "account"]
)
def test_who_does_not_sign_in_is_refused_everywhere(line: Line, auth: Any) -> None:
    base = f"/2010-04-01/Accounts/{line.simulator.account}/Messages"
    for method, path in [("POST", f"{base}.json"), ("GET", f"{base}.json"), ("GET", f"{base}/SM1.json"),
                         ("POST", "/v1/Content"), ("GET", "/v1/Content/HX1"), ("GET", f"{base}/MM1/Media/ME1")]:  # fmt: skip
        answer = line.phone.request(method, path, auth=auth)
        assert (answer.status_code, answer.json()["code"]) == (401, 20003), path
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_another_account_is_refused(line: Line) -> None:
    answer = line.api.post(f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json", data={"To": PERSON})
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_what_does_not_exist_is_refused_in_twilios_shape(line: Line) -> None:
    base = f"/2010-04-01/Accounts/{line.simulator.account}"
    for method, path, status, code in [
        ("GET", f"{base}/Messages/SM{'0' * 32}.json", 404, 20404),
        ("GET", f"/v1/Content/HX{'0' * 32}", 404, 20404),
        ("GET", f"{base}/Calls.json", 404, 20404),
        ("PUT", f"{base}/Messages.json", 405, 20004),
        ("GET", f"{base}/Messages.json?Nope=1", 400, 20001),
        ("GET", f"{base}/Messages.json?PageSize=0", 400, 20422),
        ("GET", f"{base}/Messages.json?PageSize=1001", 400, 20422),
        ("GET", f"{base}/Messages.json?DateSent%3E=soon", 400, 20422),
    ]:
        answer = line.api.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path


def test_a_json_body_where_twilio_wants_a_form_is_refused(line: Line) -> None:
    answer = line.api.post(
        f"/2010-04-01/Accounts/{line.simulator.account}/Messages.json", json={"To": PERSON, "From": OURS, "Body": "x"}
    )
    assert answer.status_code == 400
    assert line.simulator.state.messages == {}


def test_every_answer_fits_twilios_description(line: Line) -> None:
    callback = f"{line.receiver.url}/twilio/status/1"
    created = line.create(StatusCallback=callback)
    assert created.json()["status"] == "queued"
    until(lambda: len(line.receiver.callbacks) >= 2)
    line.write("Hello")
    photo = line.write(media="photo")
    sid = line.content(twilio_text={"body": "Hi"})
    base = f"/2010-04-01/Accounts/{line.simulator.account}"
    paths = [
        f"{base}/Messages.json",
        *(f"{base}/Messages/{x}.json" for x in (created.json()["sid"], photo["MessageSid"])),
    ]
    checked = [("POST", paths[0], created), *(("GET", path, line.api.get(path)) for path in paths)]
    content = line.api.get(f"/v1/Content/{sid}")
    for method, path, answer in checked:
        assert answer.status_code in (200, 201)
        kind = answer.headers["content-type"]
        check_answer("messages", method, path, answer.status_code, answer.content, content_type=kind)
    check_answer(
        "content", "GET", f"/v1/Content/{sid}", 200, content.content, content_type=content.headers["content-type"]
    )


def test_the_check_of_answers_sees_a_wrong_one(line: Line) -> None:
    answer = line.create().json() | {"status": "lost"}
    with pytest.raises(Exception, match="status"):
        check_answer(
            "messages",
            "POST",
            f"/2010-04-01/Accounts/{line.simulator.account}/Messages.json",
            201,
            json.dumps(answer).encode(),
            content_type="application/json",
        )


def test_a_message_travels_and_its_steps_are_told_in_order(line: Line) -> None:
    sid = line.create(Body="Hello", StatusCallback=f"{line.receiver.url}/twilio/status/1?x=1#rc=2").json()["sid"]
    told = until(lambda: line.receiver.callbacks if len(line.receiver.callbacks) == 2 else None)
    assert [form["MessageStatus"] for form in told] == ["sent", "delivered"]
    assert {form["MessageSid"] for form in told} == {sid}
    assert told[0]["From"] == OURS
    assert told[0]["AccountSid"] == line.simulator.account
    assert [(e["text"], e["status"], e["from"]) for e in line.entries()] == [("Hello", "delivered", "service")]
    assert line.api.get(f"/2010-04-01/Accounts/{line.simulator.account}/Messages/{sid}.json").json()["date_sent"]


def test_messages_arrive_in_the_order_in_which_they_were_taken(make_line: Any) -> None:
    line = make_line(pace=0.005)
    for number in range(15):
        line.create(Body=str(number))
    until(lambda: len(line.entries()) == 15)
    assert [entry["text"] for entry in line.entries()] == [str(number) for number in range(15)]


def test_a_slow_status_callback_holds_up_no_message(line: Line) -> None:
    line.receiver.pause = 3.0
    line.create(Body="first", StatusCallback=f"{line.receiver.url}/twilio/status/1")
    line.create(Body="second")
    until(lambda: [entry["text"] for entry in line.entries()] == ["first", "second"], 2.0)


def test_a_stop_blocks_an_sms_until_start_and_only_when_it_is_the_whole_message(line: Line) -> None:
    line.write("Stop please")
    assert line.create().status_code == 201
    form = line.write(" stop ")
    assert "OptOutType" not in form
    assert line.create().json()["code"] == 21610
    line.write("hello?")
    assert line.create().json()["code"] == 21610
    assert line.create(To="+15005550102").status_code == 201
    line.write("START")
    assert line.create().status_code == 201
    assert [e["text"][:20] for e in line.entries() if e["from"] == "network"] == [
        "You are unsubscribed",
        "You are subscribed t",
    ]


def test_yes_takes_a_stop_back_and_is_an_ordinary_answer_otherwise(line: Line) -> None:
    line.write("YES")
    assert [e for e in line.entries() if e["from"] == "network"] == []
    line.write("STOP")
    line.write("yes")
    assert line.create().status_code == 201


def test_stop_on_whatsapp_is_only_a_word_unless_advanced_opt_out_is_on(make_line: Any) -> None:
    plain, advanced = make_line(), make_line(advanced_opt_out=True)
    assert "OptOutType" not in plain.write("STOP", channel="whatsapp")
    assert plain.create(**WHATSAPP).status_code == 201
    assert advanced.write("STOP", channel="whatsapp")["OptOutType"] == "STOP"
    assert advanced.create(**WHATSAPP).json()["code"] == 21610


def test_a_free_whatsapp_message_outside_the_window_is_taken_and_fails_with_63016(make_line: Any) -> None:
    clock = [datetime(2026, 8, 1, tzinfo=UTC)]
    line = make_line(now=lambda: clock[0])
    callback = {"StatusCallback": f"{line.receiver.url}/twilio/status/1"}

    def outcome() -> str:
        answer = line.create(**WHATSAPP, **callback)
        assert answer.status_code == 201
        form = until(lambda: [f for f in line.receiver.callbacks if f["MessageSid"] == answer.json()["sid"]])[0]
        return f"{form['MessageStatus']} {form.get('ErrorCode', '')}".strip()

    assert outcome() == "undelivered 63016"
    line.write("Hi", channel="whatsapp")
    assert outcome() == "sent"
    clock[0] += timedelta(hours=23, minutes=59)
    assert outcome() == "sent"
    clock[0] += timedelta(minutes=2)
    assert outcome() == "undelivered 63016"
    assert line.create().status_code == 201, "an SMS has no window"


def test_more_than_three_buttons_fail_inside_a_session(line: Line) -> None:
    line.write("Hi", channel="whatsapp")
    for buttons, status in [(3, "sent"), (4, "undelivered")]:
        answer = line.create(
            **WHATSAPP,
            Body=None,
            ContentSid=line.content(**{"twilio_quick-reply": quick(buttons)}),
            StatusCallback=f"{line.receiver.url}/twilio/status/1",
        )
        sid = answer.json()["sid"]
        told = until(lambda sid=sid: [f for f in line.receiver.callbacks if f["MessageSid"] == sid])
        assert told[0]["MessageStatus"] == status


def test_buttons_cannot_be_sent_as_an_sms_but_a_content_with_text_can(line: Line) -> None:
    line.create(Body=None, ContentSid=line.content(**{"twilio_quick-reply": QUICK}))
    line.create(Body=None, ContentSid=line.content(**{"twilio_quick-reply": QUICK, "twilio_text": {"body": "1 Yes"}}))
    entries = until(
        lambda: [e for e in line.entries() if e["status"] in {"delivered", "undelivered"}][1:] and line.entries()
    )
    assert [(e["status"], e["text"]) for e in entries] == [("undelivered", ""), ("delivered", "1 Yes")]
    assert entries[0]["error"]["code"] == 63005


def test_variables_are_filled_in(line: Line) -> None:
    sid = line.content(twilio_text={"body": "It is {{1}}, until {{ end }}."})
    line.create(Body=None, ContentSid=sid, ContentVariables='{"1": "open", "end": "five"}')
    assert until(line.entries)[0]["text"] == "It is open, until five."


def test_contents_outlive_a_restart(make_line: Any) -> None:
    sid = make_line().content(twilio_text={"body": "Hi"})
    again = make_line()
    assert again.create(Body=None, ContentSid=sid).status_code == 201
    assert again.api.get(f"/v1/Content/{sid}").json()["types"] == {"twilio/text": {"body": "Hi"}}


def test_the_list_of_messages_finds_what_a_reconciliation_looks_for(make_line: Any) -> None:
    clock = [datetime(2026, 8, 1, 12, tzinfo=UTC)]
    line = make_line(now=lambda: clock[0])
    line.write("early")
    clock[0] += timedelta(days=1)
    line.write("late")
    line.write("other", phone="+15005550102")
    line.create(Body="out")
    base = f"/2010-04-01/Accounts/{line.simulator.account}/Messages.json"

    def bodies(**query: str) -> list[str]:
        answer = line.api.get(base, params=query)
        assert answer.status_code == 200, answer.text
        return [item["body"] for item in answer.json()["messages"]]

    until(lambda: line.simulator.state.find(inbound=False)[0].sent)
    assert bodies() == ["out", "other", "late", "early"]
    assert bodies(From=PERSON) == ["late", "early"]
    assert bodies(To=OURS, **{"DateSent>": "2026-08-02"}) == ["other", "late"]
    assert bodies(**{"DateSent<": "2026-08-01"}) == ["early"]
    assert bodies(DateSent="2026-08-01") == ["early"]
    assert bodies(**{"DateSent>": "2026-08-02T11:00:00Z"}) == ["out", "other", "late"]
    assert bodies(**{"DateSent>": "2026-08-02T12:00:01Z"}) == []
    first = line.api.get(base, params={"PageSize": "3"}).json()
    rest = line.api.get(first["next_page_uri"]).json()
    assert [m["body"] for m in first["messages"] + rest["messages"]] == ["out", "other", "late", "early"]
    assert rest["next_page_uri"] is None
    assert urlsplit(rest["previous_page_uri"]).path == base


class _Here(TwilioHttpClient):
    """Twilio's own client, led to the stand-in."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        return super().request(
            method, f"{self._base}{parts.path}" + (f"?{parts.query}" if parts.query else ""), *args, **kwargs
        )


def test_twilios_own_client_understands_the_answers(line: Line) -> None:
    client = Client(line.simulator.account, line.simulator.token, http_client=_Here(line.url))
    line.write("Hello")
    made = client.messages.create(to=PERSON, from_=OURS, body="Hi", validity_period=600)
    assert made.status == "queued"
    assert made.date_created.tzinfo is not None
    assert client.messages(made.sid).fetch().body == "Hi"
    assert {m.direction for m in client.messages.list(limit=5)} == {"inbound", "outbound-api"}
    assert [m.body for m in client.messages.list(from_=PERSON, date_sent_after=datetime(2020, 1, 1, tzinfo=UTC))] == [
        "Hello"
    ]
