"""Cleaning what phones send: nothing may crash the encoder, and nothing may become a command."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.nlu.text import WINDOW, WINDOWS, clean, normalise, spoken, windows

# Everything Python can hold, lone surrogates included: a request's JSON can hold them too.
anything = st.text(alphabet=st.characters(), max_size=1500)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("৪৫", "45"),
        ("٣", "3"),
        ("໕", "5"),
        ("\u200fنعم\u200e", "نعم"),
        ("نـــعم", "نعم"),
        ("e\u0301te\u0301", "été"),
        ("e\u200b\u0301", "é"),
        ("  a \n\t b\u00a0c ", "a b c"),
        ("a\ud800b", "ab"),
        ("❤\ufe0f", "❤"),
        ("ﬁ ²", "ﬁ ²"),  # NFC, never NFKC
        ("আমি বিপদে", unicodedata.normalize("NFC", "আমি বিপদে")),
    ],
)
def test_normalising_keeps_the_words_and_drops_what_hides_in_them(given_text: str, expected: str) -> None:
    assert normalise(given_text) == expected


@given(anything)
def test_normalised_text_can_always_be_encoded_and_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    once.encode("utf-8")
    assert normalise(once) == once
    assert not any(unicodedata.category(sign) in {"Cf", "Cs", "Cc"} for sign in once)
    assert once == unicodedata.normalize("NFC", once)


@given(anything)
def test_cleaning_keeps_everything_a_person_can_write(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned
    if not any(unicodedata.category(sign) in {"Cs", "Cc"} for sign in text):
        assert cleaned == text


@given(st.text(alphabet="/ \n\t\u200b\u200e\ufeff\x00\ud800", max_size=12), anything)
def test_no_text_starts_as_a_command(before: str, text: str) -> None:
    said = spoken(before + "/" + text)
    assert not said.startswith("/")
    assert not said.strip().startswith("/")


def test_a_slash_inside_the_words_stays() -> None:
    assert spoken("24/7 help and/or food") == "24/7 help and/or food"


@given(anything)
def test_windows_are_bounded_and_hold_the_words_in_order(text: str) -> None:
    text = normalise(text)
    pieces = windows(text)
    assert len(pieces) <= WINDOWS
    assert all(0 < len(piece) <= WINDOW for piece in pieces)
    joined = "".join(pieces).replace(" ", "")
    assert text.replace(" ", "").startswith(joined)
    if len(text) <= WINDOW * WINDOWS // 2:
        assert joined == text.replace(" ", "")


def test_the_last_sentence_of_a_full_message_is_read() -> None:
    text = "my story is long " * 57 + "he will kill me"
    assert len(text) < 1000
    assert windows(text)[-1].endswith("he will kill me")
    assert all(not piece.startswith(("tory", "ong")) for piece in windows(text))  # cut between words


def test_an_empty_text_has_no_window() -> None:
    assert windows(" ") == []
