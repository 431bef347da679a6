"""What each line of defence makes of the messages: the classifier, the phrases, and both together."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from app.understanding import ask
from benchmarks.messages import Message
from bot.engine.model import digest
from bot.engine.nlu.decide import SAFETY, Decision, Thresholds, decide, heed
from core.settings import PROJECT, read_settings
from screening.phrases import find_alarm

KEPT = PROJECT / ".waymark" / "benchmarks"


@dataclass(frozen=True, slots=True)
class Answer:
    """A message with what the lexicon and the classifier know of it and the alarm that the phrases raise."""

    message: Message
    known: str | None
    probabilities: Mapping[str, float]
    alarm: str | None

    def alone(self, thresholds: Thresholds) -> Decision:
        return decide(self.probabilities, self.known, thresholds)

    def phrases(self) -> Decision:
        return heed(Decision("other", 0.0, ()), self.alarm)

    def together(self, thresholds: Thresholds) -> Decision:
        return heed(self.alone(thresholds), self.alarm)


def acted(decision: Decision) -> str | None:
    """The safety meaning the bot acts on at once."""
    return decision.intent if decision.intent in SAFETY else None


def noticed(decision: Decision) -> str | None:
    """The safety meaning the bot acts on, or asks the person about or hands to a caseworker because it is likely.

    As the dialogue does it (`_possible` in bot/actions/dialogue.py): doubtful danger is always asked about, doubtful self-harm marked for a
    person; a child alone is asked about when nothing else was understood, and nobody is asked whether they want a person.
    """
    if intent := acted(decision):
        return intent
    possible = decision.possible[0] if decision.possible else None
    if possible in ("danger_now", "self_harm") or (possible == "child_alone" and decision.intent == "other"):
        return possible
    return None


@cache
def thresholds() -> Thresholds:
    """Those of `config.yml`."""
    pipeline = yaml.safe_load((PROJECT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    chosen = next(part for part in pipeline if part["name"].endswith("DecisionComponent"))
    return Thresholds(chosen["understood"], chosen["act"], chosen["ask"], chosen["end"], chosen["needs"] or {})


def answers(messages: Sequence[Message]) -> list[Answer]:
    """Ask the trained model, with the language known, as after the first question. Kept while neither the model nor the messages change."""
    settings = read_settings()
    rows = [{"text": message.text, "language": message.language} for message in messages]
    asked = json.dumps(rows, sort_keys=True)
    path = KEPT / f"{hashlib.sha256((digest(settings.model) + asked).encode()).hexdigest()[:24]}.json"
    replies = json.loads(path.read_text()) if path.is_file() else _keep(path, ask(settings.model, rows, "--details"))
    return [
        Answer(
            message,
            None if reply["probabilities"] else reply["intent"],
            reply["probabilities"],
            find_alarm(message.text, dict.fromkeys((*settings.languages, message.language))),
        )
        for message, reply in zip(messages, replies, strict=True)
    ]


def _keep(path: Path, replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(replies))
    return replies


def of_language(found: Iterable[Answer], code: str) -> list[Answer]:
    """Those of one language, or of `all`."""
    return [answer for answer in found if code in ("all", answer.message.language)]
