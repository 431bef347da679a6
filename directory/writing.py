"""The one way an entry is read as a record and written: forms, imports, approvals, restores and undo all end here.

What changed is compared field by field with what is stored, the difference goes into the history (`models.Metadata`), and the words for the
search are made anew. Who may write, and whether people are told of the entry, is decided by the callers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from core.database import now
from directory import do_not_list, guarding, hiding
from directory.errors import UnknownEntryError
from directory.models import (
    Accessibility,
    Address,
    Attribute,
    Contact,
    CostOption,
    Location,
    Metadata,
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
    Taxonomy,
    TaxonomyTerm,
)
from directory.records import (
    AccessibilityRecord,
    AddressRecord,
    AreaRecord,
    AttributeRecord,
    CapacityRecord,
    ContactRecord,
    CostRecord,
    DocumentRecord,
    FlatAndOrders,
    LocationRecord,
    OrganizationRecord,
    PhoneRecord,
    ProgramRecord,
    Record,
    ScheduleRecord,
    ServiceRecord,
    TextRecord,
    flat_and_orders,
    source_hash,
)
from directory.text import normalise


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an entry: its path in the record, what it was and what it is. Empty: it was or is not there."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Written:
    """A written entry and what changed in it; nothing changed: an empty list, and no history row."""

    service: Service
    changes: list[Change]
    created: bool


_LOADED = (
    selectinload(Service.organization), selectinload(Service.program), selectinload(Service.needs),
    selectinload(Service.languages), selectinload(Service.texts), selectinload(Service.phones),
    selectinload(Service.contacts).selectinload(Contact.phones), selectinload(Service.schedules),
    selectinload(Service.areas), selectinload(Service.costs), selectinload(Service.documents),
    selectinload(Service.capacities),
    selectinload(Service.at_locations).selectinload(ServiceAtLocation.location).options(
        selectinload(Location.addresses), selectinload(Location.accessibility), selectinload(Location.schedules),
        selectinload(Location.phones),
    ),
)  # fmt: skip


def differences(before: ServiceRecord | None, after: ServiceRecord, flat: FlatAndOrders | None = None) -> list[Change]:
    """What the second record changes, field by field, in the order of their paths. `flat`: of it, where it is known already."""
    if before == after:
        return []
    old, old_orders = flat_and_orders(before) if before else ({}, {})
    new, new_orders = flat_and_orders(after) if flat is None else flat
    changes = [
        Change(path, old.get(path, ""), new.get(path, ""))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]
    return changes + _moved(old_orders, new_orders)


def _moved(old: dict[str, list[str]], new: dict[str, list[str]]) -> list[Change]:
    """Lists whose items stand in another order or lost one, as a change of `<list>.order`: a restored number comes back in its place."""
    moved = []
    for path in sorted(old):
        kept = [key for key in new.get(path, []) if key in old[path]]
        if len(old[path]) > 1 and kept != old[path]:
            moved.append(Change(f"{path}.order", " ".join(old[path]), " ".join(kept)))
    return moved


def read(session: Session, service_id: UUID) -> ServiceRecord:
    """The entry as it is stored. Raises UnknownEntryError."""
    return read_many(session, [service_id])[0]


def read_many(session: Session, service_ids: Sequence[UUID]) -> list[ServiceRecord]:
    """The entries in the given order, with a fixed number of queries. Raises UnknownEntryError for the first that is not there."""
    rows = {
        service.id: service
        for service in session.scalars(
            select(Service)
            .where(Service.id.in_(service_ids))
            .options(*_LOADED)
            .execution_options(populate_existing=True)
        )
    }
    attributes = attributes_of(session, service_ids)
    for service_id in service_ids:
        if service_id not in rows:
            raise UnknownEntryError(service_id)
    return [record_of(rows[service_id], attributes.get(service_id, [])) for service_id in service_ids]


def write(
    session: Session,
    record: ServiceRecord,
    *,
    by: str,
    source: str,
    at: datetime | None = None,
    may_unhide: bool = False,
) -> Written:
    """Store the entry as the record says; what the record does not hold is gone afterwards.

    `by`: id of a user, or who else. `source`: as in `models.Metadata`. A record with an id that is not stored yet creates the entry
    under that id: imports keep the ids of their source. Flushes, does not commit.
    `may_unhide`: whoever asks may decide that something hidden becomes public.
    Raises DoNotListError, UnhideError, SecretInPublicError before anything is written.
    """
    moment = at or now()
    service = session.get(Service, record.id, options=_LOADED, populate_existing=True) if record.id else None
    before = record_of(service, attributes_of(session, [service.id]).get(service.id, [])) if service else None
    if before is not None and not differences(before, like(before, record)):
        return Written(service, [], created=False)  # type: ignore[arg-type]
    do_not_list.refuse(session, before, record)
    guarding.check(session, before, record, may_unhide=may_unhide)
    hidden = hiding.newly_hidden(before, record)
    moved = hiding.keep(session, hidden, record)
    for details in moved:
        guarding.say_nothing_of(details, record)
    organization = _organization(session, record.organization)
    created = service is None
    if service is None:
        service = Service(
            **({"id": record.id} if record.id else {}),
            organization_id=organization.id,
            country=record.country,
            name=record.name,
            listing="draft",
        )
        session.add(service)
    _fill(service, record, organization, _program(session, record.program, organization), moment)
    session.flush()
    _locations(session, service, record)
    _attach(session, service, record.attributes)
    session.flush()
    session.expire(service)
    after = read(session, service.id)
    changes = differences(before, after)
    _note(session, service.id, changes, by=by, source=source, at=moment, created=created)
    if hidden:
        hiding.forget(session, service.id, hidden, moved)
    service.search_text = search_text(after)
    service.last_modified = moment
    session.flush()
    return Written(service, changes, created)


def search_text(record: ServiceRecord) -> str:
    """The public words of an entry, normalised: names and texts in every approved language, the organization, the town."""
    words = [record.name, record.alternate_name, record.description, record.organization.name]
    words += [record.organization.alternate_name, record.eligibility_description]
    for text in record.texts.values():
        if text.state == "approved":
            words += [text.name, text.description]
    for location in record.locations:
        words += [location.city, location.state_province]
        if not location.is_confidential:
            words.append(location.name)
    return normalise(" ".join(word for word in words if word))


def like(before: ServiceRecord, record: ServiceRecord) -> ServiceRecord:
    """The record with the ids that the stored one has where the content is the same: a file without ids is no change."""
    if record == before:
        return before
    data = record.model_dump()
    _take_ids(data, before.model_dump())
    for name, wanted, stored in (
        ("organization", record.organization, before.organization),
        ("program", record.program, before.program),
    ):
        if wanted and stored and wanted.id is None and wanted.name != stored.name:
            # Another name without an id is another organization, not a new name for this one and all its services.
            data[name]["id"] = None
    return ServiceRecord.model_validate(data)


def _take_ids(new: Any, old: Any) -> None:
    if isinstance(new, dict) and isinstance(old, dict):
        if "id" in new and new["id"] is None:
            new["id"] = old.get("id")
        for name, value in new.items():
            _take_ids(value, old.get(name))
    elif isinstance(new, tuple | list) and isinstance(old, tuple | list):
        free = [item for item in old if isinstance(item, dict)]
        taken = {item["id"] for item in new if isinstance(item, dict) and item.get("id")}
        free = [item for item in free if item.get("id") not in taken]
        for item in new:
            if not isinstance(item, dict):
                return
            if item.get("id"):
                same = next((one for one in old if one.get("id") == item["id"]), None)
            else:
                same = next((one for one in free if _same(one, item)), None)
                if same is not None:
                    free.remove(same)
            if same is not None:
                _take_ids(item, same)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two items are the same but for ids, theirs and those of what they hold."""
    return bool(_bare(one) == _bare(other))


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(inner) for name, inner in value.items() if name != "id"}
    return [_bare(item) for item in value] if isinstance(value, tuple | list) else value


