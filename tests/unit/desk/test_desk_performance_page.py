"""The page of the figures is what the results say: no figure is typed, and a missed aim is told."""

import gc
import json

from app.web import settle
from benchmarks.desk.__main__ import RESULTS
from benchmarks.desk.page import AIM, PAGE, page


def test_the_page_says_what_the_results_say() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == page(results)
    assert results["cases"] >= 10_000
    assert (results["race"]["rounds"], results["race"]["after_takeover"]) == (1000, 0)


def test_an_aim_that_was_missed_is_told_with_by_how_much() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    for one in results["paints"].values():
        one["first"]["p50"] = AIM + 25
    assert "missed by 25" in page(results)
    assert "| met |" not in page(results)


def test_what_a_start_has_made_is_not_gone_over_by_every_collection() -> None:
    before = gc.get_freeze_count()
    try:
        settle()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
