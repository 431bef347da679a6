"""What is wrong with a file that is brought in, in the language of whoever reads it: for the page of the dry run and for the command."""

import re
from typing import Literal

from desk.problems import kind_of_rule
from desk.words import Words
from directory.exchange.failures import Failure
from directory.exchange.problems import Problem


def told(console: Words, problem: Problem, part: Literal["says", "remedy"]) -> str:
    """A problem, or what helps, in the words of a catalogue. Values of the file stay as they are written there."""
    values = dict(problem.values)
    if problem.code == "invalid":
        # The reason is a rule of the record, which the catalogue knows from the form.
        values["reason"] = console.find(f"directory_problem_{kind_of_rule(values.get('rule', ''))}", "")
        if not values["reason"] or "{" in values["reason"]:
            values["reason"] = problem.values.get("reason", "")
    return console.say(f"directory_import_{part}_{problem.code}", **values)


def why(console: Words, failure: Failure) -> str:
    """Why a file as a whole came to nothing."""
    return console.say(f"directory_import_failure_{failure.code}", **failure.values)


def place(console: Words, where: str) -> str:
    """Where in the file, as the reader of a file says it: `row 3`, `services.csv rows 3-5`, `line 7`; the rest stays as it is."""
    return _PLACE.sub(lambda found: console.say(f"import_{found[1]}", number=found[2]), where)


_PLACE = re.compile(r"\b(rows|row|line) (\d+(?:-\d+)?)\b")
