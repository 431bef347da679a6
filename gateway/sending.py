"""One row of the outbox goes to Twilio: once, or with certainty again, or not at all; never twice because nobody knew.

A row is `sending` before the request leaves. Found `sending` by a later attempt, it may be on its way already: it becomes `uncertain`
and is shown to staff. So does one that Twilio answered with an error of its own: of those Twilio's list knows more (`gateway/doubt.py`).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Conversation
from cases.ownership import lock_conversation
from core.database import notify, now
from core.logging import get_logger
from core.turns import Choice
from gateway import doubt
from gateway.addresses import Address
from gateway.contents import Content, content_sid, forget_content
from gateway.errors import Doubtful, MaybeSent, NotSent, ProviderError, Refused, SendLater
from gateway.gateway import Gateway
from gateway.lock import next_is_locked
from gateway.models import Message
from gateway.opting_out import confirmed
from gateway.rendering import numbered
from gateway.statuses import advance, report_failure
from gateway.twilio_client import Accepted, Outgoing
from gateway.window import closed_meanwhile, hold, is_open
from gateway.withholding import withhold

log = get_logger(__name__)

MAX_ATTEMPTS = 8
CONTENT_FAULTS = ("21654", "21655", "21656", "21657", "21658")
"""Twilio: the content does not exist (any more), or its variables do not fit."""
RETRY_HINT = "#rc=5&rp=all"
"""Tells Twilio to repeat a webhook five times on any failure, not only when it cannot connect."""


@dataclass(frozen=True, slots=True)
class _Ready:
    message_id: UUID
    conversation_id: UUID
    outgoing: Callable[[str | None], Outgoing]
    content: Content | None
    template: str | None
    """Content of a template: it is sent so or not at all, as free text nobody would get it."""
    last_attempt: bool


def send(gateway: Gateway, message_id: UUID) -> None:
    """Send one row. Raises SendLater when the provider is certain not to have it, or may be asked whether it has, and attempts are left."""
    with gateway.sessions.begin() as session:
        ready = _prepare(gateway, session, message_id)
    if isinstance(ready, doubt.Question):
        _settle(gateway, message_id, ready)
        with gateway.sessions.begin() as session:
            ready = _prepare(gateway, session, message_id)
    if not isinstance(ready, _Ready):
        return
    try:
        accepted = _hand_over(gateway, ready)
    except NotSent as fault:
        reason = fault.reason
        _conclude(gateway, ready, lambda row: _not_sent(row, reason, last=ready.last_attempt))
        if not ready.last_attempt:
            raise SendLater(message_id) from None
    except MaybeSent as fault:
        reason = fault.reason
        _conclude(gateway, ready, lambda row: _doubted(row, reason))
        if not ready.last_attempt:
            raise SendLater(message_id) from None
    except Refused as fault:
        code = fault.code
        _conclude(gateway, ready, lambda row: _failed(row, code))
    else:
        _conclude(gateway, ready, lambda row: _accepted(row, accepted))


def _settle(gateway: Gateway, message_id: UUID, question: doubt.Question) -> None:
    """Ask Twilio's list about a doubted row: it becomes `sent`, or `queued` again. Raises SendLater while the list does not decide."""
    accepted, again = None, True
    try:
        accepted = doubt.look(gateway, question)
    except doubt.Unsettled:
        raise SendLater(message_id) from None
    except doubt.Undecided:
        again = False
    with gateway.sessions.begin() as session:
        conversation = lock_conversation(session, question.conversation_id)
        row = _locked(session, message_id)
        if not doubt.is_doubted(row):
            return  # a callback settled it meanwhile
        if accepted is not None:
            _accepted(row, accepted)
        elif row.error_code == doubt.NO_ANSWER or not again:
            row.error_code = None  # it stays uncertain, and what comes after it goes on
        else:
            row.state = "queued"
        if row.state != "queued":
            confirmed(session, conversation, row)
        _tell(session, row)
        log.info("a doubted message was settled", message=str(message_id), state=row.state)


def _hand_over(gateway: Gateway, ready: _Ready) -> Accepted:
    """Give it to the provider: with buttons if it has some, as numbered text when it is the buttons that are refused."""
    if ready.template is not None:
        return gateway.provider.send(ready.outgoing(ready.template))
    sid = _registered(gateway, ready.content)
    try:
        return gateway.provider.send(ready.outgoing(sid))
    except Refused as fault:
        if ready.content is None or sid is None or fault.code not in CONTENT_FAULTS:
            raise
        log.error("buttons were refused", message=str(ready.message_id), error_code=fault.code)  # noqa: TRY400
    forget_content(gateway.sessions, ready.content)
    return gateway.provider.send(ready.outgoing(None))


def _prepare(gateway: Gateway, session: Session, message_id: UUID) -> _Ready | doubt.Question | None:
    """Re-read who owns the conversation, right before sending; None: there is nothing to send. A question: Twilio may have it."""
    found = session.execute(select(Message.conversation_id).where(Message.id == message_id)).scalar_one_or_none()
    if found is None:
        return None
    conversation = lock_conversation(session, found)
    message = _locked(session, message_id)
    if message.state == "sending":
        _uncertain(message)
        report_failure(session, conversation, message)
        confirmed(session, conversation, message)
        _tell(session, message)
        return None
    if _goes_on(message):
        return doubt.question(conversation, message)
    if message.state != "queued" or _stays(gateway, session, conversation, message):
        return None
    message.state, message.handled_at = "sending", now()
    message.attempts += 1
    last = message.attempts >= MAX_ATTEMPTS
    return _Ready(
        message.id, conversation.id, _outgoing(gateway, conversation, message), _content(message), _template(message), last
    )  # fmt: skip


