"""One entry of the directory as one document: what a form edits, an import brings, a draft keeps and a restore brings back.

Everything that changes an entry goes through a `ServiceRecord` and `writing.write`: one place for the rules, one for the history. A record
holds public things only. True addresses of confidential houses have no field here, so no import, draft or history can carry them.

What is wrong with a record is said with a code (`phone_number`, `age_order`): pages and importers find their own words by it.
"""

import hashlib
import json
import re
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from directory.models import NEEDS

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_CONTROL = {code: None for code in range(32) if chr(code) not in "\n\t"}


def _clean(value: Any) -> Any:
    """Text without control characters and outer blanks; PostgreSQL takes no NUL and a person no invisible letters."""
    return value.translate(_CONTROL).strip() if isinstance(value, str) else value


def _nothing(value: Any) -> Any:
    cleaned = _clean(value)
    return None if cleaned == "" else cleaned


@cache
def _zones() -> frozenset[str]:
    # Read from files each time it is asked for, a hundredth of a second: twenty minutes of an import of 100,000 entries.
    return frozenset(available_timezones())


def _zone(value: str) -> str:
    if value not in _zones():
        raise PydanticCustomError("zone", "not a time zone of the IANA list, such as Asia/Dhaka")
    return value


def _number(value: str) -> str:
    digits = re.sub(r"[\s().\-/]", "", value)
    if not re.fullmatch(r"\+?[0-9]{2,15}|[*#0-9]{2,20}", digits):
        raise PydanticCustomError("phone_number", "not a telephone number: digits, with + before the country's code")
    return digits


def _byday(value: str) -> str:
    days = [day.strip().upper() for day in value.split(",") if day.strip()]
    if not days or any(day not in _DAYS for day in days):
        raise PydanticCustomError("days", "days are written MO,TU,WE,TH,FR,SA,SU")
    return ",".join(day for day in _DAYS if day in days)


Text = Annotated[str, BeforeValidator(_clean), StringConstraints(max_length=10_000)]
Required = Annotated[str, BeforeValidator(_clean), StringConstraints(min_length=1, max_length=500)]
Optional = Annotated[Annotated[str, StringConstraints(max_length=10_000)] | None, BeforeValidator(_nothing)]
Country = Annotated[str, BeforeValidator(_clean), StringConstraints(pattern=r"^[A-Z]{2}$")]
LanguageCode = Annotated[str, BeforeValidator(_clean), StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Zone = Annotated[str, AfterValidator(_zone)]
Number = Annotated[str, BeforeValidator(_clean), AfterValidator(_number)]
Url = Annotated[
    Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000)] | None, BeforeValidator(_nothing)
]
Email = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=320)] | None,
    BeforeValidator(_nothing),
]
Currency = Annotated[Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None, BeforeValidator(_nothing)]
# As the columns keep it, without a negative zero: anything else would come back changed, and every import would find a difference.
Age = Annotated[float, Field(ge=0, le=150), AfterValidator(lambda age: round(age, 2) + 0.0)] | None
Latitude = Annotated[float, Field(ge=-90, le=90), AfterValidator(lambda degrees: round(degrees, 5) + 0.0)] | None
Longitude = Annotated[float, Field(ge=-180, le=180), AfterValidator(lambda degrees: round(degrees, 5) + 0.0)] | None
Kilometres = Annotated[float, Field(gt=0, le=20_000)] | None
Money = (
    Annotated[
        Decimal,
        Field(ge=0, max_digits=12, decimal_places=2),
        AfterValidator(lambda amount: amount.quantize(Decimal("0.01"))),
    ]
    | None
)
Count = Annotated[int, Field(ge=0)]


