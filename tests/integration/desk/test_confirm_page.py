"""The focal point's page: no account, no script, one answer; a dead link tells nothing, and nothing hidden is on it."""

import re
import warnings
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from core.database import Sessions
from core.pace import Busy, Pace
from core.settings import PROJECT, Settings
from desk.pages import mount_static
from desk.web_confirm import TRIES_A_MINUTE, make_confirm_router
from directory import confidential, guarding
from directory.models import Service
from directory.records import LocationRecord, ScheduleRecord, TextRecord
from directory.review import drafts
from directory.review.asking import ask, token_of
from directory.review.models import FocalPoint
from directory.review.policy import read_policy
from directory.review.todo import open_tasks
from directory.review.words import LANGUAGES, focal_words
from directory.writing import read
from tests.forms import fill_in_tokens
from tests.integration.directory.entries import entry, published

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

POLICY = read_policy(PROJECT / "directory" / "data" / "review.yml")
OURS = {"Sec-Fetch-Site": "same-origin"}


class Line:
    """The public page on a real database, and the link of one entry."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self.sessions = sessions
        self.web = FastAPI()
        self.web.include_router(make_confirm_router(settings, sessions))
        mount_static(self.web)
        self.browser = fill_in_tokens(TestClient(self.web, base_url="http://testserver", follow_redirects=False))

    def link(self, language: str = "en", **values: object) -> tuple[Service, str]:
        with self.sessions.begin() as session:
            service = published(session, entry(**values))  # type: ignore[arg-type]
            session.add(
                FocalPoint(
                    organization_id=service.organization_id, channel="email", address="focal@house.example",
                    language=language,
                )
            )  # fmt: skip
            session.flush()
            return service, f"/confirm/{token_of(ask(session, service.id, policy=POLICY)[0])}"

    def send(self, path: str, **form: str) -> object:
        return self.browser.post(path, data=form, headers=OURS)


@pytest.fixture
def line(database: Engine, settings: Settings) -> Iterator[Line]:
    made = Line(Sessions(database), settings)
    yield made
    made.browser.close()


def test_opening_changes_nothing_and_confirming_counts_once(line: Line) -> None:
    service, path = line.link()
    for _ in range(3):  # a mail scanner, and a second look
        answer = line.browser.get(path)
        assert answer.status_code == 200
    assert "Night beds (example)" in answer.text
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert not re.search(r"<script|style=|\son\w+=|https?://", answer.text)
    done = line.send(path, answer="confirm")
    assert (done.status_code, done.headers["location"]) == (303, "/confirm/done/confirmed?lang=en")  # type: ignore[attr-defined]
    assert line.browser.get("/confirm/done/confirmed?lang=en").status_code == 200
    again = line.send(path, answer="confirm")
    assert again.status_code == 404  # type: ignore[attr-defined]
    with line.sessions.begin() as session:
        assert session.get_one(Service, service.id).assured_date is not None


def test_a_change_asked_for_by_a_foreign_page_is_not_made(line: Line) -> None:
    service, path = line.link()
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
        assert line.browser.post(path, data={"answer": "confirm"}, headers=headers).status_code == 404
    with line.sessions.begin() as session:
        assert session.get_one(Service, service.id).assured_date is None


def test_unknown_used_and_old_links_get_the_very_same_answer(line: Line) -> None:
    _, used = line.link()
    line.send(used, answer="confirm")
    answers = [
        line.browser.get(path)
        for path in (used, "/confirm/" + "A" * 32, "/confirm/x", "/confirm/%00", "/confirm/done/x")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1


def test_a_correction_becomes_a_change_that_waits(line: Line) -> None:
    service, path = line.link()
    line.send(
        path, answer="correct", phones="+15005550100\r\n+1 500 555 0177", description="A bed for a night.", hours="weekly",
        opens_MO="09:00", closes_MO="17:00", opens_TU="09:00", closes_TU="17:00", message="Second floor",
    )  # fmt: skip
    with line.sessions.begin() as session:
        (revision,) = drafts.waiting(session)
        record = drafts.record_of(revision)
        assert [phone.number for phone in record.phones] == ["+15005550100", "+15005550177"]
        assert [(rule.byday, str(rule.opens_at)) for rule in record.schedules] == [("MO,TU", "09:00:00")]
        assert (revision.note, record.description) == ("Second floor", "A bed for a night.")
        assert read(session, service.id).schedules[0].kind == "always"


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"answer": "correct"}, "error_nothing"),
        ({"answer": "correct", "phones": "ring the bell"}, "error_phone"),
        ({"answer": "correct", "hours": "weekly"}, "error_hours"),
        ({"answer": "correct", "hours": "weekly", "opens_MO": "09:00"}, "error_hours"),
        ({"answer": "correct", "hours": "weekly", "opens_MO": "9h", "closes_MO": "x"}, "error_hours"),
        ({"answer": "correct", "hours": "sometimes"}, "error_input"),
        ({"answer": "close", "how": "for_a_while"}, "error_reason"),
        ({"answer": "close", "reason": "x", "until": "yesterday"}, "error_date"),
        ({"answer": "close", "reason": "x", "until": "2020-01-01"}, "error_date"),
        ({}, "error_input"),
        ({"answer": "delete"}, "error_input"),
    ],
)
def test_what_cannot_be_taken_is_said_and_what_was_typed_is_kept(line: Line, form: dict[str, str], says: str) -> None:
    _, path = line.link()
    typed = {"phones": "+15005550100"} if form.get("answer") == "correct" else {}
    answer = line.send(path, **(typed | {"message": ""} | form))
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert focal_words("en").say(says) in answer.text  # type: ignore[attr-defined]
    if "phones" in form:
        assert form["phones"] in answer.text  # type: ignore[attr-defined]
    assert line.browser.get(path).status_code == 200, "the link still works"


def test_closed_for_good_is_a_task_and_the_entry_is_told_no_more(line: Line) -> None:
    service, path = line.link()
    line.send(path, answer="close", how="for_good", reason="No money")
    with line.sessions.begin() as session:
        assert session.get_one(Service, service.id).listing == "suspended"
        assert [task.kind for task in open_tasks(session)] == ["closed"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_focal_points_language_and_can_be_changed(line: Line, language: str) -> None:
    texts = {"bn": TextRecord(name="রাতের শয্যা", description="এক রাত", state="approved")}
    hours = (ScheduleRecord(kind="weekly", timezone="Asia/Dhaka", byday="MO", opens_at="09:00", closes_at="17:00"),)  # type: ignore[arg-type]
    _, path = line.link(language, texts=texts, schedules=hours)
    answer = line.browser.get(path)
    words = focal_words(language)
    assert f'lang="{language}" dir="{words.direction}"' in answer.text
    assert words.say("confirm_button") in unescape(answer.text)
    assert words.day("MO") in answer.text
    assert ("রাতের শয্যা" in answer.text) == (language == "bn")
    other = "fr" if language != "fr" else "en"
    assert focal_words(other).say("confirm_button") in unescape(line.browser.get(f"{path}?lang={other}").text)
    assert (
        focal_words("lo").say("dead_title") in line.browser.get("/confirm/x", headers={"Accept-Language": "lo,en"}).text
    )


def test_nothing_hidden_is_on_the_page_or_gets_in_through_it(line: Line) -> None:
    hidden = LocationRecord(country="BD", latitude=23.8, longitude=90.4, city="Dhaka", is_confidential=True)
    service, path = line.link(is_confidential=True, locations=(hidden,))
    secret = confidential.TrueDetails("77 Quiet Banyan Lane", (23.81234, 90.43219), ("+15005550190",))
    with line.sessions.begin() as session:
        location = read(session, service.id).locations[0]
        guarding.remember(session, location.id, secret, by="u", reason="x")  # type: ignore[arg-type]
    shown = line.browser.get(path).text
    assert "Dhaka" in shown
    assert not any(word in shown for word in ("Banyan", "23.8", "90.4", "0190"))
    for form in (
        {"answer": "correct", "message": "We are at 77 Quiet Banyan Lane"},
        {"answer": "correct", "description": "Ring 500 555 0190"},
        {"answer": "correct", "phones": "+15005550190"},
        {"answer": "close", "reason": "moved from 77 quiet banyan lane"},
    ):
        answer = line.send(path, **form)
        assert focal_words("en").say("error_secret") in answer.text  # type: ignore[attr-defined]


def test_many_tries_from_one_address_wait(line: Line) -> None:
    pace = Pace(2)
    pace.step("a", 0)
    pace.step("a", 1)
    with pytest.raises(Busy):
        pace.step("a", 2)
    pace.step("b", 2)
    pace.step("a", 60.5)
    for _ in range(TRIES_A_MINUTE):
        line.browser.get("/confirm/x")
    answer = line.browser.get("/confirm/x")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
