"""Every parser of outside input answers broken input as it says it does: what once broke one, and some hundred new inputs."""

import pytest

from benchmarks.fuzz.__main__ import CORPUS, attempt, fuzz
from benchmarks.fuzz.targets import TARGETS, Target

FEW = {"import xlsx": 15, "webhook": 100, "reading": 60, "check": 60}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_broken_input_is_answered(target: Target) -> None:
    for path in sorted((CORPUS / target.name.replace(" ", "_")).glob("*")):
        assert attempt(target, path.read_bytes()) in (None, "slow"), path
    _, found = fuzz(target, 60, seed=6, most=FEW.get(target.name, 150))
    assert {fault: data for fault, data in found.items() if fault != "slow"} == {}


def test_the_corpus_belongs_to_parsers_that_there_are() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= {
        target.name.replace(" ", "_") for target in TARGETS
    }


def test_a_parser_that_breaks_is_found() -> None:
    def fragile(data: bytes) -> None:
        if b"%" in data:
            raise ZeroDivisionError

    _, found = fuzz(Target("fragile", fragile, (b"abc",)), 30, seed=1, most=3000)
    assert set(found) == {"ZeroDivisionError"}
