"""Two real browsers on the real pages: the person's phone and the caseworker's desk."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from core.catalogues import Catalogues
from core.settings import PROJECT

PASSWORD = "a long password of this test"
TURN = 40_000
"""Milliseconds that a turn may take on a busy machine."""


@dataclass(slots=True)
class PhonePage:
    """The phone in the browser, used as a person uses it."""

    page: Page
    catalogues: Catalogues
    language: str

    @classmethod
    def open(cls, browser: Browser, url: str, number: str, channel: str, language: str) -> "PhonePage":
        page = browser.new_context(viewport={"width": 390, "height": 844}, locale="en").new_page()
        page.goto(url)
        page.get_by_test_id("phone-number").fill(number)
        page.get_by_test_id("phone-number").press("Enter")
        page.get_by_test_id(f"channel-{channel}").check(force=True)
        expect(page.locator(f'.phone[data-connected="yes"][data-channel="{channel}"]')).to_be_visible()
        return cls(page, Catalogues.load(PROJECT / "locale", ("en", "fr", "ar", "bn")), language)

    @property
    def received(self) -> Locator:
        return self.page.get_by_test_id("bubble-in")

    def write(self, text: str) -> None:
        """Type a message and send it."""
        self.page.get_by_test_id("composer").fill(text)
        self.page.get_by_test_id("send").click()

    def said(self, key: str) -> str:
        """The text of a message key in the person's language."""
        return self.catalogues.template(key, self.language)

    def wait_for_key(self, key: str) -> Locator:
        """Wait until the newest message says this."""
        wanted = self.received.last.filter(has_text=first_words(self.said(key)))
        expect(wanted).to_be_visible(timeout=TURN)
        return wanted

    def pick(self, label: str) -> None:
        """Answer the newest question: tap the button where there is one, else send the number of the line."""
        newest = self.received.last
        text = self.said(label)
        button = newest.get_by_test_id("quick-reply").filter(has_text=re.compile(f"^{re.escape(text)}$"))
        if button.count():
            button.click()
            return
        numbered = re.search(rf"^(\d+)\s+{re.escape(text)}\s*$", newest.inner_text(), re.MULTILINE)
        assert numbered, f"{text!r} is not offered in {newest.inner_text()!r}"
        self.write(numbered.group(1))

    def answer(self, key: str, label: str) -> None:
        """Wait for a question and pick an answer."""
        self.wait_for_key(key)
        self.pick(label)


@dataclass(slots=True)
class DeskPage:
    """The desk in the browser, used as a caseworker uses it."""

    page: Page

    @classmethod
    def sign_in(cls, browser: Browser, link: str, viewport: tuple[int, int] = (1280, 900)) -> "DeskPage":
        page = browser.new_context(viewport={"width": viewport[0], "height": viewport[1]}, locale="en").new_page()
        page.goto(link)
        page.get_by_test_id("use-link").click()
        page.fill("#new", PASSWORD)
        page.fill("#again", PASSWORD)
        page.get_by_test_id("save-password").click()
        expect(page).to_have_url(re.compile(r"/desk(\?.*)?$"))
        return cls(page)

    @property
    def rows(self) -> Locator:
        return self.page.get_by_test_id("case-row")

    def open_case(self, reference: str) -> None:
        """Open a case from the queue."""
        self.page.locator("#queue").get_by_role("link", name=reference, exact=True).click()
        expect(self.page.locator("#case-title")).to_have_text(reference)

    def take(self) -> None:
        """Take the case that is open."""
        self.page.get_by_test_id("take").click()
        expect(self.page.get_by_test_id("reply-text")).to_be_visible()

    def reply(self, text: str) -> None:
        """Write to the person."""
        self.page.get_by_test_id("reply-text").fill(text)
        self.page.get_by_test_id("reply-send").click()

    def heard(self, text: str) -> Locator:
        """A message of the person in the thread."""
        return self.page.get_by_test_id("thread-message").filter(has_text=text)


def first_words(text: str) -> str:
    """The beginning of a text, up to its first field: what a bubble must show."""
    return text.split("{", 1)[0].split("\n", 1)[0].strip()[:60]


def picture(page: Page, name: str) -> None:
    """Save a screenshot where WAYMARK_PICTURES says, if it says so: the manuals' pictures come from these tests."""
    if folder := os.environ.get("WAYMARK_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), animations="disabled")
