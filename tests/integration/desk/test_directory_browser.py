"""The directory's pages in a real browser: the way of an entry from an editor to the bot."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect

from core.catalogues import Catalogues
from core.settings import PROJECT
from desk.web import make_router, mount_static
from directory.models import Place, PlaceName
from directory.search import SearchRequest, find
from gateway.wording import CatalogueWording
from tests.acceptance.browser import picture
from tests.chromium import start_browser
from tests.serving import serving

pytestmark = pytest.mark.browser

DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from start_browser()


@pytest.fixture
def base(world: Any) -> Iterator[str]:
    """The desk with the real texts for people: the preview shows what they would read."""
    settings = world.settings.model_copy(update={"languages": ("en", "bn", "ar"), "countries": ("BD",)})
    catalogues = Catalogues.load(PROJECT / "locale", settings.languages)
    wording = CatalogueWording(catalogues.languages, catalogues)
    gateway = replace(world.desk.gateway, wording=wording, settings=settings)
    desk = replace(world.desk, settings=settings, gateway=gateway, catalogues=catalogues)
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    web.include_router(make_router(desk))
    mount_static(web)
    with serving(web) as url:
        yield url


@pytest.fixture
def dhaka(world: Any) -> None:
    with world.sessions.begin() as session:
        session.add(
            Place(
                id="w85673917", country="BD", place_type="locality", name="Dhaka", latitude=23.7104, longitude=90.4074,
                population=8_906_039, region="Dhaka",
            )
        )  # fmt: skip
        session.flush()
        session.add(PlaceName(place_id="w85673917", normalised="dhaka", name="Dhaka", country="BD"))


def open_as(world: Any, base: str, chromium: Browser, name: str, *roles: str, language: str = "en") -> Page:
    world.caseworker(name, *roles)
    context = chromium.new_context(viewport=DESKTOP, locale=language)
    cookie = world.browser(name=name).cookies["waymark_desk"]
    context.add_cookies([{"name": "waymark_desk", "value": cookie, "url": base}])
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


def test_an_editor_writes_an_entry_an_approver_approves_it_and_the_bot_finds_it(
    world: Any, base: str, chromium: Browser, dhaka: None
) -> None:
    page = open_as(world, base, chromium, "Edit Example", "directory_editor")
    write_entry(page, base)
    request = SearchRequest(country="BD", needs=("shelter",), place_id="w85673917", language="bn")
    with world.sessions.begin() as session:
        assert find(session, request).services == (), "nobody has approved it yet"
    other = open_as(world, base, chromium, "Approve Example", "directory_approver")
    other.goto(f"{base}/desk/directory/changes")
    other.get_by_test_id("change-row").get_by_role("link").click()
    other.get_by_test_id("approve-change").click()
    expect(other.get_by_test_id("entry-name")).to_have_text("Night beds (example)")
    expect(other.get_by_text("Monday – Tuesday 09:00 – 13:00, 15:00 – 18:00")).to_be_visible()
    other.goto(f"{base}/desk/directory")
    with world.sessions.begin() as session:
        (found,) = find(session, request).services
    assert (found.name, found.phones) == ("রাতের শয্যা (উদাহরণ)", ("+15005550100",))
    for one in (page, other):
        one.context.close()


def write_entry(page: Page, base: str) -> None:
    """A new service with split shifts, a place and two languages, drafted and submitted."""
    page.goto(f"{base}/desk/directory")
    page.get_by_test_id("new-entry").click()
    page.get_by_label("Name of the organization").fill("Example House (example)")
    page.get_by_label("Safe place tonight").check()
    page.get_by_label("Name of the service").first.fill("Night beds (example)")
    page.get_by_label("What it offers").first.fill("A bed for a night.")
    page.get_by_test_id("tab-bn").click()
    bengali = page.locator(".tab-panel:visible")
    bengali.get_by_label("Name of the service").fill("রাতের শয্যা (উদাহরণ)")
    bengali.get_by_label("State of this text").select_option("approved")
    page.get_by_role("button", name="Add a number").first.click()
    number = page.get_by_label("Number", exact=True)
    expect(number).to_be_focused()
    number.fill("+15005550100")
    page.get_by_label("Verified by").fill("Tester Example")
    page.get_by_label("Verified on").fill("2026-11-01")
    page.locator("#f-hours-blocks-0-weekly").check()
    for day in ("Monday", "Tuesday"):
        for shift, (opens, closes) in enumerate((("09:00", "13:00"), ("15:00", "18:00")), start=1):
            page.get_by_label(f"{day}, opens, {shift}").first.fill(opens)
            page.get_by_label(f"{day}, closes, {shift}").first.fill(closes)
    picture(page, "directory-hours")
    page.get_by_role("button", name="Add a place").click()
    page.get_by_label("Find a town or area by its name").fill("Dhaka")
    page.get_by_role("button", name="Find: Place 1").click()
    page.locator(".found button").first.click()
    expect(page.get_by_label("Town or area", exact=True)).to_have_value("Dhaka")
    page.get_by_test_id("save-draft").click()
    expect(page.get_by_test_id("change")).to_contain_text("09:00")
    page.get_by_role("link", name="As people will read it").click()
    expect(page.get_by_test_id("preview-bn-sms").first).to_contain_text("রাতের শয্যা")
    expect(page.get_by_test_id("segments-bn")).to_have_text(re.compile(r"\d+ SMS"))
    page.go_back()
    page.get_by_test_id("submit-change").click()
    expect(page.get_by_text("The change waits for a second person.")).to_be_visible()
