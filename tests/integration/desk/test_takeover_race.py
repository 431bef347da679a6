"""A bot's reply and a takeover at the same moment, in both orders, again and again: after a human took over the bot is not heard."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cases import service
from cases.models import Conversation
from cases.ownership import change_owner, lock_conversation
from gateway.fixed_wording import FixedWording
from gateway.gateway import Gateway
from gateway.rendering import Part
from gateway.rows import queue_parts
from gateway.scripted_engine import ScriptedEngine
from gateway.sending import send
from gateway.twilio_client import Accepted
from tests.integration.desk.conftest import TEXTS

ROUNDS = int(os.environ.get("WAYMARK_TEST_ROUNDS", "100"))
"""In the whole suite a hundred, which costs seconds; `make bench-desk` runs a thousand and writes down how they ended."""
TOLD = os.environ.get("WAYMARK_TEST_TOLD")


@dataclass
class Provider:
    """Takes every message over, and remembers which and when the human had the conversation."""

    human: bool = False
    spoke_over: int = 0
    sent: list[str] = field(default_factory=list)

    def send(self, message: Any) -> Accepted:
        self.sent.append(message.body)
        self.spoke_over += self.human
        return Accepted(f"SM{len(self.sent):032d}", "queued", 1)

    def register(self, content: Any) -> str:
        raise AssertionError("a text without buttons needs no content")


def test_no_message_of_the_bot_leaves_after_a_takeover_whichever_was_first(world: Any) -> None:
    user = world.caseworker()
    case_id = world.case()
    conversation_id = world.read(case_id)[1].id
    provider = Provider()
    gateway = Gateway(world.settings, world.sessions, FixedWording(TEXTS), ScriptedEngine(), provider)
    for round_ in range(ROUNDS):
        taken_first = bool(round_ % 2)
        with world.sessions.begin() as session:
            # The bot owns it again, and has just written what it wants to say.
            case = service.get_case(session, case_id)
            case.assignee_id = None
            change_owner(session, conversation_id, "bot")
            conversation = lock_conversation(session, conversation_id)
            (row,) = queue_parts(
                session, conversation, [Part(f"Bot {round_}")], author="bot", language="en", state="dropped"
            )
            row.state = "queued"
            message_id = row.id
            provider.human = False
        if not taken_first:
            send(gateway, message_id)
        with world.sessions.begin() as session:
            service.take(session, case_id, session.merge(user))
        provider.human = True
        # The job that sends runs now, or once more: it reads the owner in the transaction that lets the row go.
        send(gateway, message_id)
    if TOLD:
        halves = {"sent_before": (ROUNDS + 1) // 2, "taken_before": ROUNDS // 2}
        Path(TOLD).write_text(json.dumps({"rounds": ROUNDS, **halves, "after_takeover": provider.spoke_over}))
    assert provider.spoke_over == 0
    assert provider.sent == [f"Bot {round_}" for round_ in range(0, ROUNDS, 2)]
    with world.sessions.begin() as session:
        assert session.get_one(Conversation, conversation_id).owner == "desk"
