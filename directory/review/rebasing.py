"""Laying one change on top of another: what two people changed in different fields of one entry belongs to both."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from directory.models import Metadata
from directory.records import ServiceRecord, flatten, orders, record_hash
from directory.review.history import as_confidential_as, state_at, take_back, unflatten
from directory.writing import Change, differences


def record_of_hash(session: Session, service_id: UUID, digest: str | None) -> ServiceRecord | None:
    """The earlier state of an entry with this `record_hash`; None when it is too old to be found, or never was."""
    moments = session.scalars(
        select(Metadata.last_action_date)
        .where(Metadata.service_id == service_id)
        .group_by(Metadata.last_action_date)
        .order_by(Metadata.last_action_date.desc())
        .limit(50)
    )
    for moment in moments:
        record = state_at(session, service_id, moment)
        if record_hash(record) == digest:
            return record
    return None


def laid_on_top(base: ServiceRecord, ours: ServiceRecord, live: ServiceRecord) -> ServiceRecord | None:
    """`live` with what `ours` changes against `base`; None when the two change the same field, or together make no entry."""
    mine = differences(base, ours)
    theirs = {change.path for change in differences(base, live)}
    if any(change.path in theirs for change in mine):
        return None
    flat, order = flatten(live), orders(live)
    for change in mine:
        take_back(flat, order, Change(change.path, change.after, change.before))
    try:
        merged = unflatten(flat, order, live)
    except ValueError:  # a number that one of them removed while the other corrected its note
        return None
    return as_confidential_as(live, merged)
