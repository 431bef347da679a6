"""Passkeys: a real browser's virtual authenticator adds one and signs in with it; whatever else is sent in its place gets nobody in."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from core.database import now
from desk import accounts, auditlog, limits
from desk.models import AddressWindow, AuditEntry, Passkey, StaffSession
from tests.chromium import accessibility_faults, start_browser
from tests.integration.desk.test_desk_factor import PASSWORD, set_up
from tests.ports import free_port


@pytest.fixture
def page(world: Any, chromium: Browser) -> Iterator[Page]:
    """Somebody with a second factor, signed in, at a computer with an authenticator. Passkeys need a name for an address."""
    import threading

    import uvicorn

    port = free_port()
    desk = world.with_settings(world.settings.model_copy(update={"public_url": f"http://localhost:{port}"}))
    world.caseworker()
    browser, _, _ = set_up(world)
    server = uvicorn.Server(uvicorn.Config(desk.web, host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    context = chromium.new_context(base_url=f"http://localhost:{port}")
    context.add_cookies(
        [{"name": "waymark_desk", "value": browser.cookies["waymark_desk"], "url": f"http://localhost:{port}"}]
    )
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    client = context.new_cdp_session(page)
    client.send("WebAuthn.enable")
    client.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}},
    )
    while not server.started:
        thread.join(0.02)
    yield page
    context.close()
    server.should_exit = True
    thread.join(15)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from start_browser()


@pytest.mark.browser
def test_a_passkey_is_added_gives_the_second_factor_and_shows_who_one_is(world: Any, page: Page) -> None:
    page.goto("/desk/account")
    page.get_by_test_id("new-passkey").click()
    page.locator("#name").fill("Blue stick")
    assert accessibility_faults(page) == []
    page.get_by_test_id("make-passkey").click()
    expect(page.get_by_test_id("passkey")).to_contain_text("Blue stick")
    page.context.clear_cookies()
    page.goto("/desk/sign-in")
    page.locator("[name=name]").fill("Amina Example")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/second-factor")
    assert accessibility_faults(page) == []
    page.get_by_test_id("use-passkey").click()
    page.wait_for_url("**/desk")
    with world.sessions.begin() as session:
        key = session.execute(select(Passkey)).scalar_one()
        assert key.sign_count > 0
        key.sign_count += 1000  # a copy of the key was used elsewhere meanwhile
        for one in session.execute(select(StaffSession)).scalars():
            one.confirmed_at -= timedelta(hours=1)
    page.goto("/desk/confirm?next=/desk/account")
    page.get_by_test_id("use-passkey").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    with world.sessions.begin() as session:
        session.execute(select(Passkey)).scalar_one().sign_count = 0
    page.goto("/desk/confirm?next=/desk/account")
    page.get_by_test_id("use-passkey").click()
    page.wait_for_url("**/desk/account")


def with_key(world: Any) -> Any:
    """A browser before the second factor, of somebody who has a passkey."""
    world.caseworker()
    set_up(world)
    with world.sessions.begin() as session:
        user = session.merge(world.user("Amina Example"))
        session.add(Passkey(user_id=user.id, credential_id=b"k" * 16, public_key=b"p" * 77, sign_count=1, name="Stick"))
    return world.browser(name="Amina Example")


@pytest.mark.parametrize(
    "answer", ["", "null", "[]", "{}", '{"id": 1}', '{"id": "a2tra2tra2tra2tra2traw", "rawId": "x"}', "x" * 5000]
)
def test_nonsense_in_place_of_a_passkey_lets_nobody_in_and_counts_as_a_failure(world: Any, answer: str) -> None:
    browser = with_key(world)
    assert "data-passkey" in browser.get("/desk/second-factor").text
    assert browser.post("/desk/second-factor/passkey", data={"answer": answer}).status_code == 422
    assert browser.get("/desk").headers["location"] == "/desk/second-factor"
    for _ in range(4):
        browser.get("/desk/second-factor")
        last = browser.post("/desk/second-factor/passkey", data={"answer": answer})
    assert last.status_code == 429


def test_a_key_of_somebody_else_and_an_old_challenge_are_nothing(world: Any) -> None:
    browser = with_key(world)
    other = json.dumps({"id": "b" * 22, "rawId": "b" * 22, "type": "public-key", "response": {}})
    browser.get("/desk/second-factor")
    assert browser.post("/desk/second-factor/passkey", data={"answer": other}).status_code == 422
    with world.sessions.begin() as session:
        assert all(one.challenge is None or one.challenge_at for one in session.execute(select(StaffSession)).scalars())
    assert browser.post("/desk/passkeys/new", data={"answer": other}).headers["location"] == "/desk/second-factor"


def test_a_lost_phone_takes_the_passkeys_with_it(world: Any) -> None:
    with_key(world)
    with world.sessions.begin() as session:
        from desk import factors

        factors.remove(session, session.merge(world.user("Amina Example")))
        assert session.execute(select(Passkey)).first() is None


def test_an_address_that_tries_many_names_and_links_waits_and_is_forgotten(world: Any) -> None:
    few = world.with_settings(world.settings.model_copy(update={"sign_ins_per_address": 5}))
    browser = few.browser()
    for number in range(5):
        assert browser.post("/desk/sign-in", data={"name": f"Name {number}", "password": "x"}).status_code == 422
    late = browser.post("/desk/sign-in", data={"name": "Another", "password": "x"})
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 601
    for ask in (browser.get, browser.post):
        assert ask("/desk/sign-in/some-token").status_code == 429
    with world.sessions.begin() as session:
        row = session.execute(select(AddressWindow)).scalar_one()
        assert b"testclient" not in row.address_hash
        row.began_at -= limits.WINDOW + timedelta(seconds=1)
    assert browser.get("/desk/sign-in/some-token").status_code == 410
    with world.sessions.begin() as session:
        assert session.execute(select(AddressWindow)).scalar_one().count == 1


def test_refused_sign_ins_do_not_fill_the_log_without_bound(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.accounts.check_password", lambda *_: False)
    world.caseworker()
    with world.sessions.begin() as session:
        for number in range(accounts.REFUSALS_AN_HOUR + 5):
            accounts.sign_in(session, f"Nobody {number}", "x", lifetime=timedelta(hours=1))
        accounts.sign_in(session, "Amina Example", "x", lifetime=timedelta(hours=1))
        lines = [row.action for row in session.execute(select(AuditEntry).order_by(AuditEntry.number)).scalars()]
    many = accounts.REFUSALS_AN_HOUR
    assert lines == ["sign_in_refused"] * many + ["sign_in_refused_many", "sign_in_refused"]


def test_a_line_of_the_log_ends_after_its_time_and_the_database_keeps_a_year_whatever_is_set(world: Any) -> None:
    with world.sessions.begin() as session:
        session.add_all(AuditEntry(action="case_read", at=now() - timedelta(days=days)) for days in (1, 300, 500, 1500))
    with world.sessions.begin() as session:
        assert auditlog.end_old(session, world.settings) == 1
        short = world.settings.model_copy(update={"audit_retention": timedelta(days=1)})
        assert auditlog.end_old(session, short) == 1
        left = [row.action for row in session.execute(select(AuditEntry).order_by(AuditEntry.number)).scalars()]
        assert left == ["case_read", "case_read", "audit_ended", "audit_ended"]
    with pytest.raises(DBAPIError, match="only added to"), world.sessions.begin() as session:
        session.execute(text("DELETE FROM audit_entry WHERE at < now() - interval '200 days'"))


def test_everything_that_is_dangerous_asks_again_who_it_is(world: Any) -> None:
    """A route that changes accounts, settings, numbers or keys must not open to whoever finds a desk unlocked."""
    from desk.permissions import is_dangerous, permission_of

    must = {"people.manage", "settings.edit", "settings.approve", "number.reveal"}
    words = ("passkeys", "recovery", "sessions")
    for method, route in world.routes():
        risky = permission_of(route.endpoint) in must or (
            method == "POST" and any(word in route.path for word in words)
        )
        assert is_dangerous(route.endpoint) or not risky, route.path
