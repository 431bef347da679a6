from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from core.catalogues import Catalogues
from core.languages import LOCALE
from directory.candidates import Candidate
from directory.hours import Hours
from directory.reasons import REASONS, reasons

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATELY = date(2026, 11, 1)


@dataclass(frozen=True)
class Terms:
    walk_in: bool = True
    referral_needed: bool = False
    documents_required: bool = False
    legal_status: str = "unknown"


DOOR = Candidate(
    uuid4(), "shelter", "place", uuid4(), 20.0, is_confidential=False, reopens=None, limits_age=False, limits_sex=False, languages=("bn",),
    hours="", assured_date=LATELY,
)  # fmt: skip


@pytest.mark.parametrize(
    ("candidate", "terms", "hours", "expected"),
    [
        ({}, {}, "open", ("open_now", "confirmed")),
        ({}, {}, "always", ("open_now", "confirmed")),
        ({}, {}, "closed", ("opens_later", "confirmed")),
        ({}, {}, "unknown", ("hours_unknown", "confirmed")),
        ({}, {}, "appointment", ("ring_first", "confirmed")),
        ({}, {"walk_in": False}, "open", ("ring_first", "open_now", "confirmed")),
        ({"is_confidential": True}, {}, "open", ("ring_first", "open_now", "confirmed")),
        ({}, {"referral_needed": True}, "open", ("referral_needed", "open_now", "confirmed")),
        (
            {},
            {"documents_required": True, "legal_status": "not_required"},
            "open",
            ("documents_needed", "open_now", "confirmed"),
        ),
        ({}, {"legal_status": "not_required"}, "open", ("no_papers_needed", "open_now", "confirmed")),
        ({"languages": ("bn", "fr")}, {}, "open", ("open_now", "speaks_language", "confirmed")),
        ({"distance_km": 10.0}, {}, "open", ("open_now", "near", "confirmed")),
        ({"distance_km": 51.0}, {}, "open", ("open_now", "far", "confirmed")),
        ({"door": "circle", "distance_km": None}, {}, "open", ("open_now", "comes_to_you", "confirmed")),
        # whoever answers the telephone need not be told to ring first
        ({"door": "country", "distance_km": None}, {"walk_in": False}, "open", ("open_now", "by_phone", "confirmed")),
        ({"door": "hotline", "distance_km": None}, {}, "always", ("open_now", "by_phone", "confirmed")),
        ({"reopens": date(2026, 12, 1)}, {}, "closed", ("reopens", "confirmed")),
        ({"assured_date": date(2026, 6, 1)}, {}, "open", ("open_now",)),
        ({"assured_date": date(2024, 6, 1)}, {}, "open", ("open_now", "confirmed_long_ago")),
        ({"assured_date": None}, {}, "open", ("open_now", "never_confirmed")),
    ],
)
def test_a_service_says_why_it_is_named_and_what_to_know_before_going(
    candidate: dict[str, object], terms: dict[str, object], hours: str, expected: tuple[str, ...]
) -> None:
    one = DOOR._replace(**candidate)  # type: ignore[arg-type]
    assert reasons(one, Terms(**terms), Hours(hours), "fr", NOON) == expected  # type: ignore[arg-type]


def test_every_reason_has_words_in_every_language() -> None:
    codes = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())
    catalogues = Catalogues.load(LOCALE, codes)
    assert catalogues.keys >= {f"reason_{code}" for code in REASONS}
