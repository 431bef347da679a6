"""A partner's page: the door tells nothing, the referral is read by a button, one answer; a dead link tells nothing at all."""

import threading
import time
import warnings
from html import unescape

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cases.models import Case
from cases.referrals import course, links
from cases.referrals.form import contents, make_form
from cases.referrals.letters import deliver, letter
from cases.referrals.models import DECLINE_REASONS, Referral, ReferralEvent
from cases.referrals.words import LANGUAGES, partner_words
from core.database import Sessions, now
from core.settings import Settings
from desk.pages import mount_static
from desk.web_partner import make_partner_router
from directory.review.models import FocalPoint
from directory.review.sending import Letter, SendError
from tests.forms import fill_in_tokens
from tests.integration.cases.test_referrals import SECRET, Desk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

NUMBER = "+15005550142"


class Partner:
    """The public page on a real database, and a referral behind a link."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self.sessions, self.settings = sessions, settings
        self.web = FastAPI()
        self.web.include_router(make_partner_router(settings, sessions))
        mount_static(self.web)
        self.browser = fill_in_tokens(TestClient(self.web, base_url="http://testserver", follow_redirects=False))
        with sessions.begin() as session:
            desk = Desk(session, settings)
            point = FocalPoint(
                organization_id=desk.place.organization_id, channel="email", address="f@house.example", language="fr"
            )
            session.add(point)
            session.flush()
            referral = desk.draft()
            course.ask(session, referral, desk.user, settings)
            desk.says(given=True)
            course.send(session, referral, desk.user, "link", settings, focal_point=point.id)
            self.id, self.case_id, self.user = referral.id, desk.case.id, desk.user
            self.path = f"/referral/{links.token_of(referral)}"

    def referral(self, session: Session) -> Referral:
        return session.get_one(Referral, self.id)

    def state(self) -> str:
        with self.sessions.begin() as session:
            return self.referral(session).state

    def kinds(self) -> list[str]:
        with self.sessions.begin() as session:
            found = select(ReferralEvent.kind).where(ReferralEvent.referral_id == self.id).order_by(ReferralEvent.at)
            return list(session.scalars(found))

    def read(self, lang: str = "en") -> str:
        answer = self.browser.post(f"{self.path}?lang={lang}")
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    def send(self, **form: str) -> int:
        return int(self.browser.post(self.path, data=form).status_code)


@pytest.fixture
def partner(sessions: Sessions, settings: Settings) -> Partner:
    return Partner(sessions, settings)


def test_the_door_tells_nothing_and_counts_as_no_opening(partner: Partner) -> None:
    answer = partner.browser.get(partner.path)
    assert answer.status_code == 200
    assert partner_words("fr").say("door_button") in unescape(answer.text), "in the focal point's language"
    for told in (SECRET, NUMBER, "House", "shelter"):
        assert told not in answer.text
    assert partner.kinds()[-1] == "sent"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "<script" not in answer.text
    read = partner.browser.post(partner.path)
    assert (read.headers["referrer-policy"], read.headers["cache-control"]) == ("no-referrer", "no-store")
    assert partner.kinds()[-1] == "opened"


def test_it_is_read_in_every_language_and_answered_once(partner: Partner) -> None:
    for lang in LANGUAGES:
        text = partner.read(lang)
        assert SECRET in text
        assert NUMBER in text
        assert partner_words(lang).say("field_request") in text
    answer = partner.browser.post(f"{partner.path}?lang={lang}", data={"answer": "accept", "remark": "Ask for Noor"})
    assert answer.headers["location"] == f"/referral/done/accepted?lang={lang}"
    assert partner_words(lang).say("done_accepted") in unescape(partner.browser.get(answer.headers["location"]).text)
    assert SECRET in partner.read(lang), "who accepted needs it to help"
    assert partner.send(answer="decline", reason="full") == 404
    assert partner.state() == "accepted"


def test_declining_needs_a_reason_brings_the_case_back_and_ends_the_reading(partner: Partner) -> None:
    assert partner.send(answer="decline", remark="we are sorry") == 422
    assert partner.state() == "sent"
    assert partner.send(answer="decline", reason="full", remark="we are sorry") == 303
    dead = partner.browser.post(partner.path)
    assert dead.status_code == 404
    assert SECRET not in dead.text
    with partner.sessions.begin() as session:
        case = session.get_one(Case, partner.case_id)
        assert (case.reason, partner.referral(session).remark) == ("referral_declined", "we are sorry")


def test_a_question_goes_to_the_team_and_its_answer_is_behind_a_new_link(partner: Partner) -> None:
    assert partner.send(answer="ask", question=" ") == 422
    assert partner.send(answer="ask", question="How many beds?") == 303
    with partner.sessions.begin() as session:
        referral = partner.referral(session)
        assert (referral.state, referral.question) == ("asked_back", "How many beds?")
        assert session.get_one(Case, partner.case_id).reason == "referral_asked_back"
        course.reply(session, referral, partner.user, "Two.", partner.settings)
        old, partner.path = partner.path, f"/referral/{links.token_of(referral)}"
    assert partner.browser.get(old).status_code == 404
    assert "Two." in partner.read()


def test_a_dead_link_is_one_page_whatever_it_was(partner: Partner) -> None:
    with partner.sessions.begin() as session:
        course.withdraw(session, partner.referral(session))
    pages = {
        (answer.status_code, answer.text)
        for path in (partner.path, "/referral/never", "/referral/done/nonsense")
        for answer in (partner.browser.get(path + "?lang=en"), partner.browser.get(path + "?lang=en"))
    }
    assert len(pages) == 1
    assert next(iter(pages))[0] == 404


def waits(partner: Partner) -> bool:
    """Whether somebody waits for a lock; asked anew each time, because a transaction sees the activity of its beginning."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with partner.sessions.begin() as session:
        return bool(session.execute(waiting).scalar_one())


