"""Whether every question can ever be asked: a question that nobody meets would look like a safeguard and be none."""

from collections.abc import Mapping, Sequence
from itertools import product

from screening.conditions import Condition
from screening.errors import DataFileError


def check_reachable(whens: Mapping[str, Condition], values: Mapping[str, Sequence[str]]) -> None:
    """Some answers to questions that were themselves asked make each `when` hold. Raises DataFileError naming the question."""
    for question, when in whens.items():
        names, waiting = set[str](), [when]
        while waiting:
            for name in waiting.pop().mentions() - names:
                names.add(name)
                if name in whens:
                    waiting.append(whens[name])
        if not _possible(when, sorted(names), whens, values):
            raise DataFileError(question, "can never be asked: no answers make its `when` hold")


def _possible(
    when: Condition, names: Sequence[str], whens: Mapping[str, Condition], values: Mapping[str, Sequence[str]]
) -> bool:
    # None: not answered, because it was not asked. What is no question is something known, yes or no.
    options = [(None, *values[name]) if name in whens else ("yes", "no") for name in names]
    for picks in product(*options):
        state = {name: (pick,) for name, pick in zip(names, picks, strict=True) if pick is not None}
        if when.holds(state) and all(whens[name].holds(state) for name in state if name in whens):
            return True
    return False
