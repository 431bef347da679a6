"""Tables of the channels: messages in and out, requests that were refused, contents registered at Twilio."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import OF_CONVERSATION, Conversation, User, one_of
from core.database import Base, Identified, now
from core.encryption import Encrypted

AUTHORS = ("person", "bot", "system", "caseworker")
KINDS = ("text", "button", "location", "media", "unknown")
INBOUND_STATES = ("received", "handled", "parked")
OUTBOUND_STATES = ("queued", "sending", "sent", "failed", "uncertain", "dropped", "held")
IN_DOUBT = ("received", "queued", "sending", "uncertain", "parked")
"""States that end, or that somebody has to look at (app/degraded.py)."""
APPROVALS = ("unsubmitted", "received", "pending", "approved", "rejected", "paused", "disabled")


class Message(Identified, Base):
    """One message in or out. What was said is encrypted; what happened to it is not."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("direction IN ('inbound', 'outbound')", name="direction"),
        CheckConstraint(one_of("author", AUTHORS), name="author"),
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        CheckConstraint(one_of("state", (*INBOUND_STATES, *OUTBOUND_STATES)), name="state"),
        Index("ix_message_conversation_seq", "conversation_id", "seq"),
        # What the health page asks for again and again, of millions of messages of which few wait or are in doubt.
        Index("ix_message_in_doubt", "created_at", postgresql_where=text(one_of("state", IN_DOUBT))),
        Index("ix_message_waiting", "conversation_id", "seq", postgresql_where="state IN ('received', 'queued')"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    """Order within the conversation: given while the conversation's row is locked."""
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    direction: Mapped[str]
    author: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_user.id"))
    client_id: Mapped[UUID | None] = mapped_column(unique=True)
    """Made by the caseworker's browser: a double click is one message."""
    provider_sid: Mapped[str | None] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(default="text")
    body_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    extra_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON: button payload, latitude and longitude, media types, the whole form of an unknown type; what a secret was read as; `late`: when
    a message was written that reached us only by reconciliation."""
    key: Mapped[str | None]
    """Message key of the catalogues, for what the bot and the system say."""
    question: Mapped[str | None]
    choices: Mapped[list[Any] | None]
    """Options of a question: `[{"value", "label", "text"}]`; a digit in the next message picks one of them."""
    multiple: Mapped[bool] = mapped_column(default=False)
    secret: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Out: the answer is a word or a number that only the gateway keeps. In: it was one, and its text was not kept."""
    confirms_opt_out: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The last words to somebody who wrote STOP: sent although nothing else is."""
    content_sid: Mapped[str | None]
    """Interactive content at Twilio that this message is sent as."""
    language: Mapped[str | None]
    epoch: Mapped[int] = mapped_column(default=0)
    turn_id: Mapped[UUID | None] = mapped_column(index=True)
    """The inbound message this one answers."""
    state: Mapped[str]
    status: Mapped[str | None]
    """Twilio's last word on a message out (queued … delivered, read, failed, undelivered); moves forward only."""
    error_code: Mapped[str | None]
    withheld: Mapped[str | None]
    """Rules of the check that the text broke, separated by commas: it was not sent, and is kept for staff to read."""
    held_since: Mapped[datetime | None]
    """When it was put back because WhatsApp takes no free text a day after the person wrote. It stays once the text is released."""
    segments: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    handled_at: Mapped[datetime | None]
    """In: when its turn was done. Out: when it was last handed to Twilio."""

    body = Encrypted(OF_CONVERSATION, through="conversation_id")
    extra = Encrypted(OF_CONVERSATION, through="conversation_id")
    conversation: Mapped[Conversation] = relationship()
    user: Mapped[User | None] = relationship()


class RejectedRequest(Identified, Base):
    """A webhook that was refused (signature wrong or missing): counted, and kept so that it can be replayed when the fault was ours."""

    __tablename__ = "rejected_request"

    path: Mapped[str]
    reason: Mapped[str]
    request_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON: the URL that was checked, the form, the signature."""
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    replayed_at: Mapped[datetime | None]

    request = Encrypted()


class Reconciliation(Identified, Base):
    """One comparison of Twilio's list of messages with ours: where the next begins, and what a health page can say of it."""

    __tablename__ = "reconciliation"

    at: Mapped[datetime] = mapped_column(default=now, index=True)
    since: Mapped[datetime]
    until: Mapped[datetime]
    """The span that was compared."""
    listed: Mapped[int] = mapped_column(default=0)
    taken_in: Mapped[int] = mapped_column(default=0)
    """Messages that had never reached us."""
    failure: Mapped[str | None]


class RegisteredContent(Identified, Base):
    """A quick reply, list or template that exists at Twilio, found again by the digest of what it shows."""

    __tablename__ = "registered_content"
    __table_args__ = (CheckConstraint(one_of("approval", APPROVALS), name="approval"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    content_sid: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    key: Mapped[str | None]
    """Of a template: the message it says; None for what is sent inside a conversation only."""
    language: Mapped[str | None]
    approval: Mapped[str | None]
    """Of a template: WhatsApp's last word on it."""
    rejection: Mapped[str | None]
    """WhatsApp's reason for a refusal."""
    asked_at: Mapped[datetime | None]
    """When WhatsApp was last asked about it."""
