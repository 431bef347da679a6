"""How fresh an entry is, for the list and its filter: confirmed lately, due for a check, overdue, never confirmed."""

from datetime import date, timedelta
from typing import Literal

from sqlalchemy import ColumnElement

from directory.models import Service
from directory.review.policy import Policy

FRESHNESS = ("fresh", "due", "overdue", "never")
Freshness = Literal["fresh", "due", "overdue", "never"]


def freshness_of(service: Service, policy: Policy, today: date) -> Freshness:
    """How fresh one entry is, by the interval of its kind."""
    if service.assured_date is None:
        return "never"
    day = policy.due_on(service)
    if day < today:
        return "overdue"
    return "due" if day <= today + timedelta(days=policy.ask_before) else "fresh"


def freshness_is(wanted: str, policy: Policy, today: date) -> ColumnElement[bool]:
    """The same as a condition of a query."""
    if wanted == "never":
        return Service.assured_date.is_(None)
    known, day, soon = (
        Service.assured_date.is_not(None),
        policy.due_on_column(),
        today + timedelta(days=policy.ask_before),
    )
    if wanted == "overdue":
        return known & (day < today)
    return known & (day > soon if wanted == "fresh" else day.between(today, soon))
