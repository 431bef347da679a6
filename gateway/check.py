"""The check of every text before it leaves: what would a controller learn who reads only this one message?

It runs when a text is written down and again right before it is sent, for the bot, for the service and for caseworkers alike. Towards a
caseworker it warns; a text of ours that fails is not sent. Pure: everything it needs is given.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from core.languages import find_words
from core.settings import Settings
from gateway.budgets import DIRECTORY, budget_of
from gateway.contacts import find_links, find_phone_numbers
from gateway.own_words import find_own_words
from gateway.segments import count_segments
from gateway.wording import Wording

Rule = Literal["forbidden_word", "organisation", "link", "phone_number", "own_words", "promise", "too_long"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that is to leave. Without `key` a human wrote it."""

    text: str = field(repr=False)
    key: str | None = None
    sms: bool = True
    said: tuple[str, ...] = field(default=(), repr=False)
    """What the person wrote in their own words."""
    ours: tuple[str, ...] = field(default=(), repr=False)
    """The parts of the text that come from our catalogues, the directory or the gazetteer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a text breaks, and the words that break it. The words are for the page of whoever may read the text, never for a log."""

    rule: Rule
    words: tuple[str, ...] = field(default=(), repr=False)


def check(draft: Draft, wording: Wording, settings: Settings) -> tuple[Finding, ...]:
    """Every rule that the text breaks; none, when it may leave."""
    directory = draft.key in DIRECTORY
    found: dict[Rule, Iterable[str]] = {
        "forbidden_word": wording.forbidden(draft.text),
        "organisation": find_words(draft.text, settings.organisation_names),
        "link": find_links(draft.text, settings.allowed_links),
        "phone_number": () if directory else find_phone_numbers(draft.text),
        "own_words": find_own_words(draft.text, draft.said, draft.ours),
        # The name of a place is no promise of ours, and what a caseworker may promise they know better than a list.
        "promise": () if directory or draft.key is None else wording.promises(draft.text),
    }
    findings = [Finding(rule, tuple(words)) for rule, words in found.items() if words]
    if draft.sms and count_segments(draft.text).segments > budget_of(draft.key, settings):
        findings.append(Finding("too_long"))
    return tuple(findings)


def tells(text: str, wording: Wording, settings: Settings) -> bool:
    """Whether a name or an address by itself tells too much."""
    return bool(wording.forbidden(text) or find_words(text, settings.organisation_names))
