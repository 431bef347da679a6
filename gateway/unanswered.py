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
from gateway.wording import clean


def for_humans(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> bool:
    """See to a message of a person that is none of the bot's; False when the bot answers it. The conversation must be locked."""
    text = clean(message.body or "")
    command = gateway.wording.command(conversation.language, text)
    if conversation.silent and command != "stop" and "start" in gateway.wording.meanings(text):
        reopen(conversation)
    written = sent_late(message)
    if written is None and not conversation.silent and conversation.owner != "desk":
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
    if command not in ("erase", "stop") and not conversation.silent:
        acknowledge(gateway, session, conversation, message, trouble=trouble, raised=raised, command=command)
    if command == "erase":
        erase(session, conversation, message)
        say_system(session, conversation, "say_erased", wording=gateway.wording, settings=gateway.settings)
    if command == "stop":
        stop(gateway, session, conversation, message, language=None)
    if written and command is None and not conversation.silent and conversation.owner != "desk":
        _came_late(session, conversation, message, written)
    return True


def _came_late(session: Session, conversation: Conversation, message: Message, written: datetime) -> None:
    """A human reads what reached us late. Where the person has written since, the bot has their attention and keeps it.

    Twilio's list counts whole seconds: what came within the same one may have been written before, and in doubt a human reads.
    """
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
