"""A caseworker refers somebody: found with their facts, chosen field by field, agreed to, sent, and seen through to its end."""

import re
from html import unescape
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from cases import service
from cases.models import Case, Consent, Team, TeamMember
from cases.referrals import answers, course, links
from cases.referrals.models import FollowUp, Referral
from desk.models import AuditEntry
from desk.words import words
from directory.records import LocationRecord
from directory.review.models import FocalPoint
from gateway.models import Message
from tests.integration.desk.conftest import TestClient, World
from tests.integration.directory.entries import entry, published

AMINA, BASHIR = "Amina Example", "Bashir Example"
ASK = "They need a bed from Friday."

RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|/static/[0-9a-f]{12}/")
"""Ids and sums in addresses: digits of a number stand in them by chance."""


class Scene:
    """A case that Amina holds, and a house with a focal point."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.caseworker(AMINA)
        world.caseworker(BASHIR)
        self.case = world.case(
            needs=("shelter",), answers={"country": "BD", "contact_time": "evening", "under_18": "no"}, language="en"
        )
        with world.sessions.begin() as session:
            door = LocationRecord(country="BD", city="Dhaka", latitude=23.81, longitude=90.41)
            house = published(session, entry(locations=(door,)))
            self.house = house.id
            point = FocalPoint(
                organization_id=house.organization_id, channel="email", address="f@house.example", language="en"
            )
            session.add(point)
            session.flush()
            self.point = point.id
        self.amina: TestClient = world.browser(name=AMINA)
        self.amina.post(f"/desk/cases/{self.case}/take")
        self.base = f"/desk/cases/{self.case}/referrals"

    def begin(self) -> str:
        answer = self.amina.post(self.base, data={"service": str(self.house)})
        assert answer.status_code == 303, unescape(answer.text)
        return str(answer.headers["location"]).split("?")[0]

    def choose(self, path: str, **other: str) -> int:
        form = {
            "tell_request": "yes",
            "text_request": ASK,
            "why_request": "prepare",
            "tell_phone": "yes",
            "why_phone": "reach",
        }
        return int(self.amina.post(f"{path}/fields", data=form | other).status_code)

    def agreed(self) -> str:
        path = self.begin()
        assert self.choose(path) == 303
        assert self.amina.post(f"{path}/agree", data={"how": "call", "sure": "yes"}).status_code == 303
        return path

    def sent(self, to: str | None = None) -> str:
        path = self.agreed()
        assert self.amina.post(f"{path}/send", data={"to": to or str(self.point)}).status_code == 303
        return path

    def referral(self) -> Referral:
        with self.world.sessions.begin() as session:
            return session.scalars(select(Referral)).one()

    def text(self, path: str) -> str:
        answer = self.amina.get(path)
        assert answer.status_code == 200
        return unescape(answer.text)


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


def test_the_search_is_filled_in_with_what_the_person_told_and_shows_services_side_by_side(scene: Scene) -> None:
    page = scene.text(f"{scene.base}/new")
    assert '<option value="shelter" selected>' in page
    assert '<option value="BD" selected>' in page
    assert "Night beds (example)" in page
    assert words().say("referral_by_link") in page
    other = scene.amina.post(f"{scene.base}/search", data={"need": "legal", "country": "BD", "place": "Dhaka"})
    assert other.status_code == 200
    assert words().say("referral_nothing_found") in unescape(other.text)
    assert scene.amina.post(scene.base, data={"service": str(uuid4())}).status_code == 422


def test_a_whole_referral_from_the_first_field_to_the_answer(scene: Scene) -> None:
    path = scene.begin()
    page = scene.text(path)
    assert "checked" not in page, "nothing is chosen beforehand"
    assert words().say("referral_preview_empty") in page
    assert scene.choose(path, why_phone="") == 422
    assert scene.choose(path) == 303
    assert scene.amina.post(f"{path}/send", data={"to": "form"}).status_code == 409, "nobody agreed yet"
    page = scene.text(path)
    preview = page.split('data-testid="referral-preview"')[1].split("</dl>")[0]
    assert ASK in preview
    assert "142" not in RANDOM.sub("", page), "the number stays masked at the desk"
    assert "May we give your answers to the place below?" in page
    answer = scene.amina.post(f"{path}/ask")
    assert answer.status_code == 303
    case, conversation = scene.world.read(scene.case)
    assert (case.assignee_id, conversation.owner) == (None, "bot")
    with scene.world.sessions.begin() as session:
        asked = session.scalars(select(Message).where(Message.key == "ask_referral")).one()
        assert "Night beds (example)" in (asked.extra or "")
        said = session.scalars(select(Message.key).where(Message.direction == "outbound").order_by(Message.seq)).all()
        assert said[-1] == "say_human_left", "the person is told that nobody writes any more"
        course.answered(
            session,
            service.record_consent(
                session, case.conversation_id, "referral", given=True, language="en", text_version="1"
            ),
        )
    scene.amina.post(f"/desk/cases/{scene.case}/take")
    assert scene.amina.post(f"{path}/send", data={"to": str(scene.point)}).status_code == 303
    assert words().say("referral_state_sent") in scene.text(f"/desk/cases/{scene.case}")
    with scene.world.sessions.begin() as session:
        referral = session.scalars(select(Referral)).one()
        answers.accept(session, links.token_of(referral), scene.world.settings, remark="Ask for Noor")
        assert session.scalars(select(FollowUp)).one().state == "due"
    assert "Ask for Noor" in scene.text(path)
    with scene.world.sessions.begin() as session:
        done = set(session.scalars(select(AuditEntry.action)))
        logged = "".join(str(row) for row in session.execute(select(AuditEntry.details)))
        sent = session.scalars(select(AuditEntry).where(AuditEntry.action == "referral_sent")).one()
    assert {"referral_begun", "referral_chosen", "referral_asked", "referral_sent"} <= done
    assert sent.details == {"fields": "phone,request", "way": "link"}, "which fields, never what they say"
    assert all(f"did_{action}" in words() for action in done)
    assert ASK not in logged


def test_consent_that_a_caseworker_heard_says_how_and_by_whom(scene: Scene) -> None:
    path = scene.begin()
    assert scene.amina.post(f"{path}/agree", data={"how": "channel", "sure": "yes"}).status_code == 422
    assert scene.amina.post(f"{path}/agree", data={"how": "call"}).status_code == 422
    assert scene.amina.post(f"{path}/agree", data={"how": "call", "sure": "yes"}).status_code == 303
    with scene.world.sessions.begin() as session:
        consent = session.scalars(select(Consent)).one()
        assert (consent.kind, consent.how, consent.user_id) == ("referral", "call", scene.world.user(AMINA).id)
    assert words().say("referral_how_call") in scene.text(f"/desk/cases/{scene.case}")


def test_only_the_holder_sends_everybody_of_the_team_takes_back_and_others_find_nothing(scene: Scene) -> None:
    path = scene.sent("form")
    printed = scene.amina.get(f"{path}/form")
    assert printed.content.startswith(b"%PDF")
    assert printed.headers["cache-control"] == "no-store"
    bashir = scene.world.browser(name=BASHIR)
    assert bashir.get(f"{path}/form").status_code == 404
    assert bashir.post(f"{path}/fields", data={}).status_code == 409
    other = scene.world.case(number="+15005550143")
    elsewhere = path.replace(str(scene.case), str(other))
    assert bashir.get(elsewhere).status_code == 404, "a referral is found within its own case only"
    assert bashir.post(f"{elsewhere}/withdraw").status_code == 404
    with scene.world.sessions.begin() as session:
        session.execute(TeamMember.__table__.delete().where(TeamMember.user_id == scene.world.user(BASHIR).id))
    assert bashir.get(path).status_code == 404, "of another team's case nothing exists"
    assert bashir.post(f"{path}/withdraw").status_code == 404
    assert scene.referral().state == "sent"
    assert scene.amina.post(f"{path}/withdraw", data={"how": "call"}).status_code == 303
    with scene.world.sessions.begin() as session:
        assert [(one.given, one.how) for one in session.scalars(select(Consent).order_by(Consent.created_at))] == [
            (True, "call"), (False, "call"),
        ]  # fmt: skip
    assert scene.amina.get(f"{path}/form").status_code == 404
    assert scene.amina.post(f"{path}/withdraw").status_code == 409
    assert scene.referral().content_encrypted is None


def test_a_link_is_shown_for_handing_over_and_the_log_says_to_whom(scene: Scene) -> None:
    path = scene.sent("link")
    shown = scene.amina.post(f"{path}/link")
    link = links.link_of(scene.referral(), scene.world.settings.public_base())
    assert link in shown.text
    assert link not in scene.text(path)
    with scene.world.sessions.begin() as session:
        assert "referral_link_shown" in set(session.scalars(select(AuditEntry.action)))
    assert scene.amina.post(f"{path}/told", data={"answer": "declined_"}).status_code == 422
    assert scene.amina.post(f"{path}/told", data={"answer": "declined_full"}).status_code == 303
    assert scene.amina.post(f"{path}/link").status_code == 404


def test_a_question_is_answered_from_the_case(scene: Scene) -> None:
    path = scene.sent()
    with scene.world.sessions.begin() as session:
        answers.ask_back(session, links.token_of(session.scalars(select(Referral)).one()), "How many beds?")
    assert "How many beds?" in scene.text(path)
    assert scene.amina.post(f"{path}/reply", data={"text": " "}).status_code == 422
    assert scene.amina.post(f"{path}/reply", data={"text": "One."}).status_code == 303
    assert scene.referral().reply == "One."


def test_who_wants_no_contact_is_not_asked_through_the_channel(scene: Scene) -> None:
    path = scene.begin()
    with scene.world.sessions.begin() as session:
        session.get_one(Case, scene.case).contact = "no"
    assert scene.amina.post(f"{path}/ask").status_code == 422
    assert words().say("referral_no_contact") in scene.text(path)
    with scene.world.sessions.begin() as session:
        session.get_one(Case, scene.case).conversation.hold = "duress"
    assert scene.amina.post(f"{path}/ask").status_code == 422
    assert scene.referral().state == "draft"


def test_a_case_is_readable_in_another_team_only_after_consent_and_then_no_longer_here(scene: Scene) -> None:
    world = scene.world
    world.caseworker("Noor Example")
    with world.sessions.begin() as session:
        team = Team(name="The other shore (example)")
        session.add(team)
        session.flush()
        noor = world.user("Noor Example").id
        session.execute(TeamMember.__table__.delete().where(TeamMember.user_id == noor))
        session.add(TeamMember(team_id=team.id, user_id=noor))
        team_id: UUID = team.id
    noor_browser = world.browser(name="Noor Example")
    begun = scene.amina.post(scene.base, data={"team": str(team_id)})
    path = str(begun.headers["location"]).split("?")[0]
    assert scene.amina.post(f"{path}/hand-over").status_code == 409
    assert noor_browser.get(f"/desk/cases/{scene.case}").status_code == 404
    assert scene.amina.post(f"{path}/agree", data={"how": "written", "sure": "yes"}).status_code == 303
    assert noor_browser.get(f"/desk/cases/{scene.case}").status_code == 404, "agreed to is not yet handed over"
    assert scene.amina.post(f"{path}/hand-over").status_code == 303
    assert noor_browser.get(f"/desk/cases/{scene.case}").status_code == 200
    assert scene.amina.get(f"/desk/cases/{scene.case}").status_code == 404
    with world.sessions.begin() as session:
        assert session.scalars(select(Consent)).one().kind == "team"


def test_the_pages_are_in_the_language_of_the_console(scene: Scene) -> None:
    path = scene.sent()
    for language in ("fr", "ar"):
        scene.amina.headers["accept-language"] = language
        for page in (path, f"{scene.base}/new"):
            assert f'lang="{language}"' in scene.text(page)
        assert words(language).say("referral_state_sent") in scene.text(path)
