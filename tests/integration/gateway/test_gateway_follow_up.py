"""Two days after a referral the person is asked how it went, twice at most, and never where nobody may write; else a human has it again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cases import service
from cases.errors import WrongState
from cases.models import Case, CaseEvent
from cases.referrals import answers, course, follow_ups, links
from cases.referrals.models import FollowUp, Referral
from core.clocks import clock_of_country
from core.database import Sessions, now
from core.settings import Settings
from gateway.fixed_wording import FixedWording
from gateway.following_up import follow_up
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.scripted_engine import ScriptedEngine
from tests.integration.cases.test_referrals import Desk


class Clock:
    """A referral that was sent, and the job that looks at it at any moment."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self.sessions, self.settings = sessions, settings
        self.gateway = Gateway(settings, sessions, FixedWording({"en": {}}), ScriptedEngine(), None)  # type: ignore[arg-type]
        with sessions.begin() as session:
            desk = Desk(session, settings)
            referral, token = desk.sent()
            self.case, self.id, self.token, self.user = desk.case.id, referral.id, token, desk.user

    def close(self, *, accepted: bool = True) -> None:
        """The partner accepts and the caseworker closes the case."""
        with self.sessions.begin() as session:
            if accepted:
                course.settle(session, session.get_one(Referral, self.id), self.settings, accepted=True)
            service.close(session, self.case, self.user, outcome="referred")

    def look(self) -> dict[str, Any]:
        with self.sessions.begin() as session:
            case, found = session.get_one(Case, self.case), session.scalars(select(FollowUp)).one()
            asked = session.scalars(select(Message.id).where(Message.key == "follow_up")).all()
            return {
                "case": case.state, "reason": case.reason, "holder": case.assignee_id, "follow_up": found.state,
                "due": found.due_at, "asked": len(asked), "referral": session.get_one(Referral, self.id).state,
            }  # fmt: skip

    def run(self) -> dict[str, Any]:
        """The job at the moment that something is due."""
        due = self.look()["due"]
        assert follow_up(self.gateway, at=due - timedelta(seconds=1)) == 0
        assert follow_up(self.gateway, at=due) == 1
        assert follow_up(self.gateway, at=due) == 0, "the same moment twice is once"
        return self.look()

    def change(self, **values: object) -> None:
        with self.sessions.begin() as session:
            for name, value in values.items():
                setattr(session.get_one(Case, self.case).conversation, name, value)


@pytest.fixture
def clock(sessions: Sessions, settings: Settings) -> Clock:
    return Clock(sessions, settings)


def test_asked_in_the_safe_slot_twice_and_then_a_human_has_the_case_again(clock: Clock) -> None:
    clock.close()
    first = clock.run()
    assert (first["asked"], first["follow_up"], first["case"]) == (1, "asked", "closed")
    for due in (first["due"],):
        assert 17 <= due.astimezone(clock_of_country("BD")).hour < 21
    second = clock.run()
    assert (second["asked"], second["case"]) == (2, "closed")
    last = clock.run()
    assert (last["asked"], last["follow_up"]) == (2, "not_reached")
    assert (last["case"], last["reason"], last["holder"]) == ("open", "follow_up_not_reached", None)


def test_an_answer_ends_it_whenever_it_comes(clock: Clock) -> None:
    clock.close()
    clock.run()
    with clock.sessions.begin() as session:
        conversation = session.get_one(Case, clock.case).conversation_id
        assert follow_ups.answered(session, conversation, "yes") == 1
    assert follow_up(clock.gateway, at=now() + timedelta(days=30)) == 0
    assert clock.look()["follow_up"] == "answered"


@pytest.mark.parametrize("why", [{"opted_out": True}, {"hold": "not_safe"}, {"owner": "desk"}])
def test_where_nobody_may_write_first_a_human_finds_out(clock: Clock, why: dict[str, object]) -> None:
    clock.close()
    clock.change(**why)
    seen = clock.run()
    assert (seen["asked"], seen["follow_up"]) == (0, "by_hand")
    assert (seen["case"], seen["reason"]) == ("open", "follow_up_by_hand")


def test_an_unanswered_referral_comes_back_to_the_queue_and_nobody_reads_it(clock: Clock) -> None:
    late = now() + clock.settings.referral_urgent + timedelta(minutes=1)
    assert follow_up(clock.gateway, at=late) == 1
    seen = clock.look()
    assert (seen["referral"], seen["reason"], seen["holder"]) == ("expired", "referral_unanswered", None)
    with clock.sessions.begin() as session:
        assert session.get_one(Referral, clock.id).token_hash is None
        case = session.get_one(Case, clock.case)
        assert case.due_at == late + clock.settings.target_u
    assert follow_up(clock.gateway, at=late + timedelta(days=9)) == 0


