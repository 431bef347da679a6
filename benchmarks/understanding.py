"""How well the trained model and the safety phrases understand messages; writes docs/understanding.md. Run: `make evaluate`.

No figure of that page is typed by hand. Each section is a module of `benchmarks/parts`.
"""

import argparse
from collections.abc import Callable

from app.training import fingerprint
from benchmarks import thresholds
from benchmarks.answers import answers
from benchmarks.answers import thresholds as chosen
from benchmarks.costs import section as costs
from benchmarks.messages import apart, read
from benchmarks.parts import Run
from benchmarks.parts.comparison import comparison
from benchmarks.parts.identification import identification
from benchmarks.parts.intents import accuracy, causes, confusion
from benchmarks.parts.new_language import half, quick
from benchmarks.parts.reasons import reasons
from benchmarks.parts.safety import aims, false_alarms, recall
from core.settings import PROJECT

PAGE = PROJECT / "docs" / "understanding.md"

PARTS: tuple[Callable[[Run], list[str]], ...] = (
    aims,
    reasons,
    accuracy,
    recall,
    false_alarms,
    thresholds.section,
    half,
    identification,
    causes,
    comparison,
    lambda _: costs(),
    confusion,
)

HEAD = """# Understanding

Written by `make evaluate` (`python -m benchmarks.understanding`) from the trained model, `screening/data/phrases` and
`tests/evaluation`. No figure is typed by hand. The messages were written apart from the examples and the phrases, nearly
half of them to mislead, and no native speaker has reviewed them (`tests/evaluation/README.md`): the figures compare versions,
they promise nothing about real people. Shares carry their 95 % interval (Wilson).
""".splitlines()


def page(run: Run) -> str:
    """The report."""
    lines = [*HEAD, "", f"Model of the sources `{fingerprint()[:12]}`.", *quick(run)]
    for part in PARTS:
        lines += part(run)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--keep-comparison", action="store_true", help="do not train Rasa's pipeline: keep its rows, and say so"
    )
    earlier = PAGE.read_text(encoding="utf-8") if parser.parse_args().keep_comparison else ""
    run = Run(answers(apart(read("evaluation"))), answers(apart(read("development"))), chosen(), earlier)
    PAGE.write_text(page(run), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
