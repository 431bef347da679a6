"""A message arrives: stored once, in order, together with the job that will answer it. All of it or nothing; nothing else happens here."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from cases.models import Conversation, Person
from cases.ownership import lock_conversation
from core.database import notify, now
from core.jobs import TURNS, defer
from core.logging import get_logger
from core.settings import Settings
from gateway.addresses import Address, parse_address
from gateway.errors import Unusable
from gateway.form import Form
from gateway.models import Message
from gateway.opting_out import end, reopen
from gateway.statuses import end_delivery_hold
from gateway.strangers import is_silent, last_heard, retire_if_stranger

log = get_logger(__name__)

TURN = "gateway.turn"
_SID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TEXT_TYPES = (None, "", "text", "button", "interactive", "sms", "mms", "whatsapp")
OptOut = Literal["STOP", "START", "HELP"]
_OPT_OUT: tuple[OptOut, ...] = ("STOP", "START", "HELP")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A webhook's form, understood as far as storing needs. Its `repr` shows no content."""

    sid: str
    sender: Address
    ours: Address
    kind: str
    opt_out: OptOut | None
    body: str = field(repr=False)
    extra: Mapping[str, object] = field(repr=False)


def understand(form: Form) -> Arrival:
    """Read the fields. Unknown fields and types are kept, never refused. Raises Unusable when nobody could be answered."""
    sid = form.text("MessageSid") or form.text("SmsMessageSid") or form.text("SmsSid") or ""
    if not _SID.fullmatch(sid):
        raise Unusable("missing_sid")
    sender, ours = parse_address(form.text("From"), role="from"), parse_address(form.text("To"), role="to")
    body = form.text("Body") or form.text("ButtonText") or form.text("ListTitle") or ""
    media = [form.text(f"MediaContentType{index}") or "" for index in range(_count(form.text("NumMedia")))]
    button = form.text("ButtonPayload") or form.text("ListId")
    kind = _kind(form, body, media, button)
    extra: dict[str, object] = {}
    if button:
        extra["button"] = button
    if media:
        extra["media"] = media
    if kind == "location":
        extra |= {"latitude": form.text("Latitude"), "longitude": form.text("Longitude")}
    if kind == "unknown":
        extra["form"] = form.plain()
    opt_out = _opt_out_type(form)
    return Arrival(
        sid=sid,
        sender=sender,
        ours=ours,
        kind=kind,
        opt_out=opt_out,
        body=body,
        extra=extra | ({"opt_out": opt_out} if opt_out else {}),
    )


def store(session: Session, arrival: Arrival, settings: Settings) -> UUID | None:
    """Store a message and defer its turn; None when it was stored before. The conversation stays locked until the caller commits."""
    known = _look_up(session, arrival)
    if known.stored:
        return None
    found = known.conversation_id
    if is_silent(known.last_inbound_at, settings):
        retire_if_stranger(session, arrival.sender.find_hash(), settings)
        found = None
    conversation = lock_conversation(session, found or _conversation(session, arrival))
    message = Message(
        conversation_id=conversation.id,
        direction="inbound",
        author="person",
        provider_sid=arrival.sid,
        kind=arrival.kind,
        state="received",
        epoch=conversation.epoch,
    )
    message.body = arrival.body
    message.extra = json.dumps(arrival.extra) if arrival.extra else None
    # Ten at once: nine wait here for the first to commit and then find its row.
    columns = ("id", "conversation_id", "direction", "author", "provider_sid", "kind", "state", "epoch")
    stored = session.execute(
        insert(Message)
        .values(
            **{name: getattr(message, name) for name in columns},
            body_encrypted=message.body_encrypted,
            extra_encrypted=message.extra_encrypted,
        )
        .on_conflict_do_nothing(index_elements=["provider_sid"])
        .returning(Message.id)
    ).scalar_one_or_none()
    if stored is None:
        return None
    conversation.last_inbound_at = now()
    end_delivery_hold(session, conversation)
    if arrival.opt_out == "STOP":
        _opt_out(session, conversation, stored)
    else:
        # Twilio also takes "yes" for START: to somebody who never wrote STOP it is an answer.
        if arrival.opt_out == "START" and conversation.silent:
            reopen(conversation)
        defer(session, TURN, queue=TURNS, lock=str(conversation.id), conversation_id=str(conversation.id))
    session.flush()
    notify(session, conversation=conversation.id)
    log.info("a message was stored", conversation=str(conversation.id), message=str(stored), kind=arrival.kind)
    return stored


def _opt_out(session: Session, conversation: Conversation, message_id: UUID) -> None:
    """STOP: nothing goes out any more, and Twilio says so itself. A conversation that a caseworker holds stays with them, to see it."""
    end(session, conversation)
    message = session.get_one(Message, message_id)
    message.state, message.handled_at = "handled", now()


def _look_up(session: Session, arrival: Arrival) -> Row[bool, UUID, datetime]:
    """What is known before anything is locked, by one question: is it stored, what is its conversation, when did the number last write."""
    return session.execute(
        select(
            exists().where(Message.provider_sid == arrival.sid).label("stored"),
            _of_these_ends(arrival).scalar_subquery().label("conversation_id"),
            last_heard(arrival.sender.find_hash()).scalar_subquery().label("last_inbound_at"),
        )
    ).one()


def _of_these_ends(arrival: Arrival) -> Select[UUID]:
    return select(Conversation.id).where(
        Conversation.person_id
        == select(Person.id).where(Person.phone_hash == arrival.sender.find_hash()).scalar_subquery(),
        Conversation.channel == arrival.sender.channel,
        Conversation.our_address == arrival.ours.number,
    )


def _conversation(session: Session, arrival: Arrival) -> UUID:
    """The conversation of these two ends on this channel, made when it is the first message."""
    found = _of_these_ends(arrival)
    if known := session.execute(found).scalar_one_or_none():
        return known
    phone_hash = arrival.sender.find_hash()
    made = session.execute(
        insert(Person)
        .values(id=uuid4(), phone_hash=phone_hash)
        .on_conflict_do_nothing(index_elements=["phone_hash"])
        .returning(Person.id)
    ).scalar_one_or_none()
    if made is not None:
        # After the row: the number is sealed with the person's own key, and there is none without a person.
        session.get_one(Person, made).phone = arrival.sender.number
    person_id = session.execute(select(Person.id).where(Person.phone_hash == phone_hash)).scalar_one()
    conversation = Conversation(person_id=person_id)
    session.execute(
        insert(Conversation)
        .values(
            id=conversation.id, person_id=person_id, channel=arrival.sender.channel, our_address=arrival.ours.number
        )
        .on_conflict_do_nothing(index_elements=["person_id", "channel", "our_address"])
    )
    return session.execute(found).scalar_one()


def _kind(form: Form, body: str, media: list[str], button: str | None) -> str:
    if button:
        return "button"
    if form.text("Latitude") and form.text("Longitude"):
        return "location"
    if media:
        return "media"
    # A type that Twilio invents tomorrow still reaches a person: with its text, or as a placeholder that can be seen.
    known = (form.text("MessageType") or "").lower() in _TEXT_TYPES
    return "text" if known or body else "unknown"


def _opt_out_type(form: Form) -> OptOut | None:
    """What Twilio's own opt-out made of the message; it has answered the person by itself already."""
    written = (form.text("OptOutType") or "").upper()
    return next((word for word in _OPT_OUT if word == written), None)


def _count(text: str | None) -> int:
    return min(int(text), 10) if text and text.isascii() and text.isdigit() and len(text) < 4 else 0
