"""Somebody was handed to the team and nobody has taken them yet: one honest word that what they write arrives, and not after each message.

Never once a human has the conversation, nor to a phone whose owner is not known; and what is worse than before is said at once.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cases.models import Case, Conversation
from cases.service import CaseHandle, open_case_of
from core.database import now
from gateway.alarms import Trouble
from gateway.asked import times_written
from gateway.gateway import Gateway
from gateway.guessing import guess_language
from gateway.models import Message
from gateway.outbox import say_system

RECEIVED, NOT_OPENED, GOODBYE, READS = (
    "say_received",
    "say_received_not_opened",
    "say_neutral_goodbye",
    "say_person_reads",
)
URGENT: dict[Trouble, str] = {
    "danger_now": "say_emergency",
    "self_harm": "say_self_harm",
    "self_harm_now": "say_self_harm",
}
"""What is said to a new cry for help, as the bot would. To the word for a bad time nothing is: it must not show."""
OURS = ("bot", "system")
LOOKED_AT = 200
"""Messages of the person; who writes more in one go has been answered in the meantime."""
SILENT_HOLDS = ("duress", "other_person")
"""Whoever said that it is not safe and writes again all the same is answered; nobody writes to them first."""


def acknowledge(
    gateway: Gateway,
    session: Session,
    conversation: Conversation,
    message: Message,
    *,
    trouble: Trouble | None,
    raised: CaseHandle | None,
    command: str | None,
) -> None:
    """Answer a message to a conversation of the desk that nobody holds. The conversation must be locked."""
    case = open_case_of(session, conversation.id)
    if case is None or not _may(session, conversation, case):
        return
    key = URGENT.get(trouble) if trouble is not None else None
    if key is not None and conversation.hold == "not_safe":
        key = READS  # nobody may write first: what nobody may do is not promised
    values: dict[str, str | int] = {}
    if trouble == "duress":
        return
    if key is not None and raised is not None and not _said(session, conversation, message, gateway, key):
        due_at = (
            raised.due_at
            if raised.due_at > now()
            else now() + gateway.settings.target("E" if raised.level == "E" else "U")
        )
        values = {"reference": raised.reference, "time": due_at.isoformat()}
    elif _said(session, conversation, message, gateway, RECEIVED, NOT_OPENED, GOODBYE):
        return
    else:
        key = GOODBYE if command == "leave" else NOT_OPENED if message.kind in ("media", "location") else RECEIVED
    say_system(
        session, conversation, key,
        wording=gateway.wording, settings=gateway.settings, turn_id=message.id,
        language=None if conversation.language else guess_language(gateway.wording, session, message), **values,
    )  # fmt: skip


def _may(session: Session, conversation: Conversation, case: Case) -> bool:
    """Whether the machine may still speak: nobody holds the case, and no human was the last to write."""
    if conversation.owner != "desk" or case.assignee_id is not None or conversation.hold in SILENT_HOLDS:
        return False
    last = session.execute(
        select(Message.author, Message.key).where(_heard(conversation)).order_by(Message.seq.desc()).limit(1)
    ).one_or_none()
    return last is None or (last.author in OURS and last.key != "say_human_takes_over")


def _said(session: Session, conversation: Conversation, message: Message, gateway: Gateway, *keys: str) -> bool:
    """Whether one of these was said since the last pause: whoever comes back after one may hear it again, who goes on writing not."""
    since = _since(session, message, gateway)
    found = select(Message.id).where(_heard(conversation), Message.key.in_(keys), Message.created_at >= since)
    return session.execute(found.limit(1)).first() is not None


def _since(session: Session, message: Message, gateway: Gateway) -> datetime:
    """When the person began to write after their last pause, as far back as looked at."""
    times = times_written(session, message, LOOKED_AT)
    begun = times[0]
    for time in times[1:]:
        if begun - time > gateway.settings.lock_after:
            break
        begun = time
    return begun


def _heard(conversation: Conversation) -> ColumnElement[bool]:
    return (
        (Message.conversation_id == conversation.id)
        & (Message.direction == "outbound")
        & Message.state.not_in(("dropped", "failed"))
    )
