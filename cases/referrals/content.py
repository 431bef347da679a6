"""What a referral tells: fields chosen one by one, each with the reason why the partner needs it. Nothing is chosen beforehand.

Numbers are not written into it: they are read from the person's row when somebody opens the referral, so that erasure takes them too.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cases.models import Conversation

FIELDS = (
    "name", "phone", "other_number", "contact", "contact_time", "contact_gender", "language", "needs", "place", "under_18",
    "special", "urgency", "request",
)  # fmt: skip
"""In the order in which the partner reads them."""
NUMBERS = frozenset({"phone", "other_number"})
REASONS = ("reach", "understand", "eligible", "safety", "prepare")
"""Why a partner needs a field."""
LONGEST = 600
"""Characters of a field: a referral says what is needed to help, not what happened."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One field of a referral. `value` of a number is empty."""

    name: str
    value: str = field(repr=False)
    why: str


class ContentError(ValueError):
    """The fields cannot be kept so: `key` says why, `name` which."""

    def __init__(self, key: str, name: str = "") -> None:
        super().__init__(key)
        self.key = key
        self.name = name


def checked(chosen: Iterable[Chosen]) -> list[Chosen]:
    """The fields in their order. Raises ContentError for one that is unknown, empty, too long or without a reason."""
    found = {}
    for one in chosen:
        value = "" if one.name in NUMBERS else one.value.replace("\r\n", "\n").strip()
        if one.name not in FIELDS:
            raise ContentError("unknown", one.name)
        if one.why not in REASONS:
            raise ContentError("why", one.name)
        if not value and one.name not in NUMBERS:
            raise ContentError("empty", one.name)
        if len(value) > LONGEST:
            raise ContentError("long", one.name)
        found[one.name] = Chosen(one.name, value, one.why)
    return [found[name] for name in FIELDS if name in found]


def write(chosen: Sequence[Chosen]) -> str:
    """As it is kept."""
    return json.dumps([[one.name, one.value, one.why] for one in chosen], ensure_ascii=False)


def read(stored: str | None) -> list[Chosen]:
    """The fields of a referral; none of one whose content is gone."""
    return [Chosen(*one) for one in json.loads(stored or "[]")]


def number_of(name: str, conversation: Conversation) -> str | None:
    """The number that a field stands for, while it is kept."""
    return conversation.other_number if name == "other_number" else conversation.person.phone
