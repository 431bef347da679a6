"""What the thresholds of `config.yml` trade off, on the development split alone. Run: `python -m benchmarks.thresholds`."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.answers import Answer, acted, answers, noticed, thresholds
from benchmarks.figures import table
from benchmarks.messages import apart, read
from benchmarks.parts import Run
from benchmarks.parts.safety import hit
from bot.engine.nlu.decide import SAFETY, Thresholds

ACT = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
ASK = (0.03, 0.05, 0.07, 0.1, 0.2, 0.3)
ASKED_FOR = (0.2, 0.3, 0.4, 0.5)
UNDERSTOOD = (0.2, 0.3, 0.4, 0.5)


def _rows(found: Sequence[Answer], tried: Sequence[tuple[str, Thresholds]]) -> list[tuple[str, ...]]:
    """For each choice: intent right, cries acted on and caught, look-alikes acted on and asked about."""
    rows = []
    for name, values in tried:
        decisions = [(answer, answer.together(values)) for answer in found]
        cries = [pair for pair in decisions if pair[0].message.intent in SAFETY]
        calm = [decision for answer, decision in decisions if answer.message.look_alike]
        plain = [d for answer, d in decisions if not answer.message.look_alike and answer.message.intent not in SAFETY]
        rows.append(
            (
                name,
                _share([decision.intent == answer.message.intent for answer, decision in decisions]),
                _share([hit(answer, decision) for answer, decision in cries]),
                _share([noticed(decision) is not None for _, decision in cries]),
                _share([acted(decision) is not None for decision in calm]),
                _share([noticed(decision) is not None for decision in calm]),
                _share([acted(decision) is not None for decision in plain]),
                _share([noticed(decision) is not None for decision in plain]),
            )
        )
    return rows


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / len(hits):.3f}" if hits else "-"


def section(run: Run) -> list[str]:
    """The trade-off, one threshold at a time beside the chosen ones."""
    now = run.thresholds
    exceptions = ", ".join(f"{name} {value}" for name, value in now.needs.items())
    tried = [
        ("as chosen", now),
        *((f"act {value}", replace(now, act=value, needs=_without(now))) for value in ACT),
        *((f"ask {value}", replace(now, ask=value)) for value in ASK),
        *((f"act {value} for ask_human", replace(now, needs={**now.needs, "ask_human": value})) for value in ASKED_FOR),
        *((f"understood {value}", replace(now, understood=value)) for value in UNDERSTOOD),
    ]
    head = (
        "threshold", "intent right", "cries acted on", "cries caught", "look-alikes acted on", "look-alikes noticed",
        "others acted on", "others noticed",
    )  # fmt: skip
    return [
        "## Thresholds",
        "",
        f"Chosen on the development split ({len(run.development)} messages), both lines together; one is changed at a time.",
        f"Now: understood {now.understood}, act {now.act}, ask {now.ask}, end {now.end}; exceptions: {exceptions or 'none'}.",
        "*noticed*: acted on, or asked about. With a lower `ask` fewer cries are passed over and more people are asked for nothing.",
        "",
        *table(head, _rows(run.development, tried)),
    ]


def _without(now: Thresholds) -> dict[str, float]:
    """The exceptions that are none of safety, so that `act` holds for all four."""
    return {intent: value for intent, value in now.needs.items() if intent not in SAFETY}


def main() -> None:
    print("\n".join(section(Run((), answers(apart(read("development"))), thresholds()))))


if __name__ == "__main__":
    main()
