"""What must reach a human whatever state the conversation is in: the desk owns it, the person wrote STOP, the bot is down."""

from typing import Literal

from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.service import CaseHandle, open_case_of, open_or_update, record, set_hold
from core.encryption import DecryptionError
from core.logging import get_logger
from core.turns import Alarm
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.secret_answers import recognise
from gateway.wording import clean

log = get_logger(__name__)

Trouble = Alarm | Literal["duress", "self_harm_now"]
"""What calls for a human: a phrase of the lists, that it is happening now, or the word that was agreed for a bad time."""

LEVELS: dict[Trouble, tuple[str, str, str]] = {
    "duress": ("E", "E4", "duress"),
    "danger_now": ("E", "E4", "emergency"),
    "self_harm_now": ("E", "E3", "self_harm"),
    "self_harm": ("U", "U4", "self_harm"),
    "child_alone": ("U", "U1", "child_alone"),
    "ask_human": ("U", "U12", "asks_human"),
}
"""Level, rule (protocol 2.4) and reason, as the desk knows them."""


def find_alarm(gateway: Gateway, message: Message) -> Alarm | None:
    """What the lists of safety phrases find in a message of a person, however long it is."""
    text = clean(message.body or "")
    return gateway.wording.alarm(text) if text else None


def is_now(gateway: Gateway, message: Message) -> bool:
    """Whether a message says that somebody harms themselves now or is about to."""
    return gateway.wording.harms_now(clean(message.body or ""))


def find_trouble(gateway: Gateway, conversation: Conversation, message: Message) -> Trouble | None:
    """The same, or the word for a bad time. None for a message that cannot be opened: it is shown as such."""
    try:
        if recognise(conversation, clean(message.body or "")) == "duress":
            return "duress"
        alarm = find_alarm(gateway, message)
        return "self_harm_now" if alarm == "self_harm" and is_now(gateway, message) else alarm
    except DecryptionError as fault:
        log.error("a message cannot be opened", message=str(message.id), error=fault.reason)  # noqa: TRY400 - the reason says it all
        return None


def raise_case(
    gateway: Gateway,
    session: Session,
    conversation: Conversation,
    trouble: Trouble,
    *,
    reason: str | None = None,
) -> CaseHandle:
    """Open the conversation's case or raise it. Once for a message: call it in the transaction that marks the message as handled."""
    level, rule, why = LEVELS[trouble]
    handle = open_or_update(
        session, conversation.id, level=level, rules=[rule], needs=[], answers={}, reason=reason or why,
        settings=gateway.settings,
    )  # fmt: skip
    case = open_case_of(session, conversation.id)
    if case is not None:
        record(session, case, "alarm", reason=why)
    if trouble == "duress":
        set_hold(session, conversation.id, "duress")
    log.warning("an alarm was raised", conversation=str(conversation.id), reason=why, rule=rule)
    return handle
