"""Messages that the bot does not answer: a caseworker has the conversation, or the person wrote STOP. A human must still hear of them."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.ownership import change_owner
from cases.service import open_for_bot_failure
from core.turns import Payload
from gateway.acknowledging import acknowledge
from gateway.alarms import find_trouble, raise_case
from gateway.asked import remember_reading
from gateway.effects import erase
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.opting_out import reopen, stop, wrote_after_stop
from gateway.outbox import say_system
from gateway.reconcile import TWILIO_SECOND, sent_late
from gateway.spending import Limit, exceeded
from gateway.wording import clean


def for_humans(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> bool:
    """See to a message of a person that is none of the bot's; False when the bot answers it. The conversation must be locked."""
    text = clean(message.body or "")
    command = gateway.wording.command(conversation.language, text)
    if conversation.silent and command != "stop" and "start" in gateway.wording.meanings(text):
        reopen(conversation)
    written = sent_late(message)
    limit = None
    if written is None and not conversation.silent and conversation.owner != "desk":
        limit = _over(gateway, session, conversation)
        if limit is None:
            return False
    trouble = find_trouble(gateway, conversation, message)
    if trouble == "duress":
        # What a caseworker sees is that it was written, not the word.
        remember_reading(message, Payload(intent="duress"))
    raised = None
    if conversation.silent:
        wrote_after_stop(gateway, session, conversation, trouble, command=command)
    elif trouble is not None:
        raised = raise_case(gateway, session, conversation, trouble)
    if command not in ("erase", "stop") and not conversation.silent and limit != "line":
        acknowledge(gateway, session, conversation, message, trouble=trouble, raised=raised, command=command)
    _obey(gateway, session, conversation, message, command)
    if written and command is None:
        _came_late(session, conversation, message, written)
    return True


def _obey(
    gateway: Gateway, session: Session, conversation: Conversation, message: Message, command: str | None
) -> None:
    """Two words are obeyed whoever has the conversation."""
    if command == "erase":
        erase(session, conversation, message)
        say_system(session, conversation, "say_erased", wording=gateway.wording, settings=gateway.settings)
    if command == "stop":
        stop(gateway, session, conversation, message, language=None)


def _over(gateway: Gateway, session: Session, conversation: Conversation) -> Limit | None:
    """Whoever has had more answers than a machine may give in an hour gets a human instead."""
    limit = exceeded(session, conversation.id, gateway.settings)
    if limit is not None:
        open_for_bot_failure(session, conversation.id, reason="budget")
        change_owner(session, conversation.id, "desk")
    return limit


def _came_late(session: Session, conversation: Conversation, message: Message, written: datetime) -> None:
    """A human reads what reached us late. Where the person has written since, the bot has their attention and keeps it.

    Twilio's list counts whole seconds: what came within the same one may have been written before, and in doubt a human reads.
    """
    if conversation.silent or conversation.owner == "desk":
        return
    later = select(Message.id).where(
        Message.conversation_id == conversation.id,
        Message.direction == "inbound",
        Message.author == "person",
        Message.id != message.id,
        Message.created_at >= written + TWILIO_SECOND,
    )
    open_for_bot_failure(session, conversation.id, reason="late_message")
    if session.execute(later.limit(1)).first() is None:
        change_owner(session, conversation.id, "desk")
