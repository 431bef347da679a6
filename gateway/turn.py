"""One turn: the conversation's next message is read, the bot is asked if it owns the conversation, and what it says is written down.

The engine is asked outside any transaction. Before and after, the conversation's row is locked: if a human took over in between,
the epoch has risen and the bot's words are dropped. A turn that is repeated after a crash finds its message handled, or gets the
same reply again.
"""

import json
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.ownership import change_owner, lock_conversation
from core.logging import get_logger
from core.turns import Close, Erase, HandOver, OptOut, Payload, Say, TurnReply, TurnRequest
from gateway.alarms import Trouble, find_alarm, is_now, raise_case
from gateway.door import Entry, enter
from gateway.effects import apply, drop
from gateway.errors import EngineError
from gateway.failure import fail_over
from gateway.gateway import Gateway
from gateway.guessing import guess_language
from gateway.lock import begin_anew
from gateway.models import Message
from gateway.opting_out import stop
from gateway.outbox import why_silent
from gateway.parking import park, to_thread
from gateway.reading import Meaning
from gateway.rows import lock_message
from gateway.unanswered import for_humans
from gateway.window import release
from gateway.wording import clean

log = get_logger(__name__)

MAX_ATTEMPTS = 3
"""After so many counted runs that broke, a message is parked: it must not keep those behind it from being read."""


@dataclass(frozen=True, slots=True)
class _Asked:
    message_id: UUID
    epoch: int
    guess: str | None
    request: TurnRequest
    now: bool
    """Somebody harms themselves now, or is about to."""

    @property
    def trouble(self) -> Trouble | None:
        """What a human must hear of even if the bot's words come to nothing."""
        payload = self.request.payload
        if payload and payload.intent == "duress":
            return "duress"
        return "self_harm_now" if self.request.alarm == "self_harm" and self.now else self.request.alarm

    @property
    def stops(self) -> bool:
        """Whether the person wrote STOP: that is obeyed whatever becomes of the bot."""
        return self.request.payload is not None and self.request.payload.intent == "opt_out"


def handle_next(gateway: Gateway, conversation_id: UUID, *, again: bool = False) -> None:
    """Handle the oldest message of a conversation that is not handled; exactly one, or none when there is none.

    With `again` (a run of this job broke) the attempt is written down before anything else is done: a message whose reading kills the
    process would otherwise be read for ever. Of a first run it is written with what was read.
    """
    with gateway.sessions.begin() as session:
        conversation = lock_conversation(session, conversation_id)
        message = _next(session, conversation)
        if message is None:
            return
        message.attempts += 1
        worn_out = message.attempts > MAX_ATTEMPTS
        asked = None if again or worn_out else _ask(gateway, session, conversation, message)
    if worn_out:
        park(gateway, conversation_id, message.id)
        return
    if again:
        with gateway.sessions.begin() as session:
            message = lock_message(session, message.id)
            asked = _ask(gateway, session, message.conversation, message)
    if asked is None:
        return
    outcome: TurnReply | str
    try:
        outcome = gateway.engine.turn(asked.request)
    except EngineError as fault:
        outcome = fault.reason
    else:
        outcome = outcome if _says_something(outcome) else "empty"
    _finish(gateway, asked, outcome)


def _next(session: Session, conversation: Conversation) -> Message | None:
    return session.execute(
        select(Message)
        .where(Message.conversation_id == conversation.id, Message.direction == "inbound", Message.state == "received")
        .order_by(Message.seq)
        .limit(1)
    ).scalar_one_or_none()


def _ask(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> _Asked | None:
    """What to ask the engine; None when the message is none of the bot's. The conversation must be locked."""
    from_desk = message.author == "system"
    if message.state != "received":
        return None
    if (from_desk and not _may_prompt(conversation, message)) or (
        not from_desk and for_humans(gateway, session, conversation, message)
    ):
        if not from_desk:
            _release(gateway, session, conversation, message)
        to_thread(session, conversation, message)
        return None
    if conversation.owner == "closed":
        conversation = change_owner(session, conversation.id, "bot")
        conversation.new_session = True
    guess = None if conversation.language else guess_language(gateway.wording, session, message)
    alarm = None if from_desk else find_alarm(gateway, message)
    language = conversation.language or guess
    entry = (
        _from_desk(conversation, message)
        if from_desk
        else enter(gateway, session, conversation, message, language=language, alarm=alarm)
    )
    if conversation.new_session:
        begin_anew(conversation, message)
    if not from_desk:
        _release(gateway, session, conversation, message)
    request = TurnRequest(
        conversation_id=conversation.id,
        turn_id=message.id,
        text=entry.meaning.text,
        payload=entry.meaning.payload,
        language=conversation.language,
        language_guess=guess,
        channel="whatsapp" if conversation.channel == "whatsapp" else "sms",
        new_session=conversation.new_session,
        alarm=alarm,
        signs=entry.signs,
    )
    now = alarm == "self_harm" and is_now(gateway, message)
    return _Asked(message.id, conversation.epoch, guess, request, now)


def _may_prompt(conversation: Conversation, message: Message) -> bool:
    """Whether the bot may say something unasked because the desk wants it to: not where nobody may write first.

    How a referral went is asked when the conversation has long been closed.
    """
    if why_silent(conversation) is not None:
        return False
    return conversation.owner == "bot" or (conversation.owner == "closed" and message.key != "resume")


def _release(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> None:
    """What WhatsApp kept from the person leaves before anything else is said to them."""
    release(session, conversation, word=gateway.wording.command(conversation.language, clean(message.body or "")))


def _from_desk(conversation: Conversation, message: Message) -> Entry:
    """The desk gave the conversation back. A human has looked: the tries at the word begin anew, but who holds the phone is not known."""
    conversation.wrong_words = 0
    value = json.loads(message.extra or "{}").get("value")
    payload = Payload(intent=message.key or "resume", value=value)
    return Entry(Meaning(payload=payload), ("locked",) if conversation.locked_at else ())


def _finish(gateway: Gateway, asked: _Asked, outcome: TurnReply | str) -> None:
    """Write down what the bot said, or that it failed, if the conversation is still the bot's."""
    with gateway.sessions.begin() as session:
        message = lock_message(session, asked.message_id)
        conversation = message.conversation
        if message.state != "received":
            return
        if conversation.epoch != asked.epoch or conversation.silent:
            log.info("what the bot said is dropped", conversation=str(conversation.id), turn=str(message.id))
            if isinstance(outcome, TurnReply):
                drop(gateway, session, conversation, message, outcome, guess=asked.guess, epoch=asked.epoch)
            if asked.trouble is not None:
                raise_case(gateway, session, conversation, asked.trouble)
            to_thread(session, conversation, message)
        elif isinstance(outcome, TurnReply):
            apply(gateway, session, conversation, message, outcome, guess=asked.guess)
        elif asked.stops:
            to_thread(session, conversation, message)
        else:
            fail_over(gateway, session, conversation, message, outcome, guess=asked.guess, trouble=asked.trouble)
        if asked.stops:
            stop(gateway, session, conversation, message, language=asked.guess)


def _says_something(reply: TurnReply) -> bool:
    return any(isinstance(item, Say | HandOver | Close | Erase | OptOut) for item in reply.output)
