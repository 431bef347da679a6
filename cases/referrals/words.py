"""Letters that leave the team, the page behind a referral's link and the printed form: one gettext file a language."""

from functools import cache
from pathlib import Path

from directory.review.words import FocalWords

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = ("en", "fr", "ar", "bn", "es", "pt")


@cache
def partner_words(code: str) -> FocalWords:
    """The texts in a language, in English for one that there is none in."""
    return FocalWords(code if code in LANGUAGES else "en", FOLDER)
