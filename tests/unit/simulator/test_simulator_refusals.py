"""What the stand-in refuses: a sender that breaks Twilio's rules must fail here first."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from core.settings import Settings
from gateway.simulator.api import make_simulator
from gateway.simulator.simulator import Simulator

OURS, PERSON = "+15005550006", "+15005550101"


class Double:
    """The stand-in in this process, without a network."""

    def __init__(self, settings: Settings) -> None:
        self.app = make_simulator(settings)
        self.simulator: Simulator = self.app.state.simulator

    def post(self, path: str, **what: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            auth = (self.simulator.account, self.simulator.token)
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", auth=auth) as client:
                return await client.post(path, **what)

        return asyncio.run(ask())

    def create(self, **change: Any) -> httpx.Response:
        whole = {"To": PERSON, "From": OURS, "Body": "Hello", **change}
        data = {key: value for key, value in whole.items() if value is not None}
        return self.post(f"/2010-04-01/Accounts/{self.simulator.account}/Messages.json", data=data)


@pytest.fixture
def double(settings: Settings) -> Double:
    return Double(settings)


def quick(buttons: int, title: str = "Yes") -> dict[str, Any]:
    actions = [{"type": "QUICK_REPLY", "title": f"{title}{n}", "id": f"q:{n}"} for n in range(buttons)]
    return {"body": "Are you safe?", "actions": actions}


def picker(count: int = 2, item: str = "Item ", **more: Any) -> dict[str, Any]:
    rows = [{"id": f"i:{n}", "item": f"{item}{n}"} for n in range(count)]
    return {"body": "What do you need?", "button": "Choose", "items": rows, **more}


REFUSED: list[tuple[str, dict[str, Any], int, int]] = [
    ("no recipient", {"To": None}, 400, 21604),
    ("empty recipient", {"To": ""}, 400, 21604),
    ("no sender", {"From": None}, 400, 21603),
    ("recipient is a word", {"To": "somebody"}, 400, 21211),
    ("recipient without plus", {"To": "15005550101"}, 400, 21211),
    ("Twilio's invalid number", {"To": "+15005550001"}, 400, 21211),
    ("Twilio's unroutable number", {"To": "+15005550002"}, 400, 21612),
    ("Twilio's blocked number", {"To": "+15005550004"}, 400, 21610),
    ("Twilio's landline", {"To": "+15005550009"}, 400, 21614),
    ("sender is a word", {"From": "us"}, 400, 21212),
    ("somebody else's number", {"From": "+15005550199"}, 400, 21606),
    ("somebody else's WhatsApp", {"To": f"whatsapp:{PERSON}", "From": "whatsapp:+15005550199"}, 400, 63007),
    ("queue of the sender is full", {"From": "+15005550008"}, 400, 21611),
    ("WhatsApp to SMS", {"From": f"whatsapp:{OURS}"}, 400, 21910),
    ("SMS to WhatsApp", {"To": f"whatsapp:{PERSON}"}, 400, 21910),
    ("nothing said", {"Body": None}, 400, 21619),
    ("an empty body", {"Body": ""}, 400, 21619),
    ("a body too long", {"Body": "a" * 1601}, 400, 21617),
    ("a callback that is no address", {"StatusCallback": "soon"}, 400, 21609),
    ("a callback of another scheme", {"StatusCallback": "ftp://example.org/x"}, 400, 21609),
    ("a callback with an underscore", {"StatusCallback": "https://our_host.example/x"}, 400, 21609),
    ("a content that never was", {"Body": None, "ContentSid": "HX" + "0" * 32}, 400, 21655),
    ("a content id that is none", {"Body": None, "ContentSid": "HX1"}, 400, 21655),
    ("variables without a content", {"ContentVariables": '{"1": "x"}'}, 400, 21654),
    ("a media address that is none", {"MediaUrl": "photo"}, 400, 21620),
    ("eleven files", {"MediaUrl": [f"https://example.org/{n}" for n in range(11)]}, 400, 21623),
    ("a messaging service we have not", {"MessagingServiceSid": "MG" + "0" * 32}, 400, 21701),
    ("a messaging service id that is none", {"MessagingServiceSid": "MG1"}, 400, 21701),
    ("a parameter Twilio does not know", {"Text": "Hello"}, 400, 20001),
    ("a parameter in the wrong case", {"statusCallback": "https://example.org/x"}, 400, 20001),
    ("a number that is none", {"ValidityPeriod": "long"}, 400, 20422),
    ("a validity too long", {"ValidityPeriod": "36001"}, 400, 20422),
    ("a retention that is none", {"ContentRetention": "forget"}, 400, 20422),
    ("two bodies", {"Body": ["Hello", "again"]}, 400, 20422),
]


@pytest.mark.parametrize(("change", "status", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_message_is_refused_as_twilio_refuses_it(
    double: Double, change: dict[str, Any], status: int, code: int
) -> None:
    answer = double.create(**change)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert set(answer.json()) == {"code", "message", "more_info", "status"}
    assert answer.json()["status"] == status
    assert double.simulator.state.messages == {}


CONTENTS: list[tuple[str, Any, int]] = [
    ("no types", {"language": "en"}, 92001),
    ("no language", {"types": {"twilio/text": {"body": "Hi"}}}, 92003),
    ("types that are no object", {"language": "en", "types": "x"}, 20422),
    ("a text without a body", {"language": "en", "types": {"twilio/text": {}}}, 20422),
    ("a key Twilio does not know", {"language": "en", "types": {"twilio/text": {"body": "Hi", "text": "Hi"}}}, 20001),
    ("eleven buttons", {"language": "en", "types": {"twilio/quick-reply": quick(11)}}, 20422),
    ("no button", {"language": "en", "types": {"twilio/quick-reply": quick(0)}}, 20422),
    ("a title too long", {"language": "en", "types": {"twilio/quick-reply": quick(1, "a" * 20)}}, 20422),
    ("an empty list", {"language": "en", "types": {"twilio/list-picker": picker(0)}}, 20422),
    ("eleven items", {"language": "en", "types": {"twilio/list-picker": picker(11)}}, 20422),
    ("an item too long", {"language": "en", "types": {"twilio/list-picker": picker(1, "a" * 24)}}, 20422),
    ("a body too long", {"language": "en", "types": {"twilio/list-picker": picker(1, body="a" * 1025)}}, 20422),
    ("a button too long", {"language": "en", "types": {"twilio/list-picker": picker(1, button="a" * 21)}}, 20422),
    ("no button text", {"language": "en", "types": {"twilio/list-picker": picker(1, button="")}}, 20422),
    (
        "a description too long",
        {
            "language": "en",
            "types": {"twilio/list-picker": picker(items=[{"id": "1", "item": "x", "description": "a" * 73}])},
        },
        20422,
    ),
    (
        "an id too long",
        {"language": "en", "types": {"twilio/list-picker": picker(items=[{"id": "1" * 201, "item": "x"}])}},
        20422,
    ),
    (
        "the same item twice",
        {
            "language": "en",
            "types": {"twilio/list-picker": picker(items=[{"id": "1", "item": "x"}, {"id": "1", "item": "y"}])},
        },
        20422,
    ),
]


@pytest.mark.parametrize(("body", "code"), [row[1:] for row in CONTENTS], ids=[row[0] for row in CONTENTS])
def test_a_content_is_refused_as_twilio_refuses_it(double: Double, body: Any, code: int) -> None:
    answer = double.post("/v1/Content", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_the_same_message_unbroken_is_taken(double: Double) -> None:
    """Without this the table above would also pass against a double that refuses everything."""
    answer = double.create(ValidityPeriod="600", StatusCallback="https://example.org/x", ContentRetention="discard")
    assert (answer.status_code, answer.json()["status"]) == (201, "queued")


def test_the_same_content_unbroken_is_taken(double: Double) -> None:
    for types in ({"twilio/quick-reply": quick(10, "a" * 19)}, {"twilio/list-picker": picker(10, "a" * 23)}):
        assert double.post("/v1/Content", json={"language": "en", "types": types}).status_code == 201


@pytest.mark.parametrize(
    "variables",
    [
        "{'1'}",
        "[1]",
        '{"1": 1}',
        '{"a name": "x"}',
        '{"seventeen_letters": "x"}',
        '{"1": "%s"}' % ("a" * 1025),
        '{"2": "%s"}' % ("a" * 21),
        '{"1": ""}',
        '{"1": null}',
        json.dumps({"1": "two\nlines"}),
        json.dumps({"1": "a\ttab"}),
        '{"1": "five     spaces"}',
        json.dumps({str(n): "x" for n in range(101)}),
    ],
    ids=[
        "no JSON",
        "a list",
        "a number",
        "a space",
        "a long name",
        "a body",
        "a title",
        "nothing",
        "null",
        "lines",
        "a tab",
        "spaces",
        "a hundred and one",
    ],
)
def test_variables_are_refused_when_they_do_not_fit(double: Double, variables: str) -> None:
    shape = {"body": "{{1}}", "actions": [{"type": "QUICK_REPLY", "title": "{{2}}", "id": "q"}]}
    made = double.post(
        "/v1/Content", json={"language": "en", "variables": {"2": "Yes"}, "types": {"twilio/quick-reply": shape}}
    )
    whatsapp = {"To": f"whatsapp:{PERSON}", "From": f"whatsapp:{OURS}", "Body": None, "ContentSid": made.json()["sid"]}
    refused = double.create(**whatsapp, ContentVariables=variables)
    assert (refused.status_code, refused.json()["code"]) == (400, 21656)
    assert double.create(**whatsapp, ContentVariables='{"1": "Safe?"}').status_code == 201
    assert double.create(**whatsapp, ContentVariables=json.dumps({"1": "a" * 1601})).json()["code"] == 21658
    assert double.create(**{**whatsapp, "Body": "x"}, ContentVariables='{"1": "Safe?"}').json()["code"] == 35127


def test_a_refusal_never_repeats_what_was_sent(double: Double) -> None:
    for change in ({"Body": "secret " * 300}, {"To": "secret"}, {"secret": "secret"}, {"ContentVariables": "secret"}):
        assert "secret" not in double.create(**change).text
