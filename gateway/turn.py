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
from cases.service import open_case_of, open_for_bot_failure
from core.database import notify, now
from core.encryption import DecryptionError
from core.logging import describe, get_logger
from core.turns import Close, Erase, HandOver, Payload, Say, TurnReply, TurnRequest
from gateway.effects import apply, drop
from gateway.errors import EngineError
from gateway.failure import fail_over
from gateway.gateway import Gateway
from gateway.models import Message
from gateway.reading import Inbound, Question, read
from gateway.wording import clean

log = get_logger(__name__)

MAX_ATTEMPTS = 3
"""After so many runs that broke, a message is parked: it must not keep those behind it from being read."""
_RECENT = 5


@dataclass(frozen=True, slots=True)
class _Asked:
    message_id: UUID
    epoch: int
    guess: str | None
    request: TurnRequest


def handle_next(gateway: Gateway, conversation_id: UUID) -> None:
    """Handle the oldest message of a conversation that is not handled; exactly one, or none when there is none."""
    with gateway.sessions.begin() as session:
        message = _next(session, lock_conversation(session, conversation_id))
        if message is None:
            return
        message.attempts += 1
        message_id, attempts = message.id, message.attempts
    if attempts > MAX_ATTEMPTS:
        _park(gateway, conversation_id, message_id)
        return
    with gateway.sessions.begin() as session:
        asked = _ask(gateway, session, conversation_id, message_id)
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


def _ask(gateway: Gateway, session: Session, conversation_id: UUID, message_id: UUID) -> _Asked | None:
    """What to ask the engine; None when the message is none of the bot's."""
    conversation = lock_conversation(session, conversation_id)
    message = session.get_one(Message, message_id)
    from_desk = message.author == "system"
    if message.state != "received":
        return None
    if conversation.opted_out or conversation.owner == "desk" or (from_desk and conversation.owner != "bot"):
        _to_thread(session, conversation, message)
        return None
    if conversation.owner == "closed":
        conversation = change_owner(session, conversation.id, "bot")
        conversation.new_session = True
    guess = None if conversation.language else _guess(gateway, session, message)
    meaning_text: str | None = None
    if from_desk:
        payload: Payload | None = Payload(intent="resume")
    else:
        # An answer to a question of a session that is over would be taken for an answer to the first of the next.
        question = None if conversation.new_session else _last_question(session, conversation.id)
        meaning = read(_inbound(message), question, conversation.language or guess, gateway.wording)
        meaning_text, payload = meaning.text, meaning.payload
    request = TurnRequest(
        conversation_id=conversation.id,
        turn_id=message.id,
        text=meaning_text,
        payload=payload,
        language=conversation.language,
        language_guess=guess,
        channel="whatsapp" if conversation.channel == "whatsapp" else "sms",
        new_session=conversation.new_session,
    )
    return _Asked(message.id, conversation.epoch, guess, request)


def _finish(gateway: Gateway, asked: _Asked, outcome: TurnReply | str) -> None:
    """Write down what the bot said, or that it failed, if the conversation is still the bot's."""
    with gateway.sessions.begin() as session:
        conversation = lock_conversation(session, asked.request.conversation_id)
        message = session.get_one(Message, asked.message_id, with_for_update=True)
        if message.state != "received":
            return
        if conversation.epoch != asked.epoch or conversation.opted_out:
            log.info("what the bot said is dropped", conversation=str(conversation.id), turn=str(message.id))
            if isinstance(outcome, TurnReply):
                drop(gateway, session, conversation, message, outcome, guess=asked.guess, epoch=asked.epoch)
            _to_thread(session, conversation, message)
        elif isinstance(outcome, TurnReply):
            apply(gateway, session, conversation, message, outcome, guess=asked.guess)
        else:
            fail_over(gateway, session, conversation, message, outcome, guess=asked.guess)


def _park(gateway: Gateway, conversation_id: UUID, message_id: UUID) -> None:
    """Put a message aside that breaks every run, visibly, and call a human."""
    with gateway.sessions.begin() as session:
        conversation = lock_conversation(session, conversation_id)
        message = session.get_one(Message, message_id, with_for_update=True)
        if message.state != "received":
            return
        log.error("a message was parked", conversation=str(conversation_id), message=str(message_id))
        if conversation.owner == "desk" or conversation.opted_out:
            _to_thread(session, conversation, message)
        else:
            _call_human(gateway, session, conversation, message)
        message.state = "parked"


def _call_human(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> None:
    """What broke the turn may break the honest message too: then a human has the conversation all the same."""
    try:
        with session.begin_nested():
            fail_over(gateway, session, conversation, message, "poison", guess=None)
    except Exception as error:  # noqa: BLE001 - whatever it is, the person must not be left with nobody
        name, where = describe(error)
        log.error("the person could not be told", conversation=str(conversation.id), error=name, where=where)  # noqa: TRY400
        open_for_bot_failure(session, conversation.id, reason="bot_failure")
        change_owner(session, conversation.id, "desk")
        message.handled_at = now()


def _to_thread(session: Session, conversation: Conversation, message: Message) -> None:
    """The message is for humans only."""
    message.state, message.handled_at = "handled", now()
    session.flush()
    case = open_case_of(session, conversation.id)
    notify(session, conversation=conversation.id, message=message.id, **({"case": str(case.id)} if case else {}))


def _says_something(reply: TurnReply) -> bool:
    return any(isinstance(item, Say | HandOver | Close | Erase) for item in reply.output)


def _inbound(message: Message) -> Inbound:
    extra = json.loads(message.extra or "{}")
    return Inbound(
        kind=message.kind,
        body=message.body or "",
        button=extra.get("button"),
        media=tuple(extra.get("media", ())),
        help_word=extra.get("opt_out") == "HELP",
    )


def _last_question(session: Session, conversation_id: UUID) -> Question | None:
    """The last question that the person may have seen."""
    row = session.execute(
        select(Message.question, Message.choices, Message.multiple)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == "outbound",
            Message.question.is_not(None),
            Message.state.not_in(("dropped", "failed")),
        )
        .order_by(Message.seq.desc())
        .limit(1)
    ).one_or_none()
    return Question.stored(row.question, row.choices, multiple=row.multiple) if row else None


def _guess(gateway: Gateway, session: Session, message: Message) -> str | None:
    """The language of this message or, when it is a digit, of those before it."""
    earlier = session.execute(
        select(Message)
        .where(
            Message.conversation_id == message.conversation_id,
            Message.direction == "inbound",
            Message.author == "person",
            Message.seq <= message.seq,
        )
        .order_by(Message.seq.desc())
        .limit(_RECENT)
    ).scalars()  # fmt: skip
    for candidate in earlier:
        try:
            text = clean(candidate.body or "")[:500]
        except DecryptionError:
            # An old message that cannot be opened any more must not keep a new one from being answered.
            continue
        guess = gateway.wording.guess(text) if text else None
        if guess in gateway.wording.codes:
            return guess
    return None
