"""What the bot decided, carried out in one transaction: said, handed over, closed, erased."""

from collections.abc import Sequence

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from cases import complaints
from cases.erasure import erase as erase_records
from cases.models import Conversation
from cases.ownership import change_owner
from cases.service import open_case_of, open_or_update, record
from core.database import now
from core.logging import get_logger
from core.turns import Close, Complain, Erase, HandOver, Item, NoComplaint, OptOut, Say, SetLanguage, TurnReply
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.opting_out import end
from gateway.rows import manner_of
from gateway.saying import say_checked

log = get_logger(__name__)


def apply(
    gateway: Gateway,
    session: Session,
    conversation: Conversation,
    message: Message,
    reply: TurnReply,
    *,
    guess: str | None,
) -> None:
    """Carry out a reply. The conversation must be locked and still be the bot's.

    Who owns the conversation changes before anything is written, so that the last words of a turn that hands over are not dropped as the
    bot's.
    """
    message.state, message.handled_at = "handled", now()
    conversation.new_session = False
    if any(isinstance(item, Erase) for item in reply.output):
        erase(session, conversation, message)
    _complaints(session, conversation, message, reply.output)
    hand_over = next((item for item in reply.output if isinstance(item, HandOver)), None)
    close = next((item for item in reply.output if isinstance(item, Close)), None)
    if hand_over is not None:
        _hand_over(gateway, session, conversation, hand_over)
    elif close is not None:
        change_owner(session, conversation.id, "closed").new_session = True
        log.info("the bot closed a conversation", conversation=str(conversation.id), reason=close.reason)
    said = _say(gateway, session, conversation, message, reply.output, guess=guess, state="queued")
    if any(isinstance(item, OptOut) for item in reply.output):
        end(session, conversation, said)
    log.info(
        "a turn was handled",
        conversation=str(conversation.id), turn=str(message.id), intent=reply.understood.intent, owner=conversation.owner,
    )  # fmt: skip


def drop(
    gateway: Gateway,
    session: Session,
    conversation: Conversation,
    message: Message,
    reply: TurnReply,
    *,
    guess: str | None,
    epoch: int,
) -> None:
    """Record what the bot would have said, as dropped: the thread shows that it was never sent."""
    _say(gateway, session, conversation, message, reply.output, guess=guess, state="dropped", epoch=epoch)


def erase(session: Session, conversation: Conversation, message: Message) -> None:
    """Delete what was said until this message, and what the cases keep of it. What the person wrote after it is still to be answered."""
    session.execute(
        update(Message)
        .where(Message.conversation_id == conversation.id)
        .where(or_(Message.direction == "outbound", Message.seq <= message.seq))
        .values(body_encrypted=None, extra_encrypted=None, choices=None)
        .execution_options(synchronize_session="fetch")
    )
    erase_records(session, conversation)


def _complaints(session: Session, conversation: Conversation, message: Message, items: Sequence[Item]) -> None:
    """What is said against the team leaves its thread, and comes back if it was nothing of the kind."""
    for item in items:
        if isinstance(item, Complain):
            words = message.body if item.told else None
            complaints.add(session, conversation, message.id, words or None)
            if words:
                message.body, message.secret = None, True
        elif isinstance(item, NoComplaint):
            for message_id, words in complaints.take_back(session, conversation):
                row = session.get(Message, message_id)
                if row is not None:
                    row.body, row.secret = words, False


def _hand_over(gateway: Gateway, session: Session, conversation: Conversation, item: HandOver) -> None:
    """Give the conversation to the desk. The actions opened the case; where they did not, it is opened here: nobody is handed to no one."""
    handle = open_or_update(
        session,
        conversation.id,
        level=item.level,
        rules=[],
        needs=[],
        answers={},
        reason=item.reason,
        settings=gateway.settings,
    )
    case = open_case_of(session, conversation.id)
    if case is not None:
        record(session, case, "handed_over", reason=item.reason, level=handle.level)
    change_owner(session, conversation.id, "desk")
    log.info("the bot handed over", conversation=str(conversation.id), reason=item.reason, status=handle.level)


def _say(
    gateway: Gateway,
    session: Session,
    conversation: Conversation,
    message: Message,
    items: Sequence[Item],
    *,
    guess: str | None,
    state: str,
    epoch: int | None = None,
) -> list[Message]:
    said: list[Message] = []
    for item in items:
        if isinstance(item, SetLanguage):
            _set_language(gateway, conversation, item, keep=state != "dropped")
        elif isinstance(item, Say):
            rows = say_checked(
                session,
                conversation,
                item,
                author="bot",
                manner=manner_of(conversation, guess, gateway.wording, gateway.settings),
                wording=gateway.wording,
                settings=gateway.settings,
                turn_id=message.id,
                state=state,
            )
            for row in rows:
                row.epoch = conversation.epoch if epoch is None else epoch
            said.extend(rows)
    session.flush()
    return said


def _set_language(gateway: Gateway, conversation: Conversation, item: SetLanguage, *, keep: bool) -> None:
    if item.language not in gateway.wording.codes:
        log.error("the bot chose a language that is not enabled", language=item.language)
    elif keep:
        conversation.language = item.language
