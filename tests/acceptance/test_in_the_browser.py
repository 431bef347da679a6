"""A person on the phone page, a caseworker at the desk, in real browsers, through the whole line."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.browser import TURN, DeskPage, PhonePage, picture
from tests.acceptance.conftest import Line
from tests.chromium import start_browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from start_browser()


def reference_on(phone: PhonePage) -> str:
    found = re.findall(r"\bK\d+\b", " ".join(phone.received.all_inner_texts()))
    assert found, "the person was given no reference"
    return str(found[-1])


def no_reload(page: Page) -> None:
    """Mark the page; a reload would take the mark away."""
    page.evaluate("window.notReloaded = true")


def was_not_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.notReloaded === true"))


def test_a_person_in_bangla_who_cannot_leave_reaches_a_caseworker_and_reads_the_answer(
    line: Line, browser: Browser, number: str
) -> None:
    desk = DeskPage.sign_in(browser, line.sign_in_link("Amina (example)"))
    no_reload(desk.page)
    phone = PhonePage.open(browser, line.phone_page, number, "sms", "bn")

    phone.write("কাজের জায়গা থেকে বের হতে পারি না")
    phone.wait_for_key("ask_language")
    phone.write("১")  # her own digit, for her own language
    phone.answer("ask_safe", "choice_yes")
    phone.answer("ask_danger", "choice_no")
    phone.answer("ask_consent", "choice_agree")
    phone.answer("ask_shared_phone", "choice_no")
    phone.answer("ask_for_whom", "choice_for_me")
    phone.answer("ask_under_18", "choice_no")
    phone.answer("ask_medical", "choice_no")
    phone.answer("ask_country", "country_BD")
    phone.wait_for_key("ask_place")
    phone.write("ঢাকা")
    phone.wait_for_key("ask_place_confirm_one")
    phone.write("১")
    phone.answer("ask_needs", "choice_health")
    phone.answer("ask_special", "choice_none")
    phone.answer("ask_block_2", "choice_yes")
    picture(phone.page, "phone-services")
    phone.answer("ask_can_leave", "choice_no")
    for question in ("ask_papers_kept", "ask_unpaid", "ask_threatened", "ask_promise_broken", "ask_made_to"):
        phone.answer(question, "choice_skip")
    phone.answer("ask_held", "choice_no")
    phone.answer("ask_contact", "choice_write_here")
    phone.wait_for_key("say_person_will_write")
    reference = reference_on(phone)

    row = desk.rows.filter(has_text=reference)
    expect(row).to_be_visible(timeout=TURN)
    expect(row.get_by_test_id("case-level")).to_contain_text("Urgent", ignore_case=True)
    assert was_not_reloaded(desk.page), "the case arrives by itself"
    picture(desk.page, "desk-queue")

    desk.open_case(reference)
    desk.take()
    phone.wait_for_key("say_human_takes_over")
    answer = "নমস্কার, আমি আপনার সাথে আছি। এখন কি লিখতে পারবেন?"
    desk.reply(answer)
    expect(phone.received.last).to_contain_text(answer, timeout=TURN)
    picture(phone.page, "phone")

    phone.write("হ্যাঁ, পারব")
    expect(desk.heard("হ্যাঁ, পারব")).to_be_visible(timeout=TURN)
    picture(desk.page, "desk")
    before = phone.received.count()
    phone.page.wait_for_timeout(3000)
    assert phone.received.count() == before, "the bot says nothing while a caseworker owns the conversation"
    assert number[-6:] not in desk.page.content(), "the desk shows no number"


def test_a_person_in_arabic_in_danger_is_alerted_at_once_and_both_pages_read_from_right_to_left(
    line: Line, browser: Browser, number: str
) -> None:
    desk = DeskPage.sign_in(browser, line.sign_in_link("Karim (example)"), viewport=(390, 844))
    phone = PhonePage.open(browser, line.phone_page, number, "whatsapp", "ar")

    phone.write("مرحبا، أحتاج مساعدة")
    phone.wait_for_key("ask_language")
    first = phone.received.last
    expect(first.locator(".text")).to_have_css("direction", "rtl")
    phone.page.get_by_test_id("list-open").last.click() if phone.page.get_by_test_id("list-open").count() else None
    if phone.page.get_by_test_id("list-item").count():
        phone.page.get_by_test_id("list-item").filter(has_text="العربية").click()
    else:
        phone.write("١")
    phone.answer("ask_safe", "choice_yes")
    phone.answer("ask_danger", "choice_yes")
    phone.page.get_by_text(phone.said("say_emergency").split("{")[0].strip()).wait_for(timeout=TURN)
    assert phone.received.count() <= 5, "an emergency is raised after at most three questions"
    reference = reference_on(phone)
    picture(phone.page, "phone-arabic")

    row = desk.rows.filter(has_text=reference)
    expect(row).to_be_visible(timeout=TURN)
    expect(row.get_by_test_id("case-level")).to_contain_text("Emergency", ignore_case=True)
    desk.open_case(reference)
    expect(desk.heard("مرحبا، أحتاج مساعدة").locator(".said")).to_have_css("direction", "rtl")
    picture(desk.page, "desk-arabic")

    phone.write("هل هناك أحد؟")
    expect(desk.heard("هل هناك أحد؟")).to_be_visible(timeout=TURN)
    phone.wait_for_key("say_received")
    phone.write("من فضلكم")
    expect(desk.heard("من فضلكم")).to_be_visible(timeout=TURN)
    before = phone.received.count()
    phone.page.wait_for_timeout(3000)
    assert phone.received.count() == before, "it was said once that what is written arrives: no more is said"

    desk.take()
    phone.wait_for_key("say_human_takes_over")
    answer = "أنا معك. هل يمكنك الكتابة الآن؟"
    desk.reply(answer)
    expect(phone.received.last).to_contain_text(answer, timeout=TURN)
    expect(phone.received.last.locator(".text")).to_have_css("direction", "rtl")
