"""What is wrong with a file is said in every language of the desk, with the same values in it."""

from string import Formatter

import pytest

from desk.import_words import place, told, why
from desk.words import LANGUAGES, words
from directory.exchange.entries import problem_of
from directory.exchange.failures import SAYS as FAILURES
from directory.exchange.failures import Failure
from directory.exchange.problems import SAYS, Problem


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_problem_of_an_import_and_its_remedy_have_words(code: str) -> None:
    console = words(code)
    for problem, (says, remedy) in SAYS.items():
        values = {name: f"<{name}>" for name in fields(says) | fields(remedy)}
        one = Problem("row 2", "", problem, values)
        for part, english in (("says", says), ("remedy", remedy)):
            said = told(console, one, part).strip("\u2068\u2069")  # type: ignore[arg-type]
            assert all(f"<{name}>" in said for name in fields(english)), (code, problem, part)
            assert (said == english.format(**values)) == (code == "en" or english == "{reason}"), (code, problem, part)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_broken_rule_of_the_record_is_said_as_the_form_says_it(code: str) -> None:
    for rule in ("phone_number", "zone", "age_order", "day_order", "weekly_hours"):
        said = told(words(code), problem_of("row 2", "x", rule, "the English reason"), "says").strip("\u2068\u2069")
        assert said == words(code).say(f"directory_problem_{rule}")
    unknown = told(words(code), problem_of("row 2", "x", "of_the_library", "the English reason"), "says")
    assert unknown.strip("\u2068\u2069") == "the English reason"


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_reason_for_which_a_whole_file_comes_to_nothing_has_words(code: str) -> None:
    """A page half in English tells somebody who reads Bangla that the file is bad, and not what to do."""
    english = {failure: why(words("en"), failed(failure)) for failure in FAILURES}
    for failure, written in FAILURES.items():
        said = why(words(code), failed(failure))
        assert all(f"<{name}>" in said for name in fields(written)), (code, failure)
        assert code == "en" or said != english[failure], (code, failure)


def failed(code: str) -> Failure:
    """Through the database and back."""
    return Failure.of_stored(Failure(code, {name: f"<{name}>" for name in fields(FAILURES[code])}).stored())


@pytest.mark.parametrize(
    ("where", "english", "french"),
    [
        ("row 3", "row 3", "ligne 3"),
        ("services.csv rows 3-5", "services.csv rows 3-5", "services.csv lignes 3-5"),
        ("line 7", "line 7", "ligne 7"),
        ("arrow 3", "arrow 3", "arrow 3"),
    ],
)
def test_a_place_in_the_file_is_said_in_the_language_of_the_page(where: str, english: str, french: str) -> None:
    assert (place(words("en"), where), place(words("fr"), where)) == (english, french)
