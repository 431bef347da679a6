"""The practice cases: scripted conversations, what was told in them, and what a supervisor would look for (lessons.yml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from screening.questionnaire import assess
from screening.triage import Result

FOLDER = Path(__file__).parent
CONVERSATIONS = FOLDER / "conversations"
"""Copies of the conversations that the tests play: an installed copy has no tests, and learns from the same ones."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the person wrote, or nothing while time passed, and the bot's messages after it."""

    person: str | None
    bot: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One practice case. `right` and `other` are what could be done first, by key; `ways` is how good words sound here."""

    id: str
    number: int
    language: str
    channel: str
    turns: tuple[Turn, ...]
    services: tuple[str, ...]
    answers: Mapping[str, Any]
    result: Result
    """Level, rules and needs, as the triage of this copy finds them."""
    right: tuple[str, ...]
    other: tuple[str, ...]
    ways: tuple[str, ...]

    @property
    def choices(self) -> list[str]:
        """What could be done first; the order tells nothing."""
        return sorted((*self.right, *self.other))

    @property
    def said(self) -> tuple[str, ...]:
        """The person's own words."""
        return tuple(turn.person for turn in self.turns if turn.person)


@cache
def lessons() -> Mapping[str, Lesson]:
    """Every practice case by its id, in the order of the file."""
    entries = yaml.safe_load((FOLDER / "lessons.yml").read_text(encoding="utf-8"))
    return {entry["id"]: _lesson(number, entry) for number, entry in enumerate(entries, start=1)}


def _lesson(number: int, entry: Mapping[str, Any]) -> Lesson:
    script = yaml.safe_load((CONVERSATIONS / f"{entry['conversation']}.yml").read_text(encoding="utf-8"))
    answers = entry.get("answers", {})
    return Lesson(
        id=entry["id"],
        number=number,
        language=script["language"],
        channel=script["channel"],
        turns=tuple(Turn(turn.get("person"), tuple(turn.get("bot", ()))) for turn in script["turns"]),
        services=tuple(script.get("services", ())),
        answers=answers,
        result=assess(answers, entry.get("facts", {})),
        right=tuple(entry["first"]["right"]),
        other=tuple(entry["first"]["other"]),
        ways=tuple(entry["ways"]),
    )
