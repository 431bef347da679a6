"""Recorded conversations through the real webhook, worker, Rasa, actions and the stand-in of Twilio: every message sent is compared.

A file holds the turns as a protection officer would read them. What differs from day to day stands as its field: `{time}`,
`{reference}`, `{hours}`.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.catalogues import Catalogues
from core.settings import PROJECT
from tests.acceptance.conftest import Line
from tests.acceptance.phone import Person, steady

FOLDER = Path(__file__).parent / "conversations"
FILES = sorted(FOLDER.glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()))


def test_there_is_a_conversation_of_thirty_turns() -> None:
    assert any(len(read(path)["turns"]) >= 30 for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_message_is_the_recorded_one(line: Line, number: str, path: Path) -> None:
    recorded = read(path)
    person = Person(line, number, recorded["channel"])
    catalogues = Catalogues.load(PROJECT / "locale", ("en", "fr", "ar", "bn"))
    for position, turn in enumerate(recorded["turns"], start=1):
        said = turn["person"]
        replies = person.turn(**said) if isinstance(said, dict) else person.turn(said)
        assert [steady(reply, catalogues) for reply in replies] == turn["bot"], f"turn {position}"
    expected = recorded.get("case")
    rows = line.rows(
        'SELECT c.level, c.reason FROM "case" c JOIN message m ON m.conversation_id = c.conversation_id '
        "WHERE m.provider_sid = %s AND c.state = 'open'",
        next(item["id"] for item in person.entries() if item["from"] == "person"),
    )
    assert [{"level": level, "reason": reason} for level, reason in rows] == ([expected] if expected else [])
