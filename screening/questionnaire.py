"""The questionnaire at work: which question comes next, and which facts the answers set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from screening.errors import FactError
from screening.questions import SKIPPED, Question, Questionnaire, Value, questionnaire
from screening.triage import GRADES, NO_RULE, Result, rule_book, triage

__all__ = ["SKIPPED", "Answers", "Context", "Question", "Signals", "Value", "assess", "facts", "needs", "next_question"]

type Answers = Mapping[str, str | Sequence[str]]
"""Question id to the value picked, or to the values where several may be picked."""

type Signals = Mapping[str, str | bool]
"""Facts known from elsewhere, for example from what a person wrote in their own words."""

NOT_NEEDS = frozenset({"more", "none", SKIPPED})
NEED_QUESTIONS = ("needs", "needs_more", "needs_last")


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the answers."""

    countries: tuple[str, ...] = ()
    staffed: bool = False
    language_known: bool = False
    place_matched: bool = False
    watched: bool = False
    word_known: bool = False
    referral_asked: bool = False
    follow_up_due: bool = False
    complains: bool = False
    place_reported: bool = False
    signals: Signals = field(default_factory=dict)


def next_question(answers: Answers, context: Context, *, book: Questionnaire | None = None) -> Question | None:
    """The first question that is open and may be asked now, or None when nothing is left to ask."""
    book = book or questionnaire()
    state = _known(answers, context)
    for question in book.questions:
        if question.id not in answers and question.when.holds(state):
            return question
    return None


def facts(
    answers: Answers, signals: Signals | None = None, *, book: Questionnaire | None = None
) -> dict[str, str | bool]:
    """The facts that answers and signals set, for `triage`. Of two that speak of the same fact the graver holds."""
    book = book or questionnaire()
    yes_no = rule_book().yes_no
    known: dict[str, str | bool] = {}
    for question in book.questions:
        for word in _words(answers.get(question.id, ())):
            value = question.value(word)
            if value is None:
                if question.values_from is None and not question.free_text and word != SKIPPED:
                    raise FactError(question.id, "was answered with something that is not one of its values")
                continue
            for name, grade in value.sets.items():
                _raise(known, name, True if name in yes_no else grade)
    for name, signal in (signals or {}).items():
        _raise(known, name, signal)
    return known


def needs(answers: Answers) -> tuple[str, ...]:
    """The needs the person picked, in the order of the questionnaire."""
    picked = (word for question in NEED_QUESTIONS for word in _words(answers.get(question, ())))
    return tuple(dict.fromkeys(word for word in picked if word not in NOT_NEEDS))


def assess(answers: Answers, signals: Signals | None = None) -> Result:
    """Triage of a conversation: its facts, its level, its needs."""
    return triage(facts(answers, signals), needs(answers))


def _known(answers: Answers, context: Context) -> dict[str, tuple[str, ...]]:
    """What a `when` may ask about, all as words."""
    known = facts(answers, context.signals)
    told = {
        "language_known": context.language_known,
        "several_countries": len(context.countries) > 1,
        "place_matched": context.place_matched,
        "staffed": context.staffed,
        "watched": context.watched,
        "lost": "stranded" in context.signals,
        "word_known": context.word_known,
        "referral_asked": context.referral_asked,
        "follow_up_due": context.follow_up_due,
        "complains": context.complains,
        "place_reported": context.place_reported,
        # The child's path opens on "not sure" too, and on a child's own words before any question.
        "child_path": any(known.get(name) in ("yes", "unsure") for name in ("child", "child_alone")),
        "level_above_i": triage(known).level != NO_RULE,
    }
    state = {name: ("yes" if holds else "no",) for name, holds in told.items()}
    return state | {question: _words(answer) for question, answer in answers.items()}


def _words(answer: str | Sequence[str]) -> tuple[str, ...]:
    return (answer,) if isinstance(answer, str) else tuple(answer)


def _raise(known: dict[str, str | bool], name: str, new: str | bool) -> None:  # noqa: FBT001
    """Set a fact, never to something milder than what is known."""
    if isinstance(new, bool):
        known[name] = bool(known.get(name)) or new
        return
    if new not in GRADES:
        raise FactError(name, f"must be one of {', '.join(GRADES)}")
    before = known.get(name)
    known[name] = new if not isinstance(before, str) else max(before, new, key=_severity)


def _severity(grade: str) -> int:
    return next(number for number, known in enumerate(GRADES) if known == grade)
