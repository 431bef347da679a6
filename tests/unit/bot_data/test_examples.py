"""Training examples: enough of every meaning in every language, and nothing in them that belongs to a real person."""

import re
import unicodedata
from collections import Counter

import pytest
import yaml

from tests.unit.bot_data.conftest import CALLS_FOR_A_PERSON, CODES, DATA, INTENTS, OFFERED, examples, folded

LONG_NUMBER = re.compile(r"\d(?:[\s().+-]{0,2}\d){6,}")
ADDRESS = re.compile(r"@[^\s@]+\.[a-z]|https?:|www\.|\.(?:com|org|net)(?:\s|$)", re.IGNORECASE)


def test_every_language_that_is_offered_has_examples() -> None:
    assert set(OFFERED) <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_file_is_rasa_data_of_version_3_1_in_normal_form(code: str) -> None:
    text = (DATA / code / "nlu.yml").read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    data = yaml.safe_load(text)
    assert data["version"] == "3.1"
    intents = [block["intent"] for block in data["nlu"]]
    assert set(intents) <= INTENTS | {"other"}
    assert len(set(intents)) == len(intents), "an intent stands in two blocks: the second is easily overlooked"


@pytest.mark.parametrize("code", OFFERED)
def test_every_intent_has_at_least_25_examples_safety_40_and_other_90(code: str) -> None:
    count = Counter(intent for intent, _ in examples(code))
    assert {intent: count[intent] for intent in INTENTS if count[intent] < 25} == {}
    assert {intent: count[intent] for intent in CALLS_FOR_A_PERSON if count[intent] < 40} == {}
    assert count["other"] >= 90


@pytest.mark.parametrize("code", ["ar", "bn"])
def test_every_intent_has_at_least_6_romanised_examples_where_people_type_latin_letters(code: str) -> None:
    count = Counter(intent for intent, text in examples(code) if re.search("[a-z]", text) and text.isascii())
    assert {intent: count[intent] for intent in INTENTS if count[intent] < 6} == {}


@pytest.mark.parametrize("code", CODES)
def test_no_message_stands_twice_in_a_language(code: str) -> None:
    places: dict[str, list[str]] = {}
    for intent, text in examples(code):
        places.setdefault(folded(text), []).append(intent)
    assert {text: intents for text, intents in places.items() if len(intents) > 1} == {}


def test_no_message_means_two_things_in_two_languages() -> None:
    """One model reads all languages: the same letters under two intents teach it nothing but doubt."""
    meanings: dict[str, set[str]] = {}
    for code in CODES:
        for intent, text in examples(code):
            meanings.setdefault(folded(text), set()).add(intent)
    assert {text: intents for text, intents in meanings.items() if len(intents) > 1} == {}


@pytest.mark.parametrize("code", CODES)
def test_no_example_has_a_phone_number_an_address_or_an_entity_mark(code: str) -> None:
    assert [text for _, text in examples(code) if LONG_NUMBER.search(text) or ADDRESS.search(text)] == []
    assert [text for _, text in examples(code) if set(text) & set("[]{}")] == []


@pytest.mark.parametrize(
    "text", ["call 0612345678", "+1 500 555 0006", "write to a@example.org", "see www.example.org", "৬১২৩৪৫৬৭৮"]
)
def test_the_pattern_finds_what_may_not_be_written(text: str) -> None:
    assert LONG_NUMBER.search(text) or ADDRESS.search(text)


@pytest.mark.parametrize("code", CODES)
def test_examples_are_short_enough_for_a_text_message_and_have_no_stray_spaces(code: str) -> None:
    assert [text for _, text in examples(code) if text != " ".join(text.split()) or not 0 < len(text) <= 160] == []
