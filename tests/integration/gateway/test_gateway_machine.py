"""Conversation, ownership and STOP, walked at random while Twilio and the bot fail.

Nothing is sent twice, nothing over a human, nothing after STOP, and nobody waits at a desk without a case.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import select, text

from cases import service
from cases.errors import CaseError
from cases.models import Case, Conversation, User
from gateway import sending, turn
from gateway.errors import CannotWrite, NeedsAcknowledgement, SendLater
from gateway.form import Form
from gateway.models import Message
from gateway.outbox import resume, say_system, send_as_caseworker
from gateway.statuses import receive_status
from tests.integration.gateway.doubles import Fault, Line, refused
from tests.integration.gateway.test_gateway_walks import TEXTS, Walk
from tests.machines import Machine, walk

pytestmark = pytest.mark.anyio

_numbers: Iterator[int] = iter(range(1_000, 10_000))
DONE = ("sent", "failed", "dropped", "held", "uncertain")


def times_out(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


class Talk(Machine):
    """One conversation. The model: who holds it, whether it is silent, and what Twilio took over."""

    line: Line
    user: User

    @initialize(seed=st.integers(0, 2**16))
    def begins(self, seed: int) -> None:
        # The walk's own rules are checked with each message: see test_gateway_walks.py.
        self.way = Walk(self.line, next(_numbers))
        self.way.chance = random.Random(seed)
        self.way.bot.chance = self.way.chance
        self.way.send_all = self.send_all  # type: ignore[method-assign]
        self.line.twilio.faults.clear()
        self.first = len(self.line.twilio.sent)
        self.way.write("hello")

    @property
    def sent(self) -> list[dict[str, str]]:
        """What Twilio took over in this walk."""
        return self.line.twilio.sent[self.first :]

    @property
    def conversation(self) -> Conversation:
        found = self.way.conversation()
        assert found is not None
        return found

    def case(self) -> UUID | None:
        with self.line.sessions.begin() as session:
            return session.scalar(
                select(Case.id).where(Case.conversation_id == self.conversation.id, Case.state == "open")
            )

    @rule(body=st.sampled_from(sorted(TEXTS)))
    def writes(self, body: str) -> None:
        self.did("writes")
        taken = len(self.sent)
        silent = self.conversation.opted_out
        held = self.held()
        self.way.write(body)
        said = [self.row_of(form) for form in self.sent[taken:]]
        if held:
            assert not [row for row in said if row.author == "bot" and not row.confirms_opt_out], self.way.trail
        if silent and not self.conversation.opted_out:
            assert body == "start", self.way.trail

    @rule(kind=st.sampled_from(["rate_limit", "broken", "broken_after", "times_out", "refused"]))
    def twilio_will_fail(self, kind: str) -> None:
        self.did("fails")
        self.way.trail.append(kind)
        faults: dict[str, Fault] = {
            "rate_limit": lambda _: refused(429, 20429),
            "broken": lambda _: refused(500, 20500),
            "broken_after": self.after,
            "times_out": times_out,
            "refused": lambda _: refused(400, 21211),
        }
        self.line.twilio.faults.append(faults[kind])

    def after(self, request: httpx.Request) -> httpx.Response:
        """Twilio takes it over, and then breaks."""
        waiting, self.line.twilio.faults = self.line.twilio.faults, []
        self.line.twilio(request)
        self.line.twilio.faults = waiting
        return refused(500, 20500)

    @rule(minutes=st.sampled_from([5, 20, 70]))
    def time_passes(self, minutes: int) -> None:
        self.did("passes")
        self.way.pause(timedelta(minutes=minutes))

    @rule(what=st.sampled_from(["take", "write", "write", "give_back", "close"]))
    def desk(self, what: str) -> None:
        self.did(f"desk {what}")
        self.way.trail.append(what)
        case = self.case()
        if case is None:
            return
        gateway = self.line.gateway
        with suppress(CaseError, CannotWrite, NeedsAcknowledgement), self.line.sessions.begin() as session:
            user, conversation = session.merge(self.user), session.merge(self.conversation)
            if what == "take":
                service.take(session, case, user)
                say_system(
                    session, conversation, "say_human_takes_over", wording=gateway.wording, settings=gateway.settings
                )
            elif what == "write":
                send_as_caseworker(
                    session, conversation, user, "I am here.", UUID(int=self.way.chance.getrandbits(128)),
                    wording=gateway.wording, settings=gateway.settings,
                )  # fmt: skip
            elif what == "give_back":
                service.give_back(session, case, user)
                resume(session, conversation)
            else:
                service.close(session, case, user, outcome="helped")
        self.line.engine.steps = [self.way.bot.turn] * 3
        turn.handle_next(self.line.gateway, self.conversation.id)
        self.send_all(self.conversation.id)

    def held(self) -> bool:
        case = self.case()
        with self.line.sessions.begin() as session:
            return case is not None and session.get_one(Case, case).assignee_id is not None

    def send_all(self, conversation_id: UUID) -> None:
        """As the outbox does: each in its turn, again and again until it is known what became of it."""
        ways = select(Message.id).where(Message.conversation_id == conversation_id, Message.state == "queued")
        with self.line.sessions.begin() as session:
            rows = session.scalars(ways.order_by(Message.seq)).all()
        for row in rows:
            for _ in range(2 * sending.MAX_ATTEMPTS):
                with suppress(SendLater):
                    sending.send(self.line.gateway, row)
                    break
                with self.line.sessions.begin() as session:
                    earlier = text("UPDATE message SET handled_at = handled_at - interval '31 seconds' WHERE id = :id")
                    session.execute(earlier, {"id": row})
        for form in self.sent:
            if self.way.chance.random() < 0.02:
                row = self.row_of(form)
                with self.line.sessions.begin() as session:
                    receive_status(session, str(row.id), Form([("MessageStatus", "delivered"), ("MessageSid", "SMz")]))

    def row_of(self, form: dict[str, str]) -> Message:
        with self.line.sessions.begin() as session:
            return session.get_one(Message, UUID(form["StatusCallback"].partition("message=")[2][:36]))

    @invariant()
    def each_reply_left_once_or_nobody_says_that_it_did(self) -> None:
        if not hasattr(self, "way"):
            return
        took = Counter(self.row_of(form).id for form in self.sent)
        with self.line.sessions.begin() as session:
            rows = session.scalars(
                select(Message).where(Message.conversation_id == self.conversation.id, Message.direction == "outbound")
            ).all()
        for row in rows:
            assert row.state in DONE, (row.state, self.way.trail)
            may = {"sent": (1, 1), "uncertain": (0, 1), "failed": (0, 1)}.get(row.state, (0, 0))
            assert may[0] <= took[row.id] <= may[1], (row.state, took[row.id], self.way.trail)

    @invariant()
    def nobody_is_at_the_desk_without_a_case(self) -> None:
        if hasattr(self, "way") and self.conversation.owner == "desk":
            assert self.case() is not None, self.way.trail


async def test_whatever_people_desk_bot_and_twilio_do(line: Line) -> None:
    done = walk("conversation", Talk, walks=6, steps=15, line=line, user=line.caseworker())
    assert done.total() > 20