def _plain(row: Any, kind: type[Record], **more: Any) -> Any:
    """A record of one row: the fields of the same names."""
    return kind(**{name: getattr(row, name) for name in kind.model_fields if name not in more}, **more)


def record_of(service: Any, attributes: list[AttributeRecord]) -> ServiceRecord:
    """The record of a `Service`, or of a row with the same names that holds what belongs to it."""
    return ServiceRecord(
        **{
            name: getattr(service, name)
            for name in SCALARS
        },
        id=service.id,
        eligible_nationalities=None if service.eligible_nationalities is None else tuple(service.eligible_nationalities),
        organization=_plain(service.organization, OrganizationRecord),
        program=_plain(service.program, ProgramRecord) if service.program else None,
        needs=tuple(sorted(need.need for need in service.needs)),
        languages=tuple(sorted(language.language for language in service.languages)),
        texts={text.language: _plain(text, TextRecord) for text in sorted(service.texts, key=lambda one: one.language)},
        phones=tuple(_plain(phone, PhoneRecord) for phone in service.phones),
        contacts=tuple(
            _plain(contact, ContactRecord, phones=tuple(_plain(phone, PhoneRecord) for phone in contact.phones))
            for contact in service.contacts
        ),
        schedules=_schedules(service.schedules),
        areas=tuple(_plain(area, AreaRecord) for area in _by_id(service.areas)),
        locations=tuple(_location(at.location) for at in sorted(service.at_locations, key=lambda at: str(at.location_id))),
        costs=tuple(_plain(cost, CostRecord) for cost in service.costs),
        documents=tuple(_plain(document, DocumentRecord) for document in service.documents),
        capacities=tuple(_plain(one, CapacityRecord) for one in sorted(service.capacities, key=lambda one: one.unit)),
        attributes=tuple(attributes),
    )  # fmt: skip


