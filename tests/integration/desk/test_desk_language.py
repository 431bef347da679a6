"""Every page speaks one language: the one that was chosen on any page, before signing in too, else the browser's."""

from typing import Any

import pytest


def test_a_language_is_chosen_before_signing_in_and_leads_back_to_the_same_page(world: Any) -> None:
    browser = world.browser()
    page = browser.get("/desk/sign-in").text
    assert '<html lang="en" dir="ltr">' in page
    assert 'name="language" value="ar" lang="ar"' in page
    answer = browser.post("/desk/language", data={"language": "ar", "back": "/desk/sign-in"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")
    assert '<html lang="ar" dir="rtl">' in browser.get("/desk/sign-in").text


def test_queue_case_and_errors_are_in_the_language_of_who_asks_and_of_nobody_else(world: Any) -> None:
    world.caseworker()
    case_id = world.case(rules=("U1",))
    arabic, english = world.browser(name="Amina Example"), world.browser(name="Amina Example")
    arabic.headers["Accept-Language"] = "ar"
    for path in ("/desk", f"/desk/cases/{case_id}", "/desk/account"):
        assert 'dir="rtl"' in arabic.get(path).text, path
        assert 'dir="rtl"' not in english.get(path).text, path
    assert "عمره أقل من 18" in arabic.get(f"/desk/cases/{case_id}").text
    assert "Is or may be under 18." in english.get(f"/desk/cases/{case_id}").text
    missing = arabic.get("/desk/cases/0190a000-0000-7000-8000-000000000000")
    assert missing.status_code == 404
    assert "There is no such case" not in missing.text


@pytest.mark.parametrize(
    ("back", "leads"),
    [
        ("/desk/audit?first=2026-01-01&user=", "/desk/audit?first=2026-01-01&user="), ("https://elsewhere.example/desk", "/desk"),
        ("//elsewhere.example/desk?x=1", "/desk"), ("/desk/../admin", "/desk"), ("", "/desk"), ("/desk/sign-in?next=x", "/desk/sign-in"),
    ],
)  # fmt: skip
def test_choosing_a_language_leads_nowhere_else_than_to_a_page_of_the_desk(world: Any, back: str, leads: str) -> None:
    answer = world.browser().post("/desk/language", data={"language": "fr", "back": back})
    assert answer.headers["location"] == leads


def test_a_language_that_there_is_not_changes_nothing(world: Any) -> None:
    answer = world.browser().post("/desk/language", data={"language": "../../etc", "back": "/desk"})
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
