"""A day of those who run the desk, in real browsers: invitation, second factor, team, rota, the end of an account, the log."""

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from core.database import now
from desk import accounts
from desk.models import Passkey, StaffSession

pytestmark = pytest.mark.browser

PASSWORD = "four plain words together"


@pytest.fixture
def world(world: Any, port: int) -> Any:
    """As in service: nobody works without a second factor. Passkeys need a name for an address."""
    changed = {"second_factor": "required", "public_url": f"http://localhost:{port}"}
    return world.with_settings(world.settings.model_copy(update=changed))


@pytest.fixture
def base(base: str) -> str:
    return base.replace("127.0.0.1", "localhost")


def first_sign_in(browser: Browser, base: str, path: str) -> Page:
    """A one-time link, a password, a second factor: what everybody does once. By keyboard where one types."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(base + path)
    page.get_by_test_id("use-link").click()
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/second-factor/new")
    secret = page.get_by_test_id("factor-secret").inner_text().replace(" ", "")
    page.locator("#code").focus()
    page.keyboard.type(pyotp.TOTP(secret).at(now()))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("recovery-codes").locator("li")).to_have_count(10)
    page.get_by_test_id("recovery-kept").click()
    return page


def link_of(world: Any, name: str, *roles: str) -> str:
    user = world.caseworker(name, *roles, password=None)
    with world.sessions.begin() as session:
        return f"/desk/sign-in/{accounts.create_sign_in_link(session, user)}"


def test_an_administrators_day_from_an_invitation_to_its_revocation(world: Any, base: str, chromium: Browser) -> None:
    case_id = world.case(language="ar")
    root = first_sign_in(chromium, base, link_of(world, "Root Example", "administrator"))
    expect(root).to_have_url(re.compile("/desk/people$"))
    root.get_by_role("link", name="Teams").click()
    root.fill("#name", "Arabic nights")
    root.check("#language-ar")
    root.get_by_test_id("make-team").click()
    root.get_by_role("navigation").get_by_role("link", name="Teams").click()
    root.get_by_role("link", name="Colleagues").click()
    root.fill("#name", "Bilal Example")
    root.get_by_label("Arabic nights").check()
    root.get_by_test_id("invite").click()
    link = root.get_by_test_id("invitation-link").input_value().removeprefix(base)

    bilal = first_sign_in(chromium, base, link)
    expect(bilal.get_by_test_id("case-row")).to_have_count(1)
    bilal.goto(f"{base}/desk/cases/{case_id}")
    bilal.get_by_test_id("take").click()
    expect(bilal.get_by_test_id("held-by")).to_have_text("You hold this case")
    bilal.get_by_test_id("ask-number").click()
    bilal.locator("#reason").select_option("call_asked")
    bilal.get_by_test_id("show-number").click()
    expect(bilal.get_by_test_id("number")).to_have_text("+15005550142")
    bilal.goto(f"{base}/desk/account")

    root.get_by_role("link", name="Back to the account").click()
    root.get_by_test_id("deactivate").click()
    expect(root.locator("#message")).to_contain_text("The account has ended")
    bilal.goto(f"{base}/desk")
    expect(bilal).to_have_url(re.compile("/desk/sign-in"))
    assert world.read(case_id)[0].assignee_id is None
    for page in (root, bilal):
        page.context.close()


def test_a_supervisor_plans_the_night_and_an_auditor_finds_who_did(world: Any, base: str, chromium: Browser) -> None:
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
    sira.get_by_test_id("save-shift").click()
    expect(sira.get_by_test_id("duty")).to_contain_text("20:00–08:00 Africa/Casablanca")

    aude = first_sign_in(chromium, base, link_of(world, "Aude Example", "auditor"))
    expect(aude).to_have_url(re.compile("/desk/audit$"))
    aude.locator("#action").select_option("duty_added")
    aude.get_by_test_id("audit-search").click()
    expect(aude.get_by_test_id("audit-line")).to_have_count(1)
    expect(aude.get_by_test_id("audit-line")).to_contain_text("Sira Example")
    aude.goto(f"{base}/desk/people")
    expect(aude.get_by_text("Your role does not include this page")).to_be_visible()
    for page in (sira, aude):
        page.context.close()


def test_signing_in_again_asks_for_the_code_and_a_recovery_code_does(world: Any, base: str, chromium: Browser) -> None:
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
    page.fill("#code", code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    page.context.close()


def authenticator(page: Page) -> None:
    """A security key in software, at this page."""
    client = page.context.new_cdp_session(page)
    client.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}
    client.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_takes_the_place_of_the_code_and_its_copy_does_not(world: Any, base: str, chromium: Browser) -> None:
    page = first_sign_in(chromium, base, link_of(world, "Root Example", "administrator"))
    authenticator(page)
    page.goto(f"{base}/desk/account")
    page.get_by_test_id("new-passkey").click()
    page.locator("#name").fill("Blue stick")
    page.get_by_test_id("make-passkey").click()
    expect(page.get_by_test_id("passkey")).to_contain_text("Blue stick")
    page.context.clear_cookies()
    page.goto(f"{base}/desk/sign-in")
    page.fill("#name", "Root Example")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/second-factor")
    page.get_by_test_id("use-passkey").click()
    page.wait_for_url("**/desk/people")
    with world.sessions.begin() as session:
        session.execute(
            select(Passkey)
        ).scalar_one().sign_count += 1000  # a copy of the key was used elsewhere meanwhile
        for one in session.execute(select(StaffSession)).scalars():
            one.confirmed_at -= timedelta(hours=1)
    page.goto(f"{base}/desk/people")
    page.wait_for_url("**/desk/confirm**")
    page.get_by_test_id("use-passkey").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    with world.sessions.begin() as session:
        session.execute(select(Passkey)).scalar_one().sign_count = 0
    page.goto(f"{base}/desk/people")
    page.get_by_test_id("use-passkey").click()
    page.wait_for_url("**/desk/people")
    page.context.close()


def test_a_setting_is_looked_at_before_it_counts_and_a_text_takes_two_people(
    world: Any, base: str, chromium: Browser
) -> None:
    root = first_sign_in(chromium, base, link_of(world, "Root Example", "administrator"))
    root.get_by_role("link", name="Settings").click()
    change(root, "setting-target_u", {"amount": "45"})
    preview = root.get_by_test_id("owned-preview")
    expect(preview).to_contain_text("45 minutes")
    assert world.settings.target_u == timedelta(hours=1), "looking changes nothing"
    root.get_by_test_id("owned-save").click()
    expect(root.get_by_test_id("owned-setting-target_u")).to_contain_text("45 minutes")
    assert world.settings.target_u == timedelta(minutes=45)
    text = "Nobody reads this now. Please write again in the morning."
    change(root, "text-en-say_nobody_now", {"text": text})
    expect(preview).to_contain_text(text)
    root.get_by_test_id("owned-save").click()
    waiting = root.get_by_test_id("owned-waiting")
    expect(waiting).to_contain_text(text)
    expect(root.get_by_test_id("owned-agree")).to_have_count(0)

    sira = first_sign_in(chromium, base, link_of(world, "Sira Example", "supervisor"))
    sira.get_by_role("link", name="Settings").click()
    expect(sira.get_by_test_id("owned-waiting")).to_contain_text(text)
    sira.get_by_test_id("owned-agree").click()
    expect(sira.get_by_test_id("owned-waiting")).to_have_count(0)
    history = sira.get_by_test_id("owned-history")
    expect(history).to_have_count(2)
    expect(history.first).to_contain_text("Root Example")
    expect(history.first).to_contain_text("Sira Example")
    expect(sira.get_by_test_id("owned-text-en-say_nobody_now").locator("p").first).to_have_text(text)
    for page in (root, sira):
        page.context.close()


def change(page: Page, row: str, values: dict[str, str]) -> None:
    """Fill in what is to count, and look at it first."""
    section = page.get_by_test_id(f"owned-{row}")
    section.locator("summary").click()
    for name, value in values.items():
        section.locator(f"[name={name}]").fill(value)
    if "amount" in values:
        section.locator("[name=unit]").select_option("minutes")
    section.locator("button[type=submit]").first.click()
