"""A message arrives: stored once, in order, together with the job that will answer it. All of it or nothing; nothing else happens here."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, exists, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from cases.models import Conversation, Person
from cases.ownership import lock_conversation
from core.database import notify, now
from core.encryption import cipher
from core.hash_keys import STATE, hold, settle
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
    """Store a message and defer its turn; None when it was stored before. The conversation stays locked until the caller commits.

    Raises HashKeyMissing when a key is not there by which this person may be known.
    """
    known = _look_up(session, arrival)
    if known.stored:
        return None
    keys = cipher().hash_keys
    keys.heed(known.hash_keys)
    if not known.hash_keys:
        settle(session, keys)
    found = known.conversation_id
    if is_silent(known.last_inbound_at, settings):
        retire_if_stranger(session, arrival.sender.find_hashes(), settings)
        found = None
    conversation = lock_conversation(session, found or _conversation(session, arrival))
    if found and keys.several:
        _move(session, conversation.person, arrival, known.hash_keys[0] if known.hash_keys else keys.writer)
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


def _look_up(session: Session, arrival: Arrival) -> Row[bool, UUID, datetime, list[str] | None]:
    """What is known before anything is locked, by one question.

    Is it stored, what is its conversation, when did the number last write, and by which keys are numbers found.
    """
    return session.execute(
        select(
            exists().where(Message.provider_sid == arrival.sid).label("stored"),
            _of_these_ends(arrival).scalar_subquery().label("conversation_id"),
            last_heard(arrival.sender.find_hashes()).scalar_subquery().label("last_inbound_at"),
            literal_column(STATE).label("hash_keys"),
        )
    ).one()


def _of_these_ends(arrival: Arrival) -> Select[UUID]:
    return select(Conversation.id).where(
        Conversation.person_id == _person_of(arrival).scalar_subquery(),
        Conversation.channel == arrival.sender.channel,
        Conversation.our_address == arrival.ours.number,
    )


def _person_of(arrival: Arrival) -> Select[UUID]:
    """Whoever has the number, under whichever key; of two (a process lacked a key once) the one under the key that writes."""
    hashes = arrival.sender.find_hashes()
    if len(hashes) == 1:
        return select(Person.id).where(Person.phone_hash == hashes[0])
    under = Person.phone_hash.in_(hashes)
    return select(Person.id).where(under).order_by((Person.phone_hash == hashes[0]).desc()).limit(1)


def _conversation(session: Session, arrival: Arrival) -> UUID:
    """The conversation of these two ends on this channel, made when it is the first message."""
    found = _of_these_ends(arrival)
    keys = cipher().hash_keys
    writer = hold(session, keys) if keys.several else None
    if known := session.execute(found).scalar_one_or_none():
        return known
    phone_hash = arrival.sender.find_hash(writer)
    if writer and (earlier := session.execute(_person_of(arrival)).scalar_one_or_none()):
        _move(session, session.get_one(Person, earlier), arrival, writer)
    made = session.execute(
        insert(Person)
        .values(id=uuid4(), phone_hash=phone_hash)
        .on_conflict_do_nothing(index_elements=["phone_hash"])
        .returning(Person.id)
    ).scalar_one_or_none()
    if made is not None:
        # After the row: the number is sealed with the person's own key, and there is none without a person.
        session.get_one(Person, made).phone = arrival.sender.number
    person_id = session.execute(_person_of(arrival)).scalar_one()
    conversation = Conversation(person_id=person_id)
    session.execute(
        insert(Conversation)
        .values(
            id=conversation.id, person_id=person_id, channel=arrival.sender.channel, our_address=arrival.ours.number
        )
        .on_conflict_do_nothing(index_elements=["person_id", "channel", "our_address"])
    )
    return session.execute(found).scalar_one()


def _move(session: Session, person: Person, arrival: Arrival, writer: str) -> None:
    """Known under an older key until now. Whoever was retired meanwhile, or has a second row by now, is not moved."""
    if writer != cipher().hash_keys.names[0]:
        return  # never back: `waymark keys rotate` counts on it that whoever it has moved stays
    seen, phone_hash, other = person.phone_hash, arrival.sender.find_hash(writer), aliased(Person)
    if seen != phone_hash and seen in arrival.sender.find_hashes():
        taken = exists().where(other.phone_hash == phone_hash)
        session.execute(
            update(Person)
            .where(Person.id == person.id, Person.phone_hash == seen, ~taken)
            .values(phone_hash=phone_hash)
            .execution_options(synchronize_session=False)
        )
        session.expire(person, ["phone_hash"])


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
