"""The report says what the aims cost each other, from the answers and not from memory."""

from benchmarks.answers import Answer
from benchmarks.messages import Message
from benchmarks.parts import Run
from benchmarks.parts.reasons import reasons
from bot.engine.nlu.decide import Thresholds


def answer(intent: str, chance: float, *, look_alike: bool = False) -> Answer:
    message = Message(f"{intent}{chance}", "en", "text", intent, look_alike, "plain")
    return Answer(message, None, {"danger_now": chance, "other": 1 - chance}, None)


def test_the_thresholds_that_reach_one_aim_are_named_with_what_they_cost_the_other() -> None:
    cries = [answer("danger_now", chance) for chance in (0.9, 0.7, 0.32)]
    calm = [answer("other", chance, look_alike=True) for chance in (0.62, 0.31, 0.1)]
    text = "\n".join(reasons(Run((), (*cries, *calm), Thresholds(act=0.5))))
    assert "99% of the cries are acted on with a threshold of 0.3 (1.000), and 66.7% of the look-alikes too." in text
    assert (
        "2% of the look-alikes at most are acted on with a threshold of 0.65 (0.000), and 66.7% of the cries." in text
    )
    assert "Of 2 wrong intents 50% are a meaning taken for none" in text


def test_an_aim_that_no_threshold_reaches_is_said_to_be_out_of_reach() -> None:
    silent, loud = answer("danger_now", 0.01), answer("other", 0.99, look_alike=True)
    text = "\n".join(reasons(Run((), (silent, loud), Thresholds())))
    assert "No threshold between 0.05 and 0.95 acts on 99% of the cries" in text
    assert "No threshold between 0.05 and 0.95 keeps the look-alikes" in text
