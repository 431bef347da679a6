"""Who speaks to the person: the bot, the desk, or nobody.

Every change raises the epoch, and output made under an older epoch is dropped.

The row of the conversation is locked before it is read: two changes at once, or a change while a reply is being written,
happen one after the other.
"""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from cases.models import Conversation
from core.database import notify

# Made once: to build it cost as much as to ask it, and every turn asks it.
_LOCK = (
    select(Conversation)
    .where(Conversation.id == bindparam("id"))
    .options(joinedload(Conversation.person, innerjoin=True))
    .with_for_update(of=Conversation)
    .execution_options(populate_existing=True)
)


def lock_conversation(session: Session, conversation_id: UUID) -> Conversation:
    """The conversation with its person, locked until the transaction ends, as the database has it now. Raises NoResultFound."""
    return session.execute(_LOCK, {"id": conversation_id}).scalar_one()


def change_owner(session: Session, conversation_id: UUID, owner: str) -> Conversation:
    """Give the conversation to `bot`, `desk` or `closed`.

    The epoch rises even when the owner stays, so that what is under way is dropped.
    """
    conversation = lock_conversation(session, conversation_id)
    conversation.owner = owner
    conversation.epoch += 1
    session.flush()
    notify(session, conversation=conversation_id)
    return conversation
