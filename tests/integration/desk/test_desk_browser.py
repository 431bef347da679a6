"""The desk in a real browser: live without losing what is typed, one message for two clicks."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cases.models import User
from desk import work
from tests.chromium import accessibility_faults

pytestmark = pytest.mark.browser


@pytest.fixture
def page(world: Any, base: str, chromium: Browser) -> Iterator[Page]:
    world.caseworker()
    yield from signed_in(world, base, chromium, "Amina Example")


def signed_in(world: Any, base: str, chromium: Browser, name: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies(
        [{"name": "waymark_desk", "value": world.browser(name=name).cookies["waymark_desk"], "url": base}]
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console", lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None
    )
    page.goto(f"{base}/desk")
    expect(page.locator("#live-state")).to_have_text("Live")
    yield page
    context.close()
    assert problems == []


def test_a_link_a_password_and_the_queue_by_keyboard_alone(world: Any, base: str, chromium: Browser) -> None:
    from desk.accounts import create_sign_in_link

    user = world.caseworker(password=None)
    with world.sessions.begin() as session:
        token = create_sign_in_link(session, user)
    page = chromium.new_context().new_page()
    page.goto(f"{base}/desk/sign-in/{token}")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/password")
    page.locator("#new").focus()
    page.keyboard.type("four plain words together")
    page.keyboard.press("Tab")
    page.keyboard.type("four plain words together")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    expect(page.get_by_text("No open cases.")).to_be_visible()
    page.context.close()


def test_a_new_emergency_announces_itself_and_nothing_on_the_page_jumps(world: Any, page: Page) -> None:
    world.case("P")
    row = page.get_by_test_id("case-row")
    expect(row).to_have_count(1)
    link = row.locator("a")
    link.focus()
    focused = page.evaluate("document.activeElement.id")
    emergency = world.case("E", reason="danger")
    expect(row).to_have_count(2)
    reference = world.read(emergency)[0].reference
    expect(row.first).to_contain_text(reference)
    expect(row.first.get_by_test_id("case-level")).to_have_text("Emergency")
    expect(page.locator("#announcer")).to_have_text(f"New emergency case: {reference}")
    assert page.title().startswith("(1) ")
    assert page.evaluate("document.activeElement.id") == focused


def test_what_is_pressed_stays_until_it_is_released_and_is_followed(world: Any, page: Page, base: str) -> None:
    """A new case arrives between the press and the release: a link that was replaced meanwhile would not be followed."""
    first = world.case("P")
    row = page.get_by_test_id("case-row")
    expect(row).to_have_count(1)
    page.get_by_role("link").first.focus()
    row.locator("a").hover()
    page.mouse.down()
    with page.expect_response(lambda answer: "/desk/queue" in answer.url):
        world.case("E", reason="danger")
    page.wait_for_timeout(300)
    expect(row).to_have_count(1)
    page.mouse.up()
    page.wait_for_url(f"{base}/desk/cases/{first}")
    page.go_back()
    expect(row).to_have_count(2)
    page.mouse.move(5, 5)
    page.mouse.down()
    with page.expect_response(lambda answer: "/desk/queue" in answer.url):
        world.case("P")
    page.mouse.up()
    expect(row).to_have_count(3)


def test_a_message_arrives_while_a_reply_is_typed_and_two_clicks_are_one_message(
    world: Any, page: Page, base: str
) -> None:
    case_id = world.case()
    page.goto(f"{base}/desk/cases/{case_id}")
    assert page.get_by_test_id("reply-text").count() == 0
    page.get_by_test_id("take").click()
    expect(page.get_by_test_id("held-by")).to_have_text("You hold this case")
    box = page.get_by_test_id("reply-text")
    box.click()
    page.keyboard.type("We are here. ")
    world.write(case_id, "are you there?")
    expect(page.get_by_test_id("thread-message").last).to_contain_text("are you there?")
    expect(box).to_have_value("We are here. ")
    expect(box).to_be_focused()
    page.keyboard.type("Are you safe?")
    expect(page.locator("#reply-measure")).to_have_text("26 of 1600 characters · 1 SMS · Coded as GSM-7")
    page.get_by_test_id("reply-send").dblclick()
    expect(page.get_by_test_id("thread-message").last).to_contain_text("We are here. Are you safe?")
    expect(box).to_have_value("")
    page.keyboard.type("A second one")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("thread-message").last).to_contain_text("A second one")
    written = [message.body for message in world.messages(case_id) if message.author == "caseworker"]
    assert written == ["We are here. Are you safe?", "A second one"]


def test_a_reply_that_is_refused_or_finds_no_server_stays_in_its_box(world: Any, page: Page, base: str) -> None:
    case_id = world.case()
    page.goto(f"{base}/desk/cases/{case_id}")
    page.get_by_test_id("take").click()
    box = page.get_by_test_id("reply-text")
    box.fill("typed for long")
    page.route("**/reply", lambda route: route.abort())
    page.get_by_test_id("reply-send").click()
    expect(page.locator("#reply-result")).to_contain_text("No connection to the desk. Nothing was lost")
    expect(box).to_have_value("typed for long")
    page.unroute("**/reply")
    with world.sessions.begin() as session:
        holder = session.get_one(User, world.read(case_id)[0].assignee_id)
        work.close(session, world.desk.gateway, case_id, holder, outcome="helped")
    expect(page.locator("#not-mine")).to_be_visible()
    expect(page.get_by_test_id("reply-send")).to_be_disabled()
    expect(box).to_have_value("typed for long")


def test_two_caseworkers_see_each_other_without_reloading(world: Any, page: Page, base: str, chromium: Browser) -> None:
    world.caseworker("Jonas Example")
    other = signed_in(world, base, chromium, "Jonas Example")
    second = next(other)
    case_id = world.case()
    for one in (page, second):
        one.goto(f"{base}/desk/cases/{case_id}")
    page.get_by_test_id("take").click()
    expect(second.get_by_test_id("held-by")).to_have_text("Held by Amina Example")
    expect(second.get_by_test_id("take")).to_have_count(0)
    page.get_by_test_id("give-back").click()
    expect(second.get_by_test_id("held-by")).to_have_text("Nobody holds this case")
    second.get_by_test_id("take").click()
    expect(second.get_by_test_id("held-by")).to_have_text("You hold this case")
    expect(page.get_by_test_id("held-by")).to_have_text("Held by Jonas Example")
    second.get_by_test_id("outcome").select_option("helped")
    second.get_by_test_id("close-case").click()
    expect(page.get_by_test_id("held-by")).to_have_text("Closed: Helped")
    next(other, None)


def test_a_warning_keeps_the_draft_and_only_its_own_button_sends_all_the_same(
    world: Any, base: str, page: Page
) -> None:
    case_id = world.case()
    page.goto(f"{base}/desk/cases/{case_id}")
    page.get_by_test_id("take").click()
    box = page.get_by_test_id("reply-text")
    before = len(world.messages(case_id))
    box.fill("Look at evil.example.com")
    page.get_by_test_id("reply-send").click()
    warning = page.get_by_test_id("reply-check")
    expect(warning).to_contain_text("evil.example.com")
    expect(box).to_have_value("Look at evil.example.com")
    assert accessibility_faults(page) == []
    # The ordinary button asks again, and another text is looked at anew.
    page.get_by_test_id("reply-send").click()
    expect(warning).to_be_visible()
    box.press("End")
    box.type("!")
    expect(warning).to_have_count(0)
    page.get_by_test_id("reply-send").click()
    expect(warning).to_be_visible()
    assert len(world.messages(case_id)) == before
    page.get_by_test_id("reply-anyway").click()
    expect(page.locator("#reply-result")).to_contain_text("On its way")
    expect(box).to_have_value("")
    assert [message.body for message in world.messages(case_id)[before:]] == ["Look at evil.example.com!"]
