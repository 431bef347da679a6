"""An entry as the form of its page, and back: what the browser shows, what it sends, and what `ServiceRecord` takes.

The form is a tree of texts (`values["phones"][0]["number"]`), so that what somebody typed stays as they typed it, right or wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.database import now
from desk import hours_form
from desk.form_fields import Fields, text_of
from desk.hours_form import HoursForm
from directory.models import NEEDS
from directory.records import OrganizationRecord, ProgramRecord, Record, ScheduleRecord, ServiceRecord


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one kind of record: texts, boxes to tick, fields of several values, and lists of rows below it."""

    texts: tuple[str, ...]
    boxes: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    rows: Mapping[str, "Row"] = field(default_factory=dict)
    has_hours: bool = False


PHONE = Row(
    ("id", "number", "extension", "phone_type", "description", "verified_by", "verified_on"), several=("languages",)
)
ADDRESS = Row(
    ("id", "attention", "address_1", "address_2", "city", "state_province", "postal_code", "country", "address_type")
)
LOCATION = Row(
    (
        "id", "name", "location_type", "country", "latitude", "longitude", "city", "state_province", "place_id", "description",
        "transportation",
    ),
    boxes=("is_confidential",),
    rows={"addresses": ADDRESS, "accessibility": Row(("id", "description", "details", "url")), "phones": PHONE},
    has_hours=True,
)  # fmt: skip
TEXT = Row(("name", "description", "eligibility_description", "application_process", "alert", "state"))
ORGANIZATION = Row(tuple(OrganizationRecord.model_fields))
PROGRAM = Row(tuple(ProgramRecord.model_fields))
SERVICE = Row(
    (
        "id", "country", "name", "alternate_name", "description", "url", "email", "status", "closed_until", "closed_reason", "alert",
        "alert_until", "application_process", "fees_description", "interpretation_services", "minimum_age", "maximum_age",
        "eligible_sex", "eligibility_description", "legal_status",
    ),
    boxes=("is_confidential", "is_hotline", "documents_required", "walk_in", "referral_needed"),
    several=("needs", "languages"),
    rows={
        "phones": PHONE,
        "contacts": Row(("id", "name", "title", "department", "email"), rows={"phones": PHONE}),
        "areas": Row(("id", "name", "country", "latitude", "longitude", "radius_km")),
        "locations": LOCATION,
        "costs": Row(("id", "option", "currency", "amount", "amount_description", "valid_from", "valid_to")),
        "documents": Row(("id", "document", "uri")),
        "capacities": Row(("id", "unit", "available", "maximum", "description", "updated", "seen")),
    },
    has_hours=True,
)  # fmt: skip
_UNSEEN = ("attributes", "source", "source_id")
"""What the form does not show: it stays as it is stored."""

Values = dict[str, Any]
Origins = dict[tuple[str | int, ...], list[str]]
"""For each list of opening rules, by its place in the record, the fields of the form that they come from."""


def from_record(record: ServiceRecord, languages: Sequence[str], timezone: str) -> Values:
    """The form of an entry, with a tab for each of `languages` and for those that the entry has besides."""
    values = _shown(SERVICE, record, timezone)
    values["organization"] = _shown(ORGANIZATION, record.organization, timezone)
    values["program"] = _shown(PROGRAM, record.program, timezone)
    values["texts"] = {
        code: _shown(TEXT, record.texts.get(code), timezone) for code in dict.fromkeys([*languages, *record.texts])
    }
    values["children_accompanying"] = _three(record.children_accompanying)
    nationalities = record.eligible_nationalities
    values["nationalities"] = "unknown" if nationalities is None else "listed" if nationalities else "any"
    values["eligible_nationalities"] = list(nationalities or ())
    return values


def empty(organization: OrganizationRecord | None, country: str, languages: Sequence[str], timezone: str) -> Values:
    """The form of an entry that does not exist yet."""
    record = ServiceRecord.model_construct(
        organization=organization or OrganizationRecord.model_construct(name=""), country=country, name=""
    )
    return from_record(record, languages, timezone)


def from_fields(sent: Fields, languages: Sequence[str], timezone: str) -> Values:
    """The form as it was sent."""
    values = _sent(SERVICE, sent, timezone)
    values["organization"] = _sent(ORGANIZATION, sent.part("organization"), timezone)
    values["program"] = _sent(PROGRAM, sent.part("program"), timezone)
    values["texts"] = {code: _sent(TEXT, sent.part("texts").part(code), timezone) for code in languages}
    values["children_accompanying"] = sent.text("children_accompanying")
    values["nationalities"] = sent.text("nationalities")
    values["eligible_nationalities"] = sent.texts("eligible_nationalities")
    return values


