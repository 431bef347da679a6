"""Many stored entries as records: the same as `writing.read_many`, without an object for every row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Table, Uuid, any_, bindparam, select
from sqlalchemy.orm import Session

from directory.errors import UnknownEntryError
from directory.models import (
    Accessibility,
    Address,
    Contact,
    CostOption,
    Location,
    Organization,
    Phone,
    Program,
    RequiredDocument,
    Schedule,
    Service,
    ServiceArea,
    ServiceAtLocation,
    ServiceCapacity,
    ServiceLanguage,
    ServiceNeed,
    ServiceText,
)
from directory.records import ServiceRecord
from directory.writing import attributes_of, record_of

Grouped = dict[UUID, list[Any]]

TABLES: Mapping[str, Table] = {
    kind.__tablename__: kind.__table__  # type: ignore[misc]
    for kind in (
        Service, ServiceNeed, ServiceLanguage, ServiceText, Location, Address, Accessibility, Contact, Phone, Schedule, ServiceArea,
        CostOption, RequiredDocument, ServiceCapacity, ServiceAtLocation,
    )
}  # fmt: skip
"""In the order in which rows can be put in: what others point to comes first."""


def read_bulk(session: Session, ids: Sequence[UUID]) -> list[ServiceRecord]:
    """The entries in the given order. Raises UnknownEntryError for the first that is not there."""
    if not ids:
        return []
    session.flush()
    services = {row.id: row for row in _rows(session, TABLES["service"], "id", ids)}
    for service_id in ids:
        if service_id not in services:
            raise UnknownEntryError(service_id)
    organizations = _by_id(session, Organization, {row.organization_id for row in services.values()})
    programs = _by_id(session, Program, {row.program_id for row in services.values() if row.program_id})
    places = _places(session, ids)
    of_service = {
        name: _grouped(session, table, "service_id", ids)
        for name, table in (
            ("needs", "service_need"), ("languages", "service_language"), ("texts", "service_text"), ("phones", "phone"),
            ("contacts", "contact"), ("schedules", "schedule"), ("areas", "service_area"), ("costs", "cost_option"),
            ("documents", "required_document"), ("capacities", "service_capacity"),
        )
    }  # fmt: skip
    contacts = [row for rows in of_service["contacts"].values() for row in rows]
    phones = _grouped(session, "phone", "contact_id", [row.id for row in contacts])
    for contact in contacts:
        contact.phones = phones[contact.id]
    attributes = attributes_of(session, ids)
    records = []
    for service_id in ids:
        row = services[service_id]
        row.organization = organizations[row.organization_id]
        row.program = programs.get(row.program_id)
        row.at_locations = places[service_id]
        for name, grouped in of_service.items():
            setattr(row, name, grouped[service_id])
        records.append(record_of(row, attributes.get(service_id, [])))
    return records


def _places(session: Session, ids: Sequence[UUID]) -> Grouped:
    """Rows of `service_at_location` by service, each with its location and what belongs to it."""
    joins = _grouped(session, "service_at_location", "service_id", ids)
    wanted = {row.location_id for rows in joins.values() for row in rows}
    locations = {row.id: row for row in _rows(session, TABLES["location"], "id", wanted)}
    for name, table in (
        ("addresses", "address"), ("accessibility", "accessibility"), ("schedules", "schedule"), ("phones", "phone"),
    ):  # fmt: skip
        grouped = _grouped(session, table, "location_id", wanted)
        for location in locations.values():
            setattr(location, name, grouped[location.id])
    for rows in joins.values():
        for row in rows:
            row.location = locations[row.location_id]
    return joins


def _rows(session: Session, table: Table, column: str, ids: Iterable[UUID]) -> list[SimpleNamespace]:
    wanted = list(ids)
    if not wanted:
        return []
    # An array is one value; a list of hundreds is hundreds of values to be named, counted and written down at every call.
    query = select(table).where(table.c[column] == any_(bindparam("wanted", wanted, type_=ARRAY(Uuid()))))
    if "position" in table.c:
        query = query.order_by(table.c.position)
    return [SimpleNamespace(**row._mapping) for row in session.execute(query)]  # noqa: SLF001  the public way to a dictionary


def _grouped(session: Session, name: str, column: str, ids: Iterable[UUID]) -> Grouped:
    found: Grouped = defaultdict(list)
    for row in _rows(session, TABLES[name], column, ids):
        found[getattr(row, column)].append(row)
    return found


def _by_id(session: Session, kind: Any, ids: set[UUID]) -> dict[UUID, SimpleNamespace]:
    return {row.id: row for row in _rows(session, kind.__table__, "id", ids)}