_APART = {
    "id", "organization", "program", "needs", "languages", "texts", "phones", "contacts", "schedules", "areas", "locations", "costs",
    "documents", "capacities", "attributes", "eligible_nationalities",
}  # fmt: skip
SCALARS = tuple(name for name in ServiceRecord.model_fields if name not in _APART)


def _by_id[R: (Schedule, ServiceArea, Address, Accessibility)](rows: Iterable[R]) -> list[R]:
    return sorted(rows, key=lambda row: str(row.id))


def _schedules(rows: Iterable[Schedule]) -> tuple[ScheduleRecord, ...]:
    return tuple(_plain(row, ScheduleRecord) for row in _by_id(rows))


def _location(location: Location) -> LocationRecord:
    return _plain(  # type: ignore[no-any-return]
        location,
        LocationRecord,
        addresses=tuple(_plain(row, AddressRecord) for row in _by_id(location.addresses)),
        accessibility=tuple(_plain(row, AccessibilityRecord) for row in _by_id(location.accessibility)),
        schedules=_schedules(location.schedules),
        phones=tuple(_plain(phone, PhoneRecord) for phone in location.phones),
    )


def attributes_of(session: Session, service_ids: Sequence[UUID]) -> dict[UUID, list[AttributeRecord]]:
    """Terms of other taxonomies attached to services, by service."""
    rows = session.execute(
        select(Attribute, Taxonomy.name, TaxonomyTerm.code)
        .join(TaxonomyTerm, TaxonomyTerm.id == Attribute.taxonomy_term_id)
        .join(Taxonomy, Taxonomy.id == TaxonomyTerm.taxonomy_id)
        .where(Attribute.link_entity == "service", Attribute.link_id.in_(service_ids))
        .order_by(Taxonomy.name, TaxonomyTerm.code)
    )
    found: dict[UUID, list[AttributeRecord]] = {}
    for row, taxonomy, code in rows:
        found.setdefault(row.link_id, []).append(_plain(row, AttributeRecord, taxonomy=taxonomy, code=code))
    return found


def _organization(session: Session, record: OrganizationRecord) -> Organization:
    """The organization by its id, or by its name; a new one when there is none."""
    organization = session.get(Organization, record.id) if record.id else None
    if organization is None and record.id is None:
        organization = session.scalars(
            select(Organization).where(Organization.name == record.name).order_by(Organization.id)
        ).first()
    if organization is None:
        organization = Organization(**({"id": record.id} if record.id else {}), name=record.name)
        session.add(organization)
    _set(organization, record)
    session.flush()
    return organization


