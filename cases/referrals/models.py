"""Tables of referrals to a service or to another team, of what happened to them, and of the follow-up after days."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import OF_CONVERSATION, Case, Conversation, Team, User, one_of
from core.database import Base, Identified, now
from core.encryption import Encrypted
from directory.models import Service

REFERRAL_STATES = (
    "draft", "asked", "agreed", "refused", "sent", "opened", "asked_back", "accepted", "declined", "expired", "withdrawn",
)  # fmt: skip
READABLE = ("sent", "opened", "asked_back", "accepted")
"""States in which the link shows the referral to whoever has it."""
WAYS = ("link", "form")
DECLINE_REASONS = ("full", "not_for_them", "outside_area", "closed", "other")
FOLLOW_UP_STATES = ("due", "asked", "answered", "not_reached", "by_hand", "cancelled")


class Referral(Identified, Base):
    """What is given of a case to one service, or the case itself to one team: never without the person's consent (Q23).

    The link's secret is nowhere in the database, only its digest; without one the link is dead.
    """

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint(one_of("state", REFERRAL_STATES), name="state"),
        CheckConstraint(one_of("way", WAYS), name="way"),
        CheckConstraint(one_of("decline_reason", DECLINE_REASONS), name="decline_reason"),
        # The bot asks about one place at a time: a "yes" must never be read as an answer about another.
        Index("uq_referral_asked", "conversation_id", unique=True, postgresql_where=text("state = 'asked'")),
        Index(
            "ix_referral_expiry",
            "expires_at",
            postgresql_where=text("state IN ('asked', 'sent', 'opened', 'asked_back')"),
        ),
    )

    number: Mapped[int] = mapped_column(Identity(start=11), unique=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id", ondelete="CASCADE"), index=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    service_id: Mapped[UUID | None] = mapped_column(ForeignKey("service.id", ondelete="SET NULL"), index=True)
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id", ondelete="SET NULL"), index=True)
    """The team that gets the case; then there is no service, no link and nothing chosen."""
    state: Mapped[str] = mapped_column(default="draft")
    way: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="en")
    """What the partner reads it in."""
    content_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON of the chosen fields (cases/referrals/content.py). A number is named in it, never written."""
    question_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the partner asks back."""
    reply_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the caseworker answered to that."""
    remark_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the partner wrote when they accepted or declined."""
    decline_reason: Mapped[str | None]
    consent_id: Mapped[UUID | None] = mapped_column(ForeignKey("consent.id", ondelete="SET NULL"))
    focal_point_id: Mapped[UUID | None] = mapped_column(ForeignKey("focal_point.id", ondelete="SET NULL"))
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    link_number: Mapped[int] = mapped_column(default=0)
    """Rises with every link: an older one is dead."""
    send_error: Mapped[str | None]
    """Why the letter with the link reached nobody: `no_sender`, `refused`, `unreachable`."""
    created_by: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    asked_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    """Unanswered until then, by the person or the partner, it comes back to the queue; accepted, it can be read until then."""

    content = Encrypted(OF_CONVERSATION, through="conversation_id")
    question = Encrypted(OF_CONVERSATION, through="conversation_id")
    reply = Encrypted(OF_CONVERSATION, through="conversation_id")
    remark = Encrypted(OF_CONVERSATION, through="conversation_id")
    case: Mapped[Case] = relationship()
    conversation: Mapped[Conversation] = relationship()
    service: Mapped[Service | None] = relationship()
    team: Mapped[Team | None] = relationship()
    author: Mapped[User] = relationship()

    @property
    def reference(self) -> str:
        """What the partner and the team call it. Not of the cases' series: it leads nobody to the case."""
        return f"F{self.number}"


class ReferralEvent(Identified, Base):
    """What happened to a referral and when. Without a user the person, the partner or the clock did it, as `kind` says."""

    __tablename__ = "referral_event"

    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referral.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_user.id"))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Ids and keys, never content."""
    at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User | None] = relationship()


class FollowUp(Identified, Base):
    """Asking the person, days after a referral, whether it worked (Q24). Who is not reached twice gets a human again."""

    __tablename__ = "follow_up"
    __table_args__ = (
        CheckConstraint(one_of("state", FOLLOW_UP_STATES), name="state"),
        Index("ix_follow_up_due", "due_at", postgresql_where=text("state IN ('due', 'asked')")),
    )

    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referral.id", ondelete="CASCADE"), unique=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(default="due")
    due_at: Mapped[datetime]
    """When it is asked; once asked, until when an answer is waited for."""
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    """A value of the question `follow_up`."""
    answered_at: Mapped[datetime | None]

    referral: Mapped[Referral] = relationship()
