"""Entries as documents of the standard. Only what may be told is told: no true address, unverified number or unapproved text.

A document is made in the newest version and then fitted to the version and form that is asked for (`versions.fitted`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator

from core.catalogues import Catalogues
from core.database import now
from directory.hsds.entries import AttributeRow, Entry
from directory.hsds.schedules import schedule_documents, zones
from directory.hsds.schemas import Version
from directory.hsds.taxonomies import CONDITIONS, NEEDS, OurTaxonomy, Term, described, made_id, name_of, taxonomies
from directory.hsds.versions import fitted
from directory.records import (
    AddressRecord,
    AreaRecord,
    ContactRecord,
    LocationRecord,
    OrganizationRecord,
    PhoneRecord,
    ServiceRecord,
    TextRecord,
)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: languages wanted, the best first (none: the organization's own words), whether invented things are shown, and the day."""

    languages: tuple[str, ...] = ()
    demonstration: bool = False
    catalogues: Catalogues | None = None
    today: date | None = None

    @property
    def day(self) -> date:
        """The day on which it is read: offsets, alerts and closures depend on it."""
        return self.today or now().date()

    @property
    def language(self) -> str | None:
        """The language wanted most."""
        return self.languages[0] if self.languages else None


def service_document(entry: Entry, reader: Reader, *, version: Version = "3.1", listed: bool = False) -> Document:
    """The entry as a `service`, full or as an item of a list."""
    return fitted(_service(entry, reader), "service", version, listed=listed)


def service_at_location_documents(
    entry: Entry, reader: Reader, *, version: Version = "3.1", listed: bool = False
) -> list[Document]:
    """The entry at each of its locations, as `service_at_location` with the service in it."""
    whole = _service(entry, reader)
    service = {name: value for name, value in whole.items() if name != "service_at_locations"}
    return [
        fitted({**at, "service": service}, "service_at_location", version, listed=listed)
        for at in whole.get("service_at_locations", [])
    ]


def organization_document(
    record: OrganizationRecord,
    organization_id: UUID,
    entries: Sequence[Entry],
    reader: Reader,
    *,
    version: Version = "3.1",
    listed: bool = False,
    with_services: bool = False,
) -> Document:
    """An organization with the locations and programmes of its published entries, and the entries themselves if asked."""
    locations: dict[str, Document] = {}
    programs: dict[str, Document] = {}
    for entry in entries:
        for at in _at_locations(entry, reader):
            locations.setdefault(at["location"]["id"], at["location"])
        if program := _program(entry.record, organization_id):
            programs.setdefault(program["id"], program)
    document = _clean(
        **_organization(record, organization_id, next((one.parent_organization_id for one in entries), None)),
        locations=list(locations.values()),
        programs=list(programs.values()),
        services=[_service(entry, reader) for entry in entries] if with_services else None,
    )
    return fitted(document, "organization", version, listed=listed)


def taxonomy_document(
    taxonomy_id: UUID, name: str, description: str, *, uri: str | None, version: str | None
) -> Document:
    """A taxonomy; the same in both versions of the standard."""
    return {"description": description, **_clean(id=str(taxonomy_id), name=name, uri=_uri(uri), version=version)}


def term_document(
    term: Document, taxonomy: Document, *, language: str | None = None, parent_id: UUID | None = None
) -> Document:
    """A term with its taxonomy. `term`: its id, code, name, description and term_uri."""
    return {
        "description": term["description"],
        **_clean(
            id=str(term["id"]), code=term["code"], name=term["name"], parent_id=_text(parent_id), taxonomy=taxonomy["name"],
            taxonomy_detail=taxonomy, taxonomy_id=taxonomy["id"], language=language, term_uri=_uri(term.get("term_uri")),
        ),
    }  # fmt: skip


def our_term_document(ours: OurTaxonomy, term: Term, reader: Reader) -> Document:
    """A term of one of our taxonomies, its name in the language of the reader."""
    language = (
        reader.language if term.text and reader.catalogues and reader.language in reader.catalogues.languages else "en"
    )
    return term_document(
        {"id": term.id, "code": term.code, "name": name_of(term, reader.catalogues, language), "description": described(term)},
        taxonomy_document(ours.id, ours.name, ours.description, uri=None, version=ours.version),
        language=language,
    )  # fmt: skip


