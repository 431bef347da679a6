"""Builders of services for the tests of the search; every argument has a plain default."""

from datetime import date, time
from typing import Any

from sqlalchemy.orm import Session

from directory.models import (
    Address,
    Location,
    Organization,
    Phone,
    Schedule,
    Service,
    ServiceArea,
    ServiceAtLocation,
    ServiceLanguage,
    ServiceNeed,
    ServiceText,
)

EVERY_DAY = "MO,TU,WE,TH,FR,SA,SU"
ALWAYS = {"kind": "always"}
DAY = {"kind": "weekly", "byday": EVERY_DAY, "opens_at": time(8), "closes_at": time(18)}
NIGHT = {"kind": "weekly", "byday": EVERY_DAY, "opens_at": time(20), "closes_at": time(7)}
UNKNOWN = {"kind": "unknown"}


def add_service(
    session: Session,
    organization: Organization,
    name: str,
    *,
    at: tuple[float, float] | None = None,
    needs: tuple[str, ...] = ("shelter",),
    hours: tuple[dict[str, Any], ...] = (ALWAYS,),
    languages: tuple[str, ...] = (),
    texts: dict[str, tuple[str, str]] | None = None,
    country: str = "BD",
    phone: tuple[str, date | None] | None = None,
    area_km: float | None = None,
    nationwide: bool = False,
    location: dict[str, Any] | None = None,
    flush: bool = True,
    **values: Any,
) -> Service:
    """A service, at a point if one is given, written unless `flush` is False."""
    service = Service(organization_id=organization.id, country=country, name=name, **values)
    service.needs = [ServiceNeed(need=need) for need in needs]
    service.languages = [ServiceLanguage(language=language) for language in languages]
    service.texts = [
        ServiceText(language=language, name=text, state=state) for language, (text, state) in (texts or {}).items()
    ]
    service.schedules = [Schedule(timezone="Asia/Dhaka", **rule) for rule in hours]
    if phone:
        verified = {"verified_by": "tester", "verified_on": phone[1]} if phone[1] else {}
        service.phones = [Phone(number=phone[0], **verified)]
    if nationwide:
        service.areas = [ServiceArea(country=country)]
    if area_km and at:
        service.areas = [ServiceArea(country=country, latitude=at[0], longitude=at[1], radius_km=area_km)]
    if at and not area_km:
        address_1 = (location or {}).pop("address_1", f"Street of {name}")
        where = Location(
            organization_id=organization.id, country=country, latitude=at[0], longitude=at[1], **(location or {})
        )
        where.addresses = [Address(address_1=address_1, country=country)]
        session.add(where)
        service.at_locations = [ServiceAtLocation(location=where)]
    session.add(service)
    if flush:
        session.flush()
    return service
