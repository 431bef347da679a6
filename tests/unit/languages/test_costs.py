"""The ways whose cost is reported are ways that the assistant really goes."""

import pytest

from benchmarks.costs import CORE, WAYS, measure, walk
from core.settings import read_settings


def test_every_way_ends_and_costs_more_where_it_says_more() -> None:
    costs = measure(("en", "bn"))
    for way, by_language in costs.items():
        assert by_language["en"].messages_in <= len(WAYS[way]) + 1
        assert by_language["bn"].segments_out >= by_language["en"].segments_out
    assert costs["not safe"]["en"].said[-1] == "say_neutral_goodbye"
    assert costs["danger"]["en"].said[-2:] == ["say_emergency", "say_emergency_number"]
    core = costs["core path, a person writes"]["en"]
    assert core.said[-1] == "say_person_will_write"
    assert 12 <= core.messages_in <= 16


def test_a_question_without_an_answer_is_an_error_and_not_a_cheap_conversation() -> None:
    from benchmarks.costs import _service
    from core.catalogues import Catalogues
    from core.languages import load_languages
    from core.settings import PROJECT
    from gateway.wording import CatalogueWording

    codes = read_settings().languages
    wording = CatalogueWording(load_languages(codes), Catalogues.load(PROJECT / "locale", codes))
    with pytest.raises(ValueError, match="no answer to medical"):
        walk("en", {name: value for name, value in CORE.items() if name != "medical"}, wording, _service("en"))
