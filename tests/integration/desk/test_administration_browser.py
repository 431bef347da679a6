"""Pages of administration and insight in a real browser, in English and Arabic, wide and narrow; pictures for the manual."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.chromium import accessibility_faults, start_browser
from tests.integration.desk.test_desk_statistics import cases, mixed, publish

pytestmark = pytest.mark.browser

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from start_browser()


@pytest.fixture
def page_of(world: Any, base: str, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """A page of somebody who is signed in, in a language."""
    contexts = []

    def signed_in(name: str, *roles: str, language: str = "en") -> Page:
        world.caseworker(name, *roles)
        context = chromium.new_context(viewport=DESKTOP, locale=language)
        contexts.append(context)
        cookie = world.browser(name=name).cookies["waymark_desk"]
        context.add_cookies([{"name": "waymark_desk", "value": cookie, "url": base}])
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        return page

    yield signed_in
    for context in contexts:
        context.close()


def look(page: Page, name: str) -> list[str]:
    """Faults of a page, wide and narrow; its picture where WAYMARK_PICTURES says."""
    found = []
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{wide} pixels too wide"] if wide > 0 else []
    found += accessibility_faults(page)
    if folder := os.environ.get("WAYMARK_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), animations="disabled")
    return found


PAGES = (("statistics", "/desk/statistics"), ("settings", "/desk/settings"))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_is_accessible_in_both_directions(
    world: Any, base: str, page_of: Callable[..., Page], language: str
) -> None:
    mixed(world)
    cases(world, 3, "E", "ar", outcome="referred")
    publish(world)
    page = page_of("Sira Example", "supervisor", "administrator", language=language)
    found = {}
    for name, path in PAGES:
        page.goto(f"{base}{path}")
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        found[name] = look(page, f"desk-{name}{'-arabic' if language == 'ar' else ''}")
    assert {name: faults for name, faults in found.items() if faults} == {}
