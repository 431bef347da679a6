"""What an input means as the answer to a question: a picked option, a place, or a person's own words."""

from collections.abc import Sequence

from bot.actions.state import Event, State
from bot.actions.world import World
from core.digits import to_ascii_digits
from screening.questionnaire import SKIPPED, Question, assess
from screening.questions import KEPT, UNUSABLE
from screening.triage import LEVELS

CERTAIN = 0.95
"""From here on a meaning is known word for word; below, a town's name may have been taken for it (one in six was, measured)."""

CHILD_BELOW, SURELY_ADULT = 18, 20
"""Years."""

LANGUAGES_AT_ONCE = 8
"""Choices have one digit, and 9 is always the way out."""

NEEDS = {
    "need_shelter": ("needs", "shelter"),
    "need_health": ("needs", "health"),
    "need_food_cash": ("needs", "food_cash"),
    "need_legal": ("needs_more", "legal"),
}
SIGNALS = {
    "exploited_at_work": ("debt_or_pay", "yes"),
    "documents_taken": ("papers", "yes"),
    "where_am_i": ("stranded", "unsure"),
}
POLITE = frozenset({"greet", "thanks", "where_am_i"})
"""Understood, though they answer no question."""


def names_a_place(state: State, event: Event, world: World) -> bool:
    """Whether a text, while a place is asked, is the name of one and nothing else, whatever it was taken for.

    A sentence is not: "they hold me in Bonito" names a town and says something else.
    """
    if state.question != "place" or not event.text:
        return False
    # A hamlet called "Market" is not meant by whoever is near one; who writes it twice means it.
    if "landmark" not in state.asked and world.without_landmarks(event.text, event.language or state.language) == "":
        return False
    return any(place.exact for place in world.look_up(event.text, state.country(world.countries)))


def age_told(state: State, event: Event) -> str | None:
    """The answer to "are you under 18?" in a number: "no tengo 31 años" is easily taken for a child's words.

    Near 18 only the words count: "soon 18" is a child.
    """
    numbers = "".join(sign if sign.isdecimal() else " " for sign in to_ascii_digits(event.text)).split()
    if state.question != "under_18" or len(numbers) != 1 or len(numbers[0]) != 2:
        return None
    age = int(numbers[0])
    return "no" if age >= SURELY_ADULT else "yes" if age < CHILD_BELOW else None


def remember(state: State, event: Event) -> bool:
    """Keep what a person's own words tell besides any question. True if it was new."""
    new = False
    if event.intent in SIGNALS:
        fact, grade = SIGNALS[event.intent]
        new = state.signals.get(fact) != grade
        state.signals.setdefault(fact, grade)
    if event.intent in NEEDS:
        question, need = NEEDS[event.intent]
        # The second screen opens only from the first.
        if question == "needs_more":
            new = add(state, "needs", ["more"])
        new = add(state, question, [need]) or new
    return new


def add(state: State, question: str, values: Sequence[str]) -> bool:
    """Add to the values of a question with several; what was said before stays. True if one was new."""
    before = state.answers.get(question, [])
    known = [] if isinstance(before, str) else list(before)
    state.answers[question] = known + [value for value in values if value not in known]
    return len(state.answers[question]) > len(known)


def picked(question: Question, event: Event, state: State, world: World) -> list[str]:
    """The values picked by an option's payload; empty when one of them is not on offer."""
    allowed = offered(question, state, world)
    chosen = [value for value in (event.value or "").replace(",", " ").split() if value]
    if not chosen or any(value not in allowed for value in chosen) or (len(chosen) > 1 and not question.multiple):
        return []
    return list(dict.fromkeys(question.skip if value == SKIPPED else value for value in chosen))


def offered(question: Question, state: State, world: World) -> list[str]:
    """Every value that counts as an answer to the question now."""
    dynamic = {
        "languages": [code for code, _ in world.languages],
        "countries": list(world.countries),
        "places": [place["id"] for place in state.places],
        "services": [place["id"] for place in state.shown],
    }
    fixed = [value.value for value in question.values]
    if question.secret:
        fixed += [KEPT, UNUSABLE]
    if question.id == "language" and len(world.languages) > LANGUAGES_AT_ONCE:
        fixed += ["more"]
    return [*dynamic.get(question.values_from or "", []), *fixed, SKIPPED]


def in_own_words(question: Question, event: Event, state: State) -> list[str]:
    """The value that the meaning of a free text has for this question; empty when it has none."""
    if event.intent == "skip":
        return [question.skip]
    if (age := age_told(state, event)) is not None:
        return [age]
    if question.id == "place_confirm" and event.intent == "affirm" and len(state.places) == 1:
        return [state.places[0]["id"]]
    value = question.own_words.get(event.intent)
    return [value] if value else []


def raises(question: Question, values: Sequence[str], state: State) -> bool:
    """Whether another answer to an answered question makes the level more urgent: a late button may never lower one."""
    other = state.answers | {question.id: list(values) if question.multiple else values[0]}
    return LEVELS.index(assess(other, state.signals).level) < LEVELS.index(assess(state.answers, state.signals).level)
