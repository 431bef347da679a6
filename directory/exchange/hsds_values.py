"""The fields of a record that an HSDS service document speaks of. What it does not mention is not mentioned here either."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from babel import Locale

from directory.distance import kilometres
from directory.exchange.hsds_conditions import Conditions, is_need, mappings
from directory.exchange.hsds_hours import Irregular, schedules
from directory.exchange.problems import shortened

Noted = tuple[str, str, str, dict[str, str]]
"""Pointer inside the document, key, code of the problem, values."""

_TEXTS = (
    "alternate_name", "url", "email", "interpretation_services", "application_process", "fees_description", "eligibility_description",
)  # fmt: skip
_STATUS = {
    "active": "active", "inactive": "inactive", "defunct": "defunct", "temporarily closed": "temporarily_closed",
    "temporarily_closed": "temporarily_closed",
}  # fmt: skip
_PHONE_TYPES = {"text": "text", "sms": "text", "textphone": "text", "whatsapp": "whatsapp"}
_POINTERS = {
    "phones": "phones", "contacts": "contacts", "schedules": "schedules", "areas": "service_areas", "costs": "cost_options",
    "documents": "required_documents", "capacities": "capacities", "attributes": "attributes", "locations": "service_at_locations",
}  # fmt: skip


def as_uuid(kind: str, value: Any) -> UUID | None:
    """The id as a UUID; another kind of id becomes always the same one, so that the entry is found again."""
    if value is None or value == "":
        return None
    try:
        return UUID(str(value))
    except ValueError:
        return uuid5(NAMESPACE_URL, f"hsds:{kind}:{value}")


@dataclass(slots=True)
class Values:
    """What a document says, and what is wrong with it."""

    said: dict[str, Any] = field(default_factory=dict)
    errors: list[Noted] = field(default_factory=list)
    warnings: list[Noted] = field(default_factory=list)

    def pointer(self, place: Sequence[Any]) -> tuple[str, str]:
        """Where in the document an error of the record is, and under which key."""
        pieces = [_POINTERS.get(str(part), str(part)) for part in place]
        if len(pieces) > 2 and pieces[0] == "service_at_locations":
            pieces.insert(2, "location")
        if not pieces:
            return "", ""
        return "".join(f"/{piece}" for piece in pieces[:-1]), pieces[-1]


def values_of(document: Mapping[str, Any], country: str | None) -> Values:
    """Read a document. `country`: of the entry, when the document does not say one."""
    return _Reader(document, country).read()


class _Reader:
    def __init__(self, document: Mapping[str, Any], country: str | None) -> None:
        self._document = document
        self._values = Values()
        self._conditions = Conditions(document)
        self._country = self._conditions.country or country or _country_of(document)

    def read(self) -> Values:
        document, said = self._document, self._values.said
        if document.get("id"):
            said["id"] = as_uuid("service", document["id"])
        if not self._country:
            self._wrong("", "country", "country")
            return self._values
        said["country"] = self._country
        for key in ("name", "description", *_TEXTS):
            if key in document:
                said[key] = _text(document[key])
        if said.get("description", "") is None:
            said["description"] = ""
        if "fees_description" not in document and document.get("fees"):
            said["fees_description"] = _text(document["fees"])
        self._status()
        for key in ("minimum_age", "maximum_age"):
            if key in document:
                said[key] = self._number("", key, document[key])
        said |= self._conditions.fields()
        self._alert()
        self._owners()
        self._lists()
        return self._values

    def _status(self) -> None:
        if "status" not in self._document:
            return
        said = str(self._document["status"]).lower()
        if said not in _STATUS:
            self._wrong("", "status", "choice", value=shortened(said), choices=", ".join(sorted(_STATUS)))
        self._values.said["status"] = _STATUS.get(said)

    def _alert(self) -> None:
        if not self._document.get("alert"):
            return
        until = self._conditions.alert_until
        if until is None:
            self._warn("", "alert", "alert_end")
        else:
            self._values.said |= {"alert": _text(self._document["alert"]), "alert_until": until}

    def _owners(self) -> None:
        for key, fields in (
            ("organization", ("name", "alternate_name", "description", "email", "website", "uri")),
            ("program", ("name", "alternate_name", "description")),
        ):
            owner = self._document.get(key)
            if owner is None:
                continue
            if not isinstance(owner, Mapping):
                self._wrong("", key, "unreadable_item", reason="it is no object")
                continue
            said: dict[str, Any] = {name: _text(owner[name]) for name in fields if name in owner}
            if said.get("description", "") is None:
                said["description"] = ""
            if owner.get("id"):
                said["id"] = as_uuid(key, owner["id"])
            self._values.said[key] = said

    def _lists(self) -> None:
        said = self._values.said
        for key, name, one in (
            ("phones", "phones", self._phone),
            ("contacts", "contacts", self._contact),
            ("cost_options", "costs", self._cost),
            ("required_documents", "documents", self._required_document),
            ("capacities", "capacities", self._capacity),
            ("service_at_locations", "locations", self._location),
        ):
            if key in self._document:
                said[name] = self._each(self._document, "", key, one)
        if "schedules" in self._document:
            said["schedules"] = self._schedules(self._document, "")
        if "service_areas" in self._document:
            said["areas"] = self._each(self._document, "", "service_areas", self._area)
        if "languages" in self._document:
            said["languages"] = self._languages(self._document, "")
        if "attributes" in self._document:
            self._attributes()

    def _each(
        self,
        holder: Mapping[str, Any],
        at: str,
        key: str,
        one: Callable[[Mapping[str, Any], str], dict[str, Any] | None],
    ) -> list[dict[str, Any]]:
        items = holder.get(key)
        if items is None:
            return []
        if not isinstance(items, list):
            self._wrong(at, key, "unreadable_item", reason="it is no list")
            return []
        found = []
        for number, item in enumerate(items):
            place = f"{at}/{key}/{number}"
            if not isinstance(item, Mapping):
                self._wrong(place, "", "unreadable_item", reason="it is no object")
                continue
            made = one(item, place)
            if made is not None:
                found.append(made)
        return found

    def _phone(self, item: Mapping[str, Any], at: str) -> dict[str, Any] | None:
        number = str(item.get("number") or "").strip().strip('"').strip()
        if not number:
            self._wrong(at, "number", "required")
            return None
        phone: dict[str, Any] = {
            "id": as_uuid("phone", item.get("id")),
            "number": re.sub(r"[\s().\-/]", "", number),
            "phone_type": _PHONE_TYPES.get(str(item.get("type") or "").lower(), "voice"),
        }
        if item.get("extension") not in (None, ""):
            extension = self._number(at, "extension", item["extension"])
            phone["extension"] = None if extension is None else int(extension)
        if "description" in item:
            phone["description"] = _text(item["description"])
        if "languages" in item:
            phone["languages"] = self._languages(item, at)
        return phone

    def _contact(self, item: Mapping[str, Any], at: str) -> dict[str, Any] | None:
        contact: dict[str, Any] = {"id": as_uuid("contact", item.get("id"))}
        contact |= {key: _text(item[key]) for key in ("name", "title", "department", "email") if key in item}
        contact["phones"] = self._each(item, at, "phones", self._phone)
        return contact

    def _cost(self, item: Mapping[str, Any], at: str) -> dict[str, Any] | None:
        cost: dict[str, Any] = {
            "id": as_uuid("cost_option", item.get("id")),
            "option": _text(item.get("option")),
            "amount_description": _text(item.get("amount_description")),
            "valid_from": _day(item.get("valid_from")),
            "valid_to": _day(item.get("valid_to")),
        }
        currency = _text(item.get("currency"))
        cost["currency"] = currency.upper() if currency else None
        try:
            amount = item.get("amount")
            cost["amount"] = None if amount in (None, "") else Decimal(str(amount)).quantize(Decimal("0.01"))
        except InvalidOperation:
            self._wrong(at, "amount", "number", value=shortened(item.get("amount")))
        return cost

    def _required_document(self, item: Mapping[str, Any], at: str) -> dict[str, Any] | None:
        document = _text(item.get("document"))
        if document is None:
            self._warn(at, "document", "required")
            return None
        return {
            "id": as_uuid("required_document", item.get("id")),
            "document": document,
            "uri": _text(item.get("uri")),
        }

    def _capacity(self, item: Mapping[str, Any], at: str) -> dict[str, Any] | None:
        unit = item.get("unit")
        name = _text(unit.get("name")) if isinstance(unit, Mapping) else _text(unit)
        moment = _moment(item.get("updated"))
        available = self._number(at, "available", item.get("available"))
        if name is None or moment is None or available is None:
            self._wrong(at, "unit" if name is None else "updated" if moment is None else "available", "required")
            return None
        maximum = None if item.get("maximum") is None else self._number(at, "maximum", item["maximum"])
        return {
            "id": as_uuid("service_capacity", item.get("id")),
            "unit": name,
            "available": int(available),
            "maximum": None if maximum is None else int(maximum),
            "description": _text(item.get("description")),
            "updated": moment,
        }

    def _location(self, item: Mapping[str, Any], at: str) -> dict[str, Any] | None:
        place = item.get("location")
        if not isinstance(place, Mapping):
            self._wrong(at, "location", "pieces", value=shortened(item.get("location_id") or "location"))
            return None
        inside = f"{at}/location"
        found: dict[str, Any] = {"id": as_uuid("location", place.get("id"))}
        for key in ("name", "description", "transportation"):
            if key in place:
                found[key] = _text(place[key])
        if found.get("name", "") is None:
            found["name"] = ""
        if place.get("location_type"):
            found["location_type"] = str(place["location_type"])
        for key in ("latitude", "longitude"):
            if key in place:
                found[key] = self._number(inside, key, place[key])
        if "addresses" in place:
            found["addresses"] = self._each(place, inside, "addresses", self._address)
        if "accessibility" in place:
            found["accessibility"] = self._each(place, inside, "accessibility", self._accessibility)
        found |= Conditions(place).place()
        self._town(found)
        self._inside(item, place, at, found)
        return found

    def _town(self, found: dict[str, Any]) -> None:
        """Country and town of a place, as its first address says them."""
        first: dict[str, Any] = next(iter(found.get("addresses") or ()), {})
        found["country"] = first.get("country") or found.get("country") or self._country
        found |= {key: first[key] for key in ("city", "state_province") if first.get(key)}

    def _inside(self, item: Mapping[str, Any], place: Mapping[str, Any], at: str, found: dict[str, Any]) -> None:
        """Numbers and hours of the place, and of the service there."""
        inside = f"{at}/location"
        if "phones" in place or "phones" in item:
            phones = self._each(place, inside, "phones", self._phone) + self._each(item, at, "phones", self._phone)
            found["phones"] = list({phone["number"]: phone for phone in reversed(phones)}.values())[::-1]
        if "schedules" in place or "schedules" in item:
            rules = self._schedules(place, inside) + self._schedules(item, at)
            found["schedules"] = [
                rule for number, rule in enumerate(rules) if _bare(rule) not in map(_bare, rules[:number])
            ]

    def _address(self, item: Mapping[str, Any], _: str) -> dict[str, Any] | None:
        street = _text(item.get("address_1"))
        if street is None:
            return None
        country = str(item.get("country") or self._country or "").strip().upper()
        return {
            "id": as_uuid("address", item.get("id")),
            "address_1": street,
            **{
                key: _text(item.get(key)) for key in ("attention", "address_2", "city", "state_province", "postal_code")
            },
            "country": country,
            "address_type": str(item.get("address_type") or "physical"),
        }

    def _accessibility(self, item: Mapping[str, Any], _: str) -> dict[str, Any] | None:
        return {
            "id": as_uuid("accessibility", item.get("id")),
            **{key: _text(item.get(key)) for key in ("description", "details", "url")},
        }

    def _area(self, item: Mapping[str, Any], at: str) -> dict[str, Any] | None:
        """A circle out of a shape, or the country if it is named. Another area is not taken: without a shape it would be everywhere."""
        name = _text(item.get("name"))
        area: dict[str, Any] = {"id": as_uuid("service_area", item.get("id")), "country": self._country}
        circle = _circle(item.get("extent"))
        if item.get("extent_type") == "text" and item.get("extent") == self._country:
            return area | {"name": None if name == self._country else name}
        if circle is not None:
            return area | {"name": name} | dict(zip(("latitude", "longitude", "radius_km"), circle, strict=True))
        country = Locale("en").territories.get(self._country or "")
        if name and name.casefold() in {str(self._country).casefold(), (country or "").casefold()}:
            return area | {"name": name}
        self._warn(at, "extent", "area", value=shortened(name or ""))
        return None

    def _schedules(self, holder: Mapping[str, Any], at: str) -> list[dict[str, Any]]:
        def one(item: Mapping[str, Any], place: str) -> dict[str, Any] | None:
            try:
                zone = Conditions(holder).zone or self._conditions.zone
                return schedules(item, self._country or "", zone) | {"id": as_uuid("schedule", item.get("id"))}
            except Irregular as irregular:
                if irregular.column:
                    self._wrong(place, irregular.column, "hours", value=shortened(irregular))
                    return None
                self._warn(place, "", "monthly")
                return irregular.kept | {"id": as_uuid("schedule", item.get("id"))}

        return self._each(holder, at, "schedules", one)

    def _languages(self, holder: Mapping[str, Any], at: str) -> list[str]:
        codes = set()
        said = holder.get("languages")
        for item in said if isinstance(said, list) else ():
            code = item.get("code") if isinstance(item, Mapping) else item
            if isinstance(code, str) and re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", code.strip()):
                codes.add(code.strip().lower() if len(code.strip()) <= 3 else code.strip())
            else:
                self._warn(at, "languages", "unknown_key", value=shortened(code or ""))
        return sorted(codes)

    def _attributes(self) -> None:
        needs: set[str] = set()
        kept: list[dict[str, Any]] = []
        for item in self._each(self._document, "", "attributes", self._attribute):
            if item is _OURS:
                continue
            if need := item.get("need"):
                needs.add(need)
            else:
                kept.append(item)
        if needs:
            self._values.said["needs"] = sorted(needs)
        self._values.said["attributes"] = sorted(kept, key=lambda one: (one["taxonomy"], one["code"]))

    def _attribute(self, item: Mapping[str, Any], at: str) -> dict[str, Any] | None:
        term = item.get("taxonomy_term")
        if not isinstance(term, Mapping):
            self._warn(at, "taxonomy_term", "pieces", value=shortened(item.get("taxonomy_term_id") or ""))
            return None
        if Conditions.is_one(term):
            return _OURS
        if need := is_need(term):
            return {"need": need}
        detail = term.get("taxonomy_detail")
        taxonomy = _text(detail.get("name")) if isinstance(detail, Mapping) else None
        taxonomy = taxonomy or _text(term.get("taxonomy"))
        code = _text(term.get("code")) or _text(term.get("name"))
        if taxonomy is None or code is None:
            self._warn(at, "taxonomy_term", "required")
            return None
        return {
            "taxonomy": taxonomy,
            "code": code,
            "link_type": _text(item.get("link_type")),
            "value": _text(item.get("value")),
            "label": _text(item.get("label")) or _text(term.get("name")),
            "named_by_term": not item.get("label"),
        }

    def _number(self, at: str, key: str, value: Any) -> float | None:
        if value is None or value == "":
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number) or isinstance(value, bool):
            self._wrong(at, key, "number", value=shortened(value))
            return None
        return number

    def _wrong(self, at: str, column: str, code: str, **values: str) -> None:
        self._values.errors.append((at, column, code, values))

    def _warn(self, at: str, column: str, code: str, **values: str) -> None:
        self._values.warnings.append((at, column, code, values))


_OURS: dict[str, Any] = {}
"""An attribute that is a field here."""


def _bare(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if key != "id"}


def _text(value: Any) -> str | None:
    """A text of a document; numbers are taken, whatever is not a text is not."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _country_of(document: Mapping[str, Any]) -> str | None:
    """The country of the first address that says one."""
    for item in mappings(document.get("service_at_locations")):
        place = item.get("location")
        for address in mappings(place.get("addresses")) if isinstance(place, Mapping) else ():
            country = str(address.get("country") or "").strip().upper()
            if re.fullmatch(r"[A-Z]{2}", country):
                return country
    return None


