"""Reading `data/questionnaire.yml`: what a question is, and the checks a reviewer would otherwise make by eye."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from screening.conditions import ALWAYS, Condition, parse
from screening.datafile import mapping, only, read, records, text
from screening.errors import DataFileError
from screening.reachable import check_reachable
from screening.triage import GRADES, RuleBook, rule_book

QUESTIONNAIRE_FILE = Path(__file__).parent / "data" / "questionnaire.yml"

SKIPPED = "skip"
"""The value of a question that the person left behind."""

KEPT = "set"
"""The answer to a secret question, as everybody but the gateway sees it."""

UNUSABLE = "unusable"
"""The person wrote something that cannot be their word or number."""

REASONS = ("child", "third_party", "complaint")
"""Why a person takes over after an answer."""

SOURCES_OF_VALUES = ("languages", "countries", "places", "services")
"""Where values come from that depend on the deployment or on the conversation."""

WAYS_OUT = frozenset({"skip", "unsure", "no", "none", "later", "finish", "more"})
"""Values by which a person can leave a question without giving an answer that commits them."""

_BOOLEAN = frozenset({"yes", "no"})
_OPTIONAL = frozenset({"when", "values", "values_from", "free_text", "secret", "multiple", "own_words", "after"})
_YES_AND_NO = {"affirm": "yes", "deny": "no"}


@dataclass(frozen=True, slots=True)
class Value:
    """One answer: its word, the key of its label, the facts it sets (graded words, or yes/no), why a person takes over after it."""

    value: str
    label: str
    sets: Mapping[str, str]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question as data. `asks_class` is A or B (protocol, section 2.1)."""

    id: str
    protocol: str
    purpose: str
    source: str
    asks_class: Literal["A", "B"]
    message: str
    when: Condition
    values: tuple[Value, ...]
    values_from: str | None
    free_text: bool
    secret: bool
    multiple: bool
    own_words: Mapping[str, str]
    unclear: str
    skip: str
    after: str | None = None

    def reason_after(self, word: str) -> str | None:
        """Why a person takes over after this answer; None where the next question follows."""
        value = self.value(word)
        return (value.after if value else None) or self.after

    def value(self, word: str) -> Value | None:
        return next((value for value in self.values if value.value == word), None)


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """The questions in order."""

    version: str
    known: Mapping[str, str]
    questions: tuple[Question, ...]

    def get(self, question_id: str) -> Question | None:
        return next((question for question in self.questions if question.id == question_id), None)


@cache
def questionnaire() -> Questionnaire:
    """The questions this copy ships with."""
    return load_questionnaire(QUESTIONNAIRE_FILE)


def load_questionnaire(path: Path, *, book: RuleBook | None = None) -> Questionnaire:
    """Read and check a questionnaire. Raises DataFileError naming the question or value at fault."""
    book = book or rule_book()
    data = mapping(read(path), where=path.name)
    only(data, {"version", "known", "questions"}, where=path.name)
    known = {name: text(meaning, where=name) for name, meaning in mapping(data["known"], where="known").items()}
    vocabulary = dict.fromkeys(known, _BOOLEAN)
    questions: list[Question] = []
    for question_id, entry in records(data["questions"], where="questions"):
        if question_id in vocabulary:
            raise DataFileError(question_id, "is the name of something known")
        question = _question(question_id, entry, vocabulary, book)
        questions.append(question)
        # Only later questions may ask about this one: an answer cannot decide over what came before it.
        vocabulary[question_id] = _answers(question)
    check_reachable(
        {question.id: question.when for question in questions},
        {question.id: sorted(_answers(question)) for question in questions},
    )
    return Questionnaire(text(data["version"], where="version"), known, tuple(questions))


def _answers(question: Question) -> frozenset[str]:
    fixed = frozenset(value.value for value in question.values) | {SKIPPED}
    return fixed | {KEPT} if question.secret else fixed


