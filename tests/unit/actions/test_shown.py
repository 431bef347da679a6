"""What a person reads of a service beside its name: what to know before going, in few lines and whole words."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from bot.actions.shown import shown
from core.catalogues import Catalogues
from core.languages import LOCALE
from directory.hours import Hours
from directory.search import FoundService

FOUND = FoundService(
    id=uuid4(), name="It", description="", language=None, organization="Its own", needs=("shelter",), hours=Hours("always"),
    distance_km=1.0, address="1 Example Street", confidential_address=False, phones=(), languages=("bn",), eligible_sex="any",
    walk_in=True, referral_needed=False, documents_required=False, is_hotline=False, is_example=False, assured_date=None,
)  # fmt: skip


@pytest.fixture(scope="module")
def catalogues() -> Catalogues:
    return Catalogues.load(LOCALE, ("en", "fr", "bn"))


def notes(found: FoundService, catalogues: Catalogues, language: str = "en") -> list[str]:
    return str(shown(found, language, catalogues).values["notes"]).split("\n")


def test_the_two_most_important_things_are_said_in_the_persons_language(catalogues: Catalogues) -> None:
    reasons = ("ring_first", "referral_needed", "open_now", "speaks_language", "confirmed")
    assert notes(replace(FOUND, reasons=reasons), catalogues) == [
        "Please call before you go",
        "Someone must send you there: write 0 for a person",
    ]
    assert notes(replace(FOUND, reasons=("speaks_language",)), catalogues, "bn") == ["আপনার ভাষায় কথা বলে"]
    assert notes(replace(FOUND, reasons=("open_now", "near", "confirmed")), catalogues) == [""]


def test_what_is_far_and_what_is_closed_for_now_says_so_first(catalogues: Catalogues) -> None:
    reasons = ("reopens", "ring_first", "far")
    found = replace(FOUND, reasons=reasons, reopens=date(2026, 12, 24))
    assert notes(found, catalogues, "fr") == ["Fermé pour le moment, rouvrira peut-être le 24 décembre", "Loin de vous"]


def test_a_notice_is_told_whole_or_people_are_asked_to_ring(catalogues: Catalogues) -> None:
    assert notes(replace(FOUND, alert="No water until Friday"), catalogues) == ["No water until Friday"]
    long = replace(FOUND, alert="word " * 40, reasons=("far", "speaks_language"))
    assert notes(long, catalogues) == ["Please call before you go", "Far from you"]
