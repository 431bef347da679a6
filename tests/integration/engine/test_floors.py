"""The trained model, with the phrases, hears at least so many of the cries for help of the development split.

Each floor is what was measured when the thresholds were chosen, less three messages. What falls below is named by file and line.
"""

import pytest

from app.understanding import ask
from benchmarks.answers import Answer, noticed, thresholds
from benchmarks.messages import read
from benchmarks.parts.safety import hit
from bot.engine.nlu.decide import SAFETY
from core.settings import read_settings
from screening.phrases import find_alarm
from tests.integration.engine.running import needs_engine

pytestmark = [needs_engine, pytest.mark.engine]

FLOORS = {
    "ar": (71, 73), "bn": (63, 72), "en": (61, 70), "es": (34, 40), "fr": (63, 67), "lo": (40, 41), "pt": (37, 39), "ru": (35, 41),
}  # fmt: skip
"""Language: how many are acted on, and how many are acted on or asked about."""


@pytest.fixture(scope="module")
def cries() -> list[Answer]:
    """About 350 messages: a quarter of a minute."""
    settings = read_settings()
    if not settings.model.is_file():
        pytest.skip("there is no trained model: make train")
    messages = [message for message in read("development") if message.intent in SAFETY]
    rows = [{"text": message.text, "language": message.language} for message in messages]
    return [
        Answer(
            message,
            None if reply["probabilities"] else reply["intent"],
            reply["probabilities"],
            find_alarm(message.text, settings.languages),
        )
        for message, reply in zip(messages, ask(settings.model, rows, "--details"), strict=True)
    ]


@pytest.mark.parametrize("code", FLOORS)
def test_cries_for_help_are_heard(code: str, cries: list[Answer]) -> None:
    acted_floor, caught_floor = FLOORS[code]
    mine = [(answer, answer.together(thresholds())) for answer in cries if answer.message.language == code]
    missed = [answer.message.name for answer, decision in mine if noticed(decision) is None]
    late = [answer.message.name for answer, decision in mine if not hit(answer, decision)]
    assert len(mine) - len(missed) >= caught_floor, f"not even asked about: {missed}"
    assert len(mine) - len(late) >= acted_floor, f"not acted on: {late}"


def test_every_language_with_messages_has_a_floor(cries: list[Answer]) -> None:
    assert {answer.message.language for answer in cries} == set(FLOORS)
