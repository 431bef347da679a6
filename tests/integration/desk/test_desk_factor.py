"""The second factor: set up after the first sign-in, asked for at every other, each code taken once; danger asks again who it is."""

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from cases.models import User
from core.database import now
from desk import accounts, factors
from desk.browsers import name_of
from desk.models import AuditEntry, RecoveryCode, SecondFactor, SignInFailure, StaffSession
from desk.web import make_router

PASSWORD = "four plain words together"


@pytest.fixture
def strict(world: Any) -> Any:
    """The same desk where nobody works without a second factor."""
    settings = world.settings.model_copy(update={"second_factor": "required"})
    return world.with_settings(settings)


def secret_of(page: str) -> str:
    found = re.search(r'data-testid="factor-secret"[^>]*>([A-Z2-7 ]+)<', page)
    assert found is not None, page
    return found.group(1).replace(" ", "")


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(now() + timedelta(seconds=30 * steps))


def set_up(world: Any, name: str = "Amina Example") -> tuple[Any, str, list[str]]:
    """A browser whose user has just set up a second factor, its secret and the recovery codes."""
    browser = world.browser(name=name)
    secret = secret_of(browser.get("/desk/second-factor/new").text)
    answer = browser.post("/desk/second-factor/new", data={"code": code_of(secret)})
    assert answer.status_code == 200, answer.text
    return browser, secret, re.findall(r"<code>([a-z0-9-]+)</code>", answer.text)


def forget_used_steps(world: Any) -> None:
    """As if half a minute had passed since the last code."""
    with world.sessions.begin() as session:
        for factor in session.execute(select(SecondFactor)).scalars():
            factor.last_step -= 10


def make_stale(world: Any, minutes: int = 60) -> None:
    with world.sessions.begin() as session:
        for one in session.execute(select(StaffSession)).scalars():
            one.confirmed_at -= timedelta(minutes=minutes)


def test_where_it_is_required_nothing_opens_before_it_is_set_up(strict: Any) -> None:
    strict.caseworker()
    case_id = strict.case()
    browser = strict.browser(name="Amina Example")
    for path in ("/desk", f"/desk/cases/{case_id}", "/desk/account", "/desk/second-factor"):
        assert browser.get(path).headers["location"] in {"/desk/second-factor/new", "/desk"}, path
    assert browser.post(f"/desk/cases/{case_id}/take").headers["location"] == "/desk/second-factor/new"
    page = browser.get("/desk/second-factor/new").text
    assert "<svg" in page
    assert "Not now" not in page
    secret = secret_of(page)
    assert browser.post("/desk/second-factor/new", data={"code": "000000"}).status_code in {200, 422}
    before = browser.cookies["waymark_desk"]
    answer = browser.post("/desk/second-factor/new", data={"code": code_of(secret)})
    assert len(re.findall(r"<code>", answer.text)) == factors.RECOVERY_CODES
    assert browser.cookies["waymark_desk"] != before
    assert browser.get("/desk").status_code == 200
    thief = strict.browser()
    thief.cookies.set("waymark_desk", before)
    assert thief.get("/desk").headers["location"] == "/desk/sign-in"


def test_in_a_demonstration_it_may_be_left_out(world: Any) -> None:
    world.caseworker()
    browser = world.browser(name="Amina Example")
    assert browser.get("/desk").status_code == 200
    assert "Not now" in browser.get("/desk/second-factor/new").text
    assert not world.settings.second_factor_required()
    assert world.settings.model_copy(update={"demonstration": False}).second_factor_required()


def test_a_password_alone_opens_nothing_and_a_code_works_once(world: Any) -> None:
    world.caseworker()
    case_id = world.case()
    _, secret, _ = set_up(world)
    browser = world.browser(name="Amina Example")
    for path in ("/desk", f"/desk/cases/{case_id}", "/desk/password", "/desk/account", "/desk/second-factor/new"):
        assert browser.get(path).headers["location"] == "/desk/second-factor", path
    forget_used_steps(world)
    code = code_of(secret)
    assert browser.post("/desk/second-factor", data={"code": f"{code[:3]} {code[3:]}"}).status_code == 303
    assert browser.get(f"/desk/cases/{case_id}").status_code == 200
    # The same code, seen over a shoulder, is worth nothing in the half minute that it still holds.
    other = world.browser(name="Amina Example")
    answer = other.post("/desk/second-factor", data={"code": code})
    assert (answer.status_code, "used already" in answer.text) == (422, True)
    assert other.get("/desk").headers["location"] == "/desk/second-factor"
    # Nor is the one before it, which a phone that is slow would show.
    assert other.post("/desk/second-factor", data={"code": code_of(secret, -1)}).status_code == 422


