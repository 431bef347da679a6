"""Tables of keeping the directory true. `by` columns hold the id of a user, `focal_point:<id>` or `system`: never a name."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Identified, now
from core.encryption import Encrypted

REVISION_STATES = ("draft", "submitted", "approved", "rejected", "superseded")
VERIFICATION_METHODS = ("focal_point", "phone", "visit", "website", "import")
FEEDBACK_KINDS = ("closed", "no_answer", "turned_away", "wrong_number", "not_safe")
TASK_KINDS = (
    "unconfirmed", "feedback", "not_safe", "closed", "correction", "translation", "duplicate", "referral",
)  # fmt: skip


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


class Revision(Identified, Base):
    """A change of an entry on its way to the public: the whole record as its author wants it. The live entry stays until it is approved."""

    __tablename__ = "revision"
    __table_args__ = (
        _one_of("state", REVISION_STATES),
        # One change at a time: two open drafts of one entry would silently overwrite each other. What a focal point corrects
        # waits beside it: their answer must not be lost because somebody at the desk has the entry open.
        Index(
            "uq_revision_open",
            "service_id",
            text("(source = 'focal_point')"),
            unique=True,
            postgresql_where=text("state IN ('draft', 'submitted')"),
        ),
    )

    service_id: Mapped[UUID] = mapped_column(index=True)
    """Of a new entry the id that it will have; no foreign key, because it does not exist yet."""
    record: Mapped[dict[str, Any]]
    """A `ServiceRecord` as JSON."""
    base_hash: Mapped[str | None]
    """`record_hash` of the live entry that the author saw; None: a new entry."""
    state: Mapped[str] = mapped_column(default="draft")
    source: Mapped[str] = mapped_column(default="form")
    author: Mapped[str]
    note: Mapped[str | None]
    """What the author remarks to whoever approves it."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    submitted_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]


class FocalPoint(Identified, Base):
    """Whom an organization has named to confirm its entries and take referrals. Not public: encrypted."""

    __tablename__ = "focal_point"
    __table_args__ = (_one_of("channel", ("email", "sms")),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    service_id: Mapped[UUID | None] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    """None: for every service of the organization."""
    name_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """E-mail address or number, as `channel` says."""
    channel: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    name = Encrypted()
    address = Encrypted()


class VerificationRequest(Identified, Base):
    """A signed, expiring link by which a focal point confirms, corrects or closes an entry. Only the hash of its secret is kept."""

    __tablename__ = "verification_request"
    __table_args__ = (_one_of("answer", ("confirmed", "corrected", "closed")),)

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    focal_point_id: Mapped[UUID] = mapped_column(ForeignKey("focal_point.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    send_error: Mapped[str | None]
    """Why the last try reached nobody: `no_sender`, `refused`, `unreachable`."""
    reminders: Mapped[int] = mapped_column(default=0)
    last_reminder_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    revision_id: Mapped[UUID | None] = mapped_column(ForeignKey("revision.id", ondelete="SET NULL"))


class Verification(Identified, Base):
    """Somebody confirmed an entry. The only thing that moves `Service.assured_date`."""

    __tablename__ = "verification"
    __table_args__ = (_one_of("method", VERIFICATION_METHODS),)

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    verified_on: Mapped[date]
    method: Mapped[str]
    by: Mapped[str]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Feedback(Identified, Base):
    """A report that an entry is wrong. `reporter_hash` only tells whether two reports are of one reporter: nobody can be found by it."""

    __tablename__ = "feedback"
    __table_args__ = (
        _one_of("kind", FEEDBACK_KINDS),
        _one_of("reporter", ("person", "caseworker")),
        UniqueConstraint("service_id", "kind", "reporter_hash"),
    )

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"))
    kind: Mapped[str]
    reporter: Mapped[str]
    reporter_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[str | None]


class DirectoryTask(Identified, Base):
    """Something that a directory editor should look at."""

    __tablename__ = "directory_task"
    __table_args__ = (
        _one_of("kind", TASK_KINDS),
        Index("uq_directory_task_open", "service_id", "kind", unique=True, postgresql_where=text("done_at IS NULL")),
    )

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"))
    kind: Mapped[str]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    done_note: Mapped[str | None]


class TwinDecision(Identified, Base):
    """Somebody looked at two entries that seem to be one service. `first_id` is the smaller id, so that a pair has one row."""

    __tablename__ = "twin_decision"
    __table_args__ = (
        _one_of("decision", ("same", "different")),
        CheckConstraint("first_id < second_id", name="order"),
        UniqueConstraint("first_id", "second_id"),
    )

    first_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"))
    second_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    decision: Mapped[str]
    by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
