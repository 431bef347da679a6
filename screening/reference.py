"""Writes `docs/reference/triage.md` from the two data files; a test holds the page to them, so that reviewers read what runs."""

from collections.abc import Mapping
from pathlib import Path

from screening.datafile import mapping, read, records, text
from screening.questions import QUESTIONNAIRE_FILE, Question, questionnaire
from screening.triage import RULES_FILE, rule_book

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "triage.md"

_HEAD = """# Triage and questions

How the answers of a person become a level, and which questions are asked. This page is written by
`python -m screening.reference` from `screening/data/rules.yml` and `screening/data/questionnaire.yml`; a test fails when they
differ. It is not a validated instrument: it orders the queue of the caseworkers and never says what a person is.

## Levels

| level | meaning | first action of a person (default) |
|---|---|---|
| E | emergency: life, limb, captivity | 5 minutes |
| U | urgent: a child, control by others, self-harm, detention, no bed, asked for a person | 1 hour |
| P | priority: one sign of exploitation, health, food, papers, special needs | 24 hours |
| R | routine: another need, or contact wanted | 72 hours |
| I | information only: no case is stored | none |

The highest level of all rules that hold wins; nothing is added up. Nothing lowers a level but a caseworker, with a reason.

## What a rule may look at

The first group is graded: `no`, `skip` (did not want to say), `unsure`, `yes`, in this order of severity; `yes` means that the
risk is there, and what is not known counts as `no`. The second group is true or false.

"""

_CLI = """
## Trying the rules

`waymark triage FILE` reads one JSON object of facts a line and answers each with its level and all rules that hold:

    {"child": "yes", "danger": "unsure"}
    {"level": "E", "rules": ["E6", "U1", "U2"]}

A line that is wrong is answered with `{"error": …, "line": …}`, the others are still answered, and the exit code is 1.

## Questions

In this order. Class A may be asked on any channel; class B only after "safe" and consent, on a phone nobody else reads, never
to a child, and only while somebody is on call. At any moment `0` brings a person and `9` leaves. What was not understood
twice in a row brings a person, and counts as the column "unclear" says.

"""


def page() -> str:
    """The page as it must be."""
    book = rule_book()
    lines = [_HEAD, "| fact | meaning |\n|---|---|\n"]
    lines += [f"| `{name}` | {meaning} |\n" for name, meaning in {**book.graded, **book.yes_no}.items()]
    lines.append("\nTwo names stand for several facts:\n\n")
    data = mapping(read(RULES_FILE), where="rules")
    terms = mapping(data["terms"], where="terms")
    lines += [f"- `{name}`: `{text(when, where=name)}`\n" for name, when in terms.items()]
    lines.append(
        f"\n## Rules (version {book.version})\n\n| rule | holds when | in words | source |\n|---|---|---|---|\n"
    )
    rules = records(data["rules"], where="rules")
    conditions = {rule_id: entry.get("when", "no other rule holds") for rule_id, entry in rules}
    lines += [
        f"| {rule.id} | {_cell(str(conditions[rule.id]))} | {rule.words} | {rule.source} |\n" for rule in book.rules
    ]
    lines += [_CLI, "| question | in the protocol | class | asked when | answers | unclear | purpose | source |\n"]
    lines.append("|---" * 8 + "|\n")
    asked = mapping(read(QUESTIONNAIRE_FILE), where="questionnaire")
    entries = records(asked["questions"], where="questions")
    whens = {question_id: entry.get("when", "always") for question_id, entry in entries}
    lines += [_question(question, str(whens[question.id])) for question in questionnaire().questions]
    return "".join(lines)


def _question(question: Question, when: str) -> str:
    answers = [f"*{question.values_from}*"] if question.values_from else []
    answers += ["*own words*"] if question.free_text else []
    answers += [f"{value.value}{_sets(value.sets)}" for value in question.values]
    several = " (several)" if question.multiple else ""
    return (
        f"| {question.id} | {question.protocol} | {question.asks_class} | {_cell(when)} | {', '.join(answers)}{several} "
        f"| {question.unclear} | {question.purpose} | {question.source} |\n"
    )


def _sets(facts: Mapping[str, str]) -> str:
    told = [f"`{name}`" if grade == "yes" else f"`{name}` = {grade}" for name, grade in facts.items() if grade != "no"]
    return f" → {' and '.join(told)}" if told else ""


def _cell(condition: str) -> str:
    """A condition inside a table: a bar would end the cell."""
    return f"`{condition}`".replace("|", "\\|") if "=" in condition or "_" in condition else condition


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
