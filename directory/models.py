"""Tables of the service directory, with the names of HSDS. True addresses of confidential houses are not here: see `confidential.py`.

Whatever can be searched, exported or logged is in this module, so nothing in it may hold a place that somebody could be followed to.
"""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

import directory.confidential
import directory.findable  # noqa: F401  so that the metadata is complete; nothing here uses either
from core.database import Base, Identified, now

NEEDS = ("shelter", "health", "food_cash", "work", "legal", "family", "talk", "return")
"""What a service may be for: the codes of the questionnaire's needs."""
STATUSES = ("active", "inactive", "temporarily_closed", "defunct")
SEXES = ("any", "female", "male")
TEXT_STATES = ("draft", "approved", "outdated")
SCHEDULE_KINDS = ("weekly", "always", "appointment", "unknown", "closure")
LISTINGS = ("draft", "published", "withdrawn", "suspended", "archived", "do_not_list")
"""Whether people may be told of a service: never published yet; published; taken out because nobody confirmed it in time; taken out
because of reports or by a user; ended; never to be listed, kept so that nobody adds it again."""
STATUS_RULES = ("unknown", "not_required", "required")
"""Whether papers of stay are asked for: not known, explicitly not asked for, asked for."""
LINK_ENTITIES = ("organization", "program", "service", "location", "service_at_location")

_Degrees = Numeric(8, 5, asdecimal=False)
_Age = Numeric(5, 2, asdecimal=False)


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


class Organization(Identified, Base):
    """Who runs services. `is_example`: invented, for demonstrations only."""

    __tablename__ = "organization"

    parent_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id", ondelete="SET NULL"))
    name: Mapped[str]
    alternate_name: Mapped[str | None]
    description: Mapped[str] = mapped_column(default="")
    website: Mapped[str | None]
    uri: Mapped[str | None]
    email: Mapped[str | None]
    source: Mapped[str | None]
    """Where the entry comes from (a file, a partner's directory); None: entered here."""
    source_id: Mapped[str | None]
    is_example: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_modified: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Program(Identified, Base):
    """A programme under which an organization gives several services."""

    __tablename__ = "program"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    alternate_name: Mapped[str | None]
    description: Mapped[str] = mapped_column(default="")