@given(st.integers(min_value=-4, max_value=4))
def test_a_clock_may_be_off_by_one_step_and_no_more(steps: int) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    found, before, after = None, 0, 1
    while before != after:  # a step that ends between two lines proves nothing
        before = int(now().timestamp()) // factors.STEP
        found = factors.matching_step(secret, pyotp.TOTP(secret).generate_otp(before + steps), last=-1)
        after = int(now().timestamp()) // factors.STEP
    assert found == (before + steps if abs(steps) <= factors.DRIFT else None)


@given(st.text(max_size=12))
def test_what_is_no_code_is_refused_and_breaks_nothing(text: str) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    found = factors.matching_step(secret, text, last=-1)
    assert found is None or re.fullmatch(r"\d{6}", text)


def test_a_recovery_code_opens_once_and_is_kept_as_a_hash(world: Any) -> None:
    world.caseworker()
    _, _, codes = set_up(world)
    assert len(set(codes)) == 10
    with world.sessions.begin() as session:
        stored = b"".join(session.execute(select(RecoveryCode.code_hash)).scalars())
    assert all(code.replace("-", "").encode() not in stored for code in codes)
    for number, code in enumerate((codes[0], codes[0].upper(), codes[1].replace("-", " "))):
        browser = world.browser(name="Amina Example")
        answer = browser.post("/desk/second-factor", data={"code": code})
        assert answer.status_code == (422 if number == 1 else 303)
    assert "8 recovery codes left" in browser.get("/desk/account").text
    with world.sessions.begin() as session:
        actions = list(session.execute(select(AuditEntry.action)).scalars())
    assert actions.count("recovery_code_used") == 2
    assert actions.count("second_factor_refused") == 1


def test_guessing_codes_waits_longer_and_longer(world: Any) -> None:
    world.caseworker()
    _, secret, _ = set_up(world)
    browser = world.browser(name="Amina Example")
    for _ in range(3):
        assert browser.post("/desk/second-factor", data={"code": "no code"}).status_code == 422
    with world.sessions.begin() as session:
        (failure,) = session.execute(select(SignInFailure)).scalars()
        failure.count = 10
    forget_used_steps(world)
    refused = browser.post("/desk/second-factor", data={"code": code_of(secret)})
    assert refused.status_code == 429
    assert "Please wait" in refused.text


def test_a_link_alone_sets_no_password_of_an_account_with_a_second_factor(world: Any) -> None:
    user = world.caseworker()
    _, secret, _ = set_up(world)
    with world.sessions.begin() as session:
        token = accounts.create_sign_in_link(session, session.get_one(User, user.id))
    browser = world.browser()
    browser.post(f"/desk/sign-in/{token}")
    new = {"new": "another four plain words", "again": "another four plain words"}
    assert browser.post("/desk/password", data=new).headers["location"] == "/desk/second-factor"
    forget_used_steps(world)
    answer = browser.post("/desk/second-factor", data={"code": code_of(secret)})
    assert answer.headers["location"] == "/desk/password"
    assert browser.post("/desk/password", data=new).status_code == 303


def test_an_administrator_removes_the_factor_of_a_lost_phone_and_only_a_new_link_lets_in(world: Any) -> None:
    user = world.caseworker()
    old, _, codes = set_up(world)
    world.caseworker("Root Example", "administrator")
    root = world.browser(name="Root Example")
    answer = root.post(f"/desk/people/{user.id}/reset-factor")
    link = re.search(r"http://testserver(/desk/sign-in/[^\"]+)", answer.text).group(1)  # type: ignore[union-attr]
    assert old.get("/desk").headers["location"] == "/desk/sign-in"
    wrong = world.browser().post("/desk/sign-in", data={"name": user.name, "password": PASSWORD})
    assert wrong.status_code == 422
    browser = world.browser()
    browser.post(link)
    assert browser.get("/desk").headers["location"] == "/desk/password"
    with world.sessions.begin() as session:
        assert session.execute(select(RecoveryCode)).first() is None
    assert codes
    me = world.user("Root Example")
    assert root.post(f"/desk/people/{me.id}/reset-factor").status_code == 422


