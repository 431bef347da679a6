"""Tables of the service directory, with the names of HSDS. True addresses of confidential houses are not here: see `confidential.py`.

Whatever can be searched, exported or logged is in this module, so nothing in it may hold a place that somebody could be followed to.
"""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

import directory.confidential  # noqa: F401  so that the metadata is complete; nothing here uses it
from core.database import Base, Identified, now

NEEDS = ("shelter", "health", "food_cash", "work", "legal", "family", "talk", "return")
"""What a service may be for: the codes of the questionnaire's needs."""
STATUSES = ("active", "inactive", "temporarily_closed", "defunct")
SEXES = ("any", "female", "male")
TEXT_STATES = ("draft", "approved", "outdated")
SCHEDULE_KINDS = ("weekly", "always", "appointment", "unknown", "closure")

_Degrees = Numeric(8, 5, asdecimal=False)
_Age = Numeric(5, 2, asdecimal=False)


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


class Organization(Identified, Base):
    """Who runs services. `is_example`: invented, for demonstrations only."""

    __tablename__ = "organization"

    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    website: Mapped[str | None]
    email: Mapped[str | None]
    is_example: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_modified: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Service(Identified, Base):
    """What one organization offers in one country, for whom, and when somebody last confirmed that it is so."""

    __tablename__ = "service"
    __table_args__ = (
        _one_of("status", STATUSES),
        _one_of("eligible_sex", SEXES),
        CheckConstraint("minimum_age IS NULL OR maximum_age IS NULL OR minimum_age <= maximum_age", name="ages"),
        Index("ix_service_country_status", "country", "status"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    country: Mapped[str] = mapped_column(String(2))
    name: Mapped[str]
    """In the organization's own language; what a person reads comes from `ServiceText` when there is one."""
    description: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="active")
    closed_until: Mapped[date | None]
    """Of a temporarily closed service: the day it is expected to open again, if known."""
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
    documents_required: Mapped[bool] = mapped_column(default=False)
    walk_in: Mapped[bool] = mapped_column(default=True)
    referral_needed: Mapped[bool] = mapped_column(default=False)
    assured_date: Mapped[date | None]
    """Day on which somebody last confirmed with the organization that all of this holds."""
    assured_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_modified: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    organization: Mapped[Organization] = relationship()
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
    """Name and description of a service in one language. Only an approved text is shown."""

    __tablename__ = "service_text"
    __table_args__ = (_one_of("state", TEXT_STATES),)

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="draft")
    last_modified: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Location(Identified, Base):
    """Where services are given. A confidential one has no address, only the middle of its area, to a tenth of a degree (11 km).

    The database refuses anything finer: an import or a form that forgets the rule cannot put a hidden house on the map.
    """

    __tablename__ = "location"
    __table_args__ = (
        _one_of("location_type", ("physical", "postal", "virtual")),
        CheckConstraint(
            "NOT is_confidential OR (address_1 IS NULL AND postal_code IS NULL"
            " AND latitude = round(latitude, 1) AND longitude = round(longitude, 1))",
            name="confidential",
        ),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="point"),
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="degrees"),
        # The bounding box: a range of latitudes inside one country, then the longitudes from the index itself.
        Index("ix_location_country_latitude_longitude", "country", "latitude", "longitude"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(default="")
    location_type: Mapped[str] = mapped_column(default="physical")
    country: Mapped[str] = mapped_column(String(2))
    latitude: Mapped[float | None] = mapped_column(_Degrees)
    longitude: Mapped[float | None] = mapped_column(_Degrees)
    """WGS84 degrees."""
    address_1: Mapped[str | None]
    city: Mapped[str | None]
    state_province: Mapped[str | None]
    postal_code: Mapped[str | None]
    is_confidential: Mapped[bool] = mapped_column(default=False)

    schedules: Mapped[list["Schedule"]] = relationship(cascade="all, delete-orphan")


class ServiceAtLocation(Identified, Base):
    """A service given at a location."""

    __tablename__ = "service_at_location"
    __table_args__ = (UniqueConstraint("service_id", "location_id"),)

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"))
    location_id: Mapped[UUID] = mapped_column(ForeignKey("location.id", ondelete="CASCADE"), index=True)

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


class Phone(Identified, Base):
    """A number of a service. Told only when somebody in the country has verified it, or in a demonstration."""

    __tablename__ = "phone"
    __table_args__ = (
        _one_of("phone_type", ("voice", "text", "whatsapp")),
        CheckConstraint("(verified_by IS NULL) = (verified_on IS NULL)", name="verified"),
    )

    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    number: Mapped[str]
    extension: Mapped[int | None]
    phone_type: Mapped[str] = mapped_column(default="voice")
    description: Mapped[str | None]
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
    )

    place_id: Mapped[str] = mapped_column(ForeignKey("place.id", ondelete="CASCADE"), primary_key=True)
    normalised: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str] = mapped_column(String(2))


class DataImport(Base):
    """What was loaded, by the digest of its content: the second start of a copy loads nothing."""

    __tablename__ = "data_import"

    name: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    rows: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
