"""Tables of imports: what a batch did to which entry, so that it can be undone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Identified, now


class ImportBatch(Identified, Base):
    """One file that was applied."""

    __tablename__ = "import_batch"

    format: Mapped[str]
    file_name: Mapped[str]
    digest: Mapped[str]
    by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
    created: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)


class ImportChange(Identified, Base):
    """What a batch did to one entry. `before` is its record (`None`: it did not exist), `after_hash` tells whether it changed since."""

    __tablename__ = "import_change"
    __table_args__ = (CheckConstraint("action IN ('create', 'update')", name="action"),)

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"), index=True)
    service_id: Mapped[UUID] = mapped_column(index=True)
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after_hash: Mapped[str]