def _question(
    question_id: str, entry: Mapping[str, object], vocabulary: Mapping[str, frozenset[str]], book: RuleBook
) -> Question:
    needed = {"id", "protocol", "purpose", "source", "class", "message", "unclear", "skip"}
    only(entry, needed, where=question_id, optional=_OPTIONAL)
    words = {key: text(entry[key], where=f"{question_id}, {key}") for key in needed}
    if words["class"] not in ("A", "B"):
        raise DataFileError(question_id, f"class must be A or B, not {words['class']!r}")
    values_from = text(entry["values_from"], where=question_id) if "values_from" in entry else None
    if values_from is not None and values_from not in SOURCES_OF_VALUES:
        raise DataFileError(question_id, f"values_from knows {', '.join(SOURCES_OF_VALUES)}, not {values_from!r}")
    values = tuple(
        _value(question_id, word, value, book)
        for word, value in (records(entry["values"], where=question_id, key="value") if "values" in entry else ())
    )
    flags = {key: text(entry.get(key, "no"), where=question_id) for key in ("free_text", "secret", "multiple")}
    for key, flag in flags.items():
        if flag not in _BOOLEAN:
            raise DataFileError(question_id, f"{key} must be yes or no")
    if not values and values_from is None:
        raise DataFileError(question_id, "has no values")
    offered = {value.value for value in values}
    for key in ("unclear", "skip"):
        if words[key] not in offered | {SKIPPED}:
            raise DataFileError(question_id, f"{key} is {words[key]!r}, which is not one of its values")
    # Languages are left by 0 (a person) and 9 (leave): there is no label that everybody could read.
    if values_from != "languages" and not offered & WAYS_OUT:
        raise DataFileError(question_id, f"offers no way out ({', '.join(sorted(WAYS_OUT))})")
    when = text(entry["when"], where=question_id) if "when" in entry else ""
    return Question(
        id=question_id,
        protocol=words["protocol"],
        purpose=words["purpose"],
        source=words["source"],
        asks_class=cast(Literal["A", "B"], words["class"]),
        message=words["message"],
        when=parse(when, where=question_id, vocabulary=vocabulary) if when else ALWAYS,
        values=values,
        values_from=values_from,
        free_text=flags["free_text"] == "yes",
        secret=flags["secret"] == "yes",  # noqa: S105 - a word of the data file, no password
        multiple=flags["multiple"] == "yes",
        own_words=_own_words(question_id, entry, offered),
        unclear=words["unclear"],
        skip=words["skip"],
        after=_reason(question_id, entry),
    )


def _reason(where: str, entry: Mapping[str, object]) -> str | None:
    reason = text(entry["after"], where=where) if "after" in entry else None
    if reason is not None and reason not in REASONS:
        raise DataFileError(where, f"after knows {', '.join(REASONS)}, not {reason!r}")
    return reason


def _own_words(question_id: str, entry: Mapping[str, object], offered: set[str]) -> dict[str, str]:
    words = {intent: value for intent, value in _YES_AND_NO.items() if value in offered}
    for intent, value in mapping(entry.get("own_words", {}), where=question_id).items():
        words[intent] = text(value, where=f"{question_id}, own_words {intent!r}")
        if words[intent] not in offered:
            raise DataFileError(f"{question_id}, own_words {intent!r}", f"{words[intent]!r} is not one of its values")
    return words


def _value(question_id: str, word: str, entry: Mapping[str, object], book: RuleBook) -> Value:
    where = f"{question_id}, value {word!r}"
    only(entry, {"value", "label", "sets"}, where=where, optional={"after"})
    sets = {name: text(value, where=where) for name, value in mapping(entry["sets"], where=where).items()}
    for name, value in sets.items():
        allowed = GRADES if name in book.graded else ("yes",) if name in book.yes_no else ()
        if value not in allowed:
            raise DataFileError(where, f"cannot set {name!r} to {value!r}")
    return Value(word, text(entry["label"], where=where), sets, _reason(where, entry))
