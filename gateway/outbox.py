"""What is to be said is written down first: rows in order, each with the job that sends it.

They are written in the transaction that knows who owns the conversation.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Conversation, User
from cases.ownership import lock_conversation
from cases.service import held, open_case_of
from core.database import notify, now
from core.jobs import OUTBOX, TURNS, defer
from core.settings import Settings, get_settings
from core.turns import Say
from gateway.errors import CannotWrite
from gateway.models import Message
from gateway.rendering import Manner, Part, render
from gateway.segments import count_segments
from gateway.splitting import fits
from gateway.times import clock_of
from gateway.wording import Wording, clean

SEND = "gateway.send"
WHATSAPP_WINDOW = timedelta(hours=24)
"""After the person's last message; later Twilio refuses anything but approved templates (63016)."""


def manner_of(conversation: Conversation, language: str | None, wording: Wording, settings: Settings) -> Manner:
    """How a person is spoken to: in their language, else the guess, else the first language; by the clock where they are."""
    known = [code for code in (conversation.language, language) if code in wording.codes]
    clock = clock_of((conversation.person.phone or "", conversation.our_address), settings.countries)
    return Manner([*known, wording.codes[0]][0], conversation.channel, clock, now())


def queue_parts(
    session: Session,
    conversation: Conversation,
    parts: Sequence[Part],
    *,
    author: str,
    language: str | None = None,
    say: Say | None = None,
    turn_id: UUID | None = None,
    user: User | None = None,
    client_id: UUID | None = None,
    state: str = "queued",
) -> list[Message]:
    """Write the rows of one saying and, unless they are `dropped` already, their jobs. The conversation must be locked."""
    rows = []
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        row = Message(
            conversation_id=conversation.id,
            direction="outbound",
            author=author,
            user_id=user.id if user else None,
            client_id=client_id if last else None,
            key=say.say if say else None,
            question=say.question if say and last else None,
            choices=[choice.model_dump() for choice in part.choices] or None,
            multiple=bool(say and say.multiple),
            language=language,
            epoch=conversation.epoch,
            turn_id=turn_id,
            state=state,
            segments=count_segments(part.body).segments if conversation.channel == "sms" else None,
        )
        row.body = part.body
        row.extra = None if part.form == "text" else json.dumps({"form": part.form, "labels": part.labels})
        session.add(row)
        # One by one: `seq`, the order in which they are sent, is given at the insert.
        session.flush()
        if state == "queued":
            defer(session, SEND, queue=OUTBOX, lock=f"outbox:{conversation.id}", message_id=str(row.id))
        rows.append(row)
    notify(session, conversation=conversation.id)
    return rows


def send_as_caseworker(session: Session, conversation: Conversation, user: User, text: str, client_id: UUID) -> Message:
    """Write as a caseworker. The same `client_id` again gives the same message: a double click is one.

    Raises CannotWrite, and NotTheOwner or CaseClosed when the user does not hold the open case.
    """
    conversation = lock_conversation(session, conversation.id)
    case = open_case_of(session, conversation.id)
    if case is None:
        raise CannotWrite("no_case")
    held(session, case.id, user)
    sent = session.execute(
        select(Message).where(Message.client_id == client_id, Message.conversation_id == conversation.id)
    ).scalar_one_or_none()
    if sent is not None:
        return sent
    text = clean(text)
    if not text:
        raise CannotWrite("empty")
    if not fits(text, None):
        raise CannotWrite("too_long")
    if conversation.opted_out:
        raise CannotWrite("opted_out")
    last = conversation.last_inbound_at
    if conversation.channel == "whatsapp" and (last is None or now() - last > WHATSAPP_WINDOW):
        raise CannotWrite("window_closed")
    return queue_parts(session, conversation, [Part(text)], author="caseworker", user=user, client_id=client_id)[-1]


def say_system(
    session: Session,
    conversation: Conversation,
    key: str,
    *,
    wording: Wording,
    settings: Settings | None = None,
    language: str | None = None,
    turn_id: UUID | None = None,
    **values: str | int,
) -> list[Message]:
    """Say a message of the service itself (a person takes over, the case is closed); nothing when the person opted out."""
    conversation = lock_conversation(session, conversation.id)
    if conversation.opted_out:
        return []
    say = Say(say=key, values=dict(values))
    manner = manner_of(conversation, language, wording, settings or get_settings())
    parts = render(say, manner, wording)
    return queue_parts(
        session, conversation, parts, author="system", language=manner.language, say=say, turn_id=turn_id
    )


def resume(session: Session, conversation: Conversation) -> Message:
    """The desk gave the conversation back: the bot takes it up where it was. A row of its own, so that it waits its turn in order."""
    conversation = lock_conversation(session, conversation.id)
    row = Message(
        conversation_id=conversation.id,
        direction="inbound",
        author="system",
        kind="text",
        key="resume",
        state="received",
        epoch=conversation.epoch,
    )
    session.add(row)
    session.flush()
    defer(session, "gateway.turn", queue=TURNS, lock=str(conversation.id), conversation_id=str(conversation.id))
    return row
