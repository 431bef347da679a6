"""Invented services for demonstrations, marked as such in every row and every name. Refuses to run anywhere else."""

import hashlib
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from core.settings import Settings
from directory.confidential import ConfidentialAddress
from directory.errors import NotADemonstrationError
from directory.models import (
    Address,
    DataImport,
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

_EXAMPLES = Path(__file__).parent / "data" / "examples"
_LOCK = 7_390_117


def seed_examples(session: Session, settings: Settings) -> int:
    """Load the examples of the countries served that are not loaded yet; returns how many services were written.

    Raises NotADemonstrationError outside a demonstration.
    """
    if not settings.demonstration:
        raise NotADemonstrationError
    session.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK})
    written = 0
    for country in settings.countries:
        path = _EXAMPLES / f"{country}.yml"
        if not path.is_file():
            continue
        marker = session.get(DataImport, f"examples:{country}")
        digest = hashlib.sha256(path.read_bytes() + (_EXAMPLES / "kinds.yml").read_bytes()).hexdigest()
        if marker is not None and marker.digest == digest:
            continue
        count = _load(session, country, yaml.safe_load(path.read_text(encoding="utf-8")))
        session.merge(DataImport(name=f"examples:{country}", digest=digest, rows=count))
        written += count
    session.flush()
    return written


def _load(session: Session, country: str, content: dict[str, Any]) -> int:
    name = content["organization"]["name"]
    earlier = select(Organization.id).where(Organization.name == name, Organization.is_example)
    session.execute(delete(Organization).where(Organization.id.in_(earlier)))
    organization = Organization(**content["organization"], is_example=True)
    session.add(organization)
    session.flush()
    for entry in content["services"]:
        cities = content["cities"].get(entry.get("city"), {})
        zone = entry.get("timezone", content["timezone"])
        service = _service(organization, country, kind=_kinds()[entry["kind"]], entry=entry, cities=cities, zone=zone)
        session.add(service)
        if "at" in entry or "area" in entry:
            _place(session, service, entry, cities["en"])
    return len(content["services"])


def _service(
    organization: Organization,
    country: str,
    *,
    kind: dict[str, Any],
    entry: dict[str, Any],
    cities: dict[str, str],
    zone: str,
) -> Service:
    def texts(language: str) -> dict[str, str]:
        return {field: value.format(city=cities.get(language, "")) for field, value in kind["texts"][language].items()}

    service = Service(
        organization_id=organization.id,
        country=country,
        **texts("en"),
        is_example=True,
        is_confidential=kind.get("confidential", False),
        is_hotline=kind.get("hotline", False),
        minimum_age=kind.get("minimum_age"),
        maximum_age=kind.get("maximum_age"),
        eligible_sex=kind.get("eligible_sex", "any"),
        walk_in=kind.get("walk_in", True),
        assured_date=entry.get("assured_date"),
    )
    service.needs = [ServiceNeed(need=need) for need in kind["needs"]]
    service.languages = [ServiceLanguage(language=language) for language in entry["languages"]]
    service.texts = [ServiceText(language=language, state="approved", **texts(language)) for language in kind["texts"]]
    service.phones = [
        Phone(number=number, position=position, is_example=True) for position, number in enumerate(entry["phones"])
    ]
    service.schedules = [_schedule(rule, zone) for rule in kind["schedules"]]
    if service.is_hotline:
        service.areas = [ServiceArea(country=country)]
    return service


def _schedule(rule: dict[str, Any], zone: str) -> Schedule:
    times = {name: time.fromisoformat(rule[name]) for name in ("opens_at", "closes_at") if name in rule}
    return Schedule(kind=rule["kind"], timezone=zone, byday=rule.get("byday"), **times)


def _place(session: Session, service: Service, entry: dict[str, Any], city: str) -> None:
    latitude, longitude = entry.get("area") or entry["at"]
    location = Location(
        organization_id=service.organization_id,
        country=service.country,
        latitude=latitude,
        longitude=longitude,
        city=city,
        is_confidential=service.is_confidential,
    )
    if "address" in entry:
        location.addresses = [Address(address_1=entry["address"], city=city, country=service.country)]
    session.add(location)
    session.flush()
    session.add(ServiceAtLocation(service_id=service.id, location_id=location.id))
    if "true_address" in entry:
        session.add(
            ConfidentialAddress(location_id=location.id, address=entry["true_address"], point=entry["true_point"])
        )


@lru_cache(maxsize=1)
def _kinds() -> dict[str, dict[str, Any]]:
    kinds: dict[str, dict[str, Any]] = yaml.safe_load((_EXAMPLES / "kinds.yml").read_text(encoding="utf-8"))
    return kinds
