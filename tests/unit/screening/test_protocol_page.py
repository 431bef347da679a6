"""docs/protocol.md speaks of every question and every rule, and every rule is in a test."""

import re

from core.settings import PROJECT
from screening.questions import questionnaire
from screening.triage import rule_book

PAGE = (PROJECT / "docs" / "protocol.md").read_text(encoding="utf-8")


def test_every_question_stands_on_the_page_with_its_number() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| Q\d+", line)]
    told = {name: line for line in rows for name in re.findall(r"`([a-z0-9_]+)`", line.split("|")[2])}
    assert set(told) == {question.id for question in questionnaire().questions}
    for question in questionnaire().questions:
        first = re.findall(r"\d+", question.protocol)[0]
        numbers = [int(number) for number in re.findall(r"Q(\d+)", told[question.id].split("|")[1])]
        assert min(numbers) <= int(first) <= max(numbers), question.id


def test_no_question_of_the_protocol_is_missing() -> None:
    told = {
        number
        for span in re.findall(r"\| (Q[^|]*)\|", PAGE)
        for low, high in [
            (min(map(int, found)), max(map(int, found))) for found in [re.findall(r"Q(\d+)", span)] if found
        ]
        for number in range(low, high + 1)
    }
    assert told == set(range(25))


def test_every_rule_stands_on_the_page_and_in_a_test() -> None:
    rules = {rule.id for rule in rule_book().rules}
    section = PAGE.partition("## Rules")[2].partition("##")[0]
    assert rules <= set(re.findall(r"\b[EUPRI]\d*\b", section))
    tests = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (PROJECT / "tests").rglob("test_*.py")
        if path.name != "test_protocol_page.py"
    )
    assert {rule for rule in rules if not re.search(rf'"{rule}"', tests)} == set()
