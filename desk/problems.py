"""What is wrong with a form, beside the field it is wrong in, in words of the catalogue: the text of an exception reaches nobody."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from desk.entry_form import Origins
from desk.words import Words

Problems = dict[str, list[str]]
"""For a field of the form, what to say of it."""

_KINDS = {
    "missing": "required", "string_too_short": "required", "too_short": "required", "string_too_long": "too_long",
    "literal_error": "choice",
    "float_parsing": "number", "int_parsing": "number", "int_from_float": "number", "decimal_parsing": "number",
    "decimal_max_places": "number", "decimal_max_digits": "number", "finite_number": "number", "float_type": "number",
    "greater_than": "range", "greater_than_equal": "range", "less_than": "range", "less_than_equal": "range",
    "date_parsing": "date", "date_from_datetime_parsing": "date", "date_from_datetime_inexact": "date", "time_parsing": "time",
}  # fmt: skip
_PATTERNS = {
    "url": "web_address", "website": "web_address", "uri": "web_address", "email": "email", "country": "country",
    "currency": "currency", "languages": "language", "eligible_nationalities": "country",
}  # fmt: skip
_OWN = {
    "phone_number": "", "zone": "timezone", "verified": "verified_on", "weekly_hours": "", "closure_days": "", "day_order": "",
    "days": "", "point": "latitude", "confidential_address": "addresses", "confidential_point": "latitude", "circle": "radius_km",
    "need": "needs", "age_order": "maximum_age", "alert_day": "alert_until", "confidential_locations": "is_confidential",
    "confidential_numbers": "is_confidential",
}  # fmt: skip
"""Codes of `directory.records` for a whole row, and the field of it to show them at."""


def problems_of(error: ValidationError, origins: Origins, words: Words) -> Problems:
    """For each field that is wrong, sentences that say what is and what to do."""
    found: Problems = {}
    for fault in error.errors(include_url=False, include_input=False):
        kind, values = _kind(fault)
        path = field_of(fault["loc"], fault["type"], origins)
        sentence = words.say(f"directory_problem_{kind}", **values)
        if sentence not in found.setdefault(path, []):
            found[path].append(sentence)
    return found


def field_of(location: tuple[str | int, ...], kind: str, origins: Origins) -> str:
    """The field of the form that a place in the record comes from: `phones.0.number`, `hours.blocks.0.MO`."""
    for rules, fields in origins.items():
        if location[: len(rules)] == rules and len(location) > len(rules):
            number = location[len(rules)]
            return fields[number] if isinstance(number, int) and number < len(fields) else "hours"
    parts = [str(part) for part in location if part != "[key]"]
    if parts and parts[-1].isdecimal() and parts[-2:-1] in (["languages"], ["eligible_nationalities"]):
        parts.pop()
    return ".".join([*parts, *filter(None, [_OWN.get(kind, "")])])


def kind_of_rule(rule: str) -> str:
    """The sentence for a code of a broken rule, where no more is known of the fault: `directory_problem_<this>`."""
    return rule if rule in _OWN else _KINDS.get(rule, "") if rule != "string_too_long" else ""


def _kind(fault: Mapping[str, Any]) -> tuple[str, dict[str, object]]:
    kind = fault["type"]
    if kind in _OWN:
        return kind, {}
    if kind == "string_pattern_mismatch":
        names = [part for part in fault["loc"] if isinstance(part, str)]
        return _PATTERNS.get(names[-1] if names else "", "other"), {}
    if kind in ("string_too_long", "too_long"):
        return "too_long", {"most": fault["ctx"]["max_length"]}
    return _KINDS.get(kind, "other"), {}