class Record(BaseModel):
    """Base: unknown fields are refused, so that a misspelt column is an error and not a loss."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OrganizationRecord(Record):
    id: UUID | None = None
    name: Required
    alternate_name: Optional = None
    description: Text = ""
    website: Url = None
    uri: Optional = None
    email: Email = None


class ProgramRecord(Record):
    id: UUID | None = None
    name: Required
    alternate_name: Optional = None
    description: Text = ""


class TextRecord(Record):
    """The entry in one language. `state`: draft, approved or outdated."""

    name: Required
    description: Text = ""
    eligibility_description: Optional = None
    application_process: Optional = None
    alert: Optional = None
    state: Literal["draft", "approved", "outdated"] = "draft"


class PhoneRecord(Record):
    """`verified_by` and `verified_on` travel together: without them a number is told to nobody."""

    id: UUID | None = None
    number: Number
    extension: int | None = None
    phone_type: Literal["voice", "text", "whatsapp"] = "voice"
    description: Optional = None
    languages: tuple[LanguageCode, ...] = ()
    verified_by: Optional = None
    verified_on: date | None = None

    @model_validator(mode="after")
    def _verified(self) -> Self:
        if (self.verified_by is None) != (self.verified_on is None):
            raise PydanticCustomError("verified", "a verified number needs both the verifier and the date")
        return self


class ContactRecord(Record):
    id: UUID | None = None
    name: Optional = None
    title: Optional = None
    department: Optional = None
    email: Email = None
    phones: tuple[PhoneRecord, ...] = ()


class ScheduleRecord(Record):
    """One rule of opening, as `models.Schedule`."""

    id: UUID | None = None
    kind: Literal["weekly", "always", "appointment", "unknown", "closure"]
    timezone: Zone
    byday: Annotated[str, AfterValidator(_byday)] | None = None
    opens_at: time | None = None
    closes_at: time | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    notes: Optional = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "weekly" and None in (self.byday, self.opens_at, self.closes_at):
            raise PydanticCustomError("weekly_hours", "weekly hours need days, an opening and a closing time")
        if self.kind == "closure" and None in (self.valid_from, self.valid_to):
            raise PydanticCustomError("closure_days", "a closure needs its first and its last day")
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise PydanticCustomError("day_order", "the last day is before the first")
        return self


class AddressRecord(Record):
    id: UUID | None = None
    attention: Optional = None
    address_1: Required
    address_2: Optional = None
    city: Optional = None
    state_province: Optional = None
    postal_code: Optional = None
    country: Country
    address_type: Literal["physical", "postal", "virtual"] = "physical"


class AccessibilityRecord(Record):
    id: UUID | None = None
    description: Optional = None
    details: Optional = None
    url: Url = None


class LocationRecord(Record):
    """Where the service is given. `latitude`, `longitude`: WGS84 degrees; of a confidential one rounded to a tenth (11 km)."""

    id: UUID | None = None
    name: Text = ""
    location_type: Literal["physical", "postal", "virtual"] = "physical"
    country: Country
    latitude: Latitude = None
    longitude: Longitude = None
    city: Optional = None
    state_province: Optional = None
    place_id: Optional = None
    description: Optional = None
    transportation: Optional = None
    is_confidential: bool = False
    addresses: tuple[AddressRecord, ...] = ()
    accessibility: tuple[AccessibilityRecord, ...] = ()
    schedules: tuple[ScheduleRecord, ...] = ()
    phones: tuple[PhoneRecord, ...] = ()

    @model_validator(mode="after")
    def _place(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise PydanticCustomError("point", "a point needs latitude and longitude")
        if self.is_confidential and self.addresses:
            raise PydanticCustomError(
                "confidential_address", "a confidential location has no address here; its true one is entered apart"
            )
        if self.is_confidential and self.latitude is not None and self.longitude is not None:
            rounded = round(self.latitude, 1), round(self.longitude, 1)
            if rounded != (self.latitude, self.longitude):
                raise PydanticCustomError(
                    "confidential_point",
                    "a confidential location has only the middle of its area, to a tenth of a degree",
                )
        return self


class AreaRecord(Record):
    """A circle (`radius_km` around a point), or the whole country without one."""

    id: UUID | None = None
    name: Optional = None
    country: Country
    latitude: Latitude = None
    longitude: Longitude = None
    radius_km: Kilometres = None

    @model_validator(mode="after")
    def _circle(self) -> Self:
        if len({value is None for value in (self.latitude, self.longitude, self.radius_km)}) > 1:
            raise PydanticCustomError("circle", "a circle needs latitude, longitude and radius")
        return self


class CostRecord(Record):
    id: UUID | None = None
    option: Optional = None
    currency: Currency = None
    amount: Money = None
    amount_description: Optional = None
    valid_from: date | None = None
    valid_to: date | None = None


class DocumentRecord(Record):
    id: UUID | None = None
    document: Required
    uri: Optional = None


class CapacityRecord(Record):
    id: UUID | None = None
    unit: Required
    available: Count
    maximum: Count | None = None
    description: Optional = None
    updated: datetime


class AttributeRecord(Record):
    """A term of a taxonomy other than our needs, by the taxonomy's name and the term's code."""

    taxonomy: Required
    code: Required
    link_type: Optional = None
    value: Optional = None
    label: Optional = None


class ServiceRecord(Record):
    """A service with all that belongs to it. `models.Service` says what the fields mean; listing and verification are not edited here."""

    id: UUID | None = None
    organization: OrganizationRecord
    program: ProgramRecord | None = None
    country: Country
    name: Required
    alternate_name: Optional = None
    description: Text = ""
    url: Url = None
    email: Email = None
    status: Literal["active", "inactive", "temporarily_closed", "defunct"] = "active"
    closed_until: date | None = None
    closed_reason: Optional = None
    alert: Optional = None
    alert_until: date | None = None
    application_process: Optional = None
    fees_description: Optional = None
    interpretation_services: Optional = None
    is_confidential: bool = False
    is_hotline: bool = False
    minimum_age: Age = None
    maximum_age: Age = None
    eligible_sex: Literal["any", "female", "male"] = "any"
    eligibility_description: Optional = None
    eligible_nationalities: tuple[Country, ...] | None = None
    legal_status: Literal["unknown", "not_required", "required"] = "unknown"
    children_accompanying: bool | None = None
    documents_required: bool = False
    walk_in: bool = True
    referral_needed: bool = False
    needs: tuple[str, ...] = ()
    languages: tuple[LanguageCode, ...] = ()
    texts: dict[LanguageCode, TextRecord] = Field(default_factory=dict)
    phones: tuple[PhoneRecord, ...] = ()
    contacts: tuple[ContactRecord, ...] = ()
    schedules: tuple[ScheduleRecord, ...] = ()
    areas: tuple[AreaRecord, ...] = ()
    locations: tuple[LocationRecord, ...] = ()
    costs: tuple[CostRecord, ...] = ()
    documents: tuple[DocumentRecord, ...] = ()
    capacities: tuple[CapacityRecord, ...] = ()
    attributes: tuple[AttributeRecord, ...] = ()
    source: Optional = None
    source_id: Optional = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        unknown = [need for need in self.needs if need not in NEEDS]
        if unknown:
            raise PydanticCustomError(
                "need",
                "not a need of ours: {unknown}; there are {needs}",
                {"unknown": ", ".join(unknown), "needs": ", ".join(NEEDS)},
            )
        if self.minimum_age is not None and self.maximum_age is not None and self.minimum_age > self.maximum_age:
            raise PydanticCustomError("age_order", "the lowest age is above the highest")
        if (self.alert is None) != (self.alert_until is None):
            raise PydanticCustomError(
                "alert_day", "an alert needs the last day on which it is shown, and that day an alert"
            )
        if self.is_confidential and not all(location.is_confidential for location in self.locations):
            raise PydanticCustomError(
                "confidential_locations", "every location of a confidential service is confidential"
            )
        if self.is_confidential and any(location.phones for location in self.locations):
            raise PydanticCustomError("confidential_numbers", "numbers inside a confidential house are entered apart")
        return self


def source_hash(record: ServiceRecord) -> str:
    """Digest of the words that translations translate: when it changes, they are outdated."""
    words = (
        record.name, record.description, record.eligibility_description, record.application_process, record.alert,
    )  # fmt: skip
    return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()[:32]


def record_hash(record: ServiceRecord) -> str:
    """Digest of the whole entry: whoever edits an entry that changed meanwhile is told."""
    return flat_hash(*flat_and_orders(record))


def flat_hash(flat: dict[str, str], ordered: dict[str, list[str]]) -> str:
    """The digest of an entry whose flat form and orders are known already."""
    return hashlib.sha256(json.dumps([flat, ordered], sort_keys=True, ensure_ascii=False).encode()).hexdigest()


_KEYS = {
    "phones": ("number", "phone_type"), "contacts": ("name", "title", "email"), "addresses": ("address_type", "address_1"),
    "schedules": ("kind", "byday", "opens_at", "valid_from"), "areas": ("name", "country", "radius_km"), "locations": ("name", "city"),
    "costs": ("option", "amount"), "documents": ("document",), "capacities": ("unit",), "attributes": ("taxonomy", "code", "link_type"),
    "accessibility": ("description", "url"),
}  # fmt: skip

_EMPTY_SAYS_SOMETHING = ("eligible_nationalities",)
"""Lists that say something when they are empty: for every nationality is not the same as not known."""
_ORDERED = ("phones", "contacts", "costs", "documents")
"""Lists whose order is kept: the first number is the one that people ring."""


def flatten(record: Record) -> dict[str, str]:
    """Every field by its path, as text: `phones.<id>.number`. What two records differ in is what their flat forms differ in.

    A list item is named by its id, or by what makes it itself when it has none yet.
    """
    flat: dict[str, str] = {}
    _flatten("", record.model_dump(mode="json"), flat)
    return flat


def orders(record: Record) -> dict[str, list[str]]:
    """Keys of the items of each list whose order is kept, by the list's path."""
    return flat_and_orders(record)[1]


