"""A referral's whole life: nothing is sent without consent, and nobody reads after withdrawal, refusal, expiry or erasure."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from bot.actions.live import LiveWorld
from cases import erasure, service
from cases.errors import CaseError, DeadLink, NoConsent, NothingChosen, NotTheOwner, WrongState
from cases.models import CaseEvent, Conversation, Person, Team, User
from cases.referrals import answers, content, course, follow_ups, links
from cases.referrals.models import READABLE, FollowUp, Referral, ReferralEvent
from core.catalogues import Catalogues
from core.database import now
from core.settings import PROJECT, Settings
from tests.integration.directory.entries import published

SECRET = "two words nobody else has"
HOUR = timedelta(hours=1)


class Desk:
    """A caseworker with a case, and a place to refer to."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self.session, self.settings = session, settings
        self.user = User(name=f"Amina {uuid4()}")
        person = Person(phone_hash=uuid4().bytes, phone="+15005550142")
        self.conversation = Conversation(person=person, channel="sms", our_address="+15005550006", language="en")
        session.add_all([self.user, self.conversation])
        session.flush()
        service.open_or_update(
            session, self.conversation.id, level="U", rules=["U12"], needs=["shelter"], reason="asks_human",
            answers={"country": "BD", "contact_time": "evening"}, contact="write_here", settings=settings,
        )  # fmt: skip
        case = service.open_case_of(session, self.conversation.id)
        assert case is not None
        self.case = case
        service.take(session, case.id, self.user)
        self.place = published(session)

    def draft(self, *fields: tuple[str, str, str]) -> Referral:
        referral = course.prepare(self.session, self.case.id, self.user, service=self.place.id, language="en")
        course.choose(self.session, referral, [content.Chosen(*one) for one in fields or self.fields])
        return referral

    fields = (("phone", "", "reach"), ("request", SECRET, "prepare"))

    def says(self, *, given: bool, kind: str = "referral") -> None:
        """The person answers the bot."""
        consent = service.record_consent(
            self.session, self.conversation.id, kind, given=given, language="en", text_version="1"
        )
        course.answered(self.session, consent)

    def sent(self) -> tuple[Referral, str]:
        referral = self.draft()
        course.ask(self.session, referral, self.user, self.settings)
        self.says(given=True)
        course.send(self.session, referral, self.user, "link", self.settings)
        return referral, links.token_of(referral)


@pytest.fixture
def desk(session: Session, settings: Settings) -> Desk:
    return Desk(session, settings)


def reads(desk: Desk, token: str, at: datetime | None = None) -> bool:
    try:
        referral = links.open_link(desk.session, token, at=at)
    except DeadLink:
        return False
    return any(SECRET in line.text for line in links.lines(referral))


def test_nothing_is_sent_before_the_person_agreed_to_this_place(desk: Desk) -> None:
    referral = desk.draft()
    with pytest.raises(NoConsent):
        course.send(desk.session, referral, desk.user, "link", desk.settings)
    desk.says(given=True)  # asked about nothing: a consent to no place
    with pytest.raises(NoConsent):
        course.send(desk.session, referral, desk.user, "link", desk.settings)
    course.ask(desk.session, referral, desk.user, desk.settings)
    other = desk.draft()
    with pytest.raises(WrongState):
        course.ask(desk.session, other, desk.user, desk.settings)
    desk.says(given=True)
    course.send(desk.session, referral, desk.user, "link", desk.settings)
    with pytest.raises(NoConsent):
        course.send(desk.session, other, desk.user, "link", desk.settings)


@pytest.mark.parametrize(("given", "state"), [(True, "agreed"), (False, "refused")])
def test_what_the_person_answers_the_bot_decides_over_the_referral_it_asked_about(
    desk: Desk,
    *,
    given: bool,
    state: str,
) -> None:
    referral = desk.draft()
    course.ask(desk.session, referral, desk.user, desk.settings)
    catalogues = Catalogues.load(PROJECT / "locale", ("en",))
    world = LiveWorld(desk.session, desk.conversation.id, desk.settings, catalogues)
    world.record_consent("referral", given=given, language="en")
    assert referral.state == state
    world.record_consent("talk", given=False, language="en")
    assert referral.state == ("withdrawn" if given else "refused")
    assert referral.token_hash is None


def test_a_no_about_one_place_takes_nothing_back_from_another(desk: Desk) -> None:
    _, token = desk.sent()
    other = desk.draft()
    course.ask(desk.session, other, desk.user, desk.settings)
    desk.says(given=False)
    assert other.state == "refused"
    assert reads(desk, token)
    desk.says(given=False)  # nothing is asked: this takes back what was given
    assert not reads(desk, token)


