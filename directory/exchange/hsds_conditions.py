"""Fields of ours that the standard has no place for: attributes of our own taxonomies, as `directory.hsds` writes them."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from directory.hsds.taxonomies import CONDITIONS, NEEDS, taxonomies

_YES_NO = {
    "children_accompanying": "children_accompanying", "documents_required": "documents_required", "walk_in": "walk_in",
    "referral_needed": "referral_needed", "hotline": "is_hotline", "confidential": "is_confidential",
}  # fmt: skip
_CHOICES = {
    "sex": ("eligible_sex", ("any", "female", "male")),
    "legal_status": ("legal_status", ("not_required", "required")),
}
_DEFAULTS = {
    "eligible_sex": "any", "eligible_nationalities": None, "legal_status": "unknown", "children_accompanying": None,
    "documents_required": False, "is_hotline": False, "closed_until": None, "closed_reason": None,
}  # fmt: skip
"""What it means that one of our documents says nothing of these."""


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list; nothing of what is no list."""
    return (item for item in (value if isinstance(value, list) else ()) if isinstance(item, Mapping))


@cache
def _names(key: str) -> frozenset[str]:
    ours = taxonomies()[key]
    return frozenset({str(ours.id), ours.name.casefold()})


def _of(term: Mapping[str, Any], key: str) -> bool:
    detail = term.get("taxonomy_detail")
    inner = (detail.get("id"), detail.get("name")) if isinstance(detail, Mapping) else ()
    said = {str(one).casefold() for one in (term.get("taxonomy_id"), term.get("taxonomy"), *inner) if one}
    return bool(said & _names(key))


def is_need(term: Mapping[str, Any]) -> str | None:
    """The need that a term means: one of ours, or the only one that its Open Eligibility code is mapped to."""
    code = str(term.get("code") or "")
    ours = taxonomies()[NEEDS].terms
    if _of(term, NEEDS):
        return code if code in ours else None
    taxonomy = str(term.get("taxonomy") or "").casefold()
    if "open eligibility" not in taxonomy and "openeligibility" not in taxonomy:
        return None
    found = [need for need, one in ours.items() if code in one.open_eligibility]
    return found[0] if len(found) == 1 else None


class Conditions:
    """The conditions attached to a service, a location or a number."""

    def __init__(self, holder: Mapping[str, Any]) -> None:
        self._said: dict[str, list[str]] = {}
        for item in mappings(holder.get("attributes")):
            term = item.get("taxonomy_term")
            if isinstance(term, Mapping) and self.is_one(term) and isinstance(item.get("value"), str):
                self._said.setdefault(str(term.get("code")), []).append(item["value"].strip())

    @staticmethod
    def is_one(term: Mapping[str, Any]) -> bool:
        """Whether a term is of our conditions."""
        return _of(term, CONDITIONS)

    @property
    def country(self) -> str | None:
        """Country of the entry."""
        found = self._first("country")
        return found if found and re.fullmatch("[A-Z]{2}", found) else None

    @property
    def zone(self) -> str | None:
        """The zone of the hours, when there is one only."""
        said = set(self._said.get("timezone", ()))
        return said.pop() if len(said) == 1 and said <= available_timezones() else None

    @property
    def alert_until(self) -> date | None:
        """Last day of the alert."""
        return _day(self._first("alert_until"))

    def fields(self) -> dict[str, Any]:
        """Fields of a `ServiceRecord`; empty for a document that is not of our profile."""
        if not self._said:
            return {}
        made: dict[str, Any] = dict(_DEFAULTS)
        for code, name in _YES_NO.items():
            if (said := self._first(code)) in ("yes", "no"):
                made[name] = said == "yes"
        for code, (name, choices) in _CHOICES.items():
            if (said := self._first(code)) in choices:
                made[name] = said
        if self._said.get("nationality"):
            made["eligible_nationalities"] = tuple(self._said["nationality"])
        elif self._first("any_nationality") == "yes":
            made["eligible_nationalities"] = ()
        made["closed_until"] = _day(self._first("closed_until"))
        made["closed_reason"] = self._first("closed_reason")
        return made

    def place(self) -> dict[str, Any]:
        """Fields of a `LocationRecord`."""
        made: dict[str, Any] = {
            code: said for code in ("country", "city", "state_province") if (said := self._first(code))
        }
        if self._first("confidential") == "yes":
            made["is_confidential"] = True
        return made

    def _first(self, code: str) -> str | None:
        return next(iter(self._said.get(code, ())), None)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
