"""Writes what the real line answers into scripted conversations, to be read by a protection specialist and then kept.

Run: `python -m tests.acceptance.record FILE...` (all files without one). What a file expects of the case and the services is not touched:
only the `bot` lists are. Read the difference before you keep it: every changed sentence is one that a person would have got.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from app.scripts import Steady
from core.catalogues import Catalogues
from core.settings import PROJECT, read_settings
from tests.acceptance.conftest import start_line
from tests.acceptance.played import Outcome, play_all

FOLDER = Path(__file__).parent / "conversations"


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as they are read."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def written(outcome: Outcome, path: Path) -> str:
    """The file with the answers that came."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for turn, played in zip(content["turns"], outcome.turns, strict=False):
        if "person" in turn:
            turn["bot"] = list(played.arrived)
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=200)


def _numbers() -> Iterator[str]:
    return (f"+15005558{number}" for number in range(100, 1000))


def main(names: list[str]) -> int:
    """Record; says of each file what case it ends with."""
    paths = [Path(name) for name in names] or sorted(FOLDER.glob("*/*.yml"))
    steady = Steady(Catalogues.load(PROJECT / "locale", read_settings().languages))
    with tempfile.TemporaryDirectory(prefix="waymark-record-") as folder:
        line = start_line(Path(folder))
        try:
            outcomes = play_all(line, _numbers(), paths, steady)
        finally:
            line.stop()
    for path, outcome in outcomes.items():
        path.write_text(written(outcome, path), encoding="utf-8")
        print(path.stem, outcome.error or "", *outcome.cases, *sorted(outcome.rules))
    return 1 if any(outcome.error for outcome in outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
