"""Messages that no bot answers: those for humans only, and those that break every run, which are put aside where they can be seen."""

from uuid import UUID

from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.ownership import change_owner, lock_conversation
from cases.service import open_case_of, open_for_bot_failure
from core.database import notify, now
from core.logging import describe, get_logger
from gateway.alarms import Trouble, find_trouble, raise_case
from gateway.failure import fail_over
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.opting_out import AFTER_STOP

log = get_logger(__name__)


def to_thread(session: Session, conversation: Conversation, message: Message) -> None:
    """The message is for humans only."""
    message.state, message.handled_at = "handled", now()
    session.flush()
    case = open_case_of(session, conversation.id)
    notify(session, conversation=conversation.id, message=message.id, **({"case": str(case.id)} if case else {}))


def park(gateway: Gateway, conversation_id: UUID, message_id: UUID) -> None:
    """Put a message aside that breaks every run, visibly, and call a human."""
    with gateway.sessions.begin() as session:
        conversation = lock_conversation(session, conversation_id)
        message = session.get_one(Message, message_id, with_for_update=True)
        if message.state != "received":
            return
        log.error("a message was parked", conversation=str(conversation_id), message=str(message_id))
        trouble = find_trouble(gateway, conversation, message)
        if conversation.owner == "desk" or conversation.silent:
            if trouble is not None:
                raise_case(gateway, session, conversation, trouble)
            if conversation.silent:
                open_for_bot_failure(session, conversation.id, reason=AFTER_STOP)
            to_thread(session, conversation, message)
        else:
            _call_human(gateway, session, conversation, message, trouble)
        message.state = "parked"


def _call_human(
    gateway: Gateway, session: Session, conversation: Conversation, message: Message, trouble: Trouble | None
) -> None:
    """What broke the turn may break the honest message too: then a human has the conversation all the same."""
    try:
        with session.begin_nested():
            fail_over(gateway, session, conversation, message, "poison", guess=None, trouble=trouble)
    except Exception as error:  # noqa: BLE001 - whatever it is, the person must not be left with nobody
        name, where = describe(error)
        log.error("the person could not be told", conversation=str(conversation.id), error=name, where=where)  # noqa: TRY400
        if trouble is not None:
            raise_case(gateway, session, conversation, trouble)
        open_for_bot_failure(session, conversation.id, reason="bot_failure")
        change_owner(session, conversation.id, "desk")
        message.handled_at = now()
