"""The page that compares the desk with others: every row is there, and every test that it names exists."""

import re
from pathlib import Path

from core.settings import PROJECT

COMPARED = PROJECT / "docs" / "desk.md"


def known_tests() -> set[str]:
    files = (PROJECT / "tests").rglob("test_*.py")
    return {name for path in files for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))}


def chapters() -> list[list[tuple[int, str]]]:
    parts = COMPARED.read_text(encoding="utf-8").split("\n## ")[1:]
    return [
        [(int(number), rest) for number, rest in re.findall(r"^\| (\d+) \|(.*)\|$", part, re.MULTILINE)]
        for part in parts
    ]


def test_every_feature_and_every_complaint_has_its_row() -> None:
    features, complaints = chapters()
    assert [number for number, _ in features] == list(range(1, 41))
    assert [number for number, _ in complaints] == list(range(1, 35))


def test_every_test_that_the_page_names_exists_and_every_row_names_one_or_says_why_not() -> None:
    features, complaints = chapters()
    known = known_tests()
    assert Path(__file__).name in COMPARED.read_text(encoding="utf-8")
    for number, row in [*features, *complaints]:
        named = set(re.findall(r"`(test_\w+)`", row))
        assert named <= known, (number, named - known)
        assert named or "Left out" in row or "Not here yet" in row, number
    assert all(re.search(r"`test_\w+`", row) for _, row in complaints)
