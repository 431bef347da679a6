"""Known words and phrases: matched as people type them, in every script, and never inside another word."""

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
            "exact": {"affirm": ["yes", "👍", "ok"], "deny": ["no"], "thanks": ["don't mention it"], "skip": ["pass"]},
            "phrases": {
                "danger_now": ["kill me", "beat*"],
                "self_harm": ["kill me myself", "want to die"],
                "need_shelter": ["nowhere to sleep"],
            },
        },
        "fr": {
            "exact": {"affirm": ["oui", "d'accord"], "help": ["pass"]},
            "phrases": {"danger_now": ["me tuer", "aide-moi vite"]},
        },
        "ar": {"exact": {"affirm": ["نعم", "أيوه"]}, "phrases": {"danger_now": ["يقتلني"]}},
        "bn": {"exact": {"affirm": ["হ্যাঁ"], "deny": ["না"]}, "phrases": {"danger_now": ["মেরে ফেল*"]}},
        "lo": {"phrases": {"danger_now": ["ຂ້າຂ້ອຍ"]}},
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
    assert LEXICON.exact(text) == intent


def test_a_word_of_two_languages_means_what_the_conversations_language_says() -> None:
    assert LEXICON.exact("pass", "en") == "skip"
    assert LEXICON.exact("pass", "fr-SN") == "help"
    assert LEXICON.exact("pass") is None
    assert LEXICON.exact("oui", "en") == "affirm"  # another language's word, when it is nobody else's


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("please, they want to KILL me!", "danger_now"),
        ("kill\u200b me", "danger_now"),
        ("skill meeting", None),
        ("they kill men", None),
        ("he beats me", "danger_now"),
        ("my heartbeat", None),
        ("il veut me tuer", "danger_now"),
        ("aide moi, vite", "danger_now"),
        ("سوف يقتلني", "danger_now"),
        ("ওরা আমাকে মেরে ফেলবে", "danger_now"),
        ("ລາວຈະຂ້າຂ້ອຍມື້ນີ້", "danger_now"),
        ("i want to die, they beat me", "danger_now"),  # the most urgent meaning
        ("nowhere to sleep and i want to die", "self_harm"),
        ("we have nowhere to sleep", "need_shelter"),
        ("nothing of the kind", None),
    ],
)
def test_a_phrase_is_found_in_words_and_not_inside_a_word(text: str, intent: str | None) -> None:
    assert LEXICON.phrase(text) == intent


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
    assert LEXICON.exact(around + word + around) == LEXICON.exact(word)


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
    assert weights("মা") != weights("ম")
