"""Two entries that seem to be one service: found by number and name, and somebody says whether they are the same.

"The same" keeps one and archives the other with the reason, so its history stays and people are told once. "Not the same" is remembered:
a list that shows what was decided already is read by nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database import now
from directory.errors import UnknownEntryError
from directory.exchange.duplicates import SIMILAR, in_directory
from directory.models import Service
from directory.review import listing
from directory.review.models import TwinDecision
from directory.writing import read

GONE = ("archived", "do_not_list")
"""Of these people are not told again: they are nobody's twin any more."""
MOST = 200


@dataclass(frozen=True, slots=True)
class Twins:
    """Two entries that may be one. `reason`: `number`, `name` (alike and near) or `same` (organization, name and town)."""

    first_id: UUID
    first: str
    second_id: UUID
    second: str
    reason: str


_PAIRS = text("""
    WITH alive AS (
        SELECT service.id, service.name, lower(service.name) AS lowered, service.country, organization_id
        FROM service WHERE listing NOT IN ('archived', 'do_not_list')
    ), numbers AS (
        SELECT DISTINCT phone.number, coalesce(phone.service_id, at.service_id) AS service_id
        FROM phone LEFT JOIN service_at_location AS at ON at.location_id = phone.location_id
        WHERE phone.number <> ''
    ), few AS (
        SELECT number FROM numbers GROUP BY number HAVING count(*) BETWEEN 2 AND 20
    ), pairs AS (
        SELECT one.service_id AS first_id, other.service_id AS second_id, 'number' AS reason
        FROM few JOIN numbers AS one USING (number) JOIN numbers AS other USING (number)
        WHERE one.service_id < other.service_id
        UNION
        SELECT one.id, other.id, 'same' FROM alive AS one JOIN alive AS other
            ON one.lowered = other.lowered AND one.organization_id = other.organization_id AND one.country = other.country
            AND one.id < other.id
    )
    SELECT pairs.first_id, one.name AS first, pairs.second_id, other.name AS second, max(pairs.reason) AS reason
    FROM pairs JOIN alive AS one ON one.id = pairs.first_id JOIN alive AS other ON other.id = pairs.second_id
    WHERE (pairs.reason = 'same' OR similarity(one.lowered, other.lowered) >= :similar)
        AND NOT EXISTS (SELECT FROM twin_decision AS known
                        WHERE known.first_id = pairs.first_id AND known.second_id = pairs.second_id)
    GROUP BY pairs.first_id, one.name, pairs.second_id, other.name
    ORDER BY lower(one.name), pairs.first_id, pairs.second_id LIMIT :most
""")
"""A house with many services has one telephone: the names must be alike too. A number of more than twenty entries is a switchboard's."""


def pairs(session: Session, *, most: int = MOST) -> list[Twins]:
    """Pairs in the whole directory that nobody has decided on, at most so many."""
    return [Twins(*row) for row in session.execute(_PAIRS, {"similar": SIMILAR, "most": most})]


def of_entry(session: Session, service_id: UUID) -> list[Twins]:
    """What may be the same as one entry, also by an alike name nearby. Raises UnknownEntryError."""
    record = read(session, service_id)
    (found,) = in_directory(session, [record])
    others = {one.service_id: one for one in found if one.service_id not in (None, service_id)}
    known = decided(session, service_id)
    return [
        Twins(service_id, record.name, other, one.name, one.reason)
        for other, one in others.items()
        if other is not None and other not in known and one.listing not in GONE
    ]


def decided(session: Session, service_id: UUID) -> set[UUID]:
    """Entries that somebody has compared with this one."""
    rows: Sequence[TwinDecision] = session.scalars(
        select(TwinDecision).where((TwinDecision.first_id == service_id) | (TwinDecision.second_id == service_id))
    ).all()
    return {row.second_id if row.first_id == service_id else row.first_id for row in rows}


def same(session: Session, keep: UUID, drop: UUID, *, by: str, at: datetime | None = None) -> None:
    """They are one: `keep` stays as it is, `drop` is archived and its history says as what. Raises ListingError, UnknownEntryError."""
    kept = session.get(Service, keep)
    if kept is None or keep == drop:
        raise UnknownEntryError(keep)
    listing.archive(session, drop, by=by, reason=f"{kept.name} ({kept.id})", at=at)
    _decide(session, (keep, drop), "same", by, at)


def different(session: Session, one: UUID, other: UUID, *, by: str, at: datetime | None = None) -> None:
    """They are two: not asked again. Raises UnknownEntryError."""
    if one == other or session.get(Service, one) is None or session.get(Service, other) is None:
        raise UnknownEntryError(one)
    _decide(session, (one, other), "different", by, at)


def _decide(session: Session, pair: tuple[UUID, UUID], decision: str, by: str, at: datetime | None) -> None:
    first, second = sorted(pair)
    values = {"decision": decision, "by": by, "created_at": at or now()}
    row = TwinDecision(first_id=first, second_id=second, **values)
    session.execute(
        insert(TwinDecision)
        .values(id=row.id, first_id=first, second_id=second, **values)
        .on_conflict_do_update(index_elements=[TwinDecision.first_id, TwinDecision.second_id], set_=values)
    )
