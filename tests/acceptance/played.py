"""Plays scripted conversations on a running line, several at once, and says what each came to."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.scripts import Played, Script, Steady, load, play
from app.secrets import FILE
from core.database import Sessions, make_engine
from core.encryption import Cipher, StaticKeys
from core.settings import decode_key
from tests.acceptance.conftest import Line
from tests.acceptance.phone import Person

AT_ONCE = 6
"""People who write at the same time; more would only wait for each other on two cores."""
FIRST_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a script went."""

    script: Script
    turns: tuple[Played, ...]
    cases: tuple[dict[str, Any], ...]
    """Open cases of the conversation: level and reason."""
    rules: frozenset[str]
    error: str = ""


def play_all(line: Line, numbers: Iterable[str], paths: Iterable[Path], steady: Steady) -> dict[Path, Outcome]:
    """Every script from a number of its own."""
    numbers = iter(numbers)
    # A copy that has just started reads its models at the first message, which takes long beside other work: nobody's script is that one.
    Person(line, next(numbers)).turn("hello", seconds=FIRST_SECONDS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        pairs = list(zip(paths, numbers, strict=False))
        done = pool.map(lambda pair: _play(line, pair[1], load(pair[0]), steady), pairs)
        return dict(zip([path for path, _ in pairs], done, strict=True))


def _play(line: Line, number: str, script: Script, steady: Steady) -> Outcome:
    person = Person(line, number, script.channel)
    turns: list[Played] = []
    try:
        turns.extend(play(script, person, steady))
    except AssertionError as fault:
        return Outcome(script, tuple(turns), (), frozenset(), f"turn {len(turns) + 1}: {fault}")
    sids = [item["id"] for item in person.entries() if item["from"] == "person"]
    rows = line.rows(
        'SELECT DISTINCT c.id, c.level, c.reason, c.screening_encrypted FROM "case" c '
        "JOIN message m ON m.conversation_id = c.conversation_id WHERE m.provider_sid = ANY(%s) AND c.state = 'open'",
        sids,
    )
    cases = tuple({"level": level, "reason": reason} for _, level, reason, _ in rows)
    return Outcome(script, tuple(turns), cases, frozenset(_rules(line, rows)))


def _rules(line: Line, rows: list[tuple[object, ...]]) -> set[str]:
    """The rules that fired, opened with the keys of the copy as the desk opens them."""
    secrets = json.loads((line.data_dir / FILE).read_text(encoding="utf-8"))
    cipher = Cipher(StaticKeys.parse(secrets["encryption_keys"]), decode_key(secrets["hash_key"]))
    fired: set[str] = set()
    database = Sessions(make_engine(line.database_url()))  # where the keys of people are looked up
    for case_id, _, _, envelope in rows:
        if envelope is None:
            continue  # erased: its level alone is left, for the person who checks
        opened = cipher.open(bytes(envelope), place=f"case.screening_encrypted.{case_id}")  # type: ignore[call-overload]
        fired.update(json.loads(opened)["rules"])
    database.engine.dispose()
    return fired
