"""What a person told, in plain words: rules, answers, needs, reasons. Unknown words of newer data are shown as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cases.models import LEVELS, Case
from cases.service import Screening
from desk.words import Words
from screening.questions import questionnaire
from screening.triage import rule_book

_SAYS_LITTLE = frozenset({"screening", "level", "contact"})
"""Reasons that every finished conversation has: the most urgent rule says more."""
_NOT_SHOWN = frozenset(
    {
        "language", "country", "needs", "needs_more", "needs_last", "place_confirm", "consent", "contact", "anything_else",
        "complaint", "which_place", "what_happened", "contact_time", "contact_gender",
    }
)  # fmt: skip
"""A complaint is no business of the case team. Answers that have a place of their own on the page, or only steered the conversation."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and what was answered."""

    question: str
    answer: str
    own_words: bool
    """Free text of the person: shown in its own direction."""


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that holds, in words a caseworker can act on."""

    id: str
    level: str
    words: str


def rules(screening: Screening, words: Words) -> list[FiredRule]:
    """The rules that fired, most urgent first."""
    known = {rule.id: rule.level for rule in rule_book().rules}
    fired = [
        FiredRule(id=rule_id, level=known.get(rule_id, rule_id[:1]), words=words.find(f"rule_{rule_id}", rule_id))
        for rule_id in screening.rules
    ]
    return sorted(fired, key=lambda rule: LEVELS.index(rule.level) if rule.level in LEVELS else len(LEVELS))


def reason(case: Case, screening: Screening, words: Words) -> str:
    """Why the case stands in the queue, in one sentence: the reason it was opened for, else its most urgent rule."""
    key = f"reason_{case.reason}"
    fired = rules(screening, words)
    if fired and (case.reason in _SAYS_LITTLE or key not in words):
        return fired[0].words
    return words.find(key, words.say("reason_other"))


def answers(screening: Screening, words: Words) -> list[Answer]:
    """Questions and answers in the questionnaire's order."""
    order = {question.id: place for place, question in enumerate(questionnaire().questions)}
    told = sorted(screening.answers.items(), key=lambda item: order.get(item[0], len(order)))
    return [
        Answer(
            question=words.find(f"question_{name}", name.replace("_", " ")),
            answer=answer(name, value, words),
            own_words=name == "place" and value != "skip",
        )
        for name, value in told
        if name not in _NOT_SHOWN and value not in (None, "", [])
    ]


def answer(question: str, value: Any, words: Words) -> str:
    """One answer; several picks are joined."""
    if isinstance(value, (list, tuple)):
        return words.say("list_separator").join(answer(question, part, words) for part in value)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    text = str(value)
    return words.find(f"answer_{question}_{text}", words.find(f"answer_{text}", text))


def needs(screening: Screening, words: Words) -> list[str]:
    """Needs by name."""
    return [words.find(f"need_{need}", need.replace("_", " ")) for need in screening.needs]


def country(screening: Screening, words: Words) -> str | None:
    """The country, when the person told it."""
    code = screening.answers.get("country")
    return words.country(code) if isinstance(code, str) and code not in ("", "skip") else None


def place(screening: Screening) -> str | None:
    """The town or district as the person wrote it."""
    written = screening.answers.get("place")
    return written if isinstance(written, str) and written not in ("", "skip") else None


def contact(allowed: str | None, words: Words) -> str:
    """What the person allowed, so that nobody writes where it may hurt."""
    return words.find(f"contact_{allowed}", words.say("contact_unknown"))


def contact_plan(
    allowed: str | None, language: str | None, screening: Screening, words: Words
) -> list[tuple[str, str]]:
    """How, when, in which language, and with whom: what somebody who calls or writes must look at first. What was not told says so."""

    def told(question: str) -> str:
        value = screening.answers.get(question)
        return answer(question, value, words) if value not in (None, "", []) else words.say("contact_unknown")

    return [
        (words.say("contact_plan"), contact(allowed, words)),
        (words.say("question_contact_time"), told("contact_time")),
        (words.say("plan_language"), words.language(language)),
        (words.say("question_contact_gender"), told("contact_gender")),
    ]


def warnings(told: Mapping[str, Any], words: Words) -> list[str]:
    """What to keep in mind before writing a word."""
    found = []
    if told.get("safe") in ("no", "unsure"):
        found.append(words.say(f"warning_safe_{told['safe']}"))
    if told.get("shared_phone") in ("yes", "unsure"):
        found.append(words.say(f"warning_shared_phone_{told['shared_phone']}"))
    if told.get("under_18") in ("yes", "unsure"):
        found.append(words.say(f"warning_under_18_{told['under_18']}"))
    return found
