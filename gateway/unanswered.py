"""Messages that the bot does not answer: a caseworker has the conversation, or the person wrote STOP. A human must still hear of them."""

from sqlalchemy.orm import Session

from cases.models import Conversation
from core.turns import Payload
from gateway.alarms import find_trouble, raise_case
from gateway.asked import remember_reading
from gateway.effects import erase
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.opting_out import reopen, stop, wrote_after_stop
from gateway.outbox import say_system
from gateway.wording import clean


def for_humans(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> bool:
    """See to a message of a person that is none of the bot's; False when the bot answers it. The conversation must be locked."""
    text = clean(message.body or "")
    command = gateway.wording.command(conversation.language, text)
    if conversation.silent and command != "stop" and "start" in gateway.wording.meanings(text):
        reopen(conversation)
    if not conversation.silent and conversation.owner != "desk":
        return False
    trouble = find_trouble(gateway, conversation, message)
    if trouble == "duress":
        # What a caseworker sees is that it was written, not the word.
        remember_reading(message, Payload(intent="duress"))
    if conversation.silent:
        wrote_after_stop(gateway, session, conversation, trouble, command=command)
    elif trouble is not None:
        raise_case(gateway, session, conversation, trouble)
    if command == "erase":
        erase(session, conversation, message)
        say_system(session, conversation, "say_erased", wording=gateway.wording, settings=gateway.settings)
    if command == "stop":
        stop(gateway, session, conversation, message, language=None)
    return True
