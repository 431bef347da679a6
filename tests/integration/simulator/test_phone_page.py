"""The phone page in a real browser: a person finds everything, with a finger, with the keyboard, in both directions of writing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import accessibility_faults, start_browser
from tests.integration.simulator.simulator_line import OURS, PERSON, Line, until

pytestmark = pytest.mark.browser

WHATSAPP = {"To": f"whatsapp:{PERSON}", "From": f"whatsapp:{OURS}"}
QUICK = {
    "body": "هل أنت في مكان آمن؟",
    "actions": [{"type": "QUICK_REPLY", "title": "نعم", "id": "safe:yes"}, {"type": "QUICK_REPLY", "title": "لا", "id": "safe:no"}],
}  # fmt: skip
PICKER = {
    "body": "Needs?",
    "button": "Choose",
    "items": [{"id": "n:1", "item": "A bed", "description": "tonight"}, {"id": "n:2", "item": "Food"}],
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from start_browser()


@pytest.fixture
def page(browser: Browser, line: Line) -> Iterator[Page]:
    """The phone at the narrowest width, with every complaint of the browser kept."""
    made = browser.new_page(viewport={"width": 360, "height": 640})
    complaints: list[str] = []
    made.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.goto(line.url)
    expect(made.locator(".phone[data-connected=yes]")).to_be_visible()
    yield made
    assert complaints == []
    made.close()


def _whatsapp(page: Page) -> None:
    page.locator("label", has=page.get_by_test_id("channel-whatsapp")).click()
    expect(page.locator(".phone[data-channel=whatsapp][data-connected=yes]")).to_be_visible()


def _check(page: Page) -> None:
    assert accessibility_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_message_goes_out_and_the_answer_arrives(page: Page, line: Line) -> None:
    page.get_by_test_id("composer").fill("Hello")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("bubble-out")).to_contain_text("Hello")
    expect(page.get_by_test_id("bubble-out")).to_have_attribute("data-status", "accepted")
    assert until(lambda: line.receiver.forms)[0]["Body"] == "Hello"
    line.create(Body="Welcome\n1 English\n2 العربية")
    expect(page.get_by_test_id("bubble-in")).to_contain_text("1 English")
    expect(page.get_by_test_id("bubble-in")).to_contain_text("1 segment · UCS-2 · 27")
    _check(page)


def test_the_keyboard_is_enough(page: Page, line: Line) -> None:
    page.get_by_test_id("composer").focus()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    assert until(lambda: line.receiver.forms)[0]["Body"] == "one\ntwo"
    expect(page.get_by_test_id("composer")).to_have_value("")
    page.get_by_test_id("attach").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("attach-voice")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_test_id("attach-photo")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("attach")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert until(lambda: line.receiver.forms[1:])[0]["MediaContentType0"] == "image/jpeg"
    expect(page.get_by_role("img", name="Photo")).to_be_visible()


def test_a_button_is_tapped_once_and_arabic_reads_from_the_right(page: Page, line: Line) -> None:
    _whatsapp(page)
    line.write("مرحبا", channel="whatsapp")
    line.create(**WHATSAPP, Body=None, ContentSid=line.content(**{"twilio_quick-reply": QUICK}))
    expect(page.get_by_test_id("quick-reply")).to_have_count(2)
    text = page.get_by_test_id("bubble-in").locator(".text")
    assert text.evaluate("node => [getComputedStyle(node).direction, getComputedStyle(node).textAlign]") == [
        "rtl",
        "right",
    ]
    page.get_by_test_id("quick-reply").nth(1).click()
    form = until(lambda: line.receiver.forms[1:])[0]
    assert (form["ButtonPayload"], form["Body"]) == ("safe:no", "لا")
    expect(page.get_by_test_id("quick-reply").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("quick-reply").first).to_be_disabled()
    _check(page)
    page.reload()
    _whatsapp(page)
    expect(page.get_by_test_id("quick-reply").first).to_be_disabled()


def test_a_list_opens_and_an_item_is_picked(page: Page, line: Line) -> None:
    _whatsapp(page)
    line.write("Hi", channel="whatsapp")
    line.create(**WHATSAPP, Body=None, ContentSid=line.content(**{"twilio_list-picker": PICKER}))
    page.get_by_test_id("list-open").click()
    expect(page.get_by_role("dialog", name="Choose")).to_be_visible()
    expect(page.get_by_test_id("list-item").first).to_contain_text("tonight")
    _check(page)
    page.get_by_test_id("list-item").nth(1).click()
    assert until(lambda: line.receiver.forms[1:])[0]["ListId"] == "n:2"
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_failure_is_told_on_the_message_itself(page: Page, line: Line) -> None:
    line.receiver.statuses = [403]
    page.get_by_test_id("composer").fill("Hello")
    page.get_by_test_id("send").click()
    expect(page.get_by_text("Not delivered: Waymark refused it (HTTP 403)")).to_be_visible()
    line.simulator.faults.plan("undelivered")
    line.create(Body="lost")
    expect(page.get_by_text("Never arrived: Unreachable destination handset (30003)")).to_be_visible()
    _check(page)


def test_each_number_and_channel_is_a_phone_of_its_own(page: Page, line: Line) -> None:
    line.write("by SMS")
    expect(page.get_by_test_id("bubble-out")).to_have_count(1)
    _whatsapp(page)
    expect(page.get_by_test_id("bubble-out")).to_have_count(0)
    page.get_by_test_id("new-person").click()
    number = page.get_by_test_id("phone-number").input_value()
    assert number != PERSON
    assert number.startswith("+1500555")
    assert number.removeprefix("+") not in page.url
    page.get_by_test_id("phone-number").fill("+4915112345678")
    page.get_by_test_id("composer").fill("Hello")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("composer")).to_have_value("Hello")
    assert len(line.receiver.forms) == 1, "a number somebody may have is never used"


def test_location_is_offered_on_whatsapp_only(page: Page, line: Line) -> None:
    page.get_by_test_id("attach").click()
    expect(page.get_by_test_id("attach-location")).to_be_hidden()
    page.keyboard.press("Escape")
    _whatsapp(page)
    page.get_by_test_id("attach").click()
    page.get_by_test_id("attach-location").click()
    assert until(lambda: line.receiver.forms)[0]["Latitude"] == "-23.550300"


def test_a_stop_is_shown_until_it_is_taken_back(page: Page, line: Line) -> None:
    line.write("STOP")
    expect(page.get_by_text("Blocked by STOP")).to_be_visible()
    expect(page.get_by_test_id("bubble-network")).to_contain_text("You are unsubscribed")
    _check(page)
    line.write("START")
    expect(page.get_by_text("Blocked by STOP")).to_be_hidden()
