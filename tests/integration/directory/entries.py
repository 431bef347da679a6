"""Builders of entries for the tests of the review; everything in them is invented."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from directory.models import Service
from directory.records import OrganizationRecord, PhoneRecord, ScheduleRecord, ServiceRecord
from directory.review import listing
from directory.writing import write

EDITOR, APPROVER = "editor", "approver"
START = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Clock:
    """Moments that never stand still: each is a minute after the one before."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self, **later: float) -> datetime:
        self.now += timedelta(**later) if later else timedelta(minutes=1)
        return self.now


def entry(name: str = "Night beds (example)", **values: Any) -> ServiceRecord:
    """A plain entry with a number and hours."""
    plain: dict[str, Any] = {
        "organization": OrganizationRecord(name="Example House (example)"),
        "country": "BD",
        "needs": ("shelter",),
        "description": "A bed for a night.",
        "phones": (PhoneRecord(number="+15005550100", verified_by="tester", verified_on=START.date()),),
        "schedules": (ScheduleRecord(kind="always", timezone="Asia/Dhaka"),),
    }
    return ServiceRecord(name=name, **(plain | values))


def published(session: Session, record: ServiceRecord | None = None, *, at: datetime = START) -> Service:
    """An entry that people are told of."""
    service = write(session, record or entry(), by="tester", source="form", at=at).service
    return listing.publish(session, service.id, by="tester", at=at)
