"""A referral in a real browser: a caseworker prepares and sends it, a partner reads and answers on a phone, without a script."""

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cases.referrals.words import partner_words
from desk.web_partner import make_partner_router
from desk.words import COOKIE, words
from tests.chromium import accessibility_faults
from tests.integration.desk.test_desk_referral import AMINA, ASK, Scene

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def scene(world: Any) -> Scene:
    world.web.include_router(make_partner_router(world.settings, world.sessions))
    return Scene(world)


def desk_of(scene: Scene, base: str, chromium: Browser, language: str = "en") -> BrowserContext:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    token = scene.world.browser(name=AMINA).cookies["waymark_desk"]
    context.add_cookies(
        [
            {"name": "waymark_desk", "value": token, "url": base},
            {"name": COOKIE, "value": language, "url": f"{base}/desk"},
        ]
    )
    return context


def prepare(page: Page, base: str, scene: Scene) -> str:
    """From the case to the sent referral, as a caseworker clicks it; the link that is handed over."""
    page.goto(f"{base}/desk/cases/{scene.case}")
    page.get_by_test_id("refer").click()
    expect(page.locator(".compare")).to_contain_text("Night beds (example)")
    page.get_by_test_id("refer-here").first.click()
    for name, why in (("phone", "reach"), ("language", "understand"), ("request", "prepare")):
        page.get_by_test_id(f"tell-{name}").check()
        page.locator(f"#why-{name}").select_option(why)
    page.locator("#text-request").fill(ASK)
    page.get_by_test_id("referral-choose").click()
    expect(page.get_by_test_id("referral-preview")).to_contain_text(ASK)
    page.get_by_test_id("referral-how").select_option("call")
    page.get_by_test_id("referral-sure").check()
    page.get_by_test_id("referral-agree").click()
    page.locator("#to-link").check()
    page.get_by_test_id("referral-send").click()
    page.get_by_test_id("referral-show-link").click()
    assert accessibility_faults(page) == []
    return page.get_by_test_id("referral-link").inner_text().replace("http://testserver", base)


def test_a_caseworker_refers_and_a_partner_reads_and_accepts_without_a_script(
    scene: Scene, base: str, chromium: Browser
) -> None:
    context = desk_of(scene, base, chromium)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    link = prepare(page, base, scene)
    partner = chromium.new_context(viewport=PHONE)
    reading = partner.new_page()
    for language in ("en", "fr", "ar"):
        reading.goto(f"{link}?lang={language}")
        assert ASK not in reading.content(), "the door tells nothing"
        assert accessibility_faults(reading) == [], language
        reading.get_by_test_id("read").click()
        expect(reading.locator("dl")).to_contain_text(ASK)
        for summary in reading.locator("summary").all():
            summary.click()
        assert accessibility_faults(reading) == [], language
        assert reading.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], language
        assert reading.evaluate("document.referrer") == "", "the address is the key: it is told to no page"
    partner.close()
    plain = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    answering = plain.new_page()
    answering.goto(f"{link}?lang=ar")
    answering.get_by_test_id("read").click()
    answering.get_by_test_id("accept").click()
    expect(answering.locator("p")).to_have_text(partner_words("ar").say("done_accepted"))
    answering.goto(link)
    expect(answering.get_by_test_id("read")).to_be_visible()
    page.goto(f"{base}/desk/cases/{scene.case}")
    expect(page.get_by_test_id("referral")).to_contain_text(words("en").say("referral_state_accepted"))
    assert accessibility_faults(page) == []
    page.get_by_test_id("referral").get_by_role("link").click()
    page.get_by_test_id("referral-withdraw").click()
    answering.goto(link)
    expect(answering.locator("h1")).to_have_text(partner_words("en").say("dead_title"))
    plain.close()
    context.close()
    assert refused == []
