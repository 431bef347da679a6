"""True addresses of confidential houses, in a table of their own. Nothing that searches, exports or renders may import this module.

A test reads the imports of the whole project and fails when another module names it. The content is encrypted, so a query that joins the
table all the same gets bytes. Each reading is written down before anything is decrypted, in a transaction of its own: one that cannot be
written down does not happen.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, Identified, now
from core.encryption import Encrypted, cipher
from directory.errors import NothingConfidentialError, ReasonNeededError
from directory.text import normalise

_TAIL = 8
"""Last digits that make two numbers the same, with or without the country's code."""
_HASHES = "directory.confidential.hashes"
_NUMBER, _ADDRESS = "confidential-number", "confidential-address"


class ConfidentialAddress(Identified, Base):
    """Where a confidential location truly is: for staff who take a person there, never for a message."""

    __tablename__ = "confidential_address"

    location_id: Mapped[UUID] = mapped_column(ForeignKey("location.id", ondelete="CASCADE"), unique=True)
    address_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    point_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """`latitude,longitude`, encrypted: a distance from it would give the house away."""
    phones_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Numbers that ring inside the house, one a line."""
    hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary), default=list, server_default="{}")
    """Keyed hashes of the address and of each number: whatever file brings one of them back is refused (`guarding`)."""
    created_at: Mapped[datetime] = mapped_column(default=now)

    address = Encrypted()
    point = Encrypted()
    phones = Encrypted()


class ConfidentialAccess(Identified, Base):
    """Who read or wrote the true details of which location, when and why. Never what they are; the row outlives the location."""

    __tablename__ = "confidential_access"
    __table_args__ = (
        CheckConstraint("action IN ('read', 'write')", name="action"),
        Index("ix_confidential_access_location_id_at", "location_id", "at"),
    )

    location_id: Mapped[UUID]
    action: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)


@dataclass(frozen=True, slots=True)
class TrueDetails:
    """Where a house truly is. The `repr` shows none of it; `point` is (latitude, longitude) in WGS84 degrees."""

    address: str | None = field(default=None, repr=False)
    point: tuple[float, float] | None = field(default=None, repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)


def tell(session: Session, location_id: UUID, *, by: str, reason: str) -> TrueDetails:
    """The true details of a confidential location, for somebody with the permission `directory.confidential` (the caller checks it).

    The reading is committed to the log first, on a connection of its own: neither a rollback nor a crash makes it unseen.
    Raises ReasonNeededError, NothingConfidentialError.
    """
    _log(session, location_id, "read", by, reason)
    row = _row(session, location_id)
    if row is None:
        raise NothingConfidentialError(location_id)
    return details_of(row)


def remember(session: Session, location_id: UUID, details: TrueDetails, *, by: str, reason: str) -> None:
    """Keep the true details of a location; empty ones are forgotten. Raises ReasonNeededError.

    Callers use `guarding.remember`: it also looks whether the public entry says them.
    """
    _log(session, location_id, "write", by, reason)
    keep(session, location_id, details)


def keep(session: Session, location_id: UUID, details: TrueDetails) -> None:
    """Write the details without a log entry: for what hides an address itself. Flushes."""
    row = _row(session, location_id)
    if row is None:
        row = ConfidentialAddress(location_id=location_id)
        session.add(row)
    row.address = details.address
    row.point = f"{details.point[0]},{details.point[1]}" if details.point else None
    row.phones = "\n".join(details.phones) or None
    row.hashes = _made(details)
    session.flush()
    session.info.pop(_HASHES, None)


def all_details(session: Session, location_ids: Iterable[UUID]) -> list[TrueDetails]:
    """Details to compare public words with (`guarding`); what is read so is told to nobody, so it is not logged."""
    rows = session.scalars(select(ConfidentialAddress).where(ConfidentialAddress.location_id.in_(list(location_ids))))
    return [details_of(row) for row in rows]


def all_hashes(session: Session) -> frozenset[bytes]:
    """Keyed hashes of every confidential address and number. Read once a transaction: an import asks at each row."""
    if _HASHES not in session.info:
        rows = session.scalars(select(ConfidentialAddress.hashes))
        session.info[_HASHES] = frozenset(bytes(one) for hashes in rows for one in hashes)
    known: frozenset[bytes] = session.info[_HASHES]
    return known


def details_of(row: ConfidentialAddress) -> TrueDetails:
    """A row, decrypted."""
    point: Any = tuple(float(part) for part in row.point.split(",")) if row.point else None
    return TrueDetails(row.address, point, tuple((row.phones or "").split()))


def hashes_of_number(number: str) -> set[bytes]:
    """Keyed hash of a number's last digits, under each key; none of a short number that many may have."""
    return {each for tail in _tails(number) for each in cipher().find_hashes(tail, purpose=_NUMBER)}


def hashes_of_address(address: str | None) -> set[bytes]:
    """Keyed hashes of an address and of its first line, however they are written; none of one so short that many have it."""
    return {each for line in _lines(address) for each in cipher().find_hashes(line, purpose=_ADDRESS)}


def rehash(session: Session, *, after: UUID | None, batch: int) -> tuple[UUID | None, int]:
    """Hash some more rows with the key that writes now: the id to go on after (None: that was all), how many that were."""
    query = select(ConfidentialAddress).order_by(ConfidentialAddress.id).limit(batch).with_for_update()
    rows = session.scalars(query.where(ConfidentialAddress.id > after) if after else query).all()
    moved = 0
    for row in rows:
        made = _made(details_of(row))
        if [bytes(one) for one in row.hashes] != made:
            row.hashes, moved = made, moved + 1
    session.flush()
    session.info.pop(_HASHES, None)
    return (rows[-1].id if len(rows) == batch else None), moved


def _made(details: TrueDetails) -> list[bytes]:
    numbers = {cipher().find_hash(tail, purpose=_NUMBER) for number in details.phones for tail in _tails(number)}
    return sorted(numbers | {cipher().find_hash(line, purpose=_ADDRESS) for line in _lines(details.address)})


def _tails(number: str) -> set[str]:
    tail = "".join(sign for sign in number if sign.isdecimal())[-_TAIL:]
    return {tail} if len(tail) >= _TAIL - 2 else set()


def _lines(address: str | None) -> set[str]:
    lines = {normalise(address or ""), normalise((address or "").replace("\n", ",").split(",")[0])}
    return {line for line in lines if len(line) >= _TAIL}


def readings(session: Session, location_id: UUID) -> list[ConfidentialAccess]:
    """Who read or wrote the details of a location, newest first."""
    query = select(ConfidentialAccess).where(ConfidentialAccess.location_id == location_id)
    return list(session.scalars(query.order_by(ConfidentialAccess.at.desc())))


def _row(session: Session, location_id: UUID) -> ConfidentialAddress | None:
    return session.scalars(
        select(ConfidentialAddress).where(ConfidentialAddress.location_id == location_id)
    ).one_or_none()


def _log(session: Session, location_id: UUID, action: str, by: str, reason: str) -> None:
    if not reason.strip():
        raise ReasonNeededError
    with Session(session.get_bind().engine) as own, own.begin():
        own.add(ConfidentialAccess(location_id=location_id, action=action, by=by, reason=reason.strip()))