def _stays(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> bool:
    """Whether a row is not sent after all: nobody wants it any more, WhatsApp's window is closed, or the check says no."""
    if reason := _stale(gateway, session, conversation, message):
        message.state = "dropped"
        log.info("a message was dropped", message=str(message.id), reason=reason)
    elif _template(message) is None and not is_open(conversation):
        hold(session, conversation, message)
    elif not withhold(gateway, session, conversation, message):
        return False
    confirmed(session, conversation, message)
    _tell(session, message)
    return True


def _template(message: Message) -> str | None:
    return message.content_sid if json.loads(message.extra or "{}").get("form") == "template" else None


def _stale(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> str | None:
    """Why a row may not be sent any more. What the bot said under an older epoch would talk over a human."""
    if conversation.person.retired_at is not None:
        return "stranger"
    if message.confirms_opt_out:
        if not conversation.opt_out_pending:
            return "opt_out_is_over"
    elif conversation.silent:
        return "opted_out"
    elif message.author == "bot" and message.epoch < conversation.epoch:
        return "stale_epoch"
    elif message.author == "bot" and next_is_locked(session, conversation, message, gateway.settings):
        # Its turn may come a moment after this: a question of before must not reach whoever writes now.
        return "locked"
    return "erased" if message.body_encrypted is None else None


def _outgoing(gateway: Gateway, conversation: Conversation, message: Message) -> Callable[[str | None], Outgoing]:
    to = Address(conversation.channel, conversation.person.phone or "").for_twilio()
    sender = Address(conversation.channel, conversation.our_address).for_twilio()
    callback = f"{gateway.settings.public_base()}/twilio/status?message={message.id}{RETRY_HINT}"
    body = message.body or ""
    labels = tuple(json.loads(message.extra or "{}").get("labels", ()))
    template = _template(message)

    def outgoing(sid: str | None) -> Outgoing:
        if template is not None:
            return Outgoing(to, sender, callback, content_sid=template)
        if sid is not None:
            return Outgoing(to, sender, callback, content_sid=sid, content_variables={"1": body})
        # No content, or Twilio would not have it: the same choices as numbered lines.
        return Outgoing(to, sender, callback, body=body + numbered(labels))

    return outgoing


def _content(message: Message) -> Content | None:
    stored = json.loads(message.extra or "{}")
    if "form" not in stored or message.question is None:
        return None
    choices = [Choice.model_validate(choice) for choice in message.choices or ()]
    options = zip(stored["labels"], choices, strict=True)
    return Content(
        form=stored["form"],
        language=message.language or "en",
        options=tuple((label, f"{message.question}:{choice.value}") for label, choice in options),
    )


def _registered(gateway: Gateway, content: Content | None) -> str | None:
    """The content's id; None sends text instead: a person must not wait for a button."""
    if content is None:
        return None
    try:
        return content_sid(gateway.sessions, content, gateway.provider.register)
    except NotSent:
        raise
    except Doubtful as fault:
        raise NotSent(fault.reason) from None  # buttons that are registered twice do no harm
    except ProviderError as fault:
        log.error("buttons could not be registered", error=type(fault).__name__, kind=content.form)  # noqa: TRY400
        return None


def _conclude(gateway: Gateway, ready: _Ready, change: Callable[[Message], None]) -> None:
    with gateway.sessions.begin() as session:
        conversation = lock_conversation(session, ready.conversation_id)
        message = _locked(session, ready.message_id)
        change(message)
        if message.state == "failed" and closed_meanwhile(conversation, message):
            hold(session, conversation, message)
        if message.state in ("failed", "uncertain"):
            report_failure(session, conversation, message)
        if not _goes_on(message):
            confirmed(session, conversation, message)
        _tell(session, message)
        log.info(
            "a message was sent" if message.state == "sent" else "a message was not sent",
            message=str(message.id), state=message.state, error_code=message.error_code, attempt=message.attempts,
        )  # fmt: skip


def _accepted(message: Message, accepted: Accepted) -> None:
    if message.state == "held":
        # A callback has overtaken this answer: Twilio took the message over, and WhatsApp did not.
        return
    message.provider_sid = accepted.sid
    message.segments = accepted.segments or message.segments
    advance(message, accepted.status)
    # A callback may have overtaken this answer and said already that it failed.
    if message.state != "failed":
        message.state = "sent"
        message.error_code = None


def _not_sent(message: Message, reason: str, *, last: bool) -> None:
    message.state = "failed" if last else "queued"
    message.error_code = reason


def _failed(message: Message, code: str) -> None:
    message.state = "failed"
    message.error_code = code


def _goes_on(message: Message) -> bool:
    """Whether a row that may be at Twilio is looked for there, and sent again if it is not."""
    return doubt.is_doubted(message) and message.attempts < MAX_ATTEMPTS


def _doubted(message: Message, reason: str) -> None:
    _uncertain(message)
    if message.state == "uncertain":
        message.error_code = reason


def _uncertain(message: Message) -> None:
    if message.state == "sending":
        message.state = "uncertain"


def _locked(session: Session, message_id: UUID) -> Message:
    return session.execute(
        select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def _tell(session: Session, message: Message) -> None:
    session.flush()
    notify(session, conversation=message.conversation_id, message=message.id)
