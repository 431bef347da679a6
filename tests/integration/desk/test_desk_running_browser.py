"""A day of those who run the desk, in real browsers: invitation, second factor, team, rota, the end of an account, the log."""

import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from core.database import now
from desk import accounts
from tests.acceptance.browser import picture
from tests.chromium import accessibility_faults

pytestmark = pytest.mark.browser

PASSWORD = "four plain words together"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture
def world(world: Any) -> Any:
    """As in service: nobody works without a second factor."""
    return world.with_settings(world.settings.model_copy(update={"second_factor": "required"}))


@pytest.fixture
def faults() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert found == []


def look(page: Page, name: str, faults: list[str]) -> None:
    """Axe and the width, both ways and on a phone; a picture for the manual."""
    picture(page, name)
    for direction in ("ltr", "rtl"):
        page.evaluate("direction => { document.documentElement.dir = direction }", direction)
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                faults.append(f"{name} {direction} {size['width']}: {wide} pixels too wide")
        faults += [f"{name} {direction} {one}" for one in accessibility_faults(page)]
        page.set_viewport_size(WIDE)
    page.evaluate("document.documentElement.dir = 'ltr'")


def first_sign_in(browser: Browser, base: str, path: str, faults: list[str] | None = None) -> Page:
    """A one-time link, a password, a second factor: what everybody does once. By keyboard where one types."""
    page = browser.new_context(viewport=WIDE).new_page()
    page.goto(base + path)
    page.get_by_test_id("use-link").click()
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/second-factor/new")
    if faults is not None:
        look(page, "second-factor", faults)
    secret = page.get_by_test_id("factor-secret").inner_text().replace(" ", "")
    page.locator("#code").focus()
    page.keyboard.type(pyotp.TOTP(secret).at(now()))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("recovery-codes").locator("li")).to_have_count(10)
    if faults is not None:
        look(page, "recovery-codes", faults)
    page.get_by_test_id("recovery-kept").click()
    return page


def link_of(world: Any, name: str, *roles: str) -> str:
    user = world.caseworker(name, *roles, password=None)
    with world.sessions.begin() as session:
        return f"/desk/sign-in/{accounts.create_sign_in_link(session, user)}"


def test_an_administrators_day_from_an_invitation_to_its_revocation(
    world: Any, base: str, chromium: Browser, faults: list[str]
) -> None:
    case_id = world.case(language="ar")
    root = first_sign_in(chromium, base, link_of(world, "Root Example", "administrator"), faults)
    expect(root).to_have_url(re.compile("/desk/people$"))
    root.get_by_role("link", name="Teams").click()
    root.fill("#name", "Arabic nights")
    root.check("#language-ar")
    root.get_by_test_id("make-team").click()
    look(root, "team", faults)
    root.get_by_role("navigation").get_by_role("link", name="Teams").click()
    look(root, "teams", faults)
    root.get_by_role("link", name="Colleagues").click()
    root.fill("#name", "Bilal Example")
    root.get_by_label("Arabic nights").check()
    look(root, "people", faults)
    root.get_by_test_id("invite").click()
    link = root.get_by_test_id("invitation-link").input_value().removeprefix("http://testserver")
    look(root, "invitation", faults)

    bilal = first_sign_in(chromium, base, link)
    expect(bilal.get_by_test_id("case-row")).to_have_count(1)
    bilal.goto(f"{base}/desk/cases/{case_id}")
    bilal.get_by_test_id("take").click()
    expect(bilal.get_by_test_id("held-by")).to_have_text("You hold this case")
    bilal.get_by_test_id("ask-number").click()
    look(bilal, "number", faults)
    bilal.locator("#reason").select_option("call_asked")
    bilal.get_by_test_id("show-number").click()
    expect(bilal.get_by_test_id("number")).to_have_text("+15005550142")
    bilal.goto(f"{base}/desk/account")
    look(bilal, "account", faults)

    root.get_by_role("link", name="Back to the account").click()
    look(root, "person", faults)
    root.get_by_test_id("deactivate").click()
    expect(root.locator("#message")).to_contain_text("The account has ended")
    bilal.goto(f"{base}/desk")
    expect(bilal).to_have_url(re.compile("/desk/sign-in"))
    assert world.read(case_id)[0].assignee_id is None
    for page in (root, bilal):
        page.context.close()


def test_a_supervisor_plans_the_night_and_an_auditor_finds_who_did(
    world: Any, base: str, chromium: Browser, faults: list[str]
) -> None:
    world.caseworker("Amina Example")
    sira = first_sign_in(chromium, base, link_of(world, "Sira Example", "supervisor"))
    sira.get_by_role("link", name="On duty").click()
    expect(sira.get_by_test_id("on-duty")).to_contain_text("Nobody is on duty now")
    sira.get_by_test_id("plan-shift").focus()
    sira.keyboard.press("Enter")
    sira.locator("select[name=user]").select_option(label="Amina Example")
    for day in ("Friday", "Saturday", "Sunday"):
        sira.get_by_label(day).check()
    sira.get_by_label("Begins").fill("20:00")
    sira.get_by_label("Ends").fill("08:00")
    sira.get_by_label("Time zone").select_option("Africa/Casablanca")
    look(sira, "rota-form", faults)
    sira.get_by_test_id("save-shift").click()
    expect(sira.get_by_test_id("duty")).to_contain_text("20:00–08:00 Africa/Casablanca")
    look(sira, "rota", faults)

    aude = first_sign_in(chromium, base, link_of(world, "Aude Example", "auditor"))
    expect(aude).to_have_url(re.compile("/desk/audit$"))
    look(aude, "audit", faults)
    aude.locator("#action").select_option("duty_added")
    aude.get_by_test_id("audit-search").click()
    expect(aude.get_by_test_id("audit-line")).to_have_count(1)
    expect(aude.get_by_test_id("audit-line")).to_contain_text("Sira Example")
    aude.goto(f"{base}/desk/second-factor/new")
    look(aude, "second-factor-again", faults)
    aude.goto(f"{base}/desk/confirm")
    look(aude, "confirm", faults)
    aude.goto(f"{base}/desk/people")
    expect(aude.get_by_text("Your role does not include this page")).to_be_visible()
    for page in (sira, aude):
        page.context.close()


def test_signing_in_again_asks_for_the_code_and_a_recovery_code_does(
    world: Any, base: str, chromium: Browser, faults: list[str]
) -> None:
    page = first_sign_in(chromium, base, link_of(world, "Amina Example"))
    page.goto(f"{base}/desk/account")
    page.get_by_test_id("new-codes").click()
    code = page.get_by_test_id("recovery-codes").locator("li").first.inner_text()
    page.context.clear_cookies()
    page.goto(f"{base}/desk")
    page.fill("#name", "Amina Example")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/second-factor")
    page.fill("#code", "000 000")
    page.keyboard.press("Enter")
    expect(page.locator("#factor-error")).to_contain_text("not right")
    look(page, "second-factor-code", faults)
    page.fill("#code", code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    page.context.close()
