"""The focal point's page in a real browser on a phone: nothing for axe to find in any language, and every answer without a script."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from core.database import Sessions
from core.settings import Settings
from directory.models import Service
from directory.records import AddressRecord, LocationRecord, ScheduleRecord, TextRecord
from directory.review.words import LANGUAGES, focal_words
from tests.chromium import accessibility_faults, start_browser
from tests.integration.desk.test_confirm_page import Line
from tests.ports import free_port

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from start_browser()


@pytest.fixture
def served(database: Engine, settings: Settings) -> Iterator[tuple[Line, str]]:
    line = Line(Sessions(database), settings)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(line.web, host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield line, f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(15)


def test_every_language_is_clean_on_a_phone_without_scripts_and_an_answer_arrives(
    served: tuple[Line, str], chromium: Browser
) -> None:
    line, base = served
    week = ScheduleRecord(
        kind="weekly", timezone="Asia/Dhaka", byday="MO,TU,WE,TH", opens_at="09:00", closes_at="17:00"
    )  # type: ignore[arg-type]
    place = LocationRecord(
        country="BD",
        city="Dhaka",
        addresses=(AddressRecord(address_1="1 Example Street (example)", city="Dhaka", country="BD"),),
    )
    texts = {"ar": TextRecord(name="أسرة ليلية (مثال)", description="سرير لليلة واحدة.", state="approved")}
    service, path = line.link(schedules=(week,), locations=(place,), languages=("bn", "en"), texts=texts)
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    for language in LANGUAGES:
        page.goto(f"{base}{path}?lang={language}")
        for summary in page.locator("summary").all():
            summary.click()
        assert accessibility_faults(page) == [], language
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], language
    context.close()
    plain = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = plain.new_page()
    page.goto(f"{base}{path}?lang=ar")
    page.get_by_test_id("confirm").click()
    expect(page.locator("h1")).to_have_text(focal_words("ar").say("done_title"))
    plain.close()
    assert refused == []
    with line.sessions.begin() as session:
        assert session.get_one(Service, service.id).assured_date is not None
