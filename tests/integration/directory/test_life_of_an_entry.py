"""The life of an entry, walked at random: drafts, approvals, listings, verifications, reports, restores, against a model of a few lines."""

from datetime import date, datetime

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.encryption import Cipher
from directory.errors import ConflictError, DoNotListError, FourEyesError, ListingError, OpenRevisionError
from directory.models import Service
from directory.records import ServiceRecord, flatten, orders
from directory.review import drafts, feedback, listing
from directory.review.history import state_at
from directory.review.restoring import restore_state
from directory.review.verification import verify
from directory.search import SearchRequest, find
from directory.writing import read
from tests.integration.directory.entries import Clock, entry, published
from tests.machines import Machine, walk

PEOPLE = st.sampled_from(["ana", "ben"])
WORDS = st.sampled_from(["A bed.", "Two beds.", "Soup.", ""])
MOVES = {
    "suspended": listing.suspend, "withdrawn": listing.withdraw, "archived": listing.archive, "do_not_list": listing.do_not_list,
}  # fmt: skip


class Life(Machine):
    """One entry. The model: what is live, what is open and whose, the listing, the date, and the state after every moment."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(self.engine, expire_on_commit=False)
        self.clock = Clock()
        record = entry(areas=({"country": "BD"},))
        self.id = published(self.session, ServiceRecord.model_validate(record.model_dump()), at=self.clock()).id
        self.live = read(self.session, self.id)
        self.open: tuple[str, str, ServiceRecord, bool] | None = (
            None  # author, state, record, made before the last change
        )
        self.seen = self.live  # by the author of the open change
        self.listed = "published"
        self.assured: date | None = None
        self.states: list[tuple[datetime, ServiceRecord]] = [(self.clock.now, self.live)]
        self.reporters: set[str] = set()

    def teardown(self) -> None:
        self.session.close()

    @property
    def revision(self) -> drafts.Revision:
        (revision,) = drafts.open_revisions(self.session, self.id)
        return revision

    def changed(self) -> None:
        self.live = read(self.session, self.id)
        self.states.append((self.clock.now, self.live))
        if self.open:
            # Closed and opened again it is what its author saw: nothing they did not know of is overwritten.
            self.open = (*self.open[:3], flatten(self.live) != flatten(self.seen))

    @rule(by=PEOPLE, description=WORDS, fees=WORDS)
    def saves(self, by: str, description: str, fees: str) -> None:
        record = self.live.model_copy(update={"description": description, "fees_description": fees or None})
        if self.listed == "do_not_list":
            with pytest.raises(DoNotListError):
                drafts.save_draft(self.session, record, by=by, at=self.clock())
        elif self.open and self.open[0] != by:
            with pytest.raises(OpenRevisionError):
                drafts.save_draft(self.session, record, by=by, at=self.clock())
        else:
            drafts.save_draft(self.session, record, by=by, at=self.clock())
            self.open = (by, "draft", record, False)
            self.seen = self.live

    @precondition(lambda self: self.open and self.open[1] == "draft")
    @rule()
    def submits(self) -> None:
        assert self.open
        drafts.submit(self.session, self.revision.id, by=self.open[0], at=self.clock())
        self.open = (self.open[0], "submitted", *self.open[2:])

    @precondition(lambda self: self.open and self.open[1] == "submitted")
    @rule(by=PEOPLE)
    def approves(self, by: str) -> None:
        assert self.open
        author, _, record, stale = self.open
        act = lambda: drafts.approve(self.session, self.revision.id, by=by, four_eyes=True, at=self.clock())  # noqa: E731
        if by == author:
            with pytest.raises(FourEyesError):
                act()
        elif stale:
            with pytest.raises(ConflictError):
                act()
        elif self.listed == "do_not_list":
            with pytest.raises(DoNotListError):
                act()
        else:
            act()
            self.open = None
            self.changed()
            assert flatten(self.live) == flatten(record)

    @precondition(lambda self: self.open and self.open[1] == "submitted")
    @rule()
    def is_rejected(self) -> None:
        drafts.reject(self.session, self.revision.id, by="eva", reason="no", at=self.clock())
        self.open = None

    @precondition(lambda self: self.open is None and self.listed != "do_not_list")
    @rule(by=PEOPLE, back=st.integers(0, 20))
    def restores(self, by: str, back: int) -> None:
        moment, record = self.states[-1 - back % len(self.states)]
        revision = restore_state(self.session, self.id, moment, by=by, at=self.clock())
        wanted = drafts.record_of(revision)
        assert (flatten(wanted), orders(wanted)) == (flatten(record), orders(record))
        self.open = (by, "draft", wanted, False)
        self.seen = self.live

    @rule(wanted=st.sampled_from(["published", *MOVES]))
    def moves(self, wanted: str) -> None:
        def act() -> None:
            if wanted == "published":
                listing.publish(self.session, self.id, by="eva", at=self.clock())
            else:
                MOVES[wanted](self.session, self.id, by="eva", reason="because", at=self.clock())

        if wanted in listing.MOVES[self.listed]:
            act()
            self.listed = wanted
        else:
            with pytest.raises(ListingError):
                act()

    @precondition(lambda self: self.listed != "do_not_list")
    @rule(closes=st.booleans())
    def closes_or_opens(self, closes: bool) -> None:  # noqa: FBT001 - drawn
        if closes:
            listing.close_temporarily(self.session, self.id, by="eva", reason=f"at {self.clock()}", at=self.clock.now)
            self.changed()
        elif self.live.status == "temporarily_closed":
            listing.reopen(self.session, self.id, by="eva", at=self.clock())
            self.changed()

    @rule(days_ago=st.integers(0, 40))
    def is_verified(self, days_ago: int) -> None:
        at = self.clock(days=1)
        day = date.fromordinal(at.date().toordinal() - days_ago)
        verify(self.session, self.id, by="eva", method="phone", on=day, at=at)
        self.assured = max(self.assured or day, day)

    @rule(who=st.sampled_from("abcd"), kind=st.sampled_from(["closed", "no_answer", "not_safe"]))
    def is_reported(self, who: str, kind: str) -> None:
        known = (who, kind) in {tuple(one.split()) for one in self.reporters}
        self.reporters.add(f"{who} {kind}")
        out = feedback.report(
            self.session, self.id, kind, reporter="person", reporter_key=who, suspend_after=3, at=self.clock()  # type: ignore[arg-type]
        )  # fmt: skip
        enough = kind == "not_safe" or len({one[0] for one in self.reporters}) >= 3
        assert out == (not known and enough and "suspended" in listing.MOVES[self.listed])
        if out:
            self.listed = "suspended"

    @invariant()
    def a_step_was_made(self) -> None:
        self.did("step")

    @invariant()
    def the_entry_is_what_was_approved_and_told_only_when_published(self) -> None:
        service = self.session.get_one(Service, self.id)
        assert (service.listing, service.assured_date) == (self.listed, self.assured)
        assert read(self.session, self.id) == self.live
        found = find(self.session, SearchRequest("BD", ("shelter",), demonstration=True), at=self.clock.now).services
        told = self.listed == "published" and self.live.status == "active"
        assert (self.id in {one.id for one in found}) == told

    @invariant()
    def the_first_and_the_last_state_can_be_read_back(self) -> None:
        for moment, record in (self.states[0], self.states[-1]):
            then = state_at(self.session, self.id, moment)
            assert (flatten(then), orders(then)) == (flatten(record), orders(record))


def test_whatever_happens_to_an_entry(directory_engine: Engine, cipher: Cipher) -> None:
    walk("entry of the directory", Life, walks=8, steps=15, engine=directory_engine)
