"""Why a service is named, and what to know before going: codes. Their words are in the catalogues, as `reason_<code>`.

A person who reads "speaks your language" goes; one who reads only a name weighs it against the risk of a wasted journey.
"""

from datetime import datetime
from typing import Protocol

from directory.candidates import Candidate
from directory.hours import Hours
from directory.ranking import age_of_news

REASONS = (
    "reopens", "ring_first", "referral_needed", "documents_needed", "no_papers_needed", "open_now", "opens_later", "hours_unknown",
    "speaks_language", "near", "far", "comes_to_you", "by_phone", "confirmed", "confirmed_long_ago", "never_confirmed",
)  # fmt: skip
"""What must be known before going comes first: a message has room for few."""
NEAR_KM = 10.0
FAR_KM = 50.0


class Terms(Protocol):
    """What the reasons need of a `Service`."""

    @property
    def walk_in(self) -> bool: ...
    @property
    def referral_needed(self) -> bool: ...
    @property
    def documents_required(self) -> bool: ...
    @property
    def legal_status(self) -> str: ...


def reasons(candidate: Candidate, terms: Terms, hours: Hours, language: str | None, at: datetime) -> tuple[str, ...]:
    """The codes that hold, in the order of `REASONS`."""
    closed = candidate.reopens is not None
    by_phone = candidate.door in ("country", "hotline")
    distance = candidate.distance_km
    age = age_of_news(candidate, at)
    holds = {
        "reopens": closed,
        "ring_first": not by_phone and (candidate.is_confidential or not terms.walk_in or hours.kind == "appointment"),
        "referral_needed": terms.referral_needed,
        "documents_needed": terms.documents_required,
        "no_papers_needed": terms.legal_status == "not_required" and not terms.documents_required,
        "open_now": not closed and hours.kind in ("open", "always"),
        "opens_later": not closed and hours.kind == "closed",
        "hours_unknown": not closed and hours.kind == "unknown",
        "speaks_language": language is not None and language in candidate.languages,
        "near": distance is not None and distance <= NEAR_KM,
        "far": distance is not None and distance > FAR_KM,
        "comes_to_you": candidate.door == "circle",
        "by_phone": by_phone,
        "confirmed": age == 0,
        "confirmed_long_ago": age == 2,
        "never_confirmed": age == 3,
    }
    return tuple(code for code in REASONS if holds[code])
