"""Scripted conversations through the real webhook, worker, Rasa, actions and the stand-in of Twilio: every message sent is compared.

They all run at once before the first is looked at: people do write at the same time, and one by one they would take half an hour.
"""

from collections import Counter
from pathlib import Path

import pytest

from app.scripts import Steady, load
from core.catalogues import Catalogues
from core.settings import PROJECT, read_settings
from tests.acceptance.conftest import Line
from tests.acceptance.played import Outcome, play_all
from tests.acceptance.record import FOLDER

pytestmark = pytest.mark.timeout(1200)  # all conversations are played before the first is looked at

FILES = sorted(FOLDER.glob("*/*.yml"))
SITUATIONS = {
    "danger in the first message", "a child", "a shared phone", "for somebody else", "refusal at every question", "wandering off",
    "another language half-way", "a voice note", "anger", "lock and return", "the second word", "erase", "stop and start",
    "a place not found", "two places of one name", "no service found", "everything by digits", "everything by free text",
}  # fmt: skip
"""What must be shown by at least one conversation each."""


def test_sixty_conversations_show_every_situation_and_at_least_six_speak_each_language() -> None:
    scripts = [load(path) for path in FILES]
    assert len(scripts) >= 60
    assert {situation for script in scripts for situation in script.shows} >= SITUATIONS
    spoken = Counter(script.language for script in scripts)
    assert {code: spoken[code] for code in read_settings().languages if spoken[code] < 6} == {}
    assert all(path.parent.name == load(path).language for path in FILES)
    assert any(len(script.turns) >= 30 for script in scripts)


@pytest.fixture(scope="module")
def played(line: Line) -> dict[Path, Outcome]:
    steady = Steady(Catalogues.load(PROJECT / "locale", read_settings().languages))
    return play_all(line, (f"+15005559{number}" for number in range(100, 1000)), FILES, steady)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_message_is_the_recorded_one(played: dict[Path, Outcome], path: Path) -> None:
    outcome = played[path]
    script = outcome.script
    for position, turn in enumerate(outcome.turns, start=1):
        assert list(turn.arrived) == list(turn.turn.bot), f"turn {position}"
    assert outcome.error == ""
    case = script.case
    assert outcome.cases == (({"level": case.level, "reason": case.reason},) if case else ())
    assert set(case.rules if case else ()) <= outcome.rules
    said = "\n".join(text for turn in outcome.turns for text in turn.arrived)
    assert [service for service in script.services if service not in said] == []