@pytest.mark.parametrize("end", ["talk", "withdraw", "erase", "decline", "expire"])
def test_whatever_ends_it_nobody_reads_it_any_more(desk: Desk, end: str) -> None:
    referral, token = desk.sent()
    assert reads(desk, token)
    match end:
        case "talk":
            desk.says(given=False, kind="talk")
        case "withdraw":
            course.withdraw(desk.session, referral, desk.user)
        case "erase":
            erasure.erase(desk.session, desk.conversation)
        case "decline":
            answers.decline(desk.session, token, "full", desk.settings)
        case "expire":
            assert referral.expires_at is not None
            assert not reads(desk, token, referral.expires_at)
            assert course.expire(desk.session, referral.id, referral.expires_at) is referral
    assert not reads(desk, token)
    assert referral.token_hash is None
    if end in ("talk", "withdraw", "erase"):
        assert referral.content_encrypted is None


def test_the_number_is_never_in_what_is_kept_and_goes_with_the_person(desk: Desk) -> None:
    referral, token = desk.sent()
    assert "+15005550142" not in (referral.content or "")
    assert [line.text for line in links.lines(links.open_link(desk.session, token))] == ["+15005550142", SECRET]
    desk.conversation.person.phone = None
    assert [line.name for line in links.lines(referral)] == ["request"]
    kept = desk.session.execute(text("SELECT row_to_json(referral)::text FROM referral")).scalar_one()
    assert SECRET not in kept
    assert token not in kept
    jobs = desk.session.execute(text("SELECT coalesce(string_agg(args::text, ''), '') FROM procrastinate_jobs"))
    assert token not in jobs.scalar_one()


def test_every_opening_is_written_down_and_the_first_is_a_state(desk: Desk) -> None:
    referral, token = desk.sent()
    answers.read(desk.session, token)
    answers.read(desk.session, token)
    kinds = desk.session.scalars(
        select(ReferralEvent.kind).where(ReferralEvent.referral_id == referral.id).order_by(ReferralEvent.at)
    ).all()
    assert kinds == ["draft", "asked", "agreed", "sent", "opened", "read"]
    told = desk.session.scalars(select(CaseEvent.kind).where(CaseEvent.case_id == desk.case.id)).all()
    assert "referral_opened" in told


def test_a_new_link_kills_the_one_before(desk: Desk) -> None:
    referral, token = desk.sent()
    answers.ask_back(desk.session, token, "How many beds?")
    course.reply(desk.session, referral, desk.user, "One.", desk.settings)
    assert not reads(desk, token)
    assert reads(desk, links.token_of(referral))
    assert referral.reply == "One."


def test_a_wrong_link_is_a_dead_link(desk: Desk) -> None:
    _, token = desk.sent()
    for wrong in ("", "a", "ä" * 40, "x" * 5000, "\udc80", token[:-1], token + "="):
        assert not reads(desk, wrong)


def test_only_who_holds_the_case_prepares_asks_and_sends_and_of_no_other_case(desk: Desk) -> None:
    referral = desk.draft()
    colleague = User(name="Noor Example")
    desk.session.add(colleague)
    desk.session.flush()
    for act in (
        lambda: course.prepare(desk.session, desk.case.id, colleague, service=desk.place.id, language="en"),
        lambda: course.ask(desk.session, referral, colleague, desk.settings),
        lambda: course.send(desk.session, referral, colleague, "form", desk.settings),
    ):
        with pytest.raises(NotTheOwner):
            act()
    elsewhere = Desk(desk.session, desk.settings)
    with pytest.raises(NoResultFound):
        course.find(desk.session, elsewhere.case.id, referral.id)


def test_every_field_is_known_filled_in_and_has_its_reason(desk: Desk) -> None:
    referral = desk.draft()
    for field in (
        ("nickname", "x", "reach"),
        ("request", " ", "reach"),
        ("request", "x", ""),
        ("request", "x" * 601, "reach"),
    ):
        with pytest.raises(content.ContentError):
            course.choose(desk.session, referral, [content.Chosen(*field)])
    course.choose(desk.session, referral, [])
    course.ask(desk.session, referral, desk.user, desk.settings)
    desk.says(given=True)
    with pytest.raises(NothingChosen):
        course.send(desk.session, referral, desk.user, "link", desk.settings)


