"""What a conversation knows between two turns, kept in Rasa's slots, and what a turn brings. Nothing else is remembered."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from bot.actions.world import Place
from screening.questionnaire import SKIPPED
from screening.triage import Level

ANSWER_SLOT = "answer"
"""The form's one slot. It stays empty while questions are open; `DONE` in it ends the form."""
DONE = "done"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a person did: words with the meaning found in them, or a picked option."""

    intent: str
    text: str = ""
    question: str | None = None
    value: str | None = None
    possible: str | None = None
    confidence: float = 1.0
    language: str | None = None
    language_guess: str | None = None
    signs: tuple[str, ...] = ()
    """What the channel noticed besides the words (core/turns.py)."""


@dataclass(slots=True)
class State:
    """The dialogue's memory. Every field is a slot of the same name; an erased or closed conversation starts from a new one."""

    question: str | None = None
    """The question now asked."""
    answers: dict[str, Any] = field(default_factory=dict)
    signals: dict[str, Any] = field(default_factory=dict)
    """Facts from a person's own words; they raise a level and never lower it."""
    misses: int = 0
    """Inputs in a row that were not understood."""
    asked: list[str] = field(default_factory=list)
    """What was already said once: notices, services."""
    finished: bool = False
    handed_over: bool = False
    level: Level = "I"
    reported: str = ""
    """Level and rules as the case last heard them."""
    places: list[dict[str, Any]] = field(default_factory=list)
    """The places offered for confirmation."""
    reopened: list[str] = field(default_factory=list)
    """Questions that are asked again although they have an answer."""
    urgent: str | None = None
    """A question that goes before all others."""
    watched: bool = False
    """The word for a bad time to talk was written: nothing is asked that somebody else must not read."""
    covered: bool = False
    """This turn got the cover reply: a question after it would show where the conversation was."""
    last: str | None = None
    """The question answered last, for "no, I meant something else"."""
    waits_for_safe: list[str] = field(default_factory=list)
    """Reason and message of a hand-over that is told once it is OK to write; the case is open already."""
    referral: str | None = None
    """Name of the place that a caseworker asks about."""
    shown: list[dict[str, str]] = field(default_factory=list)
    """The places named last: id, name and the need they were named for."""
    follow_up_due: bool = False
    language: str | None = None

    @classmethod
    def from_slots(cls, slots: Mapping[str, Any]) -> "State":
        """The state in a tracker's slots; a slot that is absent or empty has its default."""
        present = {item.name: slots[item.name] for item in fields(cls) if slots.get(item.name) is not None}
        return cls(**_copied(present))

    def slots(self) -> dict[str, Any]:
        """All slots of the state."""
        return asdict(self)

    def forget(self) -> None:
        """Start anew; only the language stays, so that the next message can be read."""
        fresh = State(language=self.language)
        for item in fields(self):
            setattr(self, item.name, getattr(fresh, item.name))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was told yet that somebody else must not see."""
        return not (self.answers or self.signals or self.reported)

    @property
    def case_known(self) -> bool:
        """Whether a case of this conversation has been opened."""
        return bool(self.reported)

    @property
    def answered(self) -> dict[str, Any]:
        """The answers without those of questions that are asked again."""
        return {question: answer for question, answer in self.answers.items() if question not in self.reopened}

    def once(self, marker: str) -> bool:
        """True the first time it is called with this marker."""
        if marker in self.asked:
            return False
        self.asked.append(marker)
        return True

    def place(self) -> Place | None:
        """The place the person confirmed."""
        chosen = self.answers.get("place_confirm")
        return next((Place(**known) for known in self.places if known["id"] == chosen), None)

    def country(self, served: tuple[str, ...]) -> str | None:
        """The country the person named, or the only one served, or that of the place."""
        named = self.answers.get("country", SKIPPED)
        if named != SKIPPED:
            return str(named)
        place = self.place()
        return served[0] if len(served) == 1 else place.country if place else None


def _copied(values: dict[str, Any]) -> dict[str, Any]:
    """Lists and dictionaries of their own: the tracker's must not change under Rasa."""
    return {name: type(value)(value) if isinstance(value, list | dict) else value for name, value in values.items()}