def _point_and_radius(feature: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """A circle as our own export writes it: a point with its radius beside it."""
    geometry, properties = feature.get("geometry"), feature.get("properties")
    if not isinstance(geometry, Mapping) or not isinstance(properties, Mapping) or geometry.get("type") != "Point":
        return None
    try:
        longitude, latitude = (float(part) for part in geometry["coordinates"][:2])
        return latitude, longitude, float(properties["radius_km"])
    except (KeyError, TypeError, ValueError):
        return None


def _circle(extent: Any) -> tuple[float, float, float] | None:
    """The circle around a GeoJSON shape: middle in degrees, radius in km. None: no shape that has an extent."""
    if isinstance(extent, str):
        try:
            extent = json.loads(extent)
        except (ValueError, RecursionError):
            return None
    points: list[tuple[float, float]] = []
    stack = [extent]
    while stack and len(points) < 100_000:
        one = stack.pop()
        if isinstance(one, Mapping):
            if found := _point_and_radius(one):
                return found
            stack.extend(one.get(key) for key in ("geometry", "geometries", "features", "coordinates"))
        elif isinstance(one, list):
            if len(one) >= 2 and all(isinstance(part, int | float) and not isinstance(part, bool) for part in one[:2]):
                points.append((float(one[1]), float(one[0])))
            else:
                stack.extend(one)
    if len(points) < 3 or not all(-90 <= lat <= 90 and -180 <= lon <= 180 for lat, lon in points):
        return None
    latitude = (min(lat for lat, _ in points) + max(lat for lat, _ in points)) / 2
    longitude = (min(lon for _, lon in points) + max(lon for _, lon in points)) / 2
    radius = max(kilometres(latitude, longitude, lat, lon) for lat, lon in points)
    return (round(latitude, 5), round(longitude, 5), round(radius, 3)) if radius > 0 else None