def _program(session: Session, record: ProgramRecord | None, organization: Organization) -> Program | None:
    if record is None:
        return None
    program = session.get(Program, record.id) if record.id else None
    if program is None:
        program = session.scalars(
            select(Program).where(Program.organization_id == organization.id, Program.name == record.name)
        ).first() or Program(
            **({"id": record.id} if record.id else {}), organization_id=organization.id, name=record.name
        )
        session.add(program)
    _set(program, record)
    session.flush()
    return program


def _set(row: Any, record: Record, *without: str) -> None:
    """Put the record's fields into the row; only what differs, so that what did not change is not written."""
    for name in type(record).model_fields:
        value = getattr(record, name)
        if name != "id" and name not in without and getattr(row, name) != value:
            setattr(row, name, value)


def _fill(
    service: Service, record: ServiceRecord, organization: Organization, program: Program | None, at: datetime
) -> None:
    service.organization_id = organization.id
    service.program_id = program.id if program else None
    _set(service, record, *_APART)
    nationalities = None if record.eligible_nationalities is None else list(record.eligible_nationalities)
    if service.eligible_nationalities != nationalities:
        service.eligible_nationalities = nationalities
    needs = {need.need: need for need in service.needs}
    service.needs = [needs.get(need) or ServiceNeed(need=need) for need in dict.fromkeys(record.needs)]
    spoken = {language.language: language for language in service.languages}
    service.languages = [spoken.get(code) or ServiceLanguage(language=code) for code in dict.fromkeys(record.languages)]
    service.texts = _texts(service, record, at)
    service.phones = _phones(service.phones, record.phones)
    service.contacts = _synced(service.contacts, record.contacts, Contact, "phones", then=_fill_contact)
    service.schedules = _synced(service.schedules, record.schedules, Schedule)
    service.areas = _synced(service.areas, record.areas, ServiceArea)
    service.costs = _synced(service.costs, record.costs, CostOption)
    service.documents = _synced(service.documents, record.documents, RequiredDocument)
    service.capacities = _synced(service.capacities, record.capacities, ServiceCapacity)


def _texts(service: Service, record: ServiceRecord, at: datetime) -> list[ServiceText]:
    """Translations with the original that they translate: one of another original is outdated, whatever the record says."""
    stored = {text.language: text for text in service.texts}
    digest = source_hash(record)
    texts = []
    for language, wanted in record.texts.items():
        text = stored.get(language) or ServiceText(language=language, name=wanted.name)
        touched = text.name is None or any(
            getattr(text, name) != getattr(wanted, name) for name in TextRecord.model_fields if name != "state"
        )
        fresh = language not in stored or touched or (text.state != "approved" and wanted.state == "approved")
        _set(text, wanted)
        if fresh:
            text.source_hash = digest
            text.last_modified = at
        elif text.source_hash is None:
            text.source_hash = digest
        elif text.source_hash != digest and text.state == "approved":
            text.state = "outdated"
        texts.append(text)
    return texts


class _Row(Protocol):
    id: Any


def _synced[R: _Row](
    rows: Sequence[R],
    records: Sequence[Any],
    kind: Callable[..., R],
    *without: str,
    then: Callable[[R, Any], None] | None = None,
) -> list[R]:
    """Rows for the records: those of the same id or the same content are kept, others are made."""
    stored = {row.id: row for row in rows}
    free = {row.id: row for row in rows if row.id not in {record.id for record in records}}
    kept: list[R] = []
    for position, record in enumerate(records):
        row = stored.get(record.id) if record.id else None
        if row is None and record.id is None:
            row = next(
                (one for one in free.values() if all(
                    getattr(one, name) == getattr(record, name)
                    for name in type(record).model_fields if name not in ("id", *without)
                )), None,
            )  # fmt: skip
            if row is not None:
                del free[row.id]
        if row is None:
            row = kind(**({"id": record.id} if record.id else {}))
        _set(row, record, *without)
        if hasattr(row, "position") and row.position != position:
            row.position = position
        if then:
            then(row, record)
        kept.append(row)
    return kept


def _phones(rows: Sequence[Phone], records: Sequence[PhoneRecord]) -> list[Phone]:
    phones = _synced(rows, records, Phone, "languages")
    for phone, record in zip(phones, records, strict=True):
        if (phone.languages or []) != list(record.languages):
            phone.languages = list(record.languages)
    return phones


