"""Why an aim is not met: what the aims cost each other, and of what kind the mistakes are. On the development split alone."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.answers import Answer, acted
from benchmarks.parts import Run
from benchmarks.parts.safety import hit
from bot.engine.nlu.decide import SAFETY

STEPS = tuple(step / 20 for step in range(1, 20))
HEARD, FALSE = 0.99, 0.02
"""The aims: cries for help acted on, look-alikes acted on."""


def reasons(run: Run) -> list[str]:
    """What stands between the figures and the aims."""
    found = [(step, *_at(run, step)) for step in STEPS]
    return [
        "### Why not",
        "",
        "On the development split, both lines together:",
        "",
        _heard([row for row in found if row[1] >= HEARD]),
        _calm([row for row in found if row[2] <= FALSE]),
        *_mistakes(run),
        "- A sentence is 384 numbers of a model made for a hundred languages, and nobody who speaks the languages at home has written or",
        "  read the examples yet. Messages of real people, kept with consent, are what would move these figures most.",
        "- What is not acted on is mostly asked about (*caught*): there the aim is missed by less, and a person is one digit away.",
        "",
    ]


def _at(run: Run, act: float) -> tuple[float, float]:
    """Cries for help acted on and look-alikes acted on, with one threshold for all four meanings."""
    kept = {intent: value for intent, value in run.thresholds.needs.items() if intent not in SAFETY}
    values = replace(run.thresholds, act=act, needs=kept)
    cries = [answer for answer in run.development if answer.message.intent in SAFETY]
    calm = [answer for answer in run.development if answer.message.look_alike]
    return (
        _share([hit(answer, answer.together(values)) for answer in cries]),
        _share([acted(answer.together(values)) is not None for answer in calm]),
    )


def _heard(rows: Sequence[tuple[float, float, float]]) -> str:
    if not rows:
        return f"- No threshold between {STEPS[0]} and {STEPS[-1]} acts on {HEARD:.0%} of the cries for help."
    step, heard, false = rows[-1]
    return f"- {HEARD:.0%} of the cries are acted on with a threshold of {step} ({heard:.3f}), and {false:.1%} of the look-alikes too."


def _calm(rows: Sequence[tuple[float, float, float]]) -> str:
    if not rows:
        return f"- No threshold between {STEPS[0]} and {STEPS[-1]} keeps the look-alikes acted on at {FALSE:.0%}."
    step, heard, false = rows[0]
    return f"- {FALSE:.0%} of the look-alikes at most are acted on with a threshold of {step} ({false:.3f}), and {heard:.1%} of the cries."


def _mistakes(run: Run) -> list[str]:
    wrong = [(answer, answer.together(run.thresholds).intent) for answer in run.development]
    wrong = [(answer, taken) for answer, taken in wrong if taken != answer.message.intent]
    lost = sum(taken == "other" for _, taken in wrong)
    made = sum(answer.message.intent == "other" for answer, _ in wrong)
    return [
        f"- Of {len(wrong)} wrong intents {_share_of(lost, wrong)} are a meaning taken for none (`other`: asked again, a digit always",
        f"  works, the second time a person comes), {_share_of(made, wrong)} are none taken for a meaning; the rest is one for another.",
    ]


def _share_of(part: int, whole: Sequence[tuple[Answer, str]]) -> str:
    return f"{part / len(whole):.0%}" if whole else "none"


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0
