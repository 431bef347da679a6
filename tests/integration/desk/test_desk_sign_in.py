"""Signing in: links once, passwords slowly, sessions that end."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.database import now
from desk import access, accounts, attempts
from desk.models import SignInFailure, StaffSession
from tests.integration.desk.conftest import World

PASSWORD = "four plain words together"


def link_for(world: Any, user: Any, lifetime: timedelta = timedelta(hours=1)) -> str:
    with world.sessions.begin() as session:
        return accounts.create_sign_in_link(session, user, lifetime=lifetime)


def test_a_link_signs_in_once_and_looking_at_it_does_not_use_it_up(world: Any) -> None:
    token = link_for(world, world.caseworker(password=None))
    for _ in range(3):  # a messenger shows a preview
        assert "Sign in with this link" in world.browser().get(f"/desk/sign-in/{token}").text
    browser = world.browser()
    answer = browser.post(f"/desk/sign-in/{token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/password")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # plain http in this test
    again = world.browser().post(f"/desk/sign-in/{token}")
    assert again.status_code == 410
    assert "set-cookie" not in again.headers
    assert world.browser().get(f"/desk/sign-in/{token}").status_code == 410


def test_an_expired_link_signs_nobody_in(world: Any) -> None:
    token = link_for(world, world.caseworker(password=None), lifetime=timedelta(seconds=-1))
    answer = world.browser().post(f"/desk/sign-in/{token}")
    assert answer.status_code == 410
    assert "no longer works" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_new_link_ends_the_one_before(world: Any) -> None:
    user = world.caseworker(password=None)
    first, second = link_for(world, user), link_for(world, user)
    assert world.browser().post(f"/desk/sign-in/{first}").status_code == 410
    assert world.browser().post(f"/desk/sign-in/{second}").status_code == 303


def test_after_a_link_a_password_comes_first_and_then_signs_in(world: Any) -> None:
    user = world.caseworker(password=None)
    browser = world.browser()
    browser.post(f"/desk/sign-in/{link_for(world, user)}")
    assert browser.get("/desk").headers["location"] == "/desk/password"
    short = browser.post("/desk/password", data={"new": "too short", "again": "too short"})
    assert short.status_code == 422
    assert "at least 12 characters" in short.text
    differs = browser.post("/desk/password", data={"new": PASSWORD, "again": PASSWORD + "!"})
    assert "not the same" in differs.text
    easy = browser.post("/desk/password", data={"new": "amina example 1", "again": "amina example 1"})
    assert "too easy" in easy.text
    assert browser.post("/desk/password", data={"new": PASSWORD, "again": PASSWORD}).headers["location"] == "/desk"
    assert browser.get("/desk").status_code == 200
    with world.sessions.begin() as session:
        stored = session.get(type(user), user.id).password_hash
    assert stored.startswith("$argon2id$")
    assert world.browser(name="amina  EXAMPLE").get("/desk").status_code == 200


def test_a_link_lets_a_forgotten_password_be_replaced_and_signs_out_everybody_else(world: Any) -> None:
    user = world.caseworker()
    elsewhere = world.browser(name="Amina Example")
    browser = world.browser()
    browser.post(f"/desk/sign-in/{link_for(world, user)}")
    answer = browser.post(
        "/desk/password", data={"new": "another four plain words", "again": "another four plain words"}
    )
    assert answer.status_code == 303
    assert elsewhere.get("/desk").status_code == 303
    assert browser.get("/desk").status_code == 200
    # The link's privilege is used up: from here on the present password is asked for.
    assert browser.post("/desk/password", data={"new": PASSWORD, "again": PASSWORD}).status_code == 422


def test_wrong_names_and_wrong_passwords_get_the_same_answer(world: Any) -> None:
    world.caseworker()
    wrong = [
        world.browser().post("/desk/sign-in", data={"name": name, "password": "wrong wrong wrong"})
        for name in ("Amina Example", "Nobody Example")
    ]
    texts = [re.sub(r'value="[^"]*"', "", answer.text) for answer in wrong]
    assert [answer.status_code for answer in wrong] == [422, 422]
    assert texts[0] == texts[1]
    assert "not right" in texts[0]


def test_the_wait_grows_with_failures_for_every_name_and_ends_with_success(world: Any) -> None:
    world.caseworker()
    names = ("Amina Example", "Nobody Example")
    for name in names:
        tries = [world.browser().post("/desk/sign-in", data={"name": name, "password": "wrong"}) for _ in range(3)]
        assert [answer.status_code for answer in tries] == [422, 422, 422]
    with world.sessions.begin() as session:
        failures = session.execute(select(SignInFailure)).scalars().all()
        assert [failure.count for failure in failures] == [3, 3]
        for failure in failures:
            failure.count = 10  # two minutes: a slow machine must not outwait it
    for name in names:
        answer = world.browser().post("/desk/sign-in", data={"name": name, "password": "wrong"})
        assert answer.status_code == 429
    right = world.browser().post("/desk/sign-in", data={"name": "Amina Example", "password": PASSWORD})
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) >= 1
    assert "Please wait" in right.text
    with world.sessions.begin() as session:
        for failure in session.execute(select(SignInFailure)).scalars():
            failure.last_at -= timedelta(minutes=10)
    world.browser(name="Amina Example")
    with world.sessions.begin() as session:
        assert len(session.execute(select(SignInFailure)).scalars().all()) == 1  # only Nobody's


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (2, 0), (3, 1), (4, 2), (8, 32), (12, 300), (10_000, 300)])
def test_the_wait_doubles_up_to_five_minutes(failures: int, seconds: int) -> None:
    assert attempts.delay_after(failures) == timedelta(seconds=seconds)


def test_the_database_holds_no_token(world: Any) -> None:
    world.caseworker()
    browser = world.browser(name="Amina Example")
    token = browser.cookies["waymark_desk"]
    with world.sessions.begin() as session:
        (stored,) = session.execute(select(StaffSession)).scalars()
        assert token.encode() not in stored.token_hash
        assert len(stored.token_hash) == 32


def test_a_session_ends_with_its_time_with_signing_out_and_with_the_account(world: Any) -> None:
    user = world.caseworker()
    browser = world.browser(name="Amina Example")
    with world.sessions.begin() as session:
        (stored,) = session.execute(select(StaffSession)).scalars()
        assert timedelta(hours=11) < stored.expires_at - now() <= world.settings.session_lifetime
        stored.expires_at = now() - timedelta(seconds=1)
    assert browser.get("/desk").headers["location"] == "/desk/sign-in"

    leaving = world.browser(name="Amina Example")
    kept = leaving.cookies["waymark_desk"]
    assert leaving.post("/desk/sign-out").status_code == 303
    thief = world.browser()
    thief.cookies.set("waymark_desk", kept)
    assert thief.get("/desk").status_code == 303

    staying = world.browser(name="Amina Example")
    with world.sessions.begin() as session:
        session.get(type(user), user.id).active = False
    assert staying.get("/desk").status_code == 303
    assert (
        world.browser().post("/desk/sign-in", data={"name": "Amina Example", "password": PASSWORD}).status_code == 422
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_change_from_a_foreign_page_is_refused(world: Any, headers: dict[str, str]) -> None:
    world.caseworker()
    case_id = world.case()
    browser = world.browser(name="Amina Example")
    del browser.headers["Sec-Fetch-Site"]
    answer = browser.post(f"/desk/cases/{case_id}/take", headers=headers)
    assert answer.status_code == 403
    assert world.read(case_id)[0].assignee_id is None


@pytest.mark.parametrize("origin", ["http://testserver"])
def test_an_older_browser_that_names_our_origin_may_change(world: Any, origin: str) -> None:
    world.caseworker()
    case_id = world.case()
    browser = world.browser(name="Amina Example")
    del browser.headers["Sec-Fetch-Site"]
    assert browser.post(f"/desk/cases/{case_id}/take", headers={"Origin": origin}).status_code == 303
    assert world.read(case_id)[0].assignee_id is not None


def test_nobody_sees_a_page_without_signing_in(world: Any) -> None:
    case_id = world.case()
    for method, route in world.routes():
        if "/sign-" in route.path or route.path in ("/desk/sso", "/desk/sso/back", "/desk/language"):
            continue
        path = re.sub(r"\{\w+\}", str(case_id), route.path)
        answer = world.browser().request(method, path)
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/desk/sign-in"), (method, path)
        assert "K1" not in answer.text


def test_after_signing_in_the_wanted_page_opens_and_never_a_foreign_one(world: Any) -> None:
    world.caseworker()
    case_id = world.case()
    wanted = world.browser().get(f"/desk/cases/{case_id}").headers["location"]
    assert wanted == f"/desk/sign-in?next=/desk/cases/{case_id}"
    for target, lands in [
        (f"/desk/cases/{case_id}", f"/desk/cases/{case_id}"),
        ("https://elsewhere.example/desk", "/desk"),
        ("//elsewhere.example/desk", "/desk"),
        ("/desk/../elsewhere", "/desk"),
        ("/\\elsewhere.example", "/desk"),
        ("/elsewhere", "/desk"),
    ]:
        data = {"name": "Amina Example", "password": PASSWORD, "next": target}
        assert world.browser().post("/desk/sign-in", data=data).headers["location"] == lands


def test_every_answer_carries_the_headers_that_keep_it_ours(world: Any) -> None:
    world.caseworker()
    browser = world.browser(name="Amina Example")
    for path in ("/desk", "/desk/sign-in", "/desk/sign-in/wrong", "/desk/cases/not-an-id", "/desk/password"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_a_form_without_end_is_refused_unread(world: Any) -> None:
    world.caseworker()
    browser = world.browser(name="Amina Example")
    case_id = world.case()
    answer = browser.post(f"/desk/cases/{case_id}/notes", data={"text": "x" * 70_000})
    assert answer.status_code == 413


def test_a_session_that_somebody_planted_is_not_the_one_that_signing_in_begins(world: Any) -> None:
    world.caseworker("Amina Example")
    client = world.browser()
    client.cookies.set("waymark_desk", "planted-by-somebody-else")
    answer = client.post("/desk/sign-in", data={"name": "Amina Example", "password": PASSWORD})
    begun = answer.headers["set-cookie"]
    assert "planted" not in begun
    assert "HttpOnly" in begun
    assert "samesite" in begun.lower()
    planted = world.browser()
    planted.cookies.set("waymark_desk", "planted-by-somebody-else")
    assert planted.get("/desk/queue", follow_redirects=False).status_code in (303, 401)


def test_a_stranger_who_asks_too_often_waits_whatever_page_it_is_and_staff_do_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.caseworker()
    monkeypatch.setattr(access, "STRANGERS_A_MINUTE", 4)
    for path in ("/desk/cases/x", "/desk/sign-in", "/desk/sign-in/x", "/desk/sso", "/desk/sso/back", "/desk/live"):
        stranger = world.with_settings(world.settings).browser()
        for _ in range(4):
            assert stranger.get(path).status_code != 429, path
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60"), path
        assert "Wait a minute" in answer.text
    elsewhere = world.with_settings(world.settings)
    staff = elsewhere.browser(name="Amina Example")
    while elsewhere.browser().get("/desk").status_code != 429:
        pass
    assert staff.get("/desk").status_code == 200, "the same address, with a session"
