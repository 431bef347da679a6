"""Finding where to refer a person: the directory's search with what they chose to tell filled in, and the services side by side.

The facts travel in a form, never in an address: what somebody told stays out of histories and logs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Case
from cases.service import read_screening
from core.settings import Settings
from desk.words import Words
from directory import places, search
from directory.errors import UnknownEntryError
from directory.models import NEEDS, Service
from directory.review import asking
from directory.review.models import FocalPoint

MOST = 6
"""Services side by side: more cannot be compared."""
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Facts:
    """What is searched by, as the form has it; empty: not known, which excludes nothing."""

    need: str = ""
    country: str = ""
    place: str = ""
    language: str = ""
    under_18: str = ""
    sex: str = ""
    papers: str = ""
    children: str = ""

    @classmethod
    def told(cls, case: Case, settings: Settings) -> "Facts":
        """What the person chose to tell."""
        screening = read_screening(case)
        told = screening.answers
        special = told.get("special")
        return cls.of(
            {
                "need": next((need for need in screening.needs if need in NEEDS), ""),
                "country": str(told.get("country") or (settings.countries[0] if len(settings.countries) == 1 else "")),
                "place": str(told.get("place") or "").replace("skip", ""),
                "language": case.conversation.language or "",
                "under_18": str(told.get("under_18") or ""),
                "children": "yes" if isinstance(special, list) and "small_children" in special else "",
            },
            settings,
        )

    @classmethod
    def of(cls, form: Mapping[str, str], settings: Settings) -> "Facts":
        """From a form; a value that means nothing is not known."""
        return cls(
            need=_one_of(form.get("need", ""), NEEDS),
            country=_one_of(form.get("country", ""), settings.countries),
            place=form.get("place", "").strip()[:LONGEST],
            language=_one_of(form.get("language", ""), settings.languages),
            under_18=_one_of(form.get("under_18", ""), ("yes", "no")),
            sex=_one_of(form.get("sex", ""), ("female", "male")),
            papers=_one_of(form.get("papers", ""), ("yes", "no")),
            children=_one_of(form.get("children", ""), ("yes", "no")),
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """One service as a column of the comparison."""

    id: UUID
    name: str
    organization: str
    distance: str
    hours: str
    languages: str
    phones: tuple[str, ...]
    address: str
    terms: tuple[str, ...]
    confirmed: date | None
    takes_links: bool
    """Somebody there is named to take referrals."""
    is_example: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The comparison, the place as it was understood, and what had to be widened."""

    offers: list[Offer]
    place: str
    relaxed: tuple[str, ...]


def find(session: Session, facts: Facts, settings: Settings, words: Words) -> Found:
    """Services for these facts; none without a need and a country."""
    known = places.look_up(session, facts.place, facts.country or None, limit=1) if facts.place else []
    request = search.SearchRequest(
        country=facts.country or None,
        needs=(facts.need,) if facts.need else (),
        place_id=known[0].id if known else None,
        language=facts.language or None,
        under_18=_yes(facts.under_18),
        sex=facts.sex or None,
        has_papers=_yes(facts.papers),
        with_children=_yes(facts.children),
        demonstration=settings.demonstration,
        limit=MOST,
    )
    result = search.find(session, request)
    named = _with_focal_points(session, [found.id for found in result.services])
    return Found(
        offers=[_offer(found, words, takes_links=found.id in named) for found in result.services],
        place=known[0].label if known else "",
        relaxed=result.relaxed,
    )


def place_name(session: Session, service_id: UUID, language: str, settings: Settings) -> str | None:
    """The name that the person reads in the question about their consent; None: the directory tells nobody of this service."""
    told = search.told(session, service_id, language, demonstration=settings.demonstration)
    return told.name if told else None


def focal_points(session: Session, service_id: UUID) -> list[FocalPoint]:
    """Who takes referrals for a service: those named for it, else those of its whole organization."""
    try:
        return asking.focal_points(session, service_id)
    except UnknownEntryError:
        return []


def _with_focal_points(session: Session, ids: list[UUID]) -> set[UUID]:
    return set(
        session.scalars(
            select(Service.id)
            .join(FocalPoint, FocalPoint.organization_id == Service.organization_id)
            .where(Service.id.in_(ids), FocalPoint.is_active)
            .where((FocalPoint.service_id == Service.id) | FocalPoint.service_id.is_(None))
        )
    )


def _offer(found: search.FoundService, words: Words, *, takes_links: bool) -> Offer:
    terms = [
        f"referral_term_{name}" for name in ("walk_in", "referral_needed", "documents_required") if getattr(found, name)
    ]
    terms += [f"referral_term_{found.eligible_sex}"] if found.eligible_sex in ("female", "male") else []
    hours = found.hours
    kind = "closed" if found.reopens else hours.kind
    return Offer(
        id=found.id,
        name=found.name,
        organization=found.organization,
        distance="" if found.distance_km is None else words.say("referral_km", km=round(found.distance_km, 1)),
        hours=words.say(f"referral_hours_{kind}"),
        languages=words.say("list_separator").join(words.language(code) for code in found.languages),
        phones=found.phones,
        address=words.say("referral_address_hidden") if found.confidential_address else found.address or "",
        terms=tuple(words.say(term) for term in terms),
        confirmed=found.assured_date,
        takes_links=takes_links,
        is_example=found.is_example,
    )


def _yes(value: str) -> bool | None:
    return {"yes": True, "no": False}.get(value)


def _one_of(value: str, known: tuple[str, ...]) -> str:
    return value if value in known else ""
