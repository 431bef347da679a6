"""Hundreds of steps that nobody thought of: pauses, words, STOP, START, danger, a desk that takes and gives back, a bot that fails.

Whatever happens before: a question of before is answered by nobody after a pause, nothing is sent after STOP, an alarm reaches the bot or a
case, a word is kept nowhere in clear, and no message is left lying.
"""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from cases.models import Case, Conversation, Person
from cases.ownership import change_owner
from core.turns import Choice, Close, Erase, HandOver, Item, OptOut, Say, TurnRequest
from gateway import sending, turn
from gateway.addresses import Address
from gateway.errors import EngineError
from gateway.models import Message
from gateway.receive import Arrival, store
from tests.integration.gateway.doubles import US, Line

pytestmark = pytest.mark.anyio

SKIP = (Choice(value="skip", label="choice_skip"),)
YES_NO = (Choice(value="yes", label="choice_yes"), Choice(value="no", label="choice_no"))
QUESTIONS = [
    Say(say="ask_safe", question="safe", choices=YES_NO),
    Say(say="ask_can_leave", question="can_leave", choices=YES_NO),
    Say(say="ask_shared_phone", question="shared_phone", choices=YES_NO),
    Say(say="ask_safe_word", question="safe_word", choices=SKIP, secret=True),
    Say(say="ask_duress_word", question="duress_word", choices=SKIP, secret=True),
]
TEXTS = {
    "1": 4, "2": 3, "yes": 2, "no": 1, "zanzibar": 3, "Zanzibar": 2, "quixotry": 2, "meadow": 4, "some longer words of mine": 3, "": 1,
    "he has a knife": 1, "0": 1, "9": 1, "help": 1, "start": 3, "stop": 1, "erase": 0.5, "bonjour mon ami français": 1,
}  # fmt: skip
"""What is written, and how often."""
PAUSES = [timedelta(seconds=5), timedelta(minutes=10), timedelta(minutes=20), timedelta(minutes=70), timedelta(days=2)]
WALKS, STEPS = 24, 30


@dataclass
class Bot:
    """A bot that answers anything, sometimes badly."""

    chance: random.Random
    first: list[Say] = field(default_factory=list)
    requests: list[TurnRequest] = field(default_factory=list)

    def turn(self, request: TurnRequest) -> list[Item]:  # noqa: PLR0911 - one for each thing it may answer
        self.requests.append(request)
        if self.first:
            return [self.first.pop(0)]
        intent = request.payload.intent if request.payload else ""
        if self.chance.random() < 0.05:
            raise EngineError("down")
        if intent == "opt_out":
            return [Say(say="say_opted_out"), OptOut(do="opt_out"), Close(do="close", reason="stopped")]
        if intent == "erase_data":
            return [Erase(do="erase"), Say(say="say_erased"), Close(do="close", reason="erased")]
        if intent == "stop":
            return [Say(say="say_goodbye"), Close(do="close", reason="left")]
        if intent in ("duress", "ask_human") or (
            intent == "wrong_word" and request.payload and request.payload.value == "2"
        ):
            return [Say(say="say_intro"), HandOver(do="hand_over", reason="asks_human", level="U")]
        if "locked" in request.signs:
            return [Say(say="say_cover")]
        return [self.chance.choice(QUESTIONS)]


