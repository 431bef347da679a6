"""How often the intent is right, and what it is taken for when it is not."""

from collections import Counter

from benchmarks.answers import Answer
from benchmarks.figures import share, table
from benchmarks.parts import Run
from bot.engine.nlu.decide import SAFETY


def accuracy(run: Run) -> list[str]:
    """The share of right intents by language: of the classifier alone, and with the phrases."""
    rows = []
    for code, answers in run.by_language():
        others = [answer for answer in answers if not answer.message.look_alike]
        rows.append(
            (
                code,
                len(answers),
                share(answer.alone(run.thresholds).intent == answer.message.intent for answer in answers),
                share(answer.together(run.thresholds).intent == answer.message.intent for answer in answers),
                share(answer.together(run.thresholds).intent == answer.message.intent for answer in others),
            )
        )
    head = ("language", "messages", "classifier", "both", "both, without look-alikes")
    return ["## Intent right", "", *table(head, rows)]


def confusion(run: Run) -> list[str]:
    """Every intent with what it is taken for, for all languages and for each."""
    out = [
        "## What is taken for what",
        "",
        "Both lines together. Rows are what was meant; counts of the mistakes behind it.",
        "",
    ]
    for code, answers in sorted(run.by_language(), key=lambda pair: pair[0] != "all"):
        rows = [(intent, *_row(run, answers, intent)) for intent in _intents(answers)]
        table_ = table(("intent", "messages", "right", "taken for"), rows)
        if code == "all":
            out += [f"### {code}", "", *table_]
        else:
            out += [f"<details><summary>{code}</summary>", "", *table_, "</details>", ""]
    return out


def _intents(answers: list[Answer]) -> list[str]:
    names = {answer.message.intent for answer in answers}
    return sorted(names, key=lambda name: (name not in SAFETY, name))


def _row(run: Run, answers: list[Answer], intent: str) -> tuple[int, str, str]:
    taken = Counter(answer.together(run.thresholds).intent for answer in answers if answer.message.intent == intent)
    right, of = taken.pop(intent, 0), sum(taken.values())
    wrong = ", ".join(f"{name} {count}" for name, count in taken.most_common())
    return right + of, f"{right / (right + of):.2f}", wrong or "-"


def causes(run: Run) -> list[str]:
    """By the way a message is written, on the development split: where the mistakes come from."""
    rows = []
    for kind in sorted({answer.message.kind for answer in run.development}):
        mine = [answer for answer in run.development if answer.message.kind == kind]
        cries = [answer for answer in mine if answer.message.intent in SAFETY]
        calm = [answer for answer in mine if answer.message.look_alike]
        decisions = {id(answer): answer.together(run.thresholds) for answer in mine}
        rows.append(
            (
                kind,
                len(mine),
                share(decisions[id(answer)].intent == answer.message.intent for answer in mine),
                share(decisions[id(answer)].intent == answer.message.intent for answer in cries),
                share(decisions[id(answer)].intent in SAFETY for answer in calm),
            )
        )
    head = ("kind of message", "messages", "intent right", "cry for help acted on", "look-alike acted on")
    return [
        "## Where the mistakes come from",
        "",
        "Development split, both lines together; the published split is not looked at message by message.",
        "",
        *table(head, rows),
    ]
