"""The door of a conversation: after a pause nobody knows who writes (protocol 3.2).

Then nothing of before is shown. Without a word the next message begins a new session; with one, the word goes on where it was, and whoever
does not know it can still begin anew. What was counted or kept once is written on the message: a turn that is run again changes nothing.
"""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from cases import complaints
from cases.models import Conversation
from cases.ownership import change_owner
from core.database import now
from core.turns import Alarm, Payload, Sign
from gateway import secret_answers
from gateway.asked import (
    asked_by_desk,
    asked_in_this_session,
    inbound_of,
    last_question,
    read_before,
    remember_reading,
    times_written,
)
from gateway.contacts import numbers_to_call
from gateway.gateway import Gateway
from gateway.lock import begin_anew, is_locked
from gateway.models import Message
from gateway.reading import Inbound, Meaning, Question, read
from gateway.signs import signs_of
from gateway.wording import Wording, clean
from screening.questions import KEPT

REOPENING = frozenset({"person", "call", "help", "start"})
"""Lists whose words begin a new session in any language: nobody is shut out."""
_ALWAYS = frozenset({"opt_out", "stop", "erase_data"})
COMPLAINT = "complaint"
SHARED = {"yes": True, "unsure": True, "no": False}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a message means, and what was noticed about it."""

    meaning: Meaning
    signs: tuple[Sign, ...] = ()


def enter(
    gateway: Gateway,
    session: Session,
    conversation: Conversation,
    message: Message,
    *,
    language: str | None,
    alarm: Alarm | None,
) -> Entry:
    """Read a message of a conversation that is the bot's. The conversation must be locked in the database."""
    if (before := read_before(message)) is not None:
        return Entry(Meaning(payload=before[0]), before[1])
    inbound = _without_old_button(session, conversation, inbound_of(message))
    text = clean(inbound.body)
    times = times_written(session, message, gateway.settings.burst_messages + 1)
    signs = signs_of(conversation, text, times, gateway)
    if is_locked(session, conversation, times, gateway.settings) and not _answers_the_desk(
        session, conversation, inbound, language, gateway.wording
    ):
        untapped = replace(inbound, button=None)
        return _knock(
            session,
            conversation,
            message,
            untapped,
            language=language,
            alarm=alarm,
            signs=signs,
            wording=gateway.wording,
        )
    meaning = _read(
        session, conversation, message, inbound,
        question=None if conversation.new_session else last_question(session, conversation),
        language=language, alarm=alarm, wording=gateway.wording,
    )  # fmt: skip
    payload = meaning.payload
    if payload and (payload.intent, payload.question) == ("answer", "shared_phone") and payload.value in SHARED:
        conversation.shared_phone = SHARED[payload.value]
    return Entry(meaning, signs)


def _answers_the_desk(
    session: Session, conversation: Conversation, inbound: Inbound, language: str | None, wording: Wording
) -> bool:
    """Whether a late message answers what the desk asked: a follow-up is asked after days, and seldom answered within the hour.

    Only without a word, and only where the answer shows nothing of before: whether it is OK to write, and how it went. Consent to a
    referral is nobody's to give who may be somebody else.
    """
    question = last_question(session, conversation)
    if question is None or conversation.locked_at is not None or conversation.safe_word_hash is not None:
        return False
    if question.id == "safe":
        return asked_by_desk(session, conversation)
    payload = read(inbound, question, language, wording).payload
    return question.id == "follow_up" and payload is not None and payload.question == question.id


def _knock(
    session: Session,
    conversation: Conversation,
    message: Message,
    inbound: Inbound,
    *,
    language: str | None,
    alarm: Alarm | None,
    signs: tuple[Sign, ...],
    wording: Wording,
) -> Entry:
    """A message to a locked conversation. Questions of before cannot be answered by it."""
    text = clean(inbound.body)
    word = secret_answers.recognise(conversation, text)
    if word is not None:
        conversation.locked_at, conversation.wrong_words = None, 0
        return _kept(message, Payload(intent=word), signs)
    meaning = _without_number(read(inbound, None, language, wording))
    intent = meaning.payload.intent if meaning.payload else None
    if conversation.safe_word_hash is None or (intent not in _ALWAYS and _reopens(intent, text, wording)):
        # The epoch rises: what was said before and has not left yet is not shown either.
        begin_anew(change_owner(session, conversation.id, "bot"), message)
        return Entry(meaning, signs)
    conversation.locked_at = conversation.locked_at or now()
    signs = ("locked", *signs)
    typed = inbound.kind == "text" and meaning.text is not None and alarm is None
    if typed and secret_answers.looks_like_a_try(text, wording):
        conversation.wrong_words += 1
        payload = Payload(intent="wrong_word", value="1" if conversation.wrong_words == 1 else "2")
        remember_reading(message, payload, signs, keep_text=True)
        return Entry(Meaning(payload=payload), signs)
    return Entry(meaning, signs)


def _without_number(meaning: Meaning) -> Meaning:
    """Behind a lock nobody's number is kept: it stays in the message, for a person to judge."""
    if meaning.payload is None or meaning.payload.value != "call_number":
        return meaning
    return Meaning(payload=meaning.payload.model_copy(update={"value": "call"}))


def _reopens(intent: str | None, text: str, wording: Wording) -> bool:
    return intent in ("ask_human", "help") or bool(REOPENING & wording.meanings(text))


def _read(
    session: Session,
    conversation: Conversation,
    message: Message,
    inbound: Inbound,
    *,
    question: Question | None,
    language: str | None,
    alarm: Alarm | None,
    wording: Wording,
) -> Meaning:
    text = clean(inbound.body)
    number = secret_answers.is_number(question, text)
    meaning = Meaning(text=text) if number else read(inbound, question, language, wording)
    if meaning.payload is not None and meaning.payload.value == "call_number":
        # Only here, where somebody is known to write: a number left by whoever holds the phone would bring a call to them.
        secret_answers.keep(conversation, secret_answers.NUMBER, numbers_to_call(text)[0], wording)
        return _kept(message, meaning.payload).meaning
    if meaning.payload is not None or inbound.kind != "text":
        return meaning
    if question and question.id == COMPLAINT:
        complaints.add(session, conversation, message.id, text)
        # Cries for help in it are heard all the same, and go on as what they are.
        return meaning if alarm else _kept(message, Payload(intent="answer", question=COMPLAINT, value=KEPT)).meaning
    if question and (number or secret_answers.is_answer(question, text, language, alarm, wording)):
        value = secret_answers.keep(conversation, question.id, text, wording)
        return _kept(message, Payload(intent="answer", question=question.id, value=value)).meaning
    if secret_answers.recognise(conversation, text) == "duress":
        return _kept(message, Payload(intent="duress")).meaning
    return meaning


def _kept(message: Message, payload: Payload, signs: tuple[Sign, ...] = ()) -> Entry:
    remember_reading(message, payload, signs)
    return Entry(Meaning(payload=payload), signs)


def _without_old_button(session: Session, conversation: Conversation, inbound: Inbound) -> Inbound:
    asked = (inbound.button or "").partition(":")[0]
    if inbound.button is None or asked_in_this_session(session, conversation, asked):
        return inbound
    return replace(inbound, button=None)
