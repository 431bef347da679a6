"""What a document says of an entry, laid over what is stored: keys that it does not have stay as they are.

Lists are taken as a whole: an item is the stored one of the same id or the same content when there is one, and stored items that the
document does not have go. Ids of small things are not taken over from a source: they are ours, and another entry may have them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

KEYS: Mapping[str, tuple[str, ...]] = {
    "phones": ("number",),
    "contacts": ("name", "email"),
    "schedules": ("kind", "byday", "opens_at", "closes_at", "valid_from", "valid_to"),
    "areas": ("name", "country", "latitude", "longitude"),
    "locations": ("name", "city"),
    "addresses": ("address_type", "address_1"),
    "accessibility": ("description", "details"),
    "costs": ("option", "amount"),
    "documents": ("document",),
    "capacities": ("unit",),
    "attributes": ("taxonomy", "code", "link_type"),
}
"""By what an item is known when it has no id that we know."""
_OURS = ("locations",)
"""Lists whose items keep the id of their source: places are shared between entries."""


def merged(stored: Mapping[str, Any] | None, said: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """The stored fields with those that were said in their place, at every depth."""
    data = dict(stored or {})
    for key, value in said.items():
        before = data.get(key)
        if key in ("organization", "program") and isinstance(value, Mapping):
            data[key] = _same_or_new(before, value)
        elif isinstance(value, Mapping):
            data[key] = merged(before if isinstance(before, Mapping) else None, value, key)
        elif key in KEYS and isinstance(value, Sequence):
            data[key] = _items(key, before, value)
        else:
            data[key] = value
    if stored is None and "id" in data and name and name not in _OURS:
        data["id"] = None
    return data


def _same_or_new(before: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """An organization of another id, or without one of another name, is another one and takes nothing over."""
    if not isinstance(before, Mapping):
        return dict(said)
    same = said["id"] == before["id"] if said.get("id") else said.get("name") == before["name"]
    return {**before, **said, "id": before["id"]} if same else dict(said)


def _items(name: str, before: Any, said: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    free = list(before or ())
    named = {item["id"] for item in said if item.get("id")}
    found: list[dict[str, Any] | None] = []
    for item in said:
        same = next((one for one in free if item.get("id") and one["id"] == item["id"]), None)
        if same is not None:
            free.remove(same)
        found.append(same)
    items = []
    for item, known in zip(said, found, strict=True):
        same = known or next(
            (
                one
                for one in free
                if (one.get("id") is None or one["id"] not in named)
                and all(one.get(key) == item.get(key) for key in KEYS[name])
            ),
            None,
        )
        if same is not None and known is None:
            free.remove(same)
        items.append(_one(name, same, item))
    return items


def _one(name: str, stored: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    item = merged(stored, said, name)
    if stored is not None and "id" in stored:
        item["id"] = stored["id"]
    if name == "phones" and stored is not None and stored["number"] != item["number"]:
        # Another number than the one that somebody rang.
        item |= {"verified_by": None, "verified_on": None}
    return item
