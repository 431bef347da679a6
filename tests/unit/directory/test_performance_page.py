"""The page of the figures is what the results say, and the picture can be drawn of any results."""

import json
from xml.etree.ElementTree import fromstring

from benchmarks.directory.__main__ import RESULTS
from benchmarks.directory.page import PAGE, PICTURE, drawn, page


def test_the_page_and_the_picture_say_what_the_results_say() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == page(results)
    assert PICTURE.read_text(encoding="utf-8") == drawn(results)
    assert fromstring(drawn(results)).tag.endswith("svg")  # noqa: S314  our own file


def test_an_aim_that_was_missed_is_told_with_by_how_much() -> None:
    figure = {"p50": 1.0, "p95": 7.25, "best_p95": 6.0, "processor_p95": 2.0, "calls": 1}
    told = page({"rounds": 1, "sizes": {"100000": {"bot": figure}}, "machine": {}, "missing": ["1,000,000"]})
    assert "5, missed by 2.2" in told
    assert "1,000,000" in told