def _service(entry: Entry, reader: Reader) -> Document:
    record = entry.record
    words = _words(record, reader.languages)
    return {
        **_clean(
            id=str(entry.id),
            organization_id=_text(record.organization.id),
            program_id=_text(record.program.id) if record.program else None,
            name=words.name if words else record.name,
            alternate_name=record.alternate_name,
            description=(words.description if words else "") or record.description,
            url=_uri(record.url),
            email=record.email,
            status=record.status.replace("_", " "),
            interpretation_services=record.interpretation_services,
            application_process=(words.application_process if words else None) or record.application_process,
            fees_description=record.fees_description,
            eligibility_description=(words.eligibility_description if words else None) or record.eligibility_description,
            minimum_age=record.minimum_age,
            maximum_age=record.maximum_age,
            assured_date=_text(entry.assured_date),
            alert=((words.alert if words else None) or record.alert) if _alert_holds(record, reader.day) else None,
            last_modified=moment(entry.last_modified),
            phones=_phones(record.phones, entry, reader),
            schedules=schedule_documents(record.schedules, reader.day),
            service_areas=[_area(area) for area in record.areas],
            service_at_locations=_at_locations(entry, reader),
            languages=_languages(record.languages, entry.id, reader),
            organization=_organization(record.organization, record.organization.id, entry.parent_organization_id),
            cost_options=[
                _clean(
                    id=str(cost.id), option=cost.option, currency=cost.currency,
                    amount=float(cost.amount) if cost.amount is not None else None, amount_description=cost.amount_description,
                    valid_from=_text(cost.valid_from), valid_to=_text(cost.valid_to),
                )
                for cost in record.costs
            ],
            program=_program(record, record.organization.id),
            required_documents=[
                _clean(id=str(one.id), document=one.document, uri=one.uri) for one in record.documents
            ],
            contacts=[_contact(contact, entry, reader) for contact in record.contacts],
            capacities=[
                _clean(
                    id=str(one.id), unit={"id": str(made_id("unit", one.unit)), "name": one.unit}, available=one.available,
                    maximum=one.maximum, description=one.description, updated=moment(one.updated),
                )
                for one in record.capacities
            ],
            attributes=[*_needs(entry, reader), *_conditions(entry, reader.day), *(_attribute(row) for row in entry.attributes)],
        ),
    }  # fmt: skip


def _alert_holds(record: ServiceRecord, day: date) -> bool:
    """Whether the alert still stands: a stale one misleads for years."""
    return record.alert is not None and record.alert_until is not None and record.alert_until >= day


def _at_locations(entry: Entry, reader: Reader) -> list[Document]:
    record = entry.record
    has_hours = any(rule.kind != "closure" for rule in record.schedules)
    documents = []
    for location in record.locations:
        if location.id is None or location.id not in entry.at_locations:
            continue
        identifier, description = entry.at_locations[location.id]
        hidden = record.is_confidential or location.is_confidential
        # A closure of the house closes every service in it, also one with hours of its own.
        closures = [rule for rule in location.schedules if rule.kind == "closure"]
        own = (
            schedule_documents(record.schedules, reader.day, closures=closures, owner=identifier)
            if has_hours and closures
            else []
        )
        documents.append(
            _clean(
                id=str(identifier), service_id=str(entry.id), location_id=str(location.id), description=None if hidden else description,
                schedules=own, location=_location(location, entry, reader, hidden=hidden),
            )
        )  # fmt: skip
    return documents


