"""How well the trained model understands the held-out messages; writes docs/understanding.md. Run: `python -m benchmarks.understanding`.

No figure of that page is typed by hand. The messages were written by the author of the examples, in another sitting, and
have not been reviewed by native speakers: the page says so.
"""

import io
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.training import fingerprint
from app.understanding import understand
from core.settings import PROJECT, read_settings

HELD_OUT = PROJECT / "tests" / "evaluation"
PAGE = PROJECT / "docs" / "understanding.md"
SAFETY = ("danger_now", "self_harm", "child_alone", "ask_human")


@dataclass(frozen=True, slots=True)
class Result:
    """One held-out message: what it means and what was understood."""

    language: str
    intent: str
    understood: str
    look_alike: bool


def measure() -> list[Result]:
    """Ask the trained model about every held-out message, with its language known, as in a conversation after the first question."""
    asked = [json.loads(line) for path in sorted(HELD_OUT.glob("*.jsonl")) for line in path.read_text().splitlines()]
    out = io.StringIO()
    understand(read_settings(), (json.dumps(row) for row in asked), out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    return [
        Result(row["language"], row["intent"], answer["intent"], bool(row.get("look_alike")))
        for row, answer in zip(asked, answers, strict=True)
    ]


def share(right: int, of: int) -> str:
    """A share with its 95 % interval (Wilson)."""
    if not of:
        return "-"
    p, z = right / of, 1.96
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{p:.2f} ({middle - half:.2f} to {middle + half:.2f}), {right}/{of}"


def _right(rows: Iterable[Result]) -> tuple[int, int]:
    rows = list(rows)
    return sum(row.understood == row.intent for row in rows), len(rows)


def page(results: Sequence[Result]) -> str:
    """The report."""
    languages = sorted({row.language for row in results})
    harmless = [row for row in results if row.intent not in SAFETY]
    lines = [
        "# Understanding",
        "",
        "Written by `python -m benchmarks.understanding` from the trained model and `tests/evaluation`. The held-out",
        "messages were written by the author of the examples in another sitting, many of them to mislead, and no native",
        "speaker has reviewed them; examples were improved after early misses had been read. So the figures are a mark to",
        "compare changes with, not a promise about real people. Shares carry their 95 % interval.",
        "",
        f"Model of the sources `{fingerprint()[:12]}`, {len(results)} messages.",
        "",
        "| language | intent right | without `other` | harmless messages taken for a cry for help |",
        "|---|---|---|---|",
    ]
    for code in [*languages, "all"]:
        mine = [row for row in results if code in (row.language, "all")]
        calm = [row for row in mine if row in harmless]
        false = sum(row.understood in SAFETY for row in calm)
        without = _right(row for row in mine if row.intent != "other")
        lines.append(f"| {code} | {share(*_right(mine))} | {share(*without)} | {share(false, len(calm))} |")
    lines += ["", "| intent | right | most often taken for |", "|---|---|---|"]
    by_intent: dict[str, list[Result]] = defaultdict(list)
    for row in results:
        by_intent[row.intent].append(row)
    for intent in sorted(by_intent, key=lambda name: (name not in SAFETY, name)):
        wrong = Counter(row.understood for row in by_intent[intent] if row.understood != intent)
        taken = ", ".join(f"{name} {count}" for name, count in wrong.most_common(3)) or "-"
        lines.append(f"| {intent} | {share(*_right(by_intent[intent]))} | {taken} |")
    lines += [
        "",
        "A safety meaning that is likely but not certain is not counted as right here; the bot then asks (danger, under 18)",
        "or calls a person (self-harm).",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    text = page(measure())
    Path(PAGE).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
