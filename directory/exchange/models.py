"""Tables of imports: what a batch did to which entry, so that it can be undone, and files that wait for being applied."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Identified, now
from core.encryption import Encrypted

ACTIONS = ("create", "update", "revise")
UPLOAD_STATES = ("waiting", "examined", "applying", "applied", "failed")


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
    """What a batch did to one entry. `before` is its record (`None`: it did not exist), `after_hash` tells whether it changed since.

    `revise`: a change was submitted for approval and the entry left alone.
    """

    __tablename__ = "import_change"
    __table_args__ = (CheckConstraint(f"action IN ({', '.join(map(repr, ACTIONS))})", name="action"),)

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("import_batch.id", ondelete="CASCADE"), index=True)
    service_id: Mapped[UUID] = mapped_column(index=True)
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after_hash: Mapped[str]
    verified_on: Mapped[date | None]
    """The day that the batch brought as a verification, and the one that counted before."""
    assured_before: Mapped[date | None]


class ImportUpload(Identified, Base):
    """A file that somebody brought to the desk: kept, encrypted, until it is applied or a day has passed. `plan` is its dry run."""

    __tablename__ = "import_upload"
    __table_args__ = (CheckConstraint(f"state IN ({', '.join(map(repr, UPLOAD_STATES))})", name="state"),)

    file_name: Mapped[str]
    format: Mapped[str]
    country: Mapped[str | None]
    by: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    size: Mapped[int] = mapped_column(default=0)
    """In bytes."""
    done: Mapped[int] = mapped_column(default=0)
    """Entries that are through, while a job works on it."""
    review: Mapped[bool] = mapped_column(default=True)
    all_or_nothing: Mapped[bool] = mapped_column(default=False)
    failure: Mapped[str | None]
    """Why it cannot be read or applied (`Failure.stored`); never a value of the file."""
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("import_batch.id", ondelete="SET NULL"))
    plan_json_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)

    plan_json = Encrypted()


class ImportUploadPart(Identified, Base):
    """A piece of an uploaded file, so that a large one is never whole in memory."""

    __tablename__ = "import_upload_part"
    __table_args__ = (UniqueConstraint("upload_id", "position"),)

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("import_upload.id", ondelete="CASCADE"))
    position: Mapped[int]
    content_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)

    content = Encrypted()
    """Base64."""
