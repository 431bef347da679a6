"""What a document says in the words of our own export is no change: the standard is narrower than a record, so reading it back would lose.

Closures, numbers that nobody has verified, the second zone of a place have no place in a document. Where it still says what the export
of the stored entry says, the stored field stays whole.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.database import now
from directory.hsds.documents import Reader, service_document
from directory.hsds.entries import Entry
from directory.records import ServiceRecord

_FIELDS = {
    "phones": "phones", "contacts": "contacts", "schedules": "schedules", "service_areas": "areas", "cost_options": "costs",
    "required_documents": "documents", "capacities": "capacities", "service_at_locations": "locations", "name": "name",
    "description": "description", "eligibility_description": "eligibility_description", "application_process": "application_process",
    "organization": "organization", "program": "program", "url": "url", "alert": "alert",
}  # fmt: skip
_NOT_COMPARED = frozenset(
    {
        "id",
        "attributes",
        "organization_id",
        "service_id",
        "location_id",
        "program_id",
        "timezone",
        "contact_id",
        "phone_id",
        "unit_id",
        "service_at_location_id",  # a row of a table names what holds it
    }
)


def without_own_words(document: Mapping[str, Any], said: Mapping[str, Any], stored: ServiceRecord) -> dict[str, Any]:
    """What is said without what our export of the stored entry says itself, to staff or to the public, in any language."""
    kept = dict(said)
    for export in _exports(stored):
        for key, field in _FIELDS.items():
            if field in kept and key in document and _bare(document[key]) == _bare(export.get(key)):
                del kept[field]
    if "alert" not in kept:
        kept.pop("alert_until", None)
    labelled = {(one.taxonomy, one.code, one.link_type) for one in stored.attributes}
    for item in kept.get("attributes", ()):
        if item.get("named_by_term") and (item["taxonomy"], item["code"], item["link_type"]) in labelled:
            del item["label"]  # the name of the term, which is no label that somebody gave
    _keep_unverified(kept, stored)
    _keep_hidden(kept, stored)
    return kept


def _exports(stored: ServiceRecord) -> list[dict[str, Any]]:
    if stored.id is None:
        return []
    places = {place.id: (place.id, None) for place in stored.locations if place.id}
    entry = Entry(stored, stored.id, now(), at_locations=places)
    readers = [Reader(demonstration=True), Reader()]
    readers += [Reader((code,)) for code, text in stored.texts.items() if text.state == "approved"]
    return [service_document(entry, reader) for reader in readers]


def _bare(value: Any) -> Any:
    """A part of a document without ids, attributes and empty values."""
    if isinstance(value, Mapping):
        return {
            # An offset is that of a day; the hours are the same on another.
            key: bare[:5] if key in ("opens_at", "closes_at") else bare
            for key, inner in value.items()
            if key not in _NOT_COMPARED and (bare := _bare(inner)) not in (None, "", [], {})
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_bare(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _keep_unverified(kept: dict[str, Any], stored: ServiceRecord) -> None:
    """A public document cannot name numbers that nobody has verified; that it does not is no reason to lose them."""
    if "phones" in kept:
        said = {phone[key] for phone in kept["phones"] for key in ("id", "number")}
        missing = [one for one in stored.phones if one.verified_on is None and not said & {one.id, one.number}]
        kept["phones"] = [*kept["phones"], *(one.model_dump() for one in missing)]


def _keep_hidden(kept: dict[str, Any], stored: ServiceRecord) -> None:
    """Of a hidden place a document says the area only; what is written of it here stays. An address in it is left to be refused."""
    hidden = {place.id: place for place in stored.locations if place.is_confidential}
    for place in kept.get("locations", ()):
        known = hidden.get(place.get("id"))
        if known is not None:
            for field in ("name", "description", "transportation", "schedules", "accessibility"):
                place.pop(field, None)
            if not place.get("phones"):
                place.pop("phones", None)
            if not place.get("addresses"):
                place.pop("addresses", None)
