"""The measurement of the whole line: both lines are asked the same, and its pages say what the results say."""

import json
from typing import Any

import pytest
import yaml

from benchmarks.line import page, scale
from benchmarks.line.dialogue import before_the_round, dialogue, endless, recorded
from benchmarks.line.measure import spread
from benchmarks.line.profile import shares
from benchmarks.line.stock import HOME

DOMAIN = yaml.safe_load((HOME / "domain.yml").read_text(encoding="utf-8"))


def test_stock_rasa_asks_every_question_in_the_words_of_our_catalogue() -> None:
    """Otherwise the measurement stops at the first changed text: this says at once which one it is."""
    asked = [turn["bot"][-1] for turn in recorded()[: len(dialogue()) - 1]]
    slots = DOMAIN["forms"]["intake_form"]["required_slots"]
    assert [DOMAIN["responses"][f"utter_ask_intake_form_{slot}"][0]["text"] for slot in slots] == asked


def test_the_dialogue_ends_with_a_person_and_the_long_one_goes_on_as_long_as_is_wanted() -> None:
    assert (
        dialogue()[-1]
        .answered[-1]
        .fullmatch("Thank you. We are asking a person to write to you here by 12:00. Your reference:\nX1")
    )
    assert not dialogue()[-1].answered[-1].fullmatch("Thank you.")
    for line, question in (("waymark", 4), ("stock", 3)):
        assert len(endless(line, 503)) == 503
        assert endless(line, 503)[-1].answered[-1] == dialogue()[question].answered[-1]


@pytest.mark.parametrize("line", ["waymark", "stock"])
def test_the_turns_of_the_long_conversation_that_are_compared_are_alike(line: str) -> None:
    """The first ones are answered by one message, those that go round by two: compared with each other, a line grew slower that did not."""
    begun = before_the_round(line)
    assert len({tuple(pattern.pattern for pattern in turn.answered) for turn in endless(line, 503)[begun:]}) == 1
    assert endless(line, 503)[begun - 1].answered != endless(line, 503)[begun].answered


def test_the_spread_of_measured_seconds() -> None:
    assert spread([]) == {"p50_ms": None, "p95_ms": None, "p99_ms": None}
    assert spread([second / 1000 for second in range(100)]) == {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99}


def test_a_moment_belongs_to_the_innermost_thing_that_is_known() -> None:
    stacks = [
        "main (app/worker.py:81);execute (sqlalchemy/orm/session.py:2555);wait (psycopg/connection.py:495) 3",
        "main (app/worker.py:81);turn (gateway/tasks.py:64) 1",
    ]
    assert shares(stacks) == {"psycopg (talking to PostgreSQL)": 0.75, "our own code": 0.25}


@pytest.fixture
def results() -> dict[str, Any]:
    """Invented measurements of two rounds, the second line half as fast, one answer that never came."""

    def one(slower: int, *, ready: float, lost: bool) -> dict[str, Any]:
        replies = {"p50_ms": 20.0 * slower, "p95_ms": 40.0 * slower, "p99_ms": 60.0 * slower}
        none = {"p50_ms": None, "p95_ms": None, "p99_ms": None}
        return {
            "ready_seconds": ready,
            "saturation": {"1": {"turns_per_second": 10 / slower}, "8": {"turns_per_second": 40 / slower}},
            "latencies": dict.fromkeys(("1", "5", "20"), replies),
            "acknowledgements": {
                "100": {**replies, "posted": 100, "failed": 0},
                "500": {**(none if lost else replies), "posted": 100, "failed": 100 if lost else 0},
            },
            "costs": {
                "cpu_ms_per_turn": {"engine": 12.0, "postgres": 6.0},
                "statements_per_turn": {"engine": 2.0},
            },
            "memory_mb": {"engine": 400.0, "postgres": 100.0, "web": 90.0, "worker": 90.0, "actions": 90.0},
        }

    once = {
        "long": {"turn_5_ms": 20.0, "turn": 500, "turn_ms": 25.0, "ratio": 1.25},
        "stored": {"100": {"p50_ms": 20.0}, "1000000": {"p50_ms": 22.0}},
        "profile": {"engine": {"Rasa: policies": 0.5}},
    }
    return {
        "day": "2026-01-01",
        "seconds": 1.0,
        "machine": {"processors": "2"},
        "training": {name: {"seconds": 1.0, "cpu_seconds": 1.0} for name in ("waymark", "stock")},
        "lines": {
            "waymark": [one(1, ready=10.0, lost=False)] * 2,
            "stock": [one(2, ready=30.0, lost=True)] * 2,
        },
        "once": {"waymark": once, "stock": once},
    }


def test_the_flat_figures_and_the_aims_follow_from_the_rounds(results: dict[str, Any]) -> None:
    flat = page.flat(results)
    assert (flat["turns_per_second_waymark"], flat["turns_per_second_stock"], flat["times_stock"]) == (40, 20, 2)
    assert (flat["ack_p99_ms_at_500"], flat["reply_p95_ms_at_20"], flat["turn_500_over_turn_5"]) == (60, 40, 1.25)
    assert (flat["ready_seconds"], flat["memory_mb"]) == (10, 770)
    met = {aim: reached(flat) for aim, (_, reached) in page.AIMS.items()}
    assert [aim for aim, reached in met.items() if reached] == [
        "reply p95 under 150 ms at 20 turns a second",
        "start to ready under 15 s",
        "all processes together under 1 GB",
    ]


def test_the_page_tells_what_did_not_come(results: dict[str, Any]) -> None:
    told = page.figures(page.flat(results))
    assert "| ten times stock Rasa's turns per second | **no** | 2.0 times |" in told
    assert "none came / none came; 100% not answered in Twilio's 15 s" in told
    assert "| 500th turn, ms | 25 | 25 |" in told


def test_what_more_turns_need_is_computed_from_what_one_costs(results: dict[str, Any]) -> None:
    told = scale.figures(results["lines"]["waymark"])
    assert "| engine: processes | 1 | 20 | 2,000 |" in told  # 12 ms of a processor that may be busy for 60 %
    assert "| statements a second | 20 | 2,000 | 200,000 |" in told


def test_the_committed_pages_are_those_of_the_committed_results() -> None:
    """A figure that somebody typed, or a page of older results, would be believed."""
    kept = json.loads(page.RESULTS.read_text(encoding="utf-8"))
    before, after = page.TEXT.read_text(encoding="utf-8").split("<!-- figures -->\n")
    assert page.PAGE.read_text(encoding="utf-8") == before + page.figures(kept) + after
    before, after = scale.TEXT.read_text(encoding="utf-8").split("<!-- figures -->\n")
    assert scale.PAGE.read_text(encoding="utf-8") == before + scale.figures(kept["lines"]["waymark"]) + after
