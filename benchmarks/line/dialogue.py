"""What everybody of the measurement says, and what must be answered: a recorded conversation of ours, up to the hand-over."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from core.settings import PROJECT

RECORDED = PROJECT / "tests" / "acceptance" / "conversations" / "en" / "farm_worker_by_digits.yml"
FIRST = "hello"
"""The first words are words; both lines must understand them."""
LAST = "A person from our team can write to you."
"""After the answer to this question a person has the conversation."""
CONSENT = "Do you agree?"
"""The question behind which the long conversation goes round."""
ROUND = {"waymark": ("help", "Here you can find places"), "stock": ("3", "This is a free information line")}
"""What is asked again and again, by line, and how its answer begins: each says something and asks its question once more."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What is written, and patterns of the messages that answer it, in order."""

    said: str
    answered: tuple[re.Pattern[str], ...]


@cache
def dialogue() -> tuple[Turn, ...]:
    """The turns, from the greeting to the hand-over."""
    turns: list[Turn] = []
    for number, turn in enumerate(recorded()):
        turns.append(Turn(turn["person"] if number else FIRST, tuple(_pattern(text) for text in turn["bot"])))
        if number and recorded()[number - 1]["bot"][-1].startswith(LAST):
            return tuple(turns)
    raise ValueError("the recorded conversation has no hand-over")


@cache
def endless(line: str, length: int) -> tuple[Turn, ...]:
    """So many turns in one conversation: up to the question of consent (Waymark: behind it), then round and round."""
    begun = before_the_round(line)
    said, answer = ROUND[line]
    again = Turn(said, (re.compile(re.escape(answer) + ".*", re.DOTALL), dialogue()[begun - 1].answered[-1]))
    return dialogue()[:begun] + (again,) * (length - begun)


@cache
def recorded() -> list[dict[str, Any]]:
    """The turns as the file has them."""
    return list(yaml.safe_load(RECORDED.read_text(encoding="utf-8"))["turns"])


def before_the_round(line: str) -> int:
    """How many turns of the long conversation are not yet those that come again and again."""
    asked = next(number for number, turn in enumerate(recorded()) if CONSENT in turn["bot"][-1])
    return asked + (2 if line == "waymark" else 1)


def _pattern(text: str) -> re.Pattern[str]:
    """The text, with anything where a value depends on the moment."""
    return re.compile(".+".join(re.escape(part) for part in re.split(r"\{\w+\}", text)), re.DOTALL)
