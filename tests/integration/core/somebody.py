"""A person who wrote, as the webhook stores them."""

import os

from sqlalchemy.orm import Session

from cases.models import Conversation, Person
from gateway.models import Message


def somebody(session: Session, *words: str) -> Conversation:
    """A person with a conversation in which they wrote."""
    person = Person(phone_hash=os.urandom(32))
    session.add(person)
    session.flush()
    person.phone = "+15005550100"
    conversation = Conversation(person_id=person.id, channel="sms", our_address="+15005550006")
    session.add(conversation)
    session.flush()
    for word in words:
        session.add(
            Message(conversation_id=conversation.id, direction="inbound", author="person", state="handled", body=word)
        )
    session.flush()
    return conversation
