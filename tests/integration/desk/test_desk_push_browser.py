"""Notices in a real Chromium: asked for with the copy's key, the worker allowed by the page's policy, and showing the words that came."""

import base64
import json
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from pydantic import SecretStr

from desk.pages import PUSH_WORKER
from desk.push import public_key, vapid_key
from desk.words import words
from tests.integration.desk.test_desk_push import HOST, Service, addresses

pytestmark = pytest.mark.browser
HERE = "/desk/account/notices"
SHOWN = """async () => {
  const found = await (await navigator.serviceWorker.ready).getNotifications();
  return found.map((one) => [one.title, one.lang, one.dir, one.tag, one.body]);
}"""
NO_NETWORK = """const told = %s;
PushManager.prototype.subscribe = async (options) => {
  sessionStorage.setItem("asked", JSON.stringify([options.userVisibleOnly, [...options.applicationServerKey]]));
  return { toJSON: () => told };
};"""
"""What a maker's service would answer: there is none here."""


@pytest.fixture
def world(world: Any) -> Any:
    key = SecretStr(base64.b64encode(b"k" * 32).decode())
    return world.with_settings(world.settings.model_copy(update={"push_key": key, "push_services": (HOST,)}))


@pytest.fixture
def context(world: Any, base: str, chromium: Browser) -> Any:
    world.caseworker()
    cookies = world.browser(name="Amina Example").cookies.items()
    context = chromium.new_context()
    context.grant_permissions(["notifications"], origin=base)
    context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies])
    yield context
    context.close()


def test_a_browser_asks_with_the_key_of_the_copy_and_shows_what_is_pushed_even_what_it_cannot_read(
    world: Any, base: str, context: BrowserContext
) -> None:
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.add_init_script(NO_NETWORK % Service().subscription())
    page.goto(base + HERE)
    page.get_by_test_id("push-subscribe").click()
    expect(page.get_by_test_id("push-browser")).to_have_count(1)
    assert len(addresses(world)) == 1
    visible, key = json.loads(page.evaluate("sessionStorage.getItem('asked')"))
    ours = vapid_key(world.settings)
    assert ours is not None
    assert (visible, bytes(key)) == (True, base64.urlsafe_b64decode(public_key(ours) + "="))
    assert page.evaluate("navigator.serviceWorker.ready.then((one) => one.scope)") == f"{base}/desk/"
    assert page.evaluate("navigator.serviceWorker.ready.then((one) => one.active.scriptURL)") == base + PUSH_WORKER

    session = context.new_cdp_session(page)
    known: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: known.extend(one["registrationId"] for one in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    while not known:
        page.wait_for_timeout(20)
    for data, expected in (
        (json.dumps({"say": "حالة تنتظر.", "lang": "ar", "dir": "rtl"}), ["حالة تنتظر.", "ar", "rtl", "waits", ""]),
        ("no JSON at all", ["…", "", "auto", "waits", ""]),
    ):
        session.send("ServiceWorker.deliverPushMessage", {"origin": base, "registrationId": known[0], "data": data})
        page.wait_for_function(f"async (title) => (await ({SHOWN})()).some((one) => one[0] === title)", arg=expected[0])
        assert page.evaluate(SHOWN) == [expected]
    assert faults == []


def test_a_browser_that_gives_no_permission_is_told_so_and_nothing_is_kept(
    world: Any, base: str, context: BrowserContext
) -> None:
    context.clear_permissions()
    page = context.new_page()
    page.add_init_script("Notification.requestPermission = async () => 'denied';")
    page.goto(base + HERE)
    page.get_by_test_id("push-subscribe").click()
    expect(page.get_by_text(words().say("notices_push_failed"))).to_be_visible()
    assert addresses(world) == []