def test_what_is_dangerous_asks_again_who_it_is_and_then_goes_on(world: Any) -> None:
    user = world.caseworker("Root Example", "administrator")
    root = world.browser(name="Root Example")
    other = world.browser(name="Root Example")
    assert root.get("/desk/people").status_code == 200
    make_stale(world)
    answer = root.get("/desk/people")
    assert answer.headers["location"] == "/desk/confirm?next=/desk/people"
    changed = root.post(
        f"/desk/people/{user.id}/end-sessions", headers={"Referer": f"http://testserver/desk/people/{user.id}"}
    )
    assert changed.headers["location"] == f"/desk/confirm?next=/desk/people/{user.id}"
    assert other.get("/desk/teams").status_code == 200  # nothing was ended
    assert root.post("/desk/account/sessions/end-others").headers["location"].startswith("/desk/confirm")
    wrong = root.post("/desk/confirm", data={"shown": "wrong", "next": "/desk/people"})
    assert wrong.status_code == 422
    assert root.get("/desk/people").status_code == 303
    for target, lands in (("/desk/people", "/desk/people"), ("//elsewhere.example", "/desk")):
        right = root.post("/desk/confirm", data={"shown": PASSWORD, "next": target})
        assert right.headers["location"] == lands
    assert root.get("/desk/people").status_code == 200
    assert root.post("/desk/account/sessions/end-others").headers["location"] == "/desk/account"
    assert other.get("/desk/teams").headers["location"].startswith("/desk/sign-in")


def test_with_a_second_factor_it_and_not_the_password_is_what_is_asked_for_again(world: Any) -> None:
    world.caseworker("Root Example", "administrator")
    root, secret, _ = set_up(world, "Root Example")
    make_stale(world)
    assert root.get("/desk/second-factor/new").headers["location"] == "/desk/confirm?next=/desk/second-factor/new"
    assert root.post("/desk/confirm", data={"shown": PASSWORD}).status_code == 422
    forget_used_steps(world)
    assert root.post("/desk/confirm", data={"shown": code_of(secret)}).status_code == 303
    assert root.get("/desk/people").status_code == 200


def test_somebody_sees_where_they_are_signed_in_and_ends_one_session(world: Any) -> None:
    world.caseworker()
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    lost = world.browser()
    lost.headers["User-Agent"] = agent
    lost.post("/desk/sign-in", data={"name": "Amina Example", "password": PASSWORD})
    here = world.browser(name="Amina Example")
    world.caseworker("Rosa Example")
    stranger = world.browser(name="Rosa Example")
    page = here.get("/desk/account").text
    assert page.count('data-testid="session"') == 2
    assert "Firefox, Linux" in page
    path = re.search(r'action="(/desk/account/sessions/[0-9a-f-]{36}/end)"', page).group(1)  # type: ignore[union-attr]
    assert stranger.post(path).status_code == 303
    assert lost.get("/desk").status_code == 200  # nobody ends a colleague's session
    assert here.post(path).status_code == 303
    assert lost.get("/desk").headers["location"] == "/desk/sign-in"
    assert here.get("/desk").status_code == 200


def test_the_secret_is_stored_encrypted(world: Any) -> None:
    world.caseworker()
    _, secret, _ = set_up(world)
    with world.sessions.begin() as session:
        (factor,) = session.execute(select(SecondFactor)).scalars()
        assert factor.secret == secret
        assert secret.encode() not in factor.secret_encrypted
        assert factor.next_secret is None


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17.0 Safari/604", "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/126.0 Safari/537 Edg/126.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537 Chrome/126.0 Mobile Safari/537", "Chrome, Android"),
        ("curl/8", ""),
    ],
)  # fmt: skip
def test_a_session_is_called_by_its_browser_and_system(agent: str, name: str) -> None:
    assert name_of(agent) == name


def test_the_dangerous_routes_are_these(world: Any) -> None:
    from desk.permissions import is_dangerous

    dangerous = {route.path for _, route in world.routes() if is_dangerous(route.endpoint)}
    assert {path for path in dangerous if path.startswith("/desk/people")} == {
        route.path for _, route in world.routes() if route.path.startswith("/desk/people")
    }
    assert make_router(world.desk).routes
    assert "/desk/second-factor/recovery" in dangerous
