"""Tables of signing in (sessions, one-time links, failures: only hashes of their secrets are kept) and the audit log."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import Case, Team, User
from core.database import Base, Identified, now
from core.encryption import Encrypted


class StaffSession(Identified, Base):
    """A signed-in browser."""

    __tablename__ = "staff_session"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    by_link: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Signed in by a one-time link: a new password may be set without the old one."""
    browser: Mapped[str] = mapped_column(default="", server_default="")
    """Such as `Firefox, Linux`: by it somebody knows their own sessions. No address of a network is kept."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now, server_default=func.now())
    """The last thing the user did; what a page refreshes by itself is none."""
    confirmed_at: Mapped[datetime] = mapped_column(default=now, server_default=func.now())
    """When the user last showed a password or a second factor: what is dangerous asks for it again after a while."""
    second_factor_at: Mapped[datetime | None]
    """When the second factor was given in this session."""
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What a passkey is asked to sign (desk/passkeys.py); taken once."""
    challenge_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship()


class SecondFactor(Identified, Base):
    """The secret that a user's phone makes its codes from. `last_step` is the step of the last code taken: none is taken twice."""

    __tablename__ = "second_factor"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), unique=True)
    secret_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    next_secret_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Shown as a QR code, and not proved yet."""
    last_step: Mapped[int] = mapped_column(BigInteger, default=-1)

    secret = Encrypted()
    next_secret = Encrypted()


class RecoveryCode(Identified, Base):
    """A code that takes the phone's place once."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]


class SignInLink(Identified, Base):
    """A link that signs a user in once."""

    __tablename__ = "sign_in_link"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class AuditEntry(Identified, Base):
    """Who did what, when, to which id. Written once: the database refuses to change or delete a line."""

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    """Order of writing: a gap that no rollback explains shows that a line was removed by hand."""
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_user.id"), index=True)
    """None: nobody was signed in, or Waymark itself."""
    action: Mapped[str] = mapped_column(index=True)
    subject_kind: Mapped[str] = mapped_column(default="")
    """`case`, `user`, `team`, …"""
    subject_id: Mapped[str] = mapped_column(default="", index=True)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Ids, roles and keys."""

    user: Mapped[User | None] = relationship()


class SavedView(Identified, Base):
    """A set of filters of the queue that a user keeps under a name. The filters are codes; nothing in them is of a person."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    query: Mapped[str]
    """As it stands in the address: `show=mine&level=E`."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class SignInFailure(Base):
    """Failed sign-ins with one name in a row. Names that do not exist are counted too: the wait must not tell which do."""

    __tablename__ = "sign_in_failure"

    name_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(default=now, index=True)


class StatisticMark(Base):
    """That somebody was asked, left or was not understood, in four weeks: counted once a person, deleted when the numbers are published.

    `mark` is a keyed hash of a random id: once the conversation is deleted it leads to nobody (desk/counting.py).
    """

    __tablename__ = "statistic_mark"

    first_day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    about: Mapped[str] = mapped_column(primary_key=True)
    """A question, or a language."""
    mark: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class StatisticRelease(Base):
    """The numbers of four weeks as they were published: small groups left out already. Written once, so that no two versions differ."""

    __tablename__ = "statistic_release"

    first_day: Mapped[date] = mapped_column(primary_key=True)
    cells: Mapped[list[Any]]
    """`[table, row, column, count or null]` each."""
    published_at: Mapped[datetime] = mapped_column(default=now)


class Passkey(Identified, Base):
    """A key on somebody's phone, computer or stick that signs in their place: it cannot be told to a false page (WebAuthn)."""

    __tablename__ = "passkey"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """Rises with each use; one that falls is a copy."""
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_used_at: Mapped[datetime | None]


class AddressWindow(Base):
    """Tries to sign in from one address of the network in ten minutes. Only its keyed hash is kept, for those minutes (desk/limits.py)."""

    __tablename__ = "address_window"

    address_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    began_at: Mapped[datetime] = mapped_column(default=now, index=True)
    count: Mapped[int] = mapped_column(default=0)


class CaseExport(Identified, Base):
    """A case that somebody wants to take out of the desk: asked for, agreed to by another person, shown once (desk/exports.py)."""

    __tablename__ = "case_export"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'agreed', 'refused', 'shown')", name="state"),
        Index(
            "uq_case_export_under_way", "case_id", unique=True, postgresql_where=text("state IN ('waiting', 'agreed')")
        ),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(default="waiting")
    reason: Mapped[str]
    """Of a list (REASONS): free text about a person has no place in a table that outlives what it is about."""
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id"))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_user.id"))
    decided_at: Mapped[datetime | None]
    shown_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship()
    asked_by: Mapped[User] = relationship(foreign_keys=[asked_by_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])


class HandoverNote(Identified, Base):
    """What one shift tells the next, for a team; gone after a week (desk/handover.py)."""

    __tablename__ = "handover_note"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id"))
    body_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)

    body = Encrypted()
    user: Mapped[User] = relationship()
    team: Mapped[Team] = relationship()


class StaffAddress(Identified, Base):
    """Where somebody of the staff is told outside the desk that a case waits, and when not (desk/notices.py).

    One address by mail, one by SMS; of browsers as many as they use, and a browser tells only whoever asked for it last.
    """

    __tablename__ = "staff_address"
    __table_args__ = (
        Index("uq_staff_address_one", "user_id", "channel", unique=True, postgresql_where=text("channel <> 'push'")),
        CheckConstraint("channel IN ('email', 'sms', 'push')", name="channel"),
        CheckConstraint("(channel = 'push') = (endpoint_hash IS NOT NULL)", name="endpoint_hash"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str]
    address_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of a browser: its subscription as JSON."""
    endpoint_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    """By it a browser is known again. Keyed: it leads to none."""
    browser: Mapped[str] = mapped_column(default="", server_default="")
    """Such as `Firefox, Linux`."""
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    """Of the desk, when the address was given: the notice is in it."""
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    """Clock times in `time_zone` between which only an emergency is told."""
    time_zone: Mapped[str] = mapped_column(default="UTC")

    address = Encrypted()


class StaffNotice(Base):
    """That somebody was told of a waiting case, at one step: once, however often the schedule looks."""

    __tablename__ = "staff_notice"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    address_id: Mapped[UUID] = mapped_column(ForeignKey("staff_address.id", ondelete="CASCADE"), primary_key=True)
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]


class SsoAttempt(Base):
    """One way to the provider of single sign-on and back: taken once, by the browser that began it (desk/sso.py)."""

    __tablename__ = "sso_attempt"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    nonce: Mapped[str]
    verifier: Mapped[str]
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_session.id", ondelete="CASCADE"))
    """Somebody who is signed in connects their account; None: somebody wants to sign in."""
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)


class StaffIdentity(Identified, Base):
    """Who a user is at the provider. Made by the user, signed in: a name that two systems happen to share is no proof."""

    __tablename__ = "staff_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), unique=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User] = relationship()


class PracticeResult(Identified, Base):
    """What a learner answered to a practice case: for them alone, the last of each (desk/practice)."""

    __tablename__ = "practice_result"
    __table_args__ = (UniqueConstraint("user_id", "lesson"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"))
    lesson: Mapped[str]
    answer_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(default=now)

    answer = Encrypted()
