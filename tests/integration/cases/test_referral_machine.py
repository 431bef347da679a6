"""A referral, walked at random by its person, its caseworker and its partner: nobody reads without consent, or after its end."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import service
from cases.errors import CaseError, DeadLink
from cases.referrals import answers, course, links
from cases.referrals.models import Referral, ReferralEvent
from core.database import now
from core.settings import Settings
from tests.integration.cases.test_referrals import SECRET, Desk
from tests.machines import Machine, walk

OVER = ("withdrawn", "declined")
"""What nobody begins again."""


class Course(Machine):
    """One referral. The model: what the person last said about it, whether it has ended, the links that were given out."""

    session: Session
    given: Settings

    @initialize()
    def begins(self) -> None:
        self.outer = self.session.begin_nested()
        self.desk = Desk(self.session, self.given)
        self.referral: Referral = self.desk.draft()
        self.agreed = False
        self.ended = False
        self.tokens: list[str] = []
        self.trail = [self.referral.state]

    def teardown(self) -> None:
        if hasattr(self, "outer"):
            self.outer.rollback()

    def tries(self, what: Callable[[], object]) -> bool:
        """Do it, if it may be done now; whether it was. What is refused leaves nothing behind."""
        self.did("step")
        step = self.session.begin_nested()
        try:
            what()
        except (CaseError, DeadLink, ValueError):
            step.rollback()
            return False
        step.commit()
        return True

    @rule()
    def asks(self) -> None:
        if self.tries(lambda: course.ask(self.session, self.referral, self.desk.user, self.given)):
            self.agreed = False

    @rule(given=st.booleans(), kind=st.sampled_from(["referral", "referral", "talk"]))
    def says(self, given: bool, kind: str) -> None:  # noqa: FBT001 - drawn
        state = self.referral.state
        self.tries(lambda: self.desk.says(given=given, kind=kind))
        if kind == "referral" and state == "asked":
            self.agreed = given
        elif not given:
            self.agreed, self.ended = False, True

    @rule()
    def writes_down_that_the_person_agreed(self) -> None:
        def agree() -> None:
            consent = service.record_consent(
                self.session, self.desk.conversation.id, "referral", given=True, language="en", text_version="1",
                how="call", user=self.desk.user,
            )  # fmt: skip
            course.agree(self.session, self.referral, self.desk.user, consent)

        if self.tries(agree):
            self.agreed = True

    @rule(way=st.sampled_from(["link", "link", "link", "form"]))
    def sends(self, way: str) -> None:
        if self.tries(lambda: course.send(self.session, self.referral, self.desk.user, way, self.given)):
            assert self.agreed
            self.ended = False
            if way == "link":
                self.new_link()

    @rule()
    def replies(self) -> None:
        if self.tries(lambda: course.reply(self.session, self.referral, self.desk.user, "Yes.", self.given)):
            assert self.agreed
            if self.referral.way == "link":
                self.new_link()

    def new_link(self) -> None:
        self.tokens.append(links.token_of(self.referral))
        assert self.reads(self.tokens[-1]), "who was just given it can read it"

    @rule(what=st.sampled_from(["read", "accept", "decline", "ask"]), which=st.integers(0, 3))
    def partner(self, what: str, which: int) -> None:
        if not self.tokens:
            return
        token = self.tokens[max(0, len(self.tokens) - 1 - which)]
        act = {
            "read": lambda: answers.read(self.session, token),
            "accept": lambda: answers.accept(self.session, token, self.given),
            "decline": lambda: answers.decline(self.session, token, "full", self.given),
            "ask": lambda: answers.ask_back(self.session, token, "How old?"),
        }[what]
        if self.tries(act):
            assert token == self.tokens[-1], "an older link is dead"
            assert self.agreed
            assert not self.ended
            self.ended = what == "decline"

    @rule()
    def its_time_is_over(self) -> None:
        before = self.referral.state
        self.tries(lambda: course.expire(self.session, self.referral.id, now() + timedelta(days=400)))
        if self.referral.state != before:
            self.ended = True

    @rule()
    def gives_it_up(self) -> None:
        if self.tries(lambda: course.withdraw(self.session, self.referral, self.desk.user)):
            self.agreed, self.ended = False, True

    @rule()
    def is_forgotten(self) -> None:
        self.tries(lambda: course.forget(self.session, self.desk.conversation))
        self.agreed, self.ended = False, True

    def reads(self, token: str) -> bool:
        with suppress(DeadLink):
            return any(SECRET in line.text for line in links.lines(links.open_link(self.session, token)))
        return False

    @invariant()
    def nobody_reads_who_may_not(self) -> None:
        if not hasattr(self, "tokens"):
            return
        for token in set(self.tokens):
            assert not self.reads(token) or (self.agreed and not self.ended and token == self.tokens[-1]), self.steps()

    @invariant()
    def it_went_from_state_to_state_as_there_are_ways(self) -> None:
        if not hasattr(self, "trail"):
            return
        if self.referral.state != self.trail[-1]:
            assert self.trail[-1] not in OVER, self.steps()
            self.trail.append(self.referral.state)
        if self.referral.state == "withdrawn":
            assert (self.referral.content, self.referral.token_hash) == (None, None)

    def steps(self) -> list[str]:
        found = (
            select(ReferralEvent.kind).where(ReferralEvent.referral_id == self.referral.id).order_by(ReferralEvent.at)
        )
        return list(self.session.scalars(found))


@pytest.mark.filterwarnings("error")
def test_whatever_happens_to_a_referral(session: Session, settings: Settings) -> None:
    assert walk("referral", Course, walks=12, steps=20, session=session, given=settings)["step"] > 60
