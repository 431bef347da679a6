"""Sending a caseworker's message once more that did not arrive: a new message, a new attempt, under the check and the rules of a new one.

The new message's client id is derived from the old one: two clicks, or two tabs, send it again once.
"""

from collections.abc import Iterable
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Case, Conversation, User
from cases.ownership import lock_conversation
from cases.service import held, record
from core.settings import Settings
from gateway.errors import CannotWrite
from gateway.models import Message
from gateway.outbox import send_as_caseworker
from gateway.wording import Wording

RESENDABLE = frozenset({"failed", "uncertain"})
"""States in which a message may not have arrived. `uncertain`: perhaps it has, so only on purpose."""


def resend_id(message_id: UUID) -> UUID:
    """The client id of the message that repeats this one."""
    return uuid5(NAMESPACE_OID, f"resend:{message_id}")


def resent(session: Session, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Client ids of the repetitions that exist already, of these messages."""
    wanted = [resend_id(one) for one in ids]
    found = session.execute(select(Message.client_id).where(Message.client_id.in_(wanted))).scalars() if wanted else ()
    return frozenset(one for one in found if one is not None)


def resend(
    session: Session,
    case: Case,
    user: User,
    message_id: UUID,
    *,
    sure: bool,
    wording: Wording,
    settings: Settings | None = None,
) -> Message:
    """Send it again. `sure`: whoever asks knows that the person may get it twice.

    Raises CannotWrite (`no_message`: not one of this conversation that failed; `uncertain`: not `sure`; else as a new message),
    NeedsAcknowledgement when the check warns of it, NotTheOwner or CaseClosed.
    """
    conversation: Conversation = lock_conversation(session, case.conversation_id)
    held(session, case.id, user)
    message = session.execute(
        select(Message).where(
            Message.id == message_id, Message.conversation_id == conversation.id, Message.author == "caseworker"
        )
    ).scalar_one_or_none()
    again = resend_id(message_id)
    if message is not None and resent(session, [message_id]):
        return session.execute(select(Message).where(Message.client_id == again)).scalar_one()
    if message is None or message.state not in RESENDABLE or message.withheld or not message.body:
        raise CannotWrite("no_message")
    if message.state == "uncertain" and not sure:
        raise CannotWrite("uncertain")
    sent = send_as_caseworker(session, conversation, user, message.body, again, wording=wording, settings=settings)
    record(session, case, "resent", user=user, message=str(message.id), state=message.state)
    return sent