class Service(Identified, Base):
    """What one organization offers in one country, for whom, and when somebody last confirmed that it is so."""

    __tablename__ = "service"
    __table_args__ = (
        _one_of("status", STATUSES),
        _one_of("eligible_sex", SEXES),
        _one_of("listing", LISTINGS),
        _one_of("legal_status", STATUS_RULES),
        CheckConstraint("minimum_age IS NULL OR maximum_age IS NULL OR minimum_age <= maximum_age", name="ages"),
        Index("ix_service_country_status", "country", "status"),
        Index("ix_service_source", "source", "source_id"),
        # Asked at every new entry; of a hundred thousand entries a handful are in it.
        Index("ix_service_do_not_list", "country", postgresql_where=text("listing = 'do_not_list'")),
        Index(
            "ix_service_search_trigram",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    program_id: Mapped[UUID | None] = mapped_column(ForeignKey("program.id", ondelete="SET NULL"), index=True)
    country: Mapped[str] = mapped_column(String(2))
    name: Mapped[str]
    """In the organization's own language; what a person reads comes from `ServiceText` when there is one."""
    alternate_name: Mapped[str | None]
    description: Mapped[str] = mapped_column(default="")
    url: Mapped[str | None]
    email: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="active")
    closed_until: Mapped[date | None]
    """Of a temporarily closed service: the day it is expected to open again, if known."""
    closed_reason: Mapped[str | None]
    listing: Mapped[str] = mapped_column(default="published", server_default="published")
    """Only `published` entries are found, exported or told. Who publishes is decided in `directory.review`."""
    listing_reason: Mapped[str | None]
    listing_since: Mapped[datetime] = mapped_column(default=now, server_default=func.now())
    alert: Mapped[str | None]
    """A short-lived notice (moved for a week, no water). Not told after `alert_until`: stale notices mislead for years."""
    alert_until: Mapped[date | None]
    application_process: Mapped[str | None]
    fees_description: Mapped[str | None]
    interpretation_services: Mapped[str | None]
    is_example: Mapped[bool] = mapped_column(default=False)
    is_confidential: Mapped[bool] = mapped_column(default=False)
    """Its address is never told: people ring first. Its locations must be confidential too."""
    is_hotline: Mapped[bool] = mapped_column(default=False)
    """Reached by phone from the whole country: what is named when nothing is near."""
    minimum_age: Mapped[float | None] = mapped_column(_Age)
    maximum_age: Mapped[float | None] = mapped_column(_Age)
    """In years, inclusive: 17 means until the eighteenth birthday."""
    eligible_sex: Mapped[str] = mapped_column(default="any")
    eligibility_description: Mapped[str | None]
    eligible_nationalities: Mapped[list[Any] | None]
    """ISO 3166 codes of those it is for. None: not known; an empty list: explicitly for every nationality."""
    legal_status: Mapped[str] = mapped_column(default="unknown", server_default="unknown")
    children_accompanying: Mapped[bool | None]
    """Whether a parent may bring children. None: not known."""
    documents_required: Mapped[bool] = mapped_column(default=False)
    walk_in: Mapped[bool] = mapped_column(default=True)
    referral_needed: Mapped[bool] = mapped_column(default=False)
    assured_date: Mapped[date | None]
    """Day on which somebody last confirmed with the organization that all of this holds."""
    """Changed by a verification only: an edit proves nothing about the door."""
    assured_by: Mapped[str | None]
    source: Mapped[str | None]
    source_id: Mapped[str | None]
    search_text: Mapped[str] = mapped_column(default="", server_default="")
    """Public words of the entry in all languages, normalised (`text.normalise`). Never anything of a confidential place."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_modified: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    organization: Mapped[Organization] = relationship()
    program: Mapped[Program | None] = relationship()
    contacts: Mapped[list["Contact"]] = relationship(cascade="all, delete-orphan", order_by="Contact.position")
    costs: Mapped[list["CostOption"]] = relationship(cascade="all, delete-orphan", order_by="CostOption.position")
    documents: Mapped[list["RequiredDocument"]] = relationship(
        cascade="all, delete-orphan", order_by="RequiredDocument.position"
    )
    capacities: Mapped[list["ServiceCapacity"]] = relationship(cascade="all, delete-orphan")
    needs: Mapped[list["ServiceNeed"]] = relationship(cascade="all, delete-orphan")
    languages: Mapped[list["ServiceLanguage"]] = relationship(cascade="all, delete-orphan")
    texts: Mapped[list["ServiceText"]] = relationship(cascade="all, delete-orphan")
    phones: Mapped[list["Phone"]] = relationship(cascade="all, delete-orphan", order_by="Phone.position")
    schedules: Mapped[list["Schedule"]] = relationship(cascade="all, delete-orphan")
    areas: Mapped[list["ServiceArea"]] = relationship(cascade="all, delete-orphan")
    at_locations: Mapped[list["ServiceAtLocation"]] = relationship(cascade="all, delete-orphan")


class ServiceNeed(Base):
    """A need that a service answers. A service without one is never found."""

    __tablename__ = "service_need"
    __table_args__ = (_one_of("need", NEEDS), Index("ix_service_need_need", "need"))

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), primary_key=True)
    need: Mapped[str] = mapped_column(primary_key=True)


class ServiceLanguage(Base):
    """A language that is spoken at a service (HSDS: language)."""

    __tablename__ = "service_language"

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)


class ServiceText(Base):
    """What a service says of itself in one language. Only an approved text is shown; no row: missing.

    `source_hash` is the digest of the original (`records.source_hash`) that it translates: when the original changes, it is `outdated`.
    """

    __tablename__ = "service_text"
    __table_args__ = (_one_of("state", TEXT_STATES),)

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    eligibility_description: Mapped[str | None]
    application_process: Mapped[str | None]
    alert: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="draft")
    source_hash: Mapped[str | None]
    last_modified: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Location(Identified, Base):
    """Where services are given. A confidential one has no address, only the middle of its area, to a tenth of a degree (11 km).

    The database refuses anything finer: an import or a form that forgets the rule cannot put a hidden house on the map.
    """

    __tablename__ = "location"
    __table_args__ = (
        _one_of("location_type", ("physical", "postal", "virtual")),
        CheckConstraint(
            "NOT is_confidential OR (latitude = round(latitude, 1) AND longitude = round(longitude, 1))",
            name="confidential",
        ),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="point"),
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="degrees"),
        # So that an address can be bound to a location that is not confidential (`Address`).
        UniqueConstraint("id", "is_confidential", name="uq_location_id_is_confidential"),
        # The bounding box: a range of latitudes inside one country, then the longitudes from the index itself.
        Index("ix_location_country_latitude_longitude", "country", "latitude", "longitude"),
        Index("ix_location_confidential", "country", "latitude", postgresql_where=text("is_confidential")),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(default="")
    location_type: Mapped[str] = mapped_column(default="physical")
    country: Mapped[str] = mapped_column(String(2))
    latitude: Mapped[float | None] = mapped_column(_Degrees)
    longitude: Mapped[float | None] = mapped_column(_Degrees)
    """WGS84 degrees."""
    city: Mapped[str | None]
    """Town or area: all that a confidential location says of where it is."""
    state_province: Mapped[str | None]
    place_id: Mapped[str | None] = mapped_column(String(24))
    """Of the gazetteer, where the location was picked by a place's name."""
    description: Mapped[str | None]
    transportation: Mapped[str | None]
    is_confidential: Mapped[bool] = mapped_column(default=False)

    addresses: Mapped[list["Address"]] = relationship(cascade="all, delete-orphan", order_by="Address.address_type")
    accessibility: Mapped[list["Accessibility"]] = relationship(cascade="all, delete-orphan")
    schedules: Mapped[list["Schedule"]] = relationship(cascade="all, delete-orphan")
    phones: Mapped[list["Phone"]] = relationship(cascade="all, delete-orphan", order_by="Phone.position")


class Address(Identified, Base):
    """A door that people may be sent to. The database refuses one at a confidential location, whoever writes it."""

    __tablename__ = "address"
    __table_args__ = (
        _one_of("address_type", ("physical", "postal", "virtual")),
        CheckConstraint("NOT location_is_confidential", name="not_confidential"),
        ForeignKeyConstraint(
            ["location_id", "location_is_confidential"],
            ["location.id", "location.is_confidential"],
            name="fk_address_location",
            ondelete="CASCADE",
            onupdate="CASCADE",  # hiding a location that still has an address fails, instead of forgetting the address
        ),
    )

    location_id: Mapped[UUID] = mapped_column(index=True)
    location_is_confidential: Mapped[bool] = mapped_column(default=False, server_default="false")
    attention: Mapped[str | None]
    address_1: Mapped[str]
    address_2: Mapped[str | None]
    city: Mapped[str | None]
    state_province: Mapped[str | None]
    postal_code: Mapped[str | None]
    country: Mapped[str] = mapped_column(String(2))
    address_type: Mapped[str] = mapped_column(default="physical")


class Accessibility(Identified, Base):
    """What somebody who walks, sees or hears badly should know of a location."""

    __tablename__ = "accessibility"

    location_id: Mapped[UUID] = mapped_column(ForeignKey("location.id", ondelete="CASCADE"), index=True)
    description: Mapped[str | None]
    details: Mapped[str | None]
    url: Mapped[str | None]


class ServiceAtLocation(Identified, Base):
    """A service given at a location."""

    __tablename__ = "service_at_location"
    __table_args__ = (UniqueConstraint("service_id", "location_id"),)

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"))
    location_id: Mapped[UUID] = mapped_column(ForeignKey("location.id", ondelete="CASCADE"), index=True)

    description: Mapped[str | None]

    location: Mapped[Location] = relationship()


class ServiceArea(Identified, Base):
    """Where a service without a place to go to comes or answers: a circle, or the whole country when it has no middle."""

    __tablename__ = "service_area"
    __table_args__ = (
        CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL) AND (latitude IS NULL) = (radius_km IS NULL)", name="circle"
        ),
        CheckConstraint("radius_km > 0", name="radius"),
    )

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None]
    country: Mapped[str] = mapped_column(String(2))
    latitude: Mapped[float | None] = mapped_column(_Degrees)
    longitude: Mapped[float | None] = mapped_column(_Degrees)
    radius_km: Mapped[float | None] = mapped_column(Float)


