"""Which services to name to a person: those that will take them, then the ones that are open, understand them, and are near.

What would turn a person away is a hard filter: country, listing, status, age, sex, and what they said of papers, nationality and children.
All else only orders. Nothing is widened silently: `relaxed` says so, step by step, and the country is never left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from core.database import now
from directory.candidates import Candidate, candidates, of_service
from directory.cards import cards
from directory.hours import Hours, parse, state
from directory.places import PlaceRef
from directory.ranking import ranked
from directory.reasons import reasons
from directory.word_search import TextFilters, TextHit, text_search

__all__ = [
    "RADII_KM", "FoundService", "SearchRequest", "SearchResult", "TextFilters", "TextHit", "Who", "find", "text_search",
]  # fmt: skip

RADII_KM = (50.0, 200.0)
"""First how far a person may go for it, then how far help may be at most before the whole country is searched."""

Who = Literal["adult", "child", "woman", "family"]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Who needs what, where. None: not known, which excludes nothing.

    `country` may be None when `place_id` is given. `under_18`: True, False, or None for unsure and skipped. `sex`: female or male.
    `who`: in one word, where it is known so; what is said more exactly beside it counts more. `has_papers`: False when they said that
    they have none. `nationality`: ISO 3166. `open_now`: an open door counts more than a near one.
    """

    country: str | None
    needs: tuple[str, ...]
    place_id: str | None = None
    language: str | None = None
    under_18: bool | None = None
    age: float | None = None
    sex: str | None = None
    demonstration: bool = False
    limit: int = 3
    who: Who | None = None
    nationality: str | None = None
    has_papers: bool | None = None
    with_children: bool | None = None
    open_now: bool = False


@dataclass(frozen=True, slots=True)
class FoundService:
    """A service as it may be told. A confidential one has no address, and a distance to the middle of its area only."""

    id: UUID
    name: str
    description: str
    language: str | None
    """Language of name and description; None: the organization's own."""
    organization: str
    needs: tuple[str, ...]
    hours: Hours
    distance_km: float | None
    address: str | None
    confidential_address: bool
    phones: tuple[str, ...]
    languages: tuple[str, ...]
    eligible_sex: str
    walk_in: bool
    referral_needed: bool
    documents_required: bool
    is_hotline: bool
    is_example: bool
    assured_date: date | None
    reasons: tuple[str, ...] = ()
    """Why it is named and what to know before going, most important first: codes of `reasons.REASONS`."""
    alert: str | None = None
    """A notice that holds today, in the language of the name where there is one."""
    reopens: date | None = None
    """Closed for now; the day on which it is expected to open again."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """At most `limit` services, best first. `relaxed`: what was widened to find them (`radius_200`, `country`, `hotline`), in order."""

    services: tuple[FoundService, ...]
    relaxed: tuple[str, ...] = ()
    country: str | None = None
    place: PlaceRef | None = None

    @property
    def offer_person(self) -> bool:
        """Whether the answer must end with a human: nothing was found, or nothing near."""
        return not self.services or bool(self.relaxed)


def find(session: Session, request: SearchRequest, *, at: datetime | None = None) -> SearchResult:
    """Services for the request at a moment (default: now). Never one of another country; empty without a need or a country."""
    moment = at or now()
    request = _who(request)
    place, found = candidates(session, request, moment)
    country = request.country or (place.country if place else None)
    if country is None or not request.needs or request.limit < 1:
        return SearchResult((), country=country, place=place)
    chosen, relaxed = _chosen(ranked(found, request, moment), request, place)
    return SearchResult(_told(session, chosen, request, moment), relaxed, country, place)


def told(
    session: Session, service_id: UUID, language: str, *, demonstration: bool, at: datetime | None = None
) -> FoundService | None:
    """One service as a search tells it to whoever reads this language, at its first door and without a distance: for a preview.

    None: nobody can find it, because it is not published, has no need, or is closed for good.
    """
    candidate = of_service(session, service_id)
    request = SearchRequest(None, (), language=language, demonstration=demonstration)
    return next(iter(_told(session, [candidate], request, at or now())), None) if candidate else None


def _who(request: SearchRequest) -> SearchRequest:
    """The request with what the one word for the person says."""
    under_18, sex, children = request.under_18, request.sex, request.with_children
    if request.age is None and under_18 is None and request.who is not None:
        under_18 = request.who == "child"
    if request.who == "woman" and sex is None:
        sex = "female"
    if request.who == "family" and children is None:
        children = True
    return replace(request, under_18=under_18, sex=sex, with_children=children)


def _chosen(
    found: Sequence[Candidate], request: SearchRequest, place: PlaceRef | None
) -> tuple[list[Candidate], tuple[str, ...]]:
    """The few to name, from the smallest circle that holds any, and what had to be widened for them."""
    lines = [one for one in found if one.door == "hotline" and one.need in request.needs]
    lines = lines or [one for one in found if one.door == "hotline"]
    doors = [one for one in found if one.door != "hotline"]
    relaxed: tuple[str, ...] = ()
    if place is not None:
        within = [_within(doors, km) for km in RADII_KM]
        steps = ("radius_200", "country")
        wide = next(
            (number for number, some in enumerate(within) if any(one.door in ("place", "circle") for one in some)), 2
        )
        relaxed = steps[:wide]
        doors = within[wide] if wide < len(within) else doors
    chosen = doors[: request.limit]
    if lines and (not chosen or relaxed):
        chosen = chosen[: request.limit - 1]
        # Hours away from the nearest door, somebody who answers now is worth more than any door.
        chosen = [lines[0], *chosen] if "country" in relaxed else [*chosen, lines[0]]
        relaxed = (*relaxed, "hotline")
    return chosen, relaxed


def _within(doors: Sequence[Candidate], km: float) -> list[Candidate]:
    return [one for one in doors if one.distance_km is None or one.distance_km <= km]


def _told(
    session: Session, chosen: Sequence[Candidate], request: SearchRequest, at: datetime
) -> tuple[FoundService, ...]:
    told = cards(session, chosen, request.language, demonstration=request.demonstration)
    return tuple(_found(told[one.service_id], one, request.language, at) for one in chosen if one.service_id in told)


def _found(card: Any, candidate: Candidate, language: str | None, at: datetime) -> FoundService:
    rules = parse(candidate.hours)
    # While it is closed for weeks, its weekly hours would say "opens tomorrow".
    hours = Hours("closed") if candidate.reopens else state(rules, at)
    texts = {text["language"]: text for text in card.texts or ()}
    text = texts.get(language or "") or texts.get("en")
    day = at.astimezone(rules[0].zone).date() if rules else at.date()
    alert = (text and text["alert"]) or card.alert
    return FoundService(
        id=candidate.service_id,
        name=text["name"] if text else card.name,
        description=text["description"] if text else card.description,
        language=text["language"] if text else None,
        organization=card.organization,
        needs=tuple(card.needs),
        hours=hours,
        distance_km=candidate.distance_km,
        address=card.address or None,
        confidential_address=candidate.is_confidential,
        phones=tuple(dict.fromkeys(card.phones or ())),
        languages=candidate.languages,
        eligible_sex=card.eligible_sex,
        walk_in=card.walk_in,
        referral_needed=card.referral_needed,
        documents_required=card.documents_required,
        is_hotline=card.is_hotline,
        is_example=card.is_example,
        assured_date=candidate.assured_date,
        reasons=reasons(candidate, card, hours, language, at),
        alert=alert if alert and card.alert_until is not None and card.alert_until >= day else None,
        reopens=candidate.reopens,
    )
