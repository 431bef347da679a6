"""True addresses of confidential houses, in a table of their own. Nothing that searches, exports or renders may import this module.

A test reads the imports of the whole project and fails when another module names it. The content is encrypted, so a query that joins the
table all the same gets bytes.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Identified, now
from core.encryption import Encrypted


class ConfidentialAddress(Identified, Base):
    """Where a confidential location truly is: for staff who take a person there, never for a message."""

    __tablename__ = "confidential_address"

    location_id: Mapped[UUID] = mapped_column(ForeignKey("location.id", ondelete="CASCADE"), unique=True)
    address_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    point_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """`latitude,longitude`, encrypted: a distance from it would give the house away."""
    phones_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Numbers that ring inside the house, one a line."""
    created_at: Mapped[datetime] = mapped_column(default=now)

    address = Encrypted()
    point = Encrypted()
    phones = Encrypted()
