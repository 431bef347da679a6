"""The stand-in speaks for WhatsApp's reviewers, and lets only what they approved open a conversation."""

from typing import Any

import pytest

from gateway.simulator.contract import check_answer
from tests.integration.simulator.simulator_line import OURS, PERSON, Line, until

WHATSAPP = {"To": f"whatsapp:{PERSON}", "From": f"whatsapp:{OURS}"}
TEXT = {"twilio_text": {"body": "There is an answer."}}


def submit(line: Line, sid: str, **changed: Any) -> Any:
    body = {"name": "waiting_en", "category": "UTILITY", **changed}
    answer = line.api.post(f"/v1/Content/{sid}/ApprovalRequests/whatsapp", json=body)
    if answer.status_code == 201:
        path = f"/v1/Content/{sid}/ApprovalRequests/whatsapp"
        check_answer("content", "POST", path, 201, answer.content, content_type="application/json")
    return answer


def standing(line: Line, sid: str) -> dict[str, Any]:
    path = f"/v1/Content/{sid}/ApprovalRequests"
    answer = line.api.get(path)
    assert answer.status_code == 200
    check_answer("content", "GET", path, 200, answer.content, content_type="application/json")
    said: dict[str, Any] = answer.json()["whatsapp"]
    return said


def outcome(line: Line, **form: Any) -> str:
    sid = line.create(**WHATSAPP, **form).json()["sid"]
    return until(
        lambda: (
            (found := line.simulator.state.messages[sid]).status in ("delivered", "undelivered")
            and (f"{found.status} {found.error or ''}".strip())
        )
    )


def test_only_an_approved_template_opens_a_conversation(line: Line) -> None:
    sid = line.content(**TEXT)
    assert standing(line, sid)["status"] == "unsubmitted"
    assert outcome(line, Body=None, ContentSid=sid) == "undelivered 63016"
    assert submit(line, sid).json()["status"] == "received"
    assert outcome(line, Body=None, ContentSid=sid) == "undelivered 63016"
    assert standing(line, sid)["status"] == "approved"
    assert outcome(line, Body=None, ContentSid=sid) == "delivered"
    assert outcome(line) == "undelivered 63016", "free text stays outside"


@pytest.mark.parametrize("verdict", ["pending", "rejected", "paused"])
def test_what_is_not_approved_opens_nothing(line: Line, verdict: str) -> None:
    sid = line.content(**TEXT)
    submit(line, sid)
    assert line.phone.post("/simulator/templates", json={"verdict": verdict}).status_code == 204
    assert standing(line, sid)["status"] == verdict
    assert outcome(line, Body=None, ContentSid=sid) == "undelivered 63016"


def test_what_whatsapp_never_looks_at_is_refused(line: Line) -> None:
    sid = line.content(**TEXT)
    for changed in ({"name": "Not A Name"}, {"category": "GOSSIP"}, {"name": ""}):
        assert submit(line, sid, **changed).json()["code"] == 20422, changed
    assert line.api.post(f"/v1/Content/{sid}/ApprovalRequests/whatsapp", json={"name": "x"}).status_code == 400
    assert submit(line, "HX" + "0" * 32).json()["code"] == 20404
    assert submit(line, sid).status_code == 201
    assert submit(line, sid, name="again").json()["code"] == 20422, "it is submitted already"
    assert submit(line, line.content(**TEXT)).json()["code"] == 20422, "the name is taken"


def test_a_list_can_never_be_approved(line: Line) -> None:
    body = {
        "friendly_name": "t", "language": "en",
        "types": {"twilio/list-picker": {"body": "b", "button": "x", "items": [{"item": "One", "id": "1"}]}},
    }  # fmt: skip
    sid = line.api.post("/v1/Content", json=body).json()["sid"]
    assert submit(line, sid).json()["code"] == 20422


def test_the_clock_goes_forward_only_and_closes_the_window(line: Line) -> None:
    line.write("Hi", channel="whatsapp")
    assert outcome(line) == "delivered"
    assert line.phone.post("/simulator/clock", json={"forward": -1}).status_code == 422
    assert line.phone.post("/simulator/clock", json={"forward": 24 * 3600}).status_code == 200
    assert outcome(line) == "undelivered 63016"


def test_approvals_outlive_the_stand_in(make_line: Any) -> None:
    first = make_line()
    sid = first.content(**TEXT)
    submit(first, sid)
    standing(first, sid)
    assert make_line().simulator.contents.get(sid).approved
