"""Sentences translated and checked beforehand: shown as the person will read them, then put into the field, where they can be changed."""

from dataclasses import dataclass

from desk.bubbles import Meanings
from gateway.segments import count_segments

KEYS = (
    "ask_safe", "ask_danger", "ask_medical", "ask_trusted_adult", "ask_shared_phone", "ask_place", "ask_support",
    "say_where_am_i", "say_received_not_opened", "say_third_party", "say_services_intro", "say_later", "say_goodbye",
)  # fmt: skip
"""Texts of the catalogues without fields that also make sense from a human hand."""


@dataclass(frozen=True, slots=True)
class Canned:
    """One sentence: its key and what it says in the language of the console."""

    key: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Preview:
    """As the person will read it. `lang` is its language; `segments` is 0 where it does not go by SMS."""

    key: str
    text: str
    lang: str
    own_language: bool
    """Whether that is the person's language; else it is the one of last resort."""
    segments: int
    encoding: str


def choices(meanings: Meanings) -> list[Canned]:
    """Every sentence there is, in the order of KEYS."""
    found = [(key, meanings.text(key)) for key in KEYS]
    return [Canned(key, text) for key, text in found if text]


def preview(key: str, language: str | None, channel: str, meanings: Meanings) -> Preview | None:
    """One sentence rendered for a person; None for a key that is none of these."""
    wording = meanings.wording
    spoken = language if language in wording.codes else wording.codes[0]
    if key not in KEYS:
        return None
    try:
        text = wording.template(spoken, key)
    except KeyError:
        return None
    if channel == "sms":
        text = wording.plain(spoken, text)
    count = count_segments(text)
    return Preview(key, text, spoken, spoken == language, count.segments if channel == "sms" else 0, count.encoding)
