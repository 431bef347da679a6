"""Known words: one meaning a word."""

import unicodedata

import pytest

from tests.unit.bot_data.conftest import (
    CODES,
    DATA,
    INTENTS,
    examples,
    folded,
    lexicon,
)

ANSWERS = (
    "affirm",
    "deny",
    "skip",
    "stop",
    "help",
    "greet",
    "thanks",
    "ask_human",
    "erase_data",
    "danger_now",
    "self_harm",
)


def entries(code: str, part: str) -> list[tuple[str, str]]:
    return [(intent, word) for intent, words in lexicon(code)[part].items() for word in words]


@pytest.mark.parametrize("code", CODES)
def test_words_are_text_in_normal_form_lower_case_and_without_punctuation(code: str) -> None:
    assert unicodedata.is_normalized("NFC", (DATA / code / "lexicon.yml").read_text(encoding="utf-8"))
    for intent, word in entries(code, "exact"):
        assert isinstance(word, str), f"{code}: {word!r} of {intent} is not in quotes"
        assert word == word.casefold().strip(), word
        assert not [sign for sign in word if unicodedata.category(sign).startswith("P")], word


@pytest.mark.parametrize("code", CODES)
def test_only_known_intents_have_words_and_the_answers_have_some(code: str) -> None:
    assert set(lexicon(code)) == {"exact"}
    assert set(lexicon(code)["exact"]) <= INTENTS | {"other"}
    assert [intent for intent in ANSWERS if not lexicon(code)["exact"].get(intent)] == []


@pytest.mark.parametrize("code", CODES)
def test_a_word_of_a_language_has_one_meaning_and_stands_once(code: str) -> None:
    meanings: dict[str, list[str]] = {}
    for intent, word in entries(code, "exact"):
        meanings.setdefault(folded(word), []).append(intent)
    assert {word: intents for word, intents in meanings.items() if len(intents) > 1} == {}


def test_no_word_has_two_meanings_when_all_languages_are_read_together() -> None:
    """That is how the engine reads a first message, before it knows the language. `other` is not a meaning."""
    meanings: dict[str, set[str]] = {}
    for code in CODES:
        for intent, word in entries(code, "exact"):
            if intent != "other":
                meanings.setdefault(folded(word), set()).add(intent)
    assert {word: intents for word, intents in meanings.items() if len(intents) > 1} == {}


@pytest.mark.parametrize("code", CODES)
def test_a_known_word_is_never_an_example_of_another_intent(code: str) -> None:
    words = {folded(word): intent for intent, word in entries(code, "exact")}
    wrong = [
        (text, intent, words[folded(text)])
        for intent, text in examples(code)
        if words.get(folded(text), intent) != intent
    ]
    assert wrong == []


@pytest.mark.parametrize(("codes", "word", "intent"), [
    ({"ar"}, "la", "deny"), ({"bn"}, "na", "deny"), ({"fr", "es"}, "si", "affirm"), ({"ar"}, "ah", "affirm"),
    ({"bn"}, "ha", "affirm"), ({"en"}, "ya", "affirm"), ({"en"}, "ja", "affirm"), ({"ar"}, "wah", "affirm"),
])  # fmt: skip
def test_a_short_yes_or_no_of_one_language_is_nothing_in_the_others(codes: set[str], word: str, intent: str) -> None:
    """The engine asks every language when the conversation's own has no such word: "ha", a laugh, would become consent in Bangla."""
    meanings = {other: {meant for meant, entry in entries(other, "exact") if entry == word} for other in CODES}
    assert meanings == {other: {intent} if other in codes else {"other"} for other in CODES}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("sign", "intent"), [("👍", "affirm"), ("✅", "affirm"), ("❌", "deny"), ("👎", "deny"), ("🆘", "danger_now")]
)
def test_signs_mean_the_same_in_every_language(code: str, sign: str, intent: str) -> None:
    assert sign in lexicon(code)["exact"][intent]