def _location(location: LocationRecord, entry: Entry, reader: Reader, *, hidden: bool) -> Document:
    """A location; of a hidden one only its area: nothing that somebody wrote about the house itself."""
    about: list[tuple[str, str | None]] = []
    if hidden or not location.addresses:
        about = [("country", location.country), ("city", location.city), ("state_province", location.state_province)]
    if hidden:
        about.append(("confidential", "yes"))
    about += [("timezone", zone) for zone in zones(location.schedules)]
    attributes = [_condition(location.id, code, value) for code, value in about if value]
    known = {
        "id": _text(location.id), "organization_id": _text(entry.record.organization.id), "location_type": location.location_type,
        "schedules": schedule_documents(location.schedules, reader.day), "attributes": attributes,
    }  # fmt: skip
    if hidden:
        middle = location.latitude is not None and location.longitude is not None and location.is_confidential
        return _clean(
            **known,
            name=location.city,
            latitude=round(location.latitude or 0.0, 1) if middle else None,
            longitude=round(location.longitude or 0.0, 1) if middle else None,
        )
    return _clean(
        **known,
        name=location.name,
        description=location.description,
        transportation=location.transportation,
        latitude=location.latitude,
        longitude=location.longitude,
        addresses=[_address(address) for address in location.addresses],
        phones=_phones(location.phones, entry, reader),
        accessibility=[
            _clean(id=str(one.id), description=one.description, details=one.details, url=one.url)
            for one in location.accessibility
        ],
    )


def _address(address: AddressRecord) -> Document:
    """The standard requires these keys; where a place has no postal code the value is empty, as the profile says."""
    return {
        **_clean(id=str(address.id), attention=address.attention, address_2=address.address_2),
        "address_1": address.address_1,
        "city": address.city or "",
        "state_province": address.state_province or "",
        "postal_code": address.postal_code or "",
        "country": address.country,
        "address_type": address.address_type,
    }


def _phones(phones: Iterable[PhoneRecord], entry: Entry, reader: Reader) -> list[Document]:
    """Numbers that may be told, by the rule of the search: verified and not invented, or in a demonstration."""
    return [
        _clean(
            id=str(phone.id), number=phone.number, extension=phone.extension, type=phone.phone_type, description=phone.description,
            languages=_languages(phone.languages, phone.id, reader),
            attributes=[_condition(phone.id, "verified_on", phone.verified_on.isoformat())] if phone.verified_on else None,
        )
        for phone in phones
        if reader.demonstration or (phone.verified_on is not None and phone.id not in entry.example_phones)
    ]  # fmt: skip


def _contact(contact: ContactRecord, entry: Entry, reader: Reader) -> Document:
    return _clean(
        id=str(contact.id), name=contact.name, title=contact.title, department=contact.department, email=contact.email,
        phones=_phones(contact.phones, entry, reader),
    )  # fmt: skip


def _languages(codes: Iterable[str], owner: object, reader: Reader) -> list[Document]:
    catalogues = reader.catalogues
    language = reader.language if catalogues and reader.language in catalogues.languages else "en"
    named = catalogues if catalogues and language in catalogues.languages else None
    return [
        _clean(
            id=str(made_id("language", owner, code)),
            name=named.name_of(code, language or "en") if named else None,
            code=code,
        )
        for code in codes
    ]


def _area(area: AreaRecord) -> Document:
    if area.radius_km is None:
        return _clean(id=str(area.id), name=area.name or area.country, extent=area.country, extent_type="text")
    circle = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [area.longitude, area.latitude]},
        "properties": {"radius_km": area.radius_km, "country": area.country},
    }
    return _clean(id=str(area.id), name=area.name, extent=json.dumps(circle), extent_type="geojson")


def _organization(record: OrganizationRecord, organization_id: UUID | None, parent_id: UUID | None) -> Document:
    return {
        "description": record.description,
        **_clean(
            id=_text(organization_id), name=record.name, alternate_name=record.alternate_name, email=record.email,
            website=_uri(record.website), uri=_uri(record.uri), parent_organization_id=_text(parent_id),
        ),
    }  # fmt: skip


def _program(record: ServiceRecord, organization_id: UUID | None) -> Document | None:
    if record.program is None:
        return None
    return {
        "description": record.program.description,
        **_clean(
            id=_text(record.program.id),
            organization_id=_text(organization_id),
            name=record.program.name,
            alternate_name=record.program.alternate_name,
        ),
    }