def test_whoever_is_at_work_on_the_case_keeps_it(clock: Clock) -> None:
    late = now() + clock.settings.referral_urgent + timedelta(minutes=1)
    with clock.sessions.begin() as session:
        session.add(CaseEvent(case_id=clock.case, kind="noted", user_id=clock.user.id, at=late - timedelta(minutes=9)))
    follow_up(clock.gateway, at=late)
    seen = clock.look()
    assert (seen["reason"], seen["holder"]) == ("referral_unanswered", clock.user.id)


def test_the_case_the_person_has_open_by_now_is_the_one_that_comes_back(clock: Clock) -> None:
    clock.close(accepted=False)
    with clock.sessions.begin() as session:
        conversation = session.get_one(Case, clock.case).conversation_id
        service.open_or_update(
            session,
            conversation,
            level="P",
            rules=[],
            needs=[],
            answers={},
            reason="asks_human",
            settings=clock.settings,
        )
    follow_up(clock.gateway, at=now() + clock.settings.referral_urgent + timedelta(minutes=1))
    assert clock.look()["case"] == "closed"
    with clock.sessions.begin() as session:
        newer = session.scalars(select(Case).where(Case.state == "open")).one()
        assert newer.reason == "referral_unanswered"
        assert links.token_of(session.get_one(Referral, clock.id)) == clock.token


@pytest.fixture
def asked(sessions: Sessions, settings: Settings) -> Clock:
    """As the desk asks: the bot has the conversation again, and nobody holds the case."""
    clock = Clock(sessions, settings)
    with sessions.begin() as session:
        desk = Desk(session, settings)
        referral = desk.draft()
        course.ask(session, referral, desk.user, settings)
        service.give_back(session, desk.case.id, desk.user)
        clock.case, clock.id, clock.user = desk.case.id, referral.id, desk.user
    return clock


def test_a_person_who_does_not_answer_whether_they_agree_brings_the_case_back_and_may_still_say_yes(
    asked: Clock,
) -> None:
    late = now() + asked.settings.referral_urgent + timedelta(minutes=1)
    with asked.sessions.begin() as session:
        # The place that is waited for beside it is another story.
        for other in session.scalars(select(Referral).where(Referral.id != asked.id)):
            course.withdraw(session, other)
    assert follow_up(asked.gateway, at=late - timedelta(minutes=2)) == 0
    assert follow_up(asked.gateway, at=late) == 1
    assert follow_up(asked.gateway, at=late + timedelta(days=9)) == 0, "once, not every five minutes"
    with asked.sessions.begin() as session:
        case, referral = session.get_one(Case, asked.case), session.get_one(Referral, asked.id)
        assert (case.reason, case.assignee_id) == ("referral_not_answered", None)
        assert case.due_at == late + asked.settings.target_u
        assert referral.state == "asked"
        assert course.not_answered(referral)
        consent = service.record_consent(
            session, case.conversation_id, "referral", given=True, language="en", text_version="1"
        )
        course.answered(session, consent)
        assert referral.state == "agreed"


def test_who_did_not_answer_can_be_asked_again_and_not_before_the_time_is_over(asked: Clock) -> None:
    with asked.sessions.begin() as session:
        service.take(session, asked.case, asked.user)
        with pytest.raises(WrongState):
            course.ask(session, session.get_one(Referral, asked.id), asked.user, asked.settings)
    follow_up(asked.gateway, at=now() + asked.settings.referral_urgent + timedelta(minutes=1))
    with asked.sessions.begin() as session:
        service.take(session, asked.case, session.merge(asked.user))
        referral = session.get_one(Referral, asked.id)
        course.ask(session, referral, asked.user, asked.settings)
        assert not course.not_answered(referral)
        assert referral.expires_at is not None
        assert referral.expires_at > now()


def test_a_question_of_a_partner_that_nobody_answers_is_not_told_as_their_silence(clock: Clock) -> None:
    with clock.sessions.begin() as session:
        answers.ask_back(session, clock.token, "For how many nights?")
    late = now() + clock.settings.referral_urgent + timedelta(days=2)
    follow_up(clock.gateway, at=late)
    seen = clock.look()
    assert (seen["referral"], seen["reason"], seen["holder"]) == ("expired", "referral_question_waits", None)
