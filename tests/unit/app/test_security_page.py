"""The page about threats names tests that there are, and the figures of the last run; what is not protected is said for everybody."""

import json
import re

from benchmarks.fuzz.__main__ import PAGE, RESULTS, written_into

TEXT = PAGE.read_text(encoding="utf-8")


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert len(links) > 40
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


def test_for_every_adversary_it_is_said_what_is_not_protected() -> None:
    sections = re.split(r"^### ", TEXT.partition("## Rasa's process")[0], flags=re.MULTILINE)[1:]
    assert len(sections) == 9
    assert [section.splitlines()[0] for section in sections if "**Not protected:**" not in section] == []


def test_the_figures_are_those_of_the_last_run_and_nothing_found_is_left_unmended() -> None:
    result = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert written_into(TEXT, result) == TEXT
    assert {name: each["found"] for name, each in result["parsers"].items() if each["found"]} == {}
