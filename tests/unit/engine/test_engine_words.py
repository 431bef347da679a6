"""Known words: matched as people type them, in every script, and only as a whole message."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.nlu.characters import BUCKETS, weights
from bot.engine.nlu.words import Lexicon, bare, fold

LEXICON = Lexicon(
    {
        "en": {
            "exact": {"affirm": ["yes", "👍", "ok"], "deny": ["no"], "thanks": ["don't mention it"], "skip": ["pass"]}
        },
        "fr": {"exact": {"affirm": ["oui", "d'accord"], "help": ["pass"]}},
        "ar": {"exact": {"affirm": ["نعم", "أيوه"]}},
        "bn": {"exact": {"affirm": ["হ্যাঁ"], "deny": ["না"]}},
    }
)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("YES!!", "affirm"),
        (" yes. ", "affirm"),
        ("yes 👍", "affirm"),
        ("👍🏽", "affirm"),
        ("D’ACCORD", "affirm"),
        ("daccord", "affirm"),
        ("dont mention it", "thanks"),
        ("نَعَم", "affirm"),
        ("ايوه", "affirm"),
        ("হ্যাঁ।", "affirm"),
        ("না", "deny"),
        ("yes but no", None),
        ("", None),
        ("...", None),
        ("🤷", None),
    ],
)
def test_a_whole_message_of_one_known_word_is_known(text: str, intent: str | None) -> None:
    assert LEXICON.match(text) == intent


def test_a_word_of_two_languages_means_what_the_conversations_language_says() -> None:
    assert LEXICON.match("pass", "en") == "skip"
    assert LEXICON.match("pass", "fr-SN") == "help"
    assert LEXICON.match("pass") is None
    assert LEXICON.match("oui", "en") == "affirm"  # another language's word, when it is nobody else's


def test_accents_go_over_latin_and_arabic_letters_and_stay_in_bangla() -> None:
    assert bare(fold("Été")) == "ete"
    assert bare(fold("أَنا")) == "انا"
    assert bare(fold("বিপদে")) == fold("বিপদে")
    assert bare(fold("ຊ່ວຍແດ່")) == fold("ຊ່ວຍແດ່")


@given(st.text(alphabet=st.characters(), max_size=300), st.sampled_from([None, "en", "fr", "xx", "AR"]))
def test_no_text_breaks_the_lexicon(text: str, language: str | None) -> None:
    LEXICON.match(text, language)


@given(st.sampled_from(["yes", "oui", "نعم", "না"]), st.text(alphabet=" .!?،।…\u200b\n", max_size=6))
def test_punctuation_and_hidden_marks_change_nothing(word: str, around: str) -> None:
    assert LEXICON.match(around + word + around) == LEXICON.match(word)


def test_the_pure_modules_work_the_same_in_both_interpreters() -> None:
    python = Path(__file__).resolve().parents[3] / ".venv-engine" / "bin" / "python"
    if not python.exists():
        pytest.skip("Rasa's environment is not installed")
    program = (
        "import json,sys;from bot.engine.nlu.words import spellings;from bot.engine.nlu.text import normalise;"
        "print(json.dumps([[spellings(t),normalise(t)] for t in json.loads(sys.argv[1])]))"
    )
    texts = ["D’Accord 👍🏽", "أيوه ٣", "হ্যাঁ ৪৫", "ຊ່ວຍແດ່ ໕", "İstanbul ß"]
    done = subprocess.run(
        [str(python), "-c", program, json.dumps(texts)],
        capture_output=True,
        text=True,
        check=True,
        cwd=python.parents[2],
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    from bot.engine.nlu.text import normalise
    from bot.engine.nlu.words import spellings

    assert json.loads(done.stdout) == [[spellings(text), normalise(text)] for text in texts]


@given(st.text(alphabet=st.characters(), max_size=200))
def test_character_counts_take_any_text(text: str) -> None:
    counted = weights(text)
    assert all(0 <= bucket < BUCKETS and value >= 1 for bucket, value in counted.items())


def test_character_counts_stay_within_words_and_know_vowel_signs() -> None:
    assert weights("") == {}
    assert weights("ab") == weights("AB!")
    assert weights("a b") != weights("ab")
    assert weights("kill me") != weights("me kill")  # a pair of words has an order
    assert weights("মা") != weights("ম")
