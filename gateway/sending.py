"""Rows of the outbox go to Twilio, each once, or with certainty again, or not at all; never twice because nobody knew.

A row is `sending` before the request leaves. Found `sending` by a later attempt, it may be on its way already: it becomes `uncertain`
and is shown to staff. So does one that Twilio answered with an error of its own: of those Twilio's list knows more (`gateway/doubt.py`).
"""

from collections.abc import Callable
from itertools import takewhile
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.models import Conversation
from core.database import DESK_CHANNEL, notify, now
from core.logging import get_logger
from gateway import doubt
from gateway.errors import MaybeSent, NotSent, Refused, SendLater
from gateway.gateway import Gateway
from gateway.handing_over import Ready, hand_over, make_ready, template_of
from gateway.lock import next_is_locked
from gateway.models import Message
from gateway.opting_out import confirmed
from gateway.rows import lock_message
from gateway.statuses import FORWARD, advance, report_failure
from gateway.twilio_client import Accepted
from gateway.window import closed_meanwhile, hold, is_open
from gateway.withholding import withhold

log = get_logger(__name__)

MAX_ATTEMPTS = 8
OPEN = ("queued", "sending", "uncertain")
"""States of a row of which something may still be to be done."""


_OPEN_ROWS = text("""
    SELECT message.id, message.state FROM message JOIN message AS this USING (conversation_id)
    WHERE this.id = :id AND message.seq >= this.seq AND message.state = ANY(:open)
    ORDER BY message.seq
""")
_TAKEN_OVER = text("""
    WITH taken AS (
      UPDATE message SET state = 'sent', provider_sid = :sid, segments = coalesce(:segments, segments), error_code = NULL,
        status = coalesce(status, :status)
      WHERE id = :id AND NOT confirms_opt_out
        AND ((state = 'sending' AND status IS NULL)
          OR (state = 'sent' AND provider_sid = :sid AND status = ANY(:not_behind)))
      RETURNING id, conversation_id, attempts)
    SELECT attempts, pg_notify(:channel, CAST(json_build_object('conversation', conversation_id, 'message', id) AS text)) FROM taken
""")


def send(gateway: Gateway, message_id: UUID) -> None:
    """Send one row, and those that are queued right behind it in its conversation.

    Each of these has a job of its own, which then finds nothing to do. But it waits for the lock of this one, and a job that waited is only
    looked for after a pause: between the messages of one reply nobody should have to wait for that.

    Raises SendLater when the provider is certain not to have a row, or may be asked whether it has, and attempts are left.
    """
    with gateway.sessions.begin() as session:
        rows = _open_rows(session, message_id)
        prepared = _prepare(gateway, session, rows[0]) if rows else None
    for row in rows:
        if row != rows[0]:
            with gateway.sessions.begin() as session:
                prepared = _prepare(gateway, session, row)
        if isinstance(prepared, doubt.Question):
            _settle(gateway, row, prepared)
            with gateway.sessions.begin() as session:
                prepared = _prepare(gateway, session, row)
        if isinstance(prepared, Ready):
            _hand_on(gateway, prepared)


def _open_rows(session: Session, message_id: UUID) -> list[UUID]:
    """This row, unless it is done, and those behind it up to the first that somebody began: a doubted message may not be overtaken."""
    found = session.execute(_OPEN_ROWS, {"id": message_id, "open": list(OPEN)}).all()
    behind = takewhile(lambda row: row.state == "queued", (row for row in found if row.id != message_id))
    return [row.id for row in (*(row for row in found if row.id == message_id), *behind)]


def _hand_on(gateway: Gateway, ready: Ready) -> None:
    """Give a row to the provider and write down what became of it. Raises SendLater."""
    try:
        accepted = hand_over(gateway, ready)
    except NotSent as fault:
        reason = fault.reason
        _conclude(gateway, ready, lambda row: _not_sent(row, reason, last=ready.last_attempt))
        if not ready.last_attempt:
            raise SendLater(ready.message_id) from None
    except MaybeSent as fault:
        reason = fault.reason
        _conclude(gateway, ready, lambda row: _doubted(row, reason))
        if not ready.last_attempt:
            raise SendLater(ready.message_id) from None
    except Refused as fault:
        code = fault.code
        _conclude(gateway, ready, lambda row: _failed(row, code))
    else:
        if not _taken_over(gateway, ready, accepted):
            _conclude(gateway, ready, lambda row: _accepted(row, accepted))


def _taken_over(gateway: Gateway, ready: Ready, accepted: Accepted) -> bool:
    """Write down that Twilio has a message, by one statement and without holding the conversation: so most sendings end.

    False where `_accepted` has to look. Whoever has read a reply writes at that moment, and must not find their conversation locked.
    """
    status = accepted.status if accepted.status in FORWARD else None
    with gateway.sessions.begin() as session:
        attempt = session.execute(
            _TAKEN_OVER,
            {
                "id": ready.message_id,
                "sid": accepted.sid,
                "segments": accepted.segments or None,
                "status": status,
                "not_behind": [word for word, place in FORWARD.items() if place >= FORWARD.get(status or "", 0)],
                "channel": DESK_CHANNEL,
            },
        ).one_or_none()
    if attempt is None:
        return False
    log.info(
        "a message was sent", message=str(ready.message_id), state="sent", error_code=None, attempt=attempt.attempts
    )
    return True


def _settle(gateway: Gateway, doubted: UUID, question: doubt.Question) -> None:
    """Ask Twilio's list about a doubted row: it becomes `sent`, or `queued` again. Raises SendLater while the list does not decide."""
    accepted, again = None, True
    try:
        accepted = doubt.look(gateway, question)
    except doubt.Unsettled:
        raise SendLater(doubted) from None
    except doubt.Undecided:
        again = False
    with gateway.sessions.begin() as session:
        row = lock_message(session, doubted)
        conversation = row.conversation
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
        log.info("a doubted message was settled", message=str(row.id), state=row.state)


def _prepare(gateway: Gateway, session: Session, message_id: UUID) -> Ready | doubt.Question | None:
    """Re-read who owns the conversation, right before sending; None: there is nothing to send. A question: Twilio may have it."""
    message = lock_message(session, message_id)
    conversation = message.conversation
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
    return make_ready(gateway, conversation, message, last_attempt=message.attempts >= MAX_ATTEMPTS)


def _stays(gateway: Gateway, session: Session, conversation: Conversation, message: Message) -> bool:
    """Whether a row is not sent after all: nobody wants it any more, WhatsApp's window is closed, or the check says no."""
    if reason := _stale(gateway, session, conversation, message):
        message.state = "dropped"
        log.info("a message was dropped", message=str(message.id), reason=reason)
    elif template_of(message) is None and not is_open(conversation):
        hold(session, conversation, message)
    elif not withhold(gateway, session, conversation, message):
        return False
    confirmed(session, conversation, message)
    _tell(session, message)
    return True


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


def _conclude(gateway: Gateway, ready: Ready, change: Callable[[Message], None]) -> None:
    with gateway.sessions.begin() as session:
        message = lock_message(session, ready.message_id)
        conversation = message.conversation
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


def _tell(session: Session, message: Message) -> None:
    session.flush()
    notify(session, conversation=message.conversation_id, message=message.id)
