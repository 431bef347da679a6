"""STOP and START. The confirmation is queued first and the flag set when its sending has ended, so that it is not dropped by its own flag.

Who wrote STOP is sent nothing more; but what they write later is read by a human: a person in need must not be ignored because of it.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.ownership import change_owner
from cases.service import open_case_of, open_or_update, record
from core.database import notify
from core.logging import get_logger
from gateway.alarms import Trouble, raise_case
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.outbox import say_system
from gateway.window import forget_held

log = get_logger(__name__)

AFTER_STOP = "wrote_after_stop"
_UNDER_WAY = ("queued", "sending")


def end(session: Session, conversation: Conversation, confirmation: Sequence[Message] = ()) -> None:
    """Nothing is sent any more, once the confirmation has left. Without one, at once. The conversation must be locked."""
    leaving = [row for row in confirmation if row.state == "queued"]
    for row in leaving:
        row.confirms_opt_out = True
    conversation.opt_out_pending, conversation.opted_out = bool(leaving), not leaving
    forget_held(session, conversation)
    if conversation.owner == "bot":
        change_owner(session, conversation.id, "closed")
    if conversation.owner == "closed":
        conversation.new_session = True
    case = open_case_of(session, conversation.id)
    if case is not None:
        record(session, case, "opted_out")
        notify(session, case=case.id, conversation=conversation.id)
    session.flush()
    log.info("a person wants no messages", conversation=str(conversation.id))


def stop(
    gateway: Gateway, session: Session, conversation: Conversation, message: Message, *, language: str | None
) -> None:
    """STOP where the bot does not answer: a caseworker has the conversation, or the bot is down."""
    if conversation.silent:
        return
    confirmation = say_system(
        session, conversation, "say_opted_out",
        wording=gateway.wording, settings=gateway.settings, language=language, turn_id=message.id,
    )  # fmt: skip
    end(session, conversation, confirmation)


def confirmed(session: Session, conversation: Conversation, message: Message) -> None:
    """The sending of a message ended, one way or the other. The conversation must be locked."""
    if not message.confirms_opt_out or message.state in _UNDER_WAY or not conversation.opt_out_pending:
        return
    session.flush()
    left = session.execute(
        select(Message.id)
        .where(Message.conversation_id == conversation.id, Message.confirms_opt_out, Message.state.in_(_UNDER_WAY))
        .limit(1)
    ).first()
    if left is None:
        conversation.opted_out, conversation.opt_out_pending = True, False


def reopen(conversation: Conversation) -> None:
    """START: messages are sent again, and the bot begins afresh. The conversation must be locked."""
    conversation.opted_out = conversation.opt_out_pending = False
    if conversation.owner != "desk":
        conversation.new_session = True


def wrote_after_stop(
    gateway: Gateway, session: Session, conversation: Conversation, trouble: Trouble | None, *, command: str | None
) -> None:
    """A human reads what somebody writes who is not answered any more. STOP again is no such message, and ERASE is done without a word."""
    if trouble is not None:
        raise_case(gateway, session, conversation, trouble, reason=AFTER_STOP)
    elif command not in ("stop", "erase"):
        open_or_update(
            session, conversation.id, level="U", rules=[], needs=[], answers={}, reason=AFTER_STOP,
            settings=gateway.settings,
        )  # fmt: skip