def _fill_contact(contact: Contact, record: ContactRecord) -> None:
    contact.phones = _phones(contact.phones, record.phones)


def _locations(session: Session, service: Service, record: ServiceRecord) -> None:
    """Locations of the service. One that no service uses any more goes, with its true address."""
    stored = {at.location_id: at for at in service.at_locations}
    free = {at.location_id: at.location for at in service.at_locations}
    kept: list[ServiceAtLocation] = []
    for wanted in record.locations:
        location = session.get(Location, wanted.id) if wanted.id else None
        if location is None and wanted.id is None:
            location = next(
                (one for one in free.values() if _same(_location(one).model_dump(), wanted.model_dump())), None
            )
        if location is None:
            location = Location(
                **({"id": wanted.id} if wanted.id else {}),
                organization_id=service.organization_id,
                country=wanted.country,
            )
            session.add(location)
        free.pop(location.id, None)
        if wanted.is_confidential and location.addresses:
            location.addresses = []
            session.flush()
        _set(location, wanted, "addresses", "accessibility", "schedules", "phones")
        session.flush()
        location.addresses = _synced(location.addresses, wanted.addresses, Address)
        location.accessibility = _synced(location.accessibility, wanted.accessibility, Accessibility)
        location.schedules = _synced(location.schedules, wanted.schedules, Schedule)
        location.phones = _phones(location.phones, wanted.phones)
        kept.append(stored.get(location.id) or ServiceAtLocation(service_id=service.id, location_id=location.id))
    service.at_locations = kept
    session.flush()
    for location in free.values():
        used = session.scalars(select(ServiceAtLocation.id).where(ServiceAtLocation.location_id == location.id)).first()
        if used is None:
            session.delete(location)


def _attach(session: Session, service: Service, wanted: Sequence[AttributeRecord]) -> None:
    session.execute(delete(Attribute).where(Attribute.link_entity == "service", Attribute.link_id == service.id))
    for record in wanted:
        taxonomy = session.scalars(select(Taxonomy).where(Taxonomy.name == record.taxonomy)).first()
        if taxonomy is None:
            taxonomy = Taxonomy(name=record.taxonomy)
            session.add(taxonomy)
            session.flush()
        term = session.scalars(
            select(TaxonomyTerm).where(TaxonomyTerm.taxonomy_id == taxonomy.id, TaxonomyTerm.code == record.code)
        ).first()
        if term is None:
            term = TaxonomyTerm(taxonomy_id=taxonomy.id, code=record.code, name=record.label or record.code)
            session.add(term)
            session.flush()
        session.add(
            Attribute(
                link_entity="service", link_id=service.id, taxonomy_term_id=term.id, link_type=record.link_type,
                value=record.value, label=record.label,
            )
        )  # fmt: skip


_RESOURCES = {
    "organization": "organization", "program": "program", "texts": "service_text", "phones": "phone", "contacts": "contact",
    "schedules": "schedule", "areas": "service_area", "locations": "location", "costs": "cost_option", "documents": "required_document",
    "capacities": "service_capacity", "attributes": "attribute",
}  # fmt: skip


def _note(
    session: Session, service_id: UUID, changes: Sequence[Change], *, by: str, source: str, at: datetime, created: bool
) -> None:
    rows = history(service_id, changes, by=by, source=source, at=at, created=created)
    session.add_all(Metadata(**row) for row in rows)


def history(
    service_id: UUID, changes: Sequence[Change], *, by: str, source: str, at: datetime, created: bool
) -> list[dict[str, Any]]:
    """A row of history for each changed field, named by its path in the record, so that each can be restored."""
    return [
        {
            "id": uuid4(),
            "resource_type": _RESOURCES.get(change.path.split(".", 1)[0], "service"),
            "resource_id": service_id,
            "service_id": service_id,
            "last_action_date": at,
            "last_action_type": "create"
            if created or not change.before
            else "delete"
            if not change.after
            else "update",
            "field_name": change.path,
            "previous_value": change.before,
            "replacement_value": change.after,
            "updated_by": by,
            "source": source,
        }
        for change in changes
    ]
