"""A referral on paper, for a partner without a link: what the page behind the link shows, with boxes for the answer. Set by Typst."""

import json
from datetime import date
from pathlib import Path

import typst

from cases.referrals.links import lines
from cases.referrals.models import DECLINE_REASONS, Referral
from cases.referrals.words import partner_words

_PAGE = Path(__file__).parent / "form.typ"
_FONTS = Path(__file__).parents[2] / "directory" / "data" / "fonts"


def make_form(referral: Referral, *, place: str, today: date) -> bytes:
    """The form as PDF, in the partner's language. No font but ours: what is tested is what is printed."""
    words = partner_words(referral.language)
    content = {
        "language": words.code,
        "direction": words.direction,
        "title": words.say("page_title"),
        "intro": words.say("form_intro"),
        "place": place,
        "reference": words.say("reference", reference=referral.reference),
        "date": words.date(today),
        "fields": [{"label": words.say(f"field_{one.name}"), "text": one.text} for one in lines(referral)],
        "answer": words.say("form_answer"),
        "accept": words.say("accept_heading"),
        "decline": words.say("decline_heading"),
        "reasons": [words.say(f"reason_{reason}") for reason in DECLINE_REASONS],
        "sign": words.say("form_sign"),
        "confidential": words.say("confidential"),
    }
    made = typst.compile(
        str(_PAGE),
        format="pdf",
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"form": json.dumps(content)},
        pdf_standards="ua-1",
    )
    return made if isinstance(made, bytes) else b"".join(made)
