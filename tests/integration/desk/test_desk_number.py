"""A person's number: masked on every page, shown for a reason to who holds the case, each showing on the timeline and in the log."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from cases.models import CaseEvent, Conversation
from desk.models import AuditEntry, StaffSession
from desk.numbers import REASONS, WHICH
from desk.words import words

NUMBER, OTHER = "+15005550142", "+15005550177"


@pytest.fixture
def case_id(world: Any) -> Any:
    made = world.case(number=NUMBER)
    with world.sessions.begin() as session:
        session.get_one(Conversation, world.read(made)[1].id).other_number = OTHER
    return made


def test_the_number_is_on_no_page_but_its_own(world: Any, case_id: Any) -> None:
    world.caseworker("Rosa Example", "supervisor", "caseworker")
    browser = world.browser(name="Rosa Example")
    browser.post(f"/desk/cases/{case_id}/take")
    asked = 0
    for method, route in world.routes():
        if method != "GET" or route.path == "/desk/live":
            continue
        page = browser.get(
            re.sub(r"\{case_id\}", str(case_id), re.sub(r"\{(?!case_id)\w+\}", str(case_id), route.path))
        )
        assert NUMBER[3:] not in page.text, route.path
        assert OTHER[3:] not in page.text, route.path
        asked += 1
    assert asked > 10
    assert "42" in browser.get(f"/desk/cases/{case_id}").text


@pytest.mark.parametrize(("which", "number"), [("own", NUMBER), ("other", OTHER)])
def test_who_holds_the_case_sees_it_for_a_reason_and_that_is_kept(
    world: Any, case_id: Any, which: str, number: str
) -> None:
    user = world.caseworker()
    browser = world.browser(name="Amina Example")
    path = f"/desk/cases/{case_id}/number"
    assert "Take the case first" in browser.get(path).text
    assert browser.post(path, data={"which": which, "reason": "call_asked"}).status_code == 422
    browser.post(f"/desk/cases/{case_id}/take")
    for wrong in ({"which": which}, {"which": which, "reason": "curious"}, {"which": "third", "reason": "call_asked"}):
        answer = browser.post(path, data=wrong)
        assert (answer.status_code, "Choose why" in answer.text) == (422, True)
        assert number not in answer.text
    answer = browser.post(path, data={"which": which, "reason": "call_danger"})
    assert answer.status_code == 200
    assert number in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert number not in browser.get(path).text
    with world.sessions.begin() as session:
        (event,) = session.execute(select(CaseEvent).where(CaseEvent.kind == "number_shown")).scalars()
        assert (event.user_id, event.details) == (user.id, {"reason": "number_call_danger"})
        (entry,) = session.execute(select(AuditEntry).where(AuditEntry.action == "number_shown")).scalars()
        assert entry.details == {"reason": "call_danger", "which": which}
        assert (entry.user_id, entry.subject_id) == (user.id, str(case_id))
        stored = session.execute(text("SELECT string_agg(audit_entry::text, '') FROM audit_entry")).scalar_one()
    assert number[3:] not in stored
    assert "Saw the number: To call them or help: they are in danger" in browser.get(f"/desk/cases/{case_id}").text


def test_a_supervisor_sees_it_without_holding_the_case_and_a_colleague_does_not(world: Any, case_id: Any) -> None:
    world.caseworker()
    world.caseworker("Jonas Example")
    world.caseworker("Sira Example", "supervisor")
    path, reason = f"/desk/cases/{case_id}/number", {"which": "own", "reason": "technical"}
    world.browser(name="Amina Example").post(f"/desk/cases/{case_id}/take")
    assert world.browser(name="Jonas Example").post(path, data=reason).status_code == 422
    assert NUMBER in world.browser(name="Sira Example").post(path, data=reason).text


def test_seeing_a_number_asks_again_who_it_is(world: Any, case_id: Any) -> None:
    world.caseworker("Sira Example", "supervisor")
    browser = world.browser(name="Sira Example")
    with world.sessions.begin() as session:
        for one in session.execute(select(StaffSession)).scalars():
            one.confirmed_at -= timedelta(hours=1)
    path = f"/desk/cases/{case_id}/number"
    assert browser.get(path).headers["location"] == f"/desk/confirm?next={path}"
    answer = browser.post(path, data={"which": "own", "reason": "technical"})
    assert answer.status_code == 303
    assert NUMBER not in answer.text


def test_a_number_that_was_erased_cannot_be_shown(world: Any, case_id: Any) -> None:
    world.caseworker("Sira Example", "supervisor")
    browser = world.browser(name="Sira Example")
    with world.sessions.begin() as session:
        conversation = session.get_one(Conversation, world.read(case_id)[1].id)
        conversation.person.phone = conversation.other_number = None
    path = f"/desk/cases/{case_id}/number"
    assert browser.get(path).status_code == 200
    assert browser.post(path, data={"which": "own", "reason": "technical"}).status_code == 422


def test_every_reason_and_number_has_words() -> None:
    for reason in REASONS:
        assert f"reason_number_{reason}" in words()
    for which in WHICH:
        assert f"number_{which}" in words()
