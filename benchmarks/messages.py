"""The evaluation messages: `development` to choose by and to look at, `evaluation` only for the figures that are published."""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from core.settings import PROJECT

FOLDER = PROJECT / "tests" / "evaluation"
Split = Literal["development", "evaluation"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message and what it means. `name` tells it apart without showing what it says."""

    name: str
    language: str
    text: str
    intent: str
    look_alike: bool
    kind: str


def read(split: Split, folder: Path = FOLDER) -> list[Message]:
    """All messages of a split, by language; `development_2` are older ones that were read while the first examples were written."""
    found = []
    for path in sorted(folder.glob(f"*/{split}*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            row = json.loads(line)
            name = f"{path.parent.name}/{path.name}:{number}"
            look_alike, kind = bool(row.get("look_alike")), row.get("kind", "plain")
            found.append(Message(name, path.parent.name, row["text"], row["intent"], look_alike, kind))
    return found


def apart(messages: Iterable[Message], data: Path = PROJECT / "bot" / "data") -> list[Message]:
    """Without those that happen to be an example, word for word: they were written blind, and "no thanks" occurs to everybody."""
    learned = {folded(text) for path in sorted(data.glob("*/nlu.yml")) for text in _examples(path)}
    return [message for message in messages if folded(message.text) not in learned]


def folded(text: str) -> str:
    """Lower case, no punctuation, single spaces: two messages that differ in nothing else are the same message."""
    signs = unicodedata.normalize("NFC", text)
    return " ".join("".join(" " if unicodedata.category(s)[0] in "PZC" else s for s in signs).casefold().split())


def _examples(path: Path) -> Iterator[str]:
    for block in yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["nlu"]:  # noqa: S506
        yield from (line.removeprefix("- ") for line in block["examples"].splitlines())