def _needs(entry: Entry, reader: Reader) -> list[Document]:
    ours = taxonomies()[NEEDS]
    return [
        _attached(entry.id, ours, ours.terms[need], reader, value=None, link_type="need")
        for need in entry.record.needs
    ]  # fmt: skip


def _conditions(entry: Entry, day: date) -> list[Document]:
    record = entry.record
    said: list[tuple[str, str | None]] = [
        ("sex", None if record.eligible_sex == "any" else record.eligible_sex),
        *(("nationality", code) for code in record.eligible_nationalities or ()),
        ("any_nationality", "yes" if record.eligible_nationalities == () else None),
        ("legal_status", None if record.legal_status == "unknown" else record.legal_status),
        ("children_accompanying", None if record.children_accompanying is None else _yes(record.children_accompanying)),
        ("documents_required", "yes" if record.documents_required else None),
        ("walk_in", _yes(record.walk_in)),
        ("referral_needed", _yes(record.referral_needed)),
        ("hotline", "yes" if record.is_hotline else None),
        ("confidential", "yes" if record.is_confidential else None),
        ("country", record.country),
        *(("timezone", zone) for zone in zones(record.schedules)),
        ("closed_until", _text(record.closed_until)),
        ("closed_reason", record.closed_reason),
        ("alert_until", _text(record.alert_until) if _alert_holds(record, day) else None),
        ("example", "yes" if entry.is_example else None),
    ]
    return [_condition(entry.id, code, value) for code, value in said if value]


def _condition(owner: UUID | None, code: str, value: str) -> Document:
    ours = taxonomies()[CONDITIONS]
    term = ours.terms[code]
    return _attached(owner, ours, term, Reader(), value=value, link_type=term.kind)


def _attached(
    owner: UUID | None, ours: OurTaxonomy, term: Term, reader: Reader, *, value: str | None, link_type: str
) -> Document:
    short = our_term_document(ours, term, reader)
    del short["taxonomy_detail"]  # of a thousand attributes it would be the larger part, and the id names it
    return _clean(
        id=str(made_id("attribute", owner, term.id, value)), link_type=link_type, value=value, taxonomy_term_id=str(term.id),
        taxonomy_term=short,
    )  # fmt: skip


def _attribute(row: AttributeRow) -> Document:
    term = {"description": row.description} | _clean(
        id=str(row.term_id), code=row.code, name=row.name, taxonomy=row.taxonomy, taxonomy_id=str(row.taxonomy_id)
    )
    return _clean(
        id=str(row.id), link_type=row.link_type, value=row.value, label=row.label, taxonomy_term_id=str(row.term_id), taxonomy_term=term,
    )  # fmt: skip


def _words(record: ServiceRecord, languages: Sequence[str]) -> TextRecord | None:
    """The first approved text of the wanted languages: what nobody has approved is said to nobody."""
    return next(
        (
            text
            for language in languages
            if (text := record.texts.get(language)) is not None and text.state == "approved"
        ),
        None,
    )


def language_of(record: ServiceRecord, languages: Sequence[str]) -> str | None:
    """The language that a document is in; None: the organization's own words."""
    return next((code for code in languages if _words(record, (code,)) is not None), None)


def _uri(value: str | None) -> str | None:
    """An address that the standard takes, letters of other scripts written as it wants them; None for what is none."""
    if not value:
        return None
    written = "".join(sign if sign.isascii() else "".join(f"%{byte:02X}" for byte in sign.encode()) for sign in value)
    return written if Draft202012Validator.FORMAT_CHECKER.conforms(written, "uri") else None


def moment(value: datetime) -> str:
    """A moment as the standard writes it, in UTC to the millisecond."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _yes(value: bool) -> str:  # noqa: FBT001
    return "yes" if value else "no"


def _text(value: UUID | date | None) -> str | None:
    return None if value is None else str(value)


def _clean(**values: Any) -> Document:
    """Without what is empty: the standard's optional fields may be absent, never null."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", [])}
