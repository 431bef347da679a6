"""The audit log: every change has its line, no line holds contents, nobody can change one, the auditor finds what they look for."""

import re
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from desk import auditlog
from desk.models import AuditEntry
from desk.permissions import PUBLIC, action_of, permission_of
from desk.words import words

SECRET = "what a person wrote"
LINE = re.compile(r'data-testid="audit-line">(.*?)</tr>', re.DOTALL)


def log(world: Any) -> list[tuple[str, str, str]]:
    with world.sessions.begin() as session:
        rows = session.execute(select(AuditEntry).order_by(AuditEntry.number)).scalars()
        return [(row.user.name if row.user else "", row.action, row.subject_id) for row in rows]


@pytest.fixture
def auditor(world: Any) -> Any:
    world.caseworker("Aude Example", "auditor")
    return world.browser(name="Aude Example")


def lines(page: str) -> list[str]:
    return [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in LINE.findall(page)]


def test_the_day_of_a_caseworker_is_in_the_log_with_ids_and_without_a_word_of_anybody(world: Any, auditor: Any) -> None:
    world.caseworker("Rosa Example")
    case_id = world.case()
    world.write(case_id, SECRET)
    browser = world.browser(name="Rosa Example")
    here = f"/desk/cases/{case_id}"
    browser.get(here)
    browser.get(f"{here}/parts")
    browser.post(f"{here}/take")
    browser.post(f"{here}/notes", data={"text": SECRET})
    browser.post(f"{here}/notes", data={"text": ""})  # refused: no line
    browser.post(f"{here}/measure", data={"text": SECRET})  # changes nothing: no line
    client_id = "6f0e8c86-58ad-4b7e-8df0-0d7b6a6f0a01"
    browser.post(f"{here}/reply", data={"text": "We are here.", "client_id": client_id})
    browser.post(f"{here}/level", data={"level": "E", "reason": SECRET})
    browser.post(f"{here}/close", data={"outcome": "helped"})
    browser.post("/desk/sign-out")
    mine = [(action, subject) for who, action, subject in log(world) if who == "Rosa Example"]
    case = str(case_id)
    assert mine == [
        ("signed_in", ""), ("case_read", case), ("case_taken", case), ("case_noted", case), ("case_answered", case),
        ("case_level", case), ("case_closed", case), ("signed_out", ""),
    ]  # fmt: skip
    page = auditor.get("/desk/audit").text
    assert "Wrote to the person" in page
    assert world.read(case_id)[0].reference in page
    with world.sessions.begin() as session:
        stored = session.execute(text("SELECT string_agg(audit_entry::text, '') FROM audit_entry")).scalar_one()
    for secret in (SECRET, "We are here", "helped", "+1500"):
        assert secret not in page
        assert secret not in stored


def test_what_was_refused_is_in_the_log_although_it_was_undone(world: Any) -> None:
    world.caseworker("Rosa Example")
    browser = world.browser(name="Rosa Example")
    browser.get("/desk/people")
    missing = "6f0e8c86-58ad-4b7e-8df0-0d7b6a6f0a01"
    browser.get(f"/desk/cases/{missing}")
    world.browser().post("/desk/sign-in", data={"name": "Rosa Example", "password": "wrong wrong wrong"})
    world.browser().post("/desk/sign-in", data={"name": "My Secret Password", "password": ""})
    told = [(who, action, subject) for who, action, subject in log(world) if "refused" in action]
    rosa = str(world.user("Rosa Example").id)
    assert told == [
        ("Rosa Example", "refused_role", ""),
        ("Rosa Example", "refused_case", missing),
        ("", "sign_in_refused", rosa),
        ("", "sign_in_refused", ""),
    ]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
def test_no_line_can_be_changed_or_removed(world: Any, statement: str) -> None:
    world.caseworker()
    world.browser(name="Amina Example")
    with pytest.raises(DBAPIError, match="only added to"), world.sessions.begin() as session:
        session.execute(text(statement))
    assert len(log(world)) == 1


def test_the_auditor_searches_by_who_what_case_and_day_and_is_in_the_log_too(world: Any, auditor: Any) -> None:
    rosa = world.caseworker("Rosa Example")
    case_id, other = world.case(), world.case()
    browser = world.browser(name="Rosa Example")
    for one in (case_id, other):
        browser.post(f"/desk/cases/{one}/take")
    reference = world.read(case_id)[0].reference
    assert len(lines(auditor.get("/desk/audit", params={"user": str(rosa.id)}).text)) == 3
    taken = lines(auditor.get("/desk/audit", params={"action": "case_taken"}).text)
    assert len(taken) == 2
    (line,) = lines(auditor.get("/desk/audit", params={"subject": reference.lower(), "action": "case_taken"}).text)
    assert f"Rosa Example Took a case Case {reference}" in line
    by_id = lines(auditor.get("/desk/audit", params={"subject": str(other)}).text)
    assert len(by_id) == 1
    assert lines(auditor.get("/desk/audit", params={"first": "2001-01-01", "last": "2001-01-02"}).text) == []
    nonsense = {"user": "x", "first": "x", "last": "9999-99-99", "before": "x", "subject": "K99999999999999999999"}
    assert auditor.get("/desk/audit", params=nonsense).status_code == 200
    assert ("Aude Example", "audit_read", "") in log(world)


def test_a_long_log_has_pages(world: Any, auditor: Any) -> None:
    with world.sessions.begin() as session:
        session.add_all(AuditEntry(action="case_read", subject_id=str(number)) for number in range(120))
    seen: list[str] = []
    path: str | None = "/desk/audit?action=case_read"
    while path:
        page = auditor.get(path).text
        seen += lines(page)
        found = re.search(r'href="([^"]+)" data-testid="audit-more"', page)
        path = found.group(1).replace("&amp;", "&") if found else None
    assert len(seen) == len(set(seen)) == 120
    assert auditlog.PAGE == 50


def test_every_change_a_route_makes_has_words_for_the_auditor(world: Any) -> None:
    for method, route in world.routes():
        if method != "GET" and permission_of(route.endpoint) != PUBLIC:
            assert f"did_{action_of(route.endpoint)}" in words(), route.path