class Contact(Identified, Base):
    """Somebody who is named publicly. The focal point who confirms an entry is not public and not here (`review.models`)."""

    __tablename__ = "contact"
    __table_args__ = (CheckConstraint("num_nonnulls(service_id, organization_id, location_id) = 1", name="one_owner"),)

    service_id: Mapped[UUID | None] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    location_id: Mapped[UUID | None] = mapped_column(ForeignKey("location.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None]
    title: Mapped[str | None]
    department: Mapped[str | None]
    email: Mapped[str | None]
    position: Mapped[int] = mapped_column(default=0)

    phones: Mapped[list["Phone"]] = relationship(cascade="all, delete-orphan", order_by="Phone.position")


class Phone(Identified, Base):
    """A number of a service. Told only when somebody in the country has verified it, or in a demonstration."""

    __tablename__ = "phone"
    __table_args__ = (
        _one_of("phone_type", ("voice", "text", "whatsapp")),
        CheckConstraint("num_nonnulls(service_id, location_id, organization_id, contact_id) = 1", name="one_owner"),
        CheckConstraint("(verified_by IS NULL) = (verified_on IS NULL)", name="verified"),
    )

    service_id: Mapped[UUID | None] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    location_id: Mapped[UUID | None] = mapped_column(ForeignKey("location.id", ondelete="CASCADE"), index=True)
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    number: Mapped[str]
    extension: Mapped[int | None]
    phone_type: Mapped[str] = mapped_column(default="voice")
    description: Mapped[str | None]
    languages: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """Codes of the languages in which it is answered."""
    position: Mapped[int] = mapped_column(default=0)
    is_example: Mapped[bool] = mapped_column(default=False)
    verified_by: Mapped[str | None]
    verified_on: Mapped[date | None]


class Schedule(Identified, Base):
    """One rule of opening: weekly hours on some days, always, by appointment, not known, or a closure between two dates.

    `closes_at` not after `opens_at` means the next day. A service is at its location's hours unless it has its own.
    """

    __tablename__ = "schedule"
    __table_args__ = (
        _one_of("kind", SCHEDULE_KINDS),
        CheckConstraint("num_nonnulls(service_id, location_id) = 1", name="one_owner"),
        CheckConstraint(
            "kind <> 'weekly' OR (byday IS NOT NULL AND opens_at IS NOT NULL AND closes_at IS NOT NULL)", name="weekly"
        ),
        CheckConstraint("kind <> 'closure' OR (valid_from IS NOT NULL AND valid_to IS NOT NULL)", name="closure"),
    )

    service_id: Mapped[UUID | None] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    location_id: Mapped[UUID | None] = mapped_column(ForeignKey("location.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    timezone: Mapped[str]
    """IANA name. HSDS wants an offset; that is made when exporting, because an offset forgets summer time."""
    byday: Mapped[str | None]
    """As HSDS writes it: `MO,TU,WE`."""
    opens_at: Mapped[time | None]
    closes_at: Mapped[time | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    """First and last day of the rule, both included; after the last one the hours are not known."""
    notes: Mapped[str | None]


class CostOption(Identified, Base):
    """What a service costs."""

    __tablename__ = "cost_option"

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    option: Mapped[str | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    amount_description: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    position: Mapped[int] = mapped_column(default=0)


class RequiredDocument(Identified, Base):
    """A paper that a service asks for."""

    __tablename__ = "required_document"

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    document: Mapped[str]
    uri: Mapped[str | None]
    position: Mapped[int] = mapped_column(default=0)


class ServiceCapacity(Identified, Base):
    """Free places of a service, when somebody last said so."""

    __tablename__ = "service_capacity"
    __table_args__ = (UniqueConstraint("service_id", "unit"), CheckConstraint("available >= 0", name="available"))

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"))
    unit: Mapped[str]
    """What is counted: `bed`, `place`, `appointment`."""
    available: Mapped[int]
    maximum: Mapped[int | None]
    description: Mapped[str | None]
    updated: Mapped[datetime] = mapped_column(default=now)


class Taxonomy(Identified, Base):
    """A list of terms: our needs, or a partner's categories."""

    __tablename__ = "taxonomy"

    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")
    uri: Mapped[str | None]
    version: Mapped[str | None]


class TaxonomyTerm(Identified, Base):
    """A term of a taxonomy."""

    __tablename__ = "taxonomy_term"
    __table_args__ = (UniqueConstraint("taxonomy_id", "code"),)

    taxonomy_id: Mapped[UUID] = mapped_column(ForeignKey("taxonomy.id", ondelete="CASCADE"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("taxonomy_term.id", ondelete="SET NULL"))
    code: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    term_uri: Mapped[str | None]


class Attribute(Identified, Base):
    """A term attached to an object. Needs are not here but in `ServiceNeed`, where the search joins them."""

    __tablename__ = "attribute"
    __table_args__ = (
        _one_of("link_entity", LINK_ENTITIES),
        UniqueConstraint("link_entity", "link_id", "taxonomy_term_id", "link_type", postgresql_nulls_not_distinct=True),
    )

    link_entity: Mapped[str]
    link_id: Mapped[UUID]
    taxonomy_term_id: Mapped[UUID] = mapped_column(ForeignKey("taxonomy_term.id", ondelete="CASCADE"), index=True)
    link_type: Mapped[str | None]
    value: Mapped[str | None]
    label: Mapped[str | None]


class Metadata(Identified, Base):
    """One changed field: what it was, what it became, by whom (HSDS: metadata). Never anything confidential."""

    __tablename__ = "metadata"
    __table_args__ = (Index("ix_metadata_resource", "resource_type", "resource_id", "last_action_date"),)

    resource_type: Mapped[str]
    resource_id: Mapped[UUID]
    service_id: Mapped[UUID | None] = mapped_column(index=True)
    """The service whose entry it belongs to; the row outlives it."""
    last_action_date: Mapped[datetime] = mapped_column(default=now)
    last_action_type: Mapped[str]
    """`create`, `update` or `delete`."""
    field_name: Mapped[str]
    previous_value: Mapped[str] = mapped_column(default="")
    replacement_value: Mapped[str] = mapped_column(default="")
    updated_by: Mapped[str]
    source: Mapped[str]
    """How it came: `form`, `import:<id>`, `focal_point`, `restore`, `system`."""


class Place(Base):
    """A place of the gazetteer: where a person may say they are. Ids stay the same when the gazetteer is loaded anew."""

    __tablename__ = "place"
    __table_args__ = (Index("ix_place_country_population", "country", "population"),)

    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    """`w` and the Who's On First id, or `g` and the GeoNames id."""
    country: Mapped[str] = mapped_column(String(2))
    place_type: Mapped[str]
    name: Mapped[str]
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
    population: Mapped[int] = mapped_column(default=0)
    """0: not known."""
    region: Mapped[str | None]
    """State or province, where the source says it."""


class PlaceName(Base):
    """One name of a place, as people write it and as it is searched (`text.normalise`)."""

    __tablename__ = "place_name"
    __table_args__ = (
        Index("ix_place_name_normalised_country", "normalised", "country"),
        Index(
            "ix_place_name_trigram",
            "normalised",
            postgresql_using="gin",
            postgresql_ops={"normalised": "gin_trgm_ops"},
        ),
        # A misspelt name is nearly always a town's: a few thousand names, looked through before the hundreds of thousands.
        Index(
            "ix_place_name_well_known",
            "normalised",
            postgresql_using="gin",
            postgresql_ops={"normalised": "gin_trgm_ops"},
            postgresql_where=text("population >= 20000"),
        ),
    )

    place_id: Mapped[str] = mapped_column(ForeignKey("place.id", ondelete="CASCADE"), primary_key=True)
    normalised: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str] = mapped_column(String(2))
    population: Mapped[int] = mapped_column(default=0, server_default="0")
    """As of the place."""


class DataImport(Base):
    """What was loaded, by the digest of its content: the second start of a copy loads nothing."""

    __tablename__ = "data_import"

    name: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    rows: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
