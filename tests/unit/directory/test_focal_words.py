"""Every focal point reads every sentence in their language."""

from string import Formatter

import pytest

from directory.review.words import LANGUAGES, focal_words


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_every_sentence_with_its_fields(code: str) -> None:
    english, words = focal_words("en"), focal_words(code)
    assert words.keys == english.keys
    for key in english.keys:
        assert words.raw(key).strip(), key
        assert fields(words.raw(key)) == fields(english.raw(key)), key
        if code != "en" and key != "label_description":
            assert words.raw(key) != english.raw(key), key


def test_an_unknown_language_is_english_and_days_are_named() -> None:
    assert focal_words("xx").code == "en"
    assert (focal_words("ar").direction, focal_words("pt").day("MO")) == ("rtl", "segunda-feira")
