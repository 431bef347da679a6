"""A referral on paper, for a partner without a link: what the page behind the link shows, with boxes for the answer. Set by Typst."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import typst

from cases.referrals.content import NUMBERS
from cases.referrals.links import lines
from cases.referrals.models import DECLINE_REASONS, Referral
from cases.referrals.words import partner_words

_PAGE = Path(__file__).parent / "form.typ"
_FONTS = Path(__file__).parents[2] / "directory" / "data" / "fonts"


def _apart(text: str, *, number: bool = False) -> str:
    """Each line in its own direction: a number in an Arabic form would have its plus at the wrong end, and nobody could call it."""
    opening = "\u2066" if number else "\u2068"
    return "\n".join(f"{opening}{line}\u2069" for line in text.split("\n"))


def make_form(referral: Referral, *, place: str, today: date) -> bytes:
    """The form as PDF, in the partner's language. No font but ours: what is tested is what is printed."""
    made = typst.compile(
        str(_PAGE),
        format="pdf",
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"form": json.dumps(contents(referral, place=place, today=today))},
        pdf_standards="ua-1",
    )
    return made if isinstance(made, bytes) else b"".join(made)


def contents(referral: Referral, *, place: str, today: date) -> dict[str, Any]:
    """What stands on the form."""
    words = partner_words(referral.language)
    return {
        "language": words.code,
        "direction": words.direction,
        "title": words.say("page_title"),
        "intro": words.say("form_intro"),
        "place": place,
        "reference": words.say("reference", reference=_apart(referral.reference)),
        "date": words.date(today),
        "fields": [
            {"label": words.say(f"field_{one.name}"), "text": _apart(one.text, number=one.name in NUMBERS)}
            for one in lines(referral)
        ],
        "answer": words.say("form_answer"),
        "accept": words.say("accept_heading"),
        "decline": words.say("decline_heading"),
        "reasons": [words.say(f"reason_{reason}") for reason in DECLINE_REASONS],
        "sign": words.say("form_sign"),
        "confidential": words.say("confidential"),
    }
