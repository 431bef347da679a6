"""The second check, right before a message leaves: the lists, the settings or the row may have changed since it was written down."""

import json
from functools import partial

from sqlalchemy.orm import Session

from cases.models import Conversation
from core.logging import get_logger
from core.turns import Choice, Say
from gateway.budgets import budget_of
from gateway.drafts import broken_rules, is_all_ours, said_by_person
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.rendering import Part, render
from gateway.rows import manner_of, queue_parts
from gateway.saying import NEUTRAL, keep_up, tell_staff

log = get_logger(__name__)


def withhold(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> bool:
    """Keep a message back that breaks a rule which nobody acknowledged. Returns whether it was kept back.

    In place of one of ours something neutral is queued; a caseworker sees that theirs was not sent, and why. Both rows must be locked.
    """
    stored = json.loads(message.extra or "{}")
    manner = manner_of(conversation, message.language, gateway.wording, gateway.settings)
    key = None if message.author == "caseworker" else message.key
    choices = [Choice.model_validate(choice) for choice in message.choices or ()]
    all_ours = is_all_ours(key, message.question, choices, gateway.wording)
    said = () if all_ours else said_by_person(session, conversation.id, before=message.seq)
    judge = partial(broken_rules, manner=manner, wording=gateway.wording, settings=gateway.settings, said=said)
    part = Part(message.body or "", stored.get("form", "text"), tuple(stored.get("labels", ())))
    rules = judge([part], key, ours=stored.get("ours", ()))
    rules = [rule for rule in rules if rule not in stored.get("acknowledged", ())]
    if not rules:
        return False
    message.state, message.withheld = "dropped", ",".join(rules)
    log.error("a text was withheld", message=str(message.id), key=message.key, rules=message.withheld)
    answerable = message.question is None
    if message.author != "caseworker" and message.key != NEUTRAL:
        say = Say(say=NEUTRAL)
        parts = render(say, manner, gateway.wording, budget=budget_of(NEUTRAL, gateway.settings))
        if not judge(parts, NEUTRAL):
            queue_parts(session, conversation, parts, author="system", language=manner.language, say=say)
    tell_staff(session, conversation, message.key, rules, gateway.settings, answerable=answerable)
    keep_up(session, conversation, message.turn_id)
    return True
