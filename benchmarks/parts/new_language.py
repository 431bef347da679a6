"""A language that began with examples of half of the meanings: what the other half gets from the languages beside it."""

import yaml

from benchmarks.answers import Answer
from benchmarks.figures import share, table
from benchmarks.parts import Run
from bot.engine.nlu.decide import SAFETY
from core.settings import PROJECT


def half(run: Run) -> list[str]:
    """Every language that lacks examples of some meanings: the meanings with and without."""
    rows = []
    everything = {answer.message.intent for answer in run.evaluation}
    for code, answers in run.by_language():
        path = PROJECT / "bot" / "data" / code / "nlu.yml"
        if not path.is_file():
            continue
        taught = {block["intent"] for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]}
        if everything <= taught:
            continue
        for name, some in (
            ("with examples in the language", [a for a in answers if a.message.intent in taught - {"other"}]),
            ("without", [a for a in answers if a.message.intent not in taught]),
        ):
            rows.append((code, name, len({a.message.intent for a in some}), len(some), *_cells(run, some)))
    if not rows:
        return []
    head = ("language", "meanings", "how many", "messages", "intent right (classifier)", "intent right (both)")
    return [
        "## A language with examples for half of the meanings",
        "",
        "One model reads all languages, so a meaning without examples in a language is still understood from the others.",
        "`other` is left out.",
        "",
        *table(head, rows),
    ]


def _cells(run: Run, answers: list[Answer]) -> tuple[str, str]:
    return (
        share(answer.alone(run.thresholds).intent == answer.message.intent for answer in answers),
        share(answer.together(run.thresholds).intent == answer.message.intent for answer in answers),
    )


def quick(run: Run) -> list[str]:
    """The size of what was measured, for the head of the page."""
    cries = sum(answer.message.intent in SAFETY for answer in run.evaluation)
    calm = sum(answer.message.look_alike for answer in run.evaluation)
    return [
        f"{len(run.evaluation)} messages of the evaluation split, {cries} of them cries for help and {calm} harmless look-alikes;",
        f"thresholds chosen on {len(run.development)} others (development split). Messages that happen to be an example are left out.",
        "",
    ]
