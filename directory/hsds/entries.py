"""What may be told of: published entries, as records with the facts that a record does not hold. The gate of API, exports and leaflets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.orm import Session

from directory.bulk_read import read_bulk
from directory.models import (
    Attribute,
    Contact,
    Location,
    Organization,
    Phone,
    Service,
    ServiceAtLocation,
    Taxonomy,
    TaxonomyTerm,
)
from directory.records import ServiceRecord

BATCH = 200
"""Entries in memory at once while a whole directory is read."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """A term of a partner's taxonomy attached to a service."""

    id: UUID
    link_type: str | None
    value: str | None
    label: str | None
    term_id: UUID
    code: str
    name: str
    description: str
    taxonomy_id: UUID
    taxonomy: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A published entry. `at_locations`: id and description of the service at each of its locations."""

    record: ServiceRecord
    id: UUID
    last_modified: datetime
    assured_date: date | None = None
    is_example: bool = False
    at_locations: Mapping[UUID, tuple[UUID, str | None]] = field(default_factory=dict)
    example_phones: frozenset[UUID] = frozenset()
    attributes: tuple[AttributeRow, ...] = ()
    parent_organization_id: UUID | None = None


def published(*, demonstration: bool) -> ColumnElement[bool]:
    """What a service must be so that anybody is told of it; in a demonstration invented ones are told of too.

    A hidden service at a location that somebody forgot to hide is told of to nobody: its address would be given away.
    """
    shown = exists().where(
        ServiceAtLocation.service_id == Service.id,
        Location.id == ServiceAtLocation.location_id,
        not_(Location.is_confidential),
    )
    rule = and_(Service.listing == "published", or_(not_(Service.is_confidential), not_(shown)))
    if demonstration:
        return rule
    invented = exists().where(Organization.id == Service.organization_id, Organization.is_example)
    return and_(rule, not_(Service.is_example), not_(invented))


def read_entries(session: Session, service_ids: Sequence[UUID]) -> list[Entry]:
    """The entries of these services in their order; the caller has seen to it that they are `published`.

    An entry that breaks the rules of `records` is left out and logged: better unseen than half seen.
    """
    records = _records(session, service_ids)
    if not records:
        return []
    ids = [record.id for record in records if record.id]
    facts = {
        row.id: row
        for row in session.execute(
            select(
                Service.id, Service.last_modified, Service.assured_date, Service.is_example, Organization.is_example.label("invented"),
                Organization.parent_organization_id,
            ).join(Organization, Organization.id == Service.organization_id)
            .where(Service.id.in_(ids))
        )
    }  # fmt: skip
    places: dict[UUID, dict[UUID, tuple[UUID, str | None]]] = {}
    for row in session.scalars(select(ServiceAtLocation).where(ServiceAtLocation.service_id.in_(ids))):
        places.setdefault(row.service_id, {})[row.location_id] = (row.id, row.description)
    attributes = _attributes(session, ids)
    examples = _example_phones(session, ids)
    return [
        Entry(
            record=record, id=record.id, last_modified=facts[record.id].last_modified, assured_date=facts[record.id].assured_date,
            is_example=facts[record.id].is_example or facts[record.id].invented, at_locations=places.get(record.id, {}),
            example_phones=examples, attributes=tuple(attributes.get(record.id, ())),
            parent_organization_id=facts[record.id].parent_organization_id,
        )
        for record in records
        if record.id is not None and record.id in facts
    ]  # fmt: skip


def all_entries(session: Session, rule: ColumnElement[bool], *, batch: int = BATCH) -> Iterator[Entry]:
    """Every entry that the rule lets through, by id, a batch in memory at a time."""
    last: UUID | None = None
    while True:
        query = select(Service.id).where(rule).order_by(Service.id).limit(batch)
        ids = session.scalars(query.where(Service.id > last) if last else query).all()
        if not ids:
            return
        yield from read_entries(session, ids)
        last = ids[-1]
        session.expunge_all()


def _records(session: Session, service_ids: Sequence[UUID]) -> list[ServiceRecord]:
    try:
        return read_bulk(session, service_ids)
    except ValidationError:
        pass
    records = []
    for service_id in service_ids:
        try:
            records += read_bulk(session, [service_id])
        except ValidationError:
            _log.warning("directory_entry_breaks_rules", service=str(service_id))
    return records


def _example_phones(session: Session, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Numbers that were invented: told in demonstrations only, even when somebody ticked them off as verified."""
    at = select(ServiceAtLocation.location_id).where(ServiceAtLocation.service_id.in_(ids))
    contacts = select(Contact.id).where(Contact.service_id.in_(ids))
    return frozenset(
        session.scalars(
            select(Phone.id).where(
                Phone.is_example,
                or_(Phone.service_id.in_(ids), Phone.location_id.in_(at), Phone.contact_id.in_(contacts)),
            )
        )
    )


def _attributes(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[AttributeRow]]:
    found: dict[UUID, list[AttributeRow]] = {}
    for attribute, term, taxonomy in session.execute(
        select(Attribute, TaxonomyTerm, Taxonomy)
        .join(TaxonomyTerm, TaxonomyTerm.id == Attribute.taxonomy_term_id)
        .join(Taxonomy, Taxonomy.id == TaxonomyTerm.taxonomy_id)
        .where(Attribute.link_entity == "service", Attribute.link_id.in_(ids))
        .order_by(Taxonomy.name, TaxonomyTerm.code, Attribute.id)
    ):
        found.setdefault(attribute.link_id, []).append(
            AttributeRow(
                attribute.id, attribute.link_type, attribute.value, attribute.label, term.id, term.code, term.name, term.description,
                taxonomy.id, taxonomy.name,
            )
        )  # fmt: skip
    return found