def to_data(values: Values, stored: ServiceRecord | None) -> tuple[dict[str, Any], Origins]:
    """What `ServiceRecord` is made of, for it to judge. `stored`: the entry that was edited; what the form does not show stays as it is."""
    origins: Origins = {}
    if values["is_confidential"]:
        for location in values["locations"]:
            # Never the other way round: a box that was forgotten must not put a hidden house on the map.
            location["is_confidential"] = True
    for location in values["locations"]:
        if location["is_confidential"]:
            for name in ("latitude", "longitude"):
                location[name] = _rounded(location[name])
    data = _data(SERVICE, values, stored, (), origins)
    data["organization"] = _data(ORGANIZATION, values["organization"], None)
    program = _data(PROGRAM, values["program"], None)
    data["program"] = program if program.get("name") or program.get("description") else None
    texts = {code: _data(TEXT, text, None) for code, text in values["texts"].items()}
    data["texts"] = {code: text for code, text in texts.items() if set(text) - {"state"}}
    data["needs"] = [need for need in NEEDS if need in values["needs"]]
    data["children_accompanying"] = {"yes": True, "no": False}.get(values["children_accompanying"])
    listed = sorted(set(values["eligible_nationalities"]))
    data["eligible_nationalities"] = {"any": [], "listed": listed or None}.get(values["nationalities"])
    for capacity in data["capacities"]:
        # Nobody counted when nobody changed the number.
        counted = f"{capacity.get('available', '')}/{capacity.get('maximum', '')}" != capacity.pop("seen", "")
        capacity["updated"] = now() if counted or "updated" not in capacity else capacity["updated"]
    if stored is not None:
        data |= {name: getattr(stored, name) for name in _UNSEEN}
        data["attributes"] = [one.model_dump() for one in stored.attributes]
    return data, origins


def _shown(row: Row, record: Record | None, timezone: str) -> Values:
    values: Values = {name: text_of(getattr(record, name, None)) for name in row.texts}
    values |= {name: bool(getattr(record, name, False)) for name in row.boxes}
    values |= {name: list(getattr(record, name, ())) for name in row.several}
    for name, below in row.rows.items():
        values[name] = [_shown(below, one, timezone) for one in getattr(record, name, ())]
    if row.has_hours:
        values["hours"] = hours_form.from_records(getattr(record, "schedules", ()), timezone)
    if row is LOCATION:
        values["find"] = ""
    if "seen" in values:
        values["seen"] = f"{values['available']}/{values['maximum']}"
    return values


def _sent(row: Row, fields: Fields, timezone: str) -> Values:
    values: Values = {name: fields.text(name) for name in row.texts}
    values |= {name: fields.on(name) for name in row.boxes}
    values |= {name: list(dict.fromkeys(fields.texts(name))) for name in row.several}
    for name, below in row.rows.items():
        values[name] = [_sent(below, one, timezone) for one in fields.rows(name)]
    if row.has_hours:
        values["hours"] = hours_form.from_fields(fields.part("hours"), timezone)
    if row is LOCATION:
        values["find"] = fields.text("find")
    return values


def _data(
    row: Row, values: Values, stored: Any, at: tuple[str | int, ...] = (), origins: Origins | None = None
) -> dict[str, Any]:
    """The record of one row; `at`: its place in the whole record, which is also the field's path."""
    data: dict[str, Any] = {name: values[name] for name in row.texts if values[name] != ""}
    data |= {name: values[name] for name in (*row.boxes, *row.several)}
    for name, below in row.rows.items():
        known = {text_of(one.id): one for one in getattr(stored, name, ())}
        data[name] = [
            _data(below, one, known.get(one["id"]), (*at, name, number), origins)
            for number, one in enumerate(values[name])
        ]
    if row.has_hours and origins is not None:
        path = ".".join(map(str, (*at, "hours")))
        rules: Sequence[ScheduleRecord] = getattr(stored, "schedules", ())
        data["schedules"], origins[*at, "schedules"] = hours_form.to_data(values["hours"], rules, path)
    return data


def _three(value: bool | None) -> str:  # noqa: FBT001 (yes, no, not known)
    return "" if value is None else "yes" if value else "no"


def _rounded(typed: str) -> str:
    """A degree to a tenth (11 km); what is no number stays, to be shown beside its field."""
    try:
        return str(round(float(typed), 1))
    except (ValueError, OverflowError):
        return typed


def at_path(values: Values, path: str) -> Any:
    """The list or the row at a path such as `locations.0.hours.blocks.1`. Raises KeyError for one that is not there."""
    found: Any = values
    for part in path.split("."):
        try:
            if isinstance(found, dict):
                found = found[part]
            elif isinstance(found, list):
                found = found[int(part)]
            elif isinstance(found, HoursForm) and part in ("blocks", "closures"):
                found = getattr(found, part)
            else:
                raise KeyError(path)
        except (ValueError, IndexError):
            raise KeyError(path) from None
    return found


def new_row(path: str, timezone: str, country: str) -> Any:
    """An empty row of the list at a path. Raises KeyError for what is no list of the form."""
    name = path.rsplit(".", 1)[-1]
    made: dict[str, Callable[[], Any]] = {
        "blocks": lambda: hours_form.Block("weekly", timezone),
        "closures": lambda: hours_form.Closure(timezone=timezone),
    }
    if name in made:
        return made[name]()
    rows = {**SERVICE.rows, **LOCATION.rows}
    values = _sent(rows[name], Fields({}), timezone)
    if "country" in values:
        values["country"] = country
    return values