def test_who_opens_it_while_it_is_being_taken_back_reads_nothing(partner: Partner) -> None:
    """The reading waits for the withdrawal and looks again: the second in between would be the one that matters."""
    answers: list[int] = []
    reading = threading.Thread(target=lambda: answers.append(partner.browser.post(partner.path).status_code))
    with partner.sessions.begin() as session:
        course.withdraw_all(session, partner.referral(session).conversation_id)
        reading.start()
        until = time.monotonic() + 60
        while not waits(partner):
            assert time.monotonic() < until, "the reading did not wait for the withdrawal"
    reading.join(60)
    assert answers == [404]
    assert partner.kinds()[-1] == "withdrawn"


def test_the_letter_tells_nothing_of_the_person_and_why_it_failed_is_kept(partner: Partner) -> None:
    with partner.sessions.begin() as session:
        referral = partner.referral(session)
        point = session.get_one(FocalPoint, referral.focal_point_id)
        for channel in ("email", "sms"):
            point.channel = channel
            made = letter(referral, point, base="https://help.example")
            assert f"https://help.example{partner.path}" in made.body
            for told in (SECRET, NUMBER, "shelter", "House"):
                assert told not in made.body + made.subject
            assert len(made.body) < 400 or channel == "email"
        point.channel = "email"
        deliver(session, referral.id, 1, {}, base="https://help.example")
        assert referral.send_error == "no_sender"
        sent: list[Letter] = []

        class Post:
            def send(self, letter: Letter) -> None:
                sent.append(letter)

        deliver(session, referral.id, 0, {"email": Post()}, base="https://help.example")
        assert sent == [], "an older link is dead: nobody is sent to it"
        deliver(session, referral.id, 1, {"email": Post()}, base="https://help.example")
        assert [one.address for one in sent] == ["f@house.example"]
        assert referral.send_error is None

        class Broken:
            def send(self, letter: Letter) -> None:
                raise SendError("unreachable", again=True)

        with pytest.raises(SendError):
            deliver(session, referral.id, 1, {"email": Broken()}, base="https://help.example")
        assert referral.send_error == "unreachable"


def test_the_printed_form_is_a_pdf_of_what_the_page_shows(partner: Partner) -> None:
    with partner.sessions.begin() as session:
        referral = partner.referral(session)
        referral.language = "ar"
        place, today = "Example House (example)", now().date()
        made = make_form(referral, place=place, today=today)
        told = {field["text"] for field in contents(referral, place=place, today=today)["fields"]}
    assert told == {f"\u2066{NUMBER}\u2069", f"\u2068{SECRET}\u2069"}, "a number keeps its order among Arabic words"
    assert made.startswith(b"%PDF")


def test_every_language_has_every_text_with_the_same_fields() -> None:
    english = partner_words("en")
    for code in LANGUAGES:
        there = partner_words(code)
        assert there.keys == english.keys, code
        for key in english.keys:
            fields = {part.split("}")[0] for part in english.raw(key).split("{")[1:]}
            assert {part.split("}")[0] for part in there.raw(key).split("{")[1:]} == fields, (code, key)
    assert {f"reason_{reason}" for reason in DECLINE_REASONS} <= english.keys
