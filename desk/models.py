"""Tables of signing in: sessions, one-time links, failures. Only hashes of their secrets are kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import User
from core.database import Base, Identified, now


class StaffSession(Identified, Base):
    """A signed-in browser."""

    __tablename__ = "staff_session"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    by_link: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Signed in by a one-time link: a new password may be set without the old one."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship()


class SignInLink(Identified, Base):
    """A link that signs a user in once."""

    __tablename__ = "sign_in_link"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class SignInFailure(Base):
    """Failed sign-ins with one name in a row. Names that do not exist are counted too: the wait must not tell which do."""

    __tablename__ = "sign_in_failure"

    name_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(default=now, index=True)
