"""The reference page says what the rules and the questionnaire do."""

from screening.questions import questionnaire
from screening.reference import PAGE, page
from screening.triage import rule_book


def test_the_page_is_the_one_written_from_the_data() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m screening.reference"


def test_the_page_names_every_rule_and_every_question() -> None:
    written = page()
    assert all(f"| {rule.id} |" in written and rule.words in written for rule in rule_book().rules)
    assert all(f"| {question.id} | {question.protocol} |" in written for question in questionnaire().questions)
