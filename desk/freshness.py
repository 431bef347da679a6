"""How fresh an entry is, for the list and its filter: confirmed lately, due for a check, overdue, never confirmed."""

from datetime import date, timedelta
from typing import Literal

from sqlalchemy import ColumnElement

from directory.models import Service

FRESHNESS = ("fresh", "due", "overdue", "never")
Freshness = Literal["fresh", "due", "overdue", "never"]
_DUE, _OVERDUE = timedelta(days=90), timedelta(days=120)


def freshness_of(service: Service, today: date) -> Freshness:
    """How fresh one entry is."""
    if service.assured_date is None:
        return "never"
    age = today - service.assured_date
    return "overdue" if age > _OVERDUE else "due" if age > _DUE else "fresh"


def freshness_is(wanted: str, today: date) -> ColumnElement[bool]:
    """The same as a condition of a query."""
    if wanted == "never":
        return Service.assured_date.is_(None)
    if wanted == "overdue":
        return Service.assured_date < today - _OVERDUE
    if wanted == "due":
        return Service.assured_date.between(today - _OVERDUE, today - _DUE - timedelta(days=1))
    return Service.assured_date >= today - _DUE
