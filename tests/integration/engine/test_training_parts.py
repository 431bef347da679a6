"""What makes training fast: vectors that are kept, and a solver of our own that finds what scikit-learn's finds."""

import json
from typing import Any

import pytest

from tests.integration.engine.running import needs_engine, run_python

pytestmark = [needs_engine, pytest.mark.engine]


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    done = run_python("-m", "tests.integration.engine.training_parts")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_an_example_is_encoded_once_and_again_only_for_another_model(seen: dict[str, Any]) -> None:
    assert seen["kept"] == {
        "first": ["a", "bb"],
        "again": [],
        "one_new": ["ccc"],
        "one_gone": [],
        "gone_is_forgotten": ["bb"],
        "other_model": ["a", "bb"],
        "damaged": ["a"],
        "empty": ["a"],
        "kept_nowhere": ["a"],
    }


def test_the_solver_gives_the_probabilities_of_scikit_learns(seen: dict[str, Any]) -> None:
    assert seen["fitted"]["largest"] < 0.02
    assert seen["fitted"]["usual"] < 0.002
