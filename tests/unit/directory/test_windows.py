import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.windows import misspelt_windows, slips, windows


@pytest.mark.parametrize(
    ("sentence", "key"),
    [
        ("I am in Dhaka", "dhaka"),
        ("je suis à Casablanca", "casablanca"),
        ("d'Agadir", "agadir"),
        ("near Cox's Bazar!", "coxs bazar"),
        ("ঢাকায় আছি", "ঢাকা"),
        ("সিলেটে থাকি", "সিলেট"),
        ("রাজশাহীতে", "রাজশাহী"),
        ("ঢাকার কাছে", "ঢাকা"),
        ("انا في طنجة", "طنجه"),
        ("بطنجة", "طنجه"),
        ("ຂ້ອຍຢູ່ວຽງຈັນ", "ວຽງຈັນ"),
        ("estou em São Paulo", "sao paulo"),
    ],
)
def test_the_name_of_a_place_is_among_the_pieces_of_a_sentence(sentence: str, key: str) -> None:
    assert key in {window.key for window in windows(sentence)}


@pytest.mark.parametrize("sentence", ["I am here", "je suis à la", "আমি থাকি", "انا في", "yes", "no", "on", ""])
def test_small_words_alone_are_never_searched(sentence: str) -> None:
    assert windows(sentence) == []
    assert misspelt_windows(sentence) == []


def test_an_ending_is_never_all_that_is_left_of_a_word() -> None:
    assert all(len(window.key) >= 3 or window.faith == 1 for window in windows("ঘরে নদীর তার বের ফেজ ف"))


@given(st.text(max_size=400))
def test_any_text_is_cut_into_a_bounded_number_of_pieces(text: str) -> None:
    found = windows(text)
    assert all(window.key and window.start < window.end for window in found)
    assert len(misspelt_windows(text)) <= 4
    assert len(found) < 20_000


@given(st.text(st.sampled_from("ຂອຍຢູ່້ວຽງຈັນາກ"), min_size=5, max_size=30))
def test_no_piece_of_a_word_begins_with_a_mark_that_belongs_to_the_letter_before(text: str) -> None:
    for window in windows(text):
        if window.faith < 1:
            assert not unicodedata.category(window.key[0]).startswith("M")


def test_slips_are_a_letter_too_many_and_two_exchanged() -> None:
    assert {"oujda", "ouda"} <= set(slips("oudja"))
    assert "dhaka" in set(slips("dhakka"))
