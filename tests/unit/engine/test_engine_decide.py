"""The decision: safety early, endings late, doubt is `other`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.nlu.decide import ENDING, OTHER, SAFETY, URGENCY, Decision, Thresholds, combine, decide, heed

THRESHOLDS = Thresholds(understood=0.4, act=0.5, ask=0.1, end=0.8)
INTENTS = ["greet", "affirm", "need_shelter", *SAFETY, *ENDING]


@pytest.mark.parametrize(
    ("probabilities", "intent", "possible"),
    [
        ({"greet": 0.9, "danger_now": 0.05}, "greet", None),
        ({"greet": 0.39, "affirm": 0.3}, OTHER, None),
        ({"greet": 0.4, "affirm": 0.3}, "greet", None),
        ({"danger_now": 0.5, "greet": 0.5}, "danger_now", None),
        ({"danger_now": 0.49, "greet": 0.51}, "greet", "danger_now"),
        ({"danger_now": 0.49, "greet": 0.4}, OTHER, "danger_now"),
        ({"greet": 0.8, "self_harm": 0.1}, "greet", "self_harm"),
        ({"greet": 0.8, "self_harm": 0.09}, "greet", None),
        ({"stop": 0.79, "greet": 0.2}, OTHER, None),
        ({"stop": 0.8, "greet": 0.2}, "stop", None),
        ({"erase_data": 0.7, "ask_human": 0.2}, OTHER, "ask_human"),
        ({"self_harm": 0.6, "danger_now": 0.6}, "danger_now", None),  # two pieces of a long message
        ({"other": 0.9, "greet": 0.1}, OTHER, None),
        ({}, OTHER, None),
    ],
)
def test_the_thresholds_hold_at_their_edges(probabilities: dict[str, float], intent: str, possible: str | None) -> None:
    decision = decide(probabilities, None, THRESHOLDS)
    assert decision.intent == intent
    assert (decision.possible[0] if decision.possible else None) == possible


def test_a_known_word_wins_over_every_probability() -> None:
    decision = decide({"danger_now": 0.9}, "stop", THRESHOLDS)
    assert (decision.intent, decision.confidence, decision.possible) == ("stop", 1.0, None)


def test_what_is_worse_than_the_meaning_acted_on_is_still_asked_about() -> None:
    thresholds = Thresholds(understood=0.4, act=0.5, ask=0.1, needs={"ask_human": 0.2})
    decision = decide({"ask_human": 0.3, "danger_now": 0.25, "greet": 0.2}, None, thresholds)
    assert (decision.intent, decision.possible) == ("ask_human", ("danger_now", 0.25))
    assert decide({"danger_now": 0.5, "ask_human": 0.3}, None, thresholds).possible is None


def test_one_intent_can_have_a_threshold_of_its_own() -> None:
    thresholds = Thresholds(understood=0.4, act=0.5, end=0.8, needs={"ask_human": 0.3, "stop": 0.6})
    assert decide({"ask_human": 0.3, "greet": 0.6}, None, thresholds).intent == "ask_human"
    assert decide({"danger_now": 0.3, "greet": 0.6}, None, thresholds).intent == "greet"
    assert decide({"stop": 0.6, "greet": 0.4}, None, thresholds).intent == "stop"
    assert decide({"erase_data": 0.6, "greet": 0.4}, None, thresholds).intent == OTHER


chances = st.fixed_dictionaries({intent: st.floats(0.001, 1) for intent in INTENTS}).map(
    lambda weights: {intent: weight / sum(weights.values()) for intent, weight in weights.items()}
)


@given(chances)
def test_a_likely_danger_is_never_passed_over(probabilities: dict[str, float]) -> None:
    decision = decide(probabilities, None, THRESHOLDS)
    highest = max(SAFETY, key=lambda intent: probabilities[intent])
    if probabilities[highest] >= THRESHOLDS.act:
        assert decision.intent in SAFETY
    elif probabilities[highest] >= THRESHOLDS.ask:
        assert decision.possible is not None
        assert decision.possible[1] == probabilities[highest]
        assert decision.intent not in SAFETY
    assert len(decision.ranking) <= 4
    assert 0 <= decision.confidence <= 1


@given(chances)
def test_nothing_ends_a_conversation_unless_certain(probabilities: dict[str, float]) -> None:
    decision = decide(probabilities, None, THRESHOLDS)
    if decision.intent in ENDING:
        assert probabilities[decision.intent] >= THRESHOLDS.end


@given(st.lists(chances, min_size=1, max_size=4))
def test_the_worst_piece_of_a_long_message_counts(pieces: list[dict[str, float]]) -> None:
    together = combine(pieces)
    for intent in SAFETY:
        assert together[intent] == max(piece[intent] for piece in pieces)
    assert combine(pieces[:1]) == pytest.approx(pieces[0])


def test_a_message_without_pieces_has_no_probabilities() -> None:
    assert combine([]) == {}


@pytest.mark.parametrize(
    ("intent", "possible", "alarm", "expected"),
    [
        ("other", None, "danger_now", ("danger_now", None)),
        ("stop", None, "ask_human", ("ask_human", None)),
        ("third_party", None, "ask_human", ("ask_human", None)),
        ("complaint", None, "ask_human", ("complaint", None)),  # it reaches a person too, and with its reason
        ("danger_now", None, "self_harm", ("danger_now", None)),
        ("ask_human", "danger_now", "ask_human", ("ask_human", "danger_now")),
        ("other", "ask_human", "self_harm", ("self_harm", None)),
        ("greet", "danger_now", None, ("greet", "danger_now")),
    ],
)
def test_of_the_two_lines_of_defence_the_more_urgent_holds(
    intent: str, possible: str | None, alarm: str | None, expected: tuple[str, str | None]
) -> None:
    decision = heed(Decision(intent, 0.5, [(intent, 0.5)], (possible, 0.2) if possible else None), alarm)
    assert (decision.intent, decision.possible[0] if decision.possible else None) == expected
    assert decision.confidence == (1.0 if decision.intent == alarm else 0.5)


@given(chances, st.sampled_from([None, *SAFETY]))
def test_an_alarm_never_calms(probabilities: dict[str, float], alarm: str | None) -> None:
    def rank(intent: str) -> int:
        return URGENCY.index(intent) if intent in URGENCY else len(URGENCY)

    alone = decide(probabilities, None, THRESHOLDS)
    together = heed(alone, alarm)
    assert rank(together.intent) <= rank(alone.intent)
    assert alarm is None or rank(together.intent) <= rank(alarm)
    if alone.possible:
        assert together.possible == alone.possible or rank(together.intent) <= rank(alone.possible[0])
