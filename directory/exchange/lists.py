"""Items of a list out of a file, put together with those that are stored: what is the same keeps its id and what the file cannot say."""

import re
from collections.abc import Sequence
from typing import Any

from directory.exchange.cells import CellError, split_list

_AREA = re.compile(
    r"^(?P<country>[A-Za-z]{2})(?:\s+(?P<name>.*?))??"
    r"(?:\s+(?P<latitude>-?\d+(?:\.\d+)?)\s*,\s*(?P<longitude>-?\d+(?:\.\d+)?)\s+(?P<radius>\d+(?:\.\d+)?)\s*km)?$",
    re.DOTALL | re.IGNORECASE,
)


def areas(text: str) -> list[dict[str, Any]]:
    """Fields of `AreaRecord` of each: `BD`, `BD Dhaka`, `BD Dhaka 23.8,90.4 25km`. Raises CellError."""
    found = []
    for item in split_list(text):
        match = _AREA.match(item)
        if match is None:
            raise CellError("area", value=item)
        area: dict[str, Any] = {"country": match["country"].upper(), "name": match["name"] or None}
        circle = {"latitude": match["latitude"], "longitude": match["longitude"], "radius_km": match["radius"]}
        found.append(area | {name: None if value is None else float(value) for name, value in circle.items()})
    return found


def items_by(found: Sequence[dict[str, Any]], before: Any, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Each found item, as the stored one of the same keys when there is one (each is taken once)."""
    free = list(before or ())
    items: list[dict[str, Any]] = []
    for item in found:
        same = next((one for one in free if all(one.get(key) == item.get(key) for key in keys)), None)
        if same is not None:
            free.remove(same)
        items.append({**same, **item} if same is not None else item)
    return items


def bare_number(number: str) -> str:
    """What is left of a number after a spreadsheet had it: digits without plus and zeros before them."""
    return re.sub(r"[^0-9*#]", "", number).lstrip("0")


def kept_phones(found: Sequence[dict[str, Any]], before: Any) -> list[dict[str, Any]]:
    """The found numbers, each as the stored one of the same digits: with its plus, its verification and its languages."""
    free = list(before or ())
    phones: list[dict[str, Any]] = []
    for phone in found:
        same = next((one for one in free if one["number"] == phone["number"]), None) or next(
            (one for one in free if bare_number(one["number"]) == bare_number(phone["number"])), None
        )
        if same is None:
            phones.append(phone)
            continue
        free.remove(same)
        eaten = phone["number"] != same["number"] and not phone["number"].startswith("+")
        merged = {**same, "phone_type": "voice", "extension": None, **phone}
        if "description" not in phone and not set(same["description"] or "") & set("()"):
            merged["description"] = None
        merged.pop("eaten", None)
        if eaten:
            merged["number"] = same["number"]
        elif phone["number"] != same["number"]:
            # Another way of writing is another number until somebody has rung it.
            merged |= {"verified_by": None, "verified_on": None}
        phones.append(merged)
    return phones
