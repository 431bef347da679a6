"""A real Chromium for the tests that look at pages: Debian's, headless, offline."""

import os
import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = os.environ.get("WAYMARK_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# How fast a page answers is not what these tests say: a busy machine takes longer than the five seconds that Playwright waits by itself.
expect.set_options(timeout=30_000)


def start_browser() -> Iterator[Browser]:
    """A headless Chromium; without one the test is skipped, unless browser tests are required (as `.ci/run` does)."""
    if shutil.which(CHROMIUM) is None:
        if os.environ.get("WAYMARK_BROWSER_TESTS") == "required":
            pytest.fail(f"browser tests are required and {CHROMIUM} is not there; install Debian's chromium")
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds on the page as it stands, a line each. A message that still fades in has no contrast yet: movements end first."""
    page.evaluate("Promise.allSettled(document.getAnimations().map(one => one.finished))")
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in Axe().run(page).response["violations"]]