class Walk:
    """One person's way."""

    def __init__(self, line: Line, seed: int) -> None:
        self.line, self.chance = line, random.Random(seed)
        self.bot = Bot(self.chance)
        self.sender = Address("sms", f"+1500555{seed:04d}")
        self.trail: list[str] = []

    def step(self) -> None:
        what = self.chance.random()
        if what < 0.25:
            self.pause(self.chance.choice(PAUSES))
        elif what < 0.32:
            self.desk()
        else:
            self.write(self.chance.choices(list(TEXTS), list(TEXTS.values()))[0])

    def write(self, body: str) -> None:
        self.trail.append(body)
        before = self.conversation()
        gap = self.gap()
        with self.line.sessions.begin() as session:
            arrival = Arrival(
                sid=uuid4().hex,
                sender=self.sender,
                ours=Address("sms", US),
                kind="text",
                opt_out=None,
                body=body,
                extra={},
            )
            message_id = store(session, arrival, self.line.gateway.settings)
        assert message_id is not None
        asked, sent = len(self.bot.requests), len(self.line.twilio.sent)
        self.line.engine.steps = [self.bot.turn] * 3
        current = self.conversation()
        assert current is not None
        turn.handle_next(self.line.gateway, current.id)
        self.send_all(current.id)
        self.check(
            body,
            message_id,
            before=before,
            gap=gap,
            asked=self.bot.requests[asked:],
            sent=self.line.twilio.bodies[sent:],
        )

    def check(
        self,
        body: str,
        message_id: UUID,
        *,
        before: Conversation | None,
        gap: timedelta | None,
        asked: list[TurnRequest],
        sent: list[str],
    ) -> None:
        after = self.conversation()
        assert after is not None
        with self.line.sessions.begin() as session:
            message = session.get_one(Message, message_id)
            case = session.execute(
                select(Case).where(Case.conversation_id == after.id, Case.state == "open")
            ).scalar_one_or_none()
        assert message.state == "handled", self.trail
        assert after.opt_out_pending is False, self.trail
        if before is not None and before.opted_out and body != "start":
            assert (asked, sent, after.opted_out) == ([], [], True), self.trail
            assert case is not None or body in ("stop", "erase"), self.trail
        if body == "stop":
            assert after.opted_out, self.trail
        if "knife" in body:
            heard = any(request.alarm == "danger_now" for request in asked)
            assert heard or (case is not None and case.level == "E"), self.trail
        for request in asked:
            answers = request.payload is not None and request.payload.intent == "answer"
            if answers:
                assert gap is not None, self.trail
                assert gap < timedelta(minutes=60), self.trail
                assert before is not None, self.trail
                assert before.locked_at is None, self.trail
                assert not request.new_session, self.trail
                assert "locked" not in request.signs, self.trail
            if before is not None and before.owner == "bot" and gap is not None and gap > timedelta(minutes=60):
                opened = request.new_session or "locked" in request.signs
                assert opened or (request.payload and request.payload.intent in ("unlock", "duress")), self.trail
            if "locked" in request.signs:
                assert after.safe_word_hash is not None or body == "erase", self.trail
        if message.secret:
            assert message.body is None, self.trail
        assert after.wrong_words == 0 or after.locked_at is not None, self.trail

    def pause(self, span: timedelta) -> None:
        self.trail.append(str(span))
        current = self.conversation()
        if current is None:
            return
        with self.line.sessions.begin() as session:
            for statement in (
                "UPDATE message SET created_at = created_at - :span WHERE conversation_id = :id",
                "UPDATE conversation SET last_inbound_at = last_inbound_at - :span WHERE id = :id",
            ):
                session.execute(text(statement), {"span": span, "id": current.id})

    def desk(self) -> None:
        current = self.conversation()
        if current is None:
            return
        self.trail.append("desk")
        with self.line.sessions.begin() as session:
            change_owner(session, current.id, "bot" if current.owner == "desk" else "desk")

    def conversation(self) -> Conversation | None:
        with self.line.sessions.begin() as session:
            return session.execute(
                select(Conversation).join(Person).where(Person.phone_hash == self.sender.find_hash())
            ).scalar_one_or_none()

    def gap(self) -> timedelta | None:
        current = self.conversation()
        if current is None:
            return None
        with self.line.sessions.begin() as session:
            query = "SELECT now() - max(created_at) FROM message WHERE conversation_id = :id AND direction = 'inbound'"
            return session.execute(text(query), {"id": current.id}).scalar_one()  # type: ignore[no-any-return]

    def send_all(self, conversation_id: UUID) -> None:
        with self.line.sessions.begin() as session:
            rows = session.execute(
                select(Message.id).where(Message.conversation_id == conversation_id, Message.state == "queued").order_by(Message.seq)
            ).scalars().all()  # fmt: skip
        for row in rows:
            sending.send(self.line.gateway, row)


async def test_whatever_happened_before(line: Line) -> None:
    heard: set[str] = set()
    for seed in range(WALKS):
        walk = Walk(line, seed)
        for _ in range(STEPS):
            walk.step()
        heard |= {request.payload.intent for request in walk.bot.requests if request.payload}
        heard |= {sign for request in walk.bot.requests for sign in request.signs}
    # The walks go where it matters.
    assert {"answer", "unlock", "duress", "wrong_word", "opt_out", "erase_data", "locked"} <= heard
