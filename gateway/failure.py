"""A dead bot is not a dead line: one honest message in the person's language, and a human has the conversation, with the reason."""

from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.ownership import change_owner
from cases.service import open_case_of, open_for_bot_failure, record
from core.database import now
from core.logging import get_logger
from gateway.alarms import Trouble, raise_case
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.outbox import say_system

log = get_logger(__name__)


def fail_over(
    gateway: Gateway,
    session: Session,
    conversation: Conversation,
    message: Message,
    reason: str,
    *,
    guess: str | None,
    trouble: Trouble | None = None,
) -> None:
    """The bot gave no turn: the desk takes over. Said once, because from here on the conversation is not the bot's.

    The conversation must be locked and still be the bot's.
    """
    log.error("the bot failed", conversation=str(conversation.id), turn=str(message.id), reason=reason)
    if trouble is not None:
        raise_case(gateway, session, conversation, trouble)
    handle = open_for_bot_failure(session, conversation.id, reason="bot_failure")
    case = open_case_of(session, conversation.id)
    if case is not None:
        record(session, case, "bot_failure", reason=reason)
    message.state, message.handled_at = "handled", now()
    change_owner(session, conversation.id, "desk")
    # The case may be an old one whose time is over: nobody is told an hour that has passed.
    due_at = handle.due_at if handle.due_at > now() else now() + gateway.settings.target_u
    # Where it is not OK to write nobody is promised that somebody does.
    told = {"reference": handle.reference} if conversation.hold == "not_safe" else {}
    say_system(
        session,
        conversation,
        "say_person_reads" if told else "say_bot_failure",
        wording=gateway.wording,
        settings=gateway.settings,
        language=guess,
        turn_id=message.id,
        time=due_at.isoformat(),
        **told,
    )
