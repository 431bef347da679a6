"""The language data as plain Python: training examples, lexicons and the held-out lines of every language that has a folder."""

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from benchmarks.messages import Message, Split, read
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "bot" / "data"
EVALUATION = ROOT / "tests" / "evaluation"
SPLITS: tuple[Split, ...] = ("development", "evaluation")

CODES = sorted(path.parent.name for path in DATA.glob("*/nlu.yml"))
OFFERED: tuple[str, ...] = Settings.model_fields["languages"].default
"""The languages of a copy that nobody configured: whole. Another may begin with half of the meanings (docs/how-to/add-a-language.md)."""
# fmt: off
INTENTS = frozenset({
    "greet", "affirm", "deny", "skip", "stop", "help", "ask_human",
    "danger_now", "need_shelter", "need_health", "need_legal", "need_food_cash", "exploited_at_work", "documents_taken",
    "child_alone", "self_harm", "erase_data", "change_language", "thanks", "where_am_i",
    "other_person", "third_party", "distress", "correct", "withdraw_consent", "complaint",
})
# fmt: on
CALLS_FOR_A_PERSON = frozenset({"danger_now", "self_harm", "child_alone", "ask_human"})


@cache
def folded(text: str) -> str:
    """Lower case, no punctuation, single spaces: two messages that differ in nothing else are the same message."""
    signs = unicodedata.normalize("NFC", text)
    kept = "".join(" " if unicodedata.category(sign)[0] in "PZC" else sign for sign in signs)
    return " ".join(kept.casefold().split())


@cache
def examples(code: str) -> tuple[tuple[str, str], ...]:
    """(intent, text) of every training example, read the way Rasa reads them: one `- text` a line."""
    return tuple(_read(code))


def _read(code: str) -> Iterator[tuple[str, str]]:
    for block in yaml.safe_load((DATA / code / "nlu.yml").read_text(encoding="utf-8"))["nlu"]:
        for line in block["examples"].splitlines():
            assert line.startswith("- "), f"{code}: {line!r} is not an example Rasa would read"
            yield block["intent"], line.removeprefix("- ")


@cache
def lexicon(code: str) -> dict[str, dict[str, list[str]]]:
    return dict(yaml.safe_load((DATA / code / "lexicon.yml").read_text(encoding="utf-8")))


@cache
def held_out(code: str) -> list[Message]:
    """Every evaluation message of a language, of both splits. A failing test names them, it never shows what they say."""
    return [message for split in SPLITS for message in read(split) if message.language == code]
