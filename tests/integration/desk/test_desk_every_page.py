"""Every page of the desk, light in English and dark in Arabic: nothing for axe to find, nothing too wide, the focus always seen."""

import os
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from desk import pages
from desk.words import COOKIE, words
from tests.acceptance.browser import picture
from tests.chromium import accessibility_faults
from tests.integration.desk.conftest import World, flat
from tests.integration.desk.evening import Evening, evening, real_desk
from tests.integration.desk.pages_of_the_desk import NO_PAGES, NO_TEMPLATES, PAGES, Shown

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
LOWEST, HIGHEST = 400, 1800
"""Pixels of a picture, from the top."""

FOCUS = """() => {
  const found = [];
  const name = (one) => one.outerHTML.slice(0, 120);
  const shows = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  for (const one of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")) {
    if (one.tabIndex > 0) found.push(`out of order: ${name(one)}`);
    if (one.tabIndex < 0 || one.disabled || !one.checkVisibility({ visibilityProperty: true })) continue;
    one.focus();
    const label = one.matches(".tab-radio") ? [getComputedStyle(one.nextElementSibling)] : [];
    const styles = [getComputedStyle(one), getComputedStyle(one, "::after"), ...label];
    const seen = document.activeElement === one && one.matches(":focus-visible") && styles.some(shows);
    if (!seen) found.push(`no focus to be seen: ${name(one)}`);
    const box = one.getClientRects()[0];
    const parts = (long) => [Math.min(long / 2, 12), long / 2, long - 4];
    const covered = (right, down) => {
      const top = document.elementFromPoint(box.x + right, box.y + down);
      return !top || !(one.contains(top) || top.contains(one));
    };
    const hidden = parts(box.width).every((right) => parts(box.height).every((down) => covered(right, down)));
    if (hidden && !label.length && box.width > 2) found.push(`hidden when it has the focus: ${name(one)}`);
  }
  return found;
}"""
"""WCAG 2.2, 2.4.3, 2.4.7 and 2.4.11 for whatever takes the focus."""

OWN_TEXT = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const said = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest("[lang]") === document.documentElement && parent.checkVisibility()) said.push(walker.currentNode.textContent.trim());
  }
  return said.filter(Boolean);
}"""
"""What the page itself says: no words of a person, no message in another language."""


@pytest.fixture
def world(world: World) -> World:
    return real_desk(world)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The templates that pages were made of."""
    found: set[str] = set()
    environment = pages._environment()
    get = environment.get_template

    def noted(name: Any, *more: Any, **values: Any) -> Any:
        found.add(str(name))
        return get(name, *more, **values)

    monkeypatch.setattr(environment, "get_template", noted)
    return found


def whole_pages() -> set[str]:
    """The templates of whole pages: no part of another, nothing that others build upon."""
    files = {path.name: path.read_text(encoding="utf-8") for path in (pages.HERE / "templates").iterdir()}
    built_upon = {name for text in files.values() for name in re.findall(r'\{% extends "([^"]+)" %\}', text)}
    return {name for name in files if not name.startswith("_") and name not in built_upon}


def faults(page: Page, language: str) -> list[str]:
    found = []
    # Axe looks at English on a wide screen, at Arabic on a phone.
    for size in (PHONE, WIDE) if language == "en" else (WIDE, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{wide} pixels too wide at {size['width']}"] if wide > 0 else []
    found += accessibility_faults(page)
    page.keyboard.press("Tab")
    found += page.evaluate(FOCUS)
    if language != "en":
        found += untranslated(page, language)
    return found


def untranslated(page: Page, language: str) -> list[str]:
    """English sentences of the catalogue on a page in another language."""
    english, other = words("en"), words(language)
    plain = {key: english.find(key, "{") for key in english.keys()}  # noqa: SIM118 - it is no dictionary
    said = {text for key, text in plain.items() if "{" not in text and text != other.find(key, "")}
    return [f"in English: {line}" for line in page.evaluate(OWN_TEXT) if line in said and re.search(r"[a-z]{3}", line)]


def sit_down(context: BrowserContext, base: str, one: Shown, made: Evening, language: str) -> None:
    """Be who the page is shown to."""
    context.clear_cookies()
    cookies = [{"name": COOKIE, "value": language, "url": f"{base}/desk"}]
    if one.who is not None:
        cookies.append({"name": "waymark_desk", "value": made.cookies[one.who], "url": base})
    context.add_cookies(cookies)  # type: ignore[arg-type]


def photograph(page: Page, one: Shown, language: str) -> None:
    """The picture for the manual, as high as the page: what sticks to the window's end must not cover the middle."""
    if "WAYMARK_PICTURES" not in os.environ:
        return
    page.emulate_media(color_scheme="light")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    width = (PHONE if one.phone else WIDE)["width"]
    page.set_viewport_size({"width": width, "height": LOWEST})
    high = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(high, HIGHEST)})
    picture(page, one.name if language == "en" else f"{one.name}-arabic")


def walk(made: Evening, base: str, chromium: Browser, language: str, scheme: Any) -> dict[str, list[str]]:
    context = chromium.new_context(viewport=WIDE, color_scheme=scheme, locale="en")  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("dialog", lambda dialog: dialog.accept())
    found: dict[str, list[str]] = {}
    for one in PAGES:
        sit_down(context, base, one, made, language)
        if one.before is not None:
            one.before(made)
        try:
            answer = page.goto(f"{base}{one.address(made.ids, language)}")
            assert answer is not None
            assert answer.status == one.status, answer.status
            expect(page.locator("html")).to_have_attribute("lang", language)
            if one.then is not None:
                one.then(page)
        except (AssertionError, Error) as error:
            found[f"{one.name} ({language})"] = [str(error)[:600]]
            continue
        if mistakes := faults(page, language):
            found[f"{one.name} ({language}, {scheme})"] = mistakes
        photograph(page, one, language)
        page.emulate_media(color_scheme=scheme)
    context.close()
    return found | ({f"scripts ({language})": wrong} if wrong else {})


@pytest.mark.timeout(900)
def test_every_page_is_accessible_and_fits(world: World, base: str, chromium: Browser, rendered: set[str]) -> None:
    made = evening(world)
    found = walk(made, base, chromium, "en", "light") | walk(made, base, chromium, "ar", "dark")
    assert not found, "\n".join(f"{name}: {one}" for name, mistakes in found.items() for one in mistakes)
    unseen = whole_pages() - rendered
    assert unseen == set(NO_TEMPLATES), "a page that nobody looks at: give it a row in pages_of_the_desk.py"


def test_every_route_that_shows_a_page_is_looked_at(world: World) -> None:
    asked = {route.path for route in flat(world.web.routes) if "GET" in route.methods and "/static/" not in route.path}
    shown = {one.route for one in PAGES}
    assert len(shown) > 40
    assert shown | set(NO_PAGES) == asked
    assert not shown & set(NO_PAGES)
    assert len({one.name for one in PAGES}) == len(PAGES)