FlatAndOrders = tuple[dict[str, str], dict[str, list[str]]]


def flat_and_orders(record: Record) -> FlatAndOrders:
    """`flatten` and `orders` of a record at once: an import asks for both of every entry."""
    data = record.model_dump(mode="json")
    flat: dict[str, str] = {}
    ordered: dict[str, list[str]] = {}
    _flatten("", data, flat)
    _orders("", data, ordered)
    return flat, ordered


def _orders(path: str, value: Any, found: dict[str, list[str]]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                _orders(f"{path}.{name}" if path else name, inner, found)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        keys = _item_keys(path, value)
        if path.rsplit(".", 1)[-1] in _ORDERED:
            found[path] = keys
        for key, item in zip(keys, value, strict=True):
            _orders(f"{path}.{key}", item, found)


def _item_keys(path: str, items: list[dict[str, Any]]) -> list[str]:
    """What names each item of a list: its id, or its own fields while it has none."""
    names = _KEYS[path.rsplit(".", 1)[-1]]
    seen: dict[str, int] = {}
    keys = []
    for item in items:
        key = item.get("id") or "|".join(str(item.get(name) or "") for name in names)
        seen[key] = seen.get(key, 0) + 1
        keys.append(key if seen[key] == 1 else f"{key}~{seen[key]}")
    return keys


def _flatten(path: str, value: Any, flat: dict[str, str]) -> None:
    if isinstance(value, dict):
        before = f"{path}." if path else ""
        for name, inner in value.items():
            # Most fields of most entries are empty.
            if inner is not None:
                _flatten(f"{before}{name}", inner, flat)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for key, item in zip(_item_keys(path, value), value, strict=True):
            _flatten(f"{path}.{key}", item, flat)
    elif value is not None and (value != [] or path in _EMPTY_SAYS_SOMETHING) and not path.endswith(".id"):
        flat[path] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