def test_a_case_is_another_teams_only_after_the_person_agreed(desk: Desk) -> None:
    team = Team(name="The other shore (example)")
    desk.session.add(team)
    desk.session.flush()
    referral = course.prepare(desk.session, desk.case.id, desk.user, team=team.id, language="en")
    with pytest.raises(NoConsent):
        course.hand_over(desk.session, referral, desk.user)
    assert desk.case.team_id != team.id
    consent = service.record_consent(
        desk.session, desk.conversation.id, "team", given=True, language="en", text_version="1", how="call",
        user=desk.user,
    )  # fmt: skip
    course.agree(desk.session, referral, desk.user, consent)
    course.hand_over(desk.session, referral, desk.user)
    assert (desk.case.team_id, desk.case.assignee_id, desk.conversation.owner) == (team.id, None, "desk")


def test_the_follow_up_is_planned_into_the_time_the_person_called_safe(desk: Desk) -> None:
    referral, _ = desk.sent()
    planned = desk.session.scalars(select(FollowUp)).one()
    local = follow_ups.in_slot(desk.session, referral, planned.due_at)
    assert local == planned.due_at
    assert planned.due_at - now() >= desk.settings.follow_up_after - timedelta(minutes=1)
    hour = planned.due_at.astimezone(follow_ups.clock_of_country("BD")).hour
    assert 17 <= hour < 21


class Life:
    """A referral to which anything may happen, beside a model of three facts: agreed, sent, ended."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.referral = desk, desk.draft()
        self.agreed = self.sent = self.ended = False

    @property
    def token(self) -> str:
        return links.token_of(self.referral)

    def ask(self) -> None:
        course.ask(self.desk.session, self.referral, self.desk.user, self.desk.settings)

    def yes(self) -> None:
        asked = self.referral.state == "asked"
        self.desk.says(given=True)
        self.agreed = self.agreed or asked

    def no(self) -> None:
        ends = self.referral.state in set(course.LIVE) - {"asked"}
        self.desk.says(given=False)
        self.ended = self.ended or ends

    def refuse_to_talk(self) -> None:
        ends = self.referral.state in course.LIVE
        self.desk.says(given=False, kind="talk")
        self.ended = self.ended or ends

    def write_down_a_yes(self) -> None:
        desk = self.desk
        consent = service.record_consent(
            desk.session, desk.conversation.id, "referral", given=True, language="en", text_version="1", how="call",
            user=desk.user,
        )  # fmt: skip
        course.agree(desk.session, self.referral, desk.user, consent)
        self.agreed = True

    def send(self) -> None:
        course.send(self.desk.session, self.referral, self.desk.user, "link", self.desk.settings)
        self.sent = True

    def read(self) -> None:
        answers.read(self.desk.session, self.token)

    def accept(self) -> None:
        answers.accept(self.desk.session, self.token, self.desk.settings)

    def decline(self) -> None:
        answers.decline(self.desk.session, self.token, "full", self.desk.settings)
        self.sent = False

    def ask_back(self) -> None:
        answers.ask_back(self.desk.session, self.token, "When?")

    def reply(self) -> None:
        course.reply(self.desk.session, self.referral, self.desk.user, "Now.", self.desk.settings)

    def wait(self) -> None:
        if course.expire(self.desk.session, self.referral.id, now() + 30 * 24 * HOUR) is not None:
            self.sent = False

    def withdraw(self) -> None:
        course.withdraw(self.desk.session, self.referral, self.desk.user)
        self.ended = True


ACTS = (
    Life.ask, Life.yes, Life.no, Life.refuse_to_talk, Life.write_down_a_yes, Life.send, Life.read, Life.accept, Life.decline,
    Life.ask_back, Life.reply, Life.wait, Life.withdraw,
)  # fmt: skip


@given(acts=st.lists(st.sampled_from(ACTS), min_size=4, max_size=14))
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
def test_in_whatever_order_things_happen_only_an_agreed_living_referral_is_read(
    session: Session, settings: Settings, acts: list[Callable[[Life], None]]
) -> None:
    with session.begin_nested() as example:
        desk = Desk(session, settings)
        life = Life(desk)
        for act in acts:
            before = life.referral.state
            try:
                act(life)
            except CaseError:
                assert life.referral.state == before, act
            after = life.referral.state
            assert after == before or after in course.MOVES[before], (before, act)
            readable = life.agreed and life.sent and not life.ended
            assert reads(desk, life.token) == readable, (before, act, after)
            assert (after in READABLE) == readable, (before, act, after)
            assert not life.ended or life.referral.content_encrypted is None
            assert life.agreed or life.referral.sent_at is None
        example.rollback()


def test_deleting_the_conversation_leaves_nothing_of_it(desk: Desk) -> None:
    desk.sent()
    desk.session.delete(desk.conversation)
    desk.session.flush()
    for table in (Referral, ReferralEvent, FollowUp):
        assert desk.session.execute(select(func.count()).select_from(table)).scalar_one() == 0, table
