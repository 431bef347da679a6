"""The sections of docs/understanding.md, each a function from a run to lines of Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.answers import Answer, of_language
from bot.engine.nlu.decide import Thresholds


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked and answered in one run. Mistakes are looked at in `development` only."""

    evaluation: Sequence[Answer]
    development: Sequence[Answer]
    thresholds: Thresholds
    earlier: str = ""
    """The page as it stands, where Rasa's rows are to be kept from it."""

    def by_language(self) -> Iterator[tuple[str, list[Answer]]]:
        """The evaluation answers of each language, then of all."""
        for code in (*sorted({answer.message.language for answer in self.evaluation}), "all"):
            yield code, of_language(self.evaluation, code)
