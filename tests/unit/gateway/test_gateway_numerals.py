"""A digit is read in any script, and only when the message is nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.numerals import option_numbers, pick, read_numbers

SCRIPTS = {
    "latin": "0123456789",
    "arabic-indic": "٠١٢٣٤٥٦٧٨٩",
    "persian": "۰۱۲۳۴۵۶۷۸۹",
    "bengali": "০১২৩৪৫৬৭৮৯",
    "devanagari": "०१२३४५६७८९",
    "lao": "໐໑໒໓໔໕໖໗໘໙",
    "thai": "๐๑๒๓๔๕๖๗๘๙",
    "myanmar": "၀၁၂၃၄၅၆၇၈၉",
    "nko": "߀߁߂߃߄߅߆߇߈߉",
    "full width": "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
}  # fmt: skip


@given(st.sampled_from(sorted(SCRIPTS)), st.integers(0, 9), st.sampled_from(["", ".", ")", " ", "\n", "،", "।"]))
def test_one_digit_of_any_script_is_that_number(script: str, number: int, behind: str) -> None:
    assert read_numbers(SCRIPTS[script][number] + behind) == [number]


@given(
    st.sampled_from(sorted(SCRIPTS)),
    st.lists(st.integers(1, 8), min_size=1, max_size=6),
    st.sampled_from([" ", ", ", "، ", "+", "\n"]),
)
def test_several_digits_of_any_script_are_those_numbers(script: str, numbers: list[int], between: str) -> None:
    assert read_numbers(between.join(SCRIPTS[script][number] for number in numbers)) == numbers


@pytest.mark.parametrize(
    "text", ["9olt lik la", "b3d lyoum", "+1 500 555 0006a", "one 1", "1 yes", "", " ", "?", "½", "²x", "3andi"]
)
def test_a_digit_within_words_is_no_choice(text: str) -> None:
    assert read_numbers(text) == []


def test_key_caps_are_digits() -> None:
    assert read_numbers("1\ufe0f\u20e3") == [1]
    assert read_numbers("2\u20e3") == [2]


def test_no_option_has_the_number_that_means_leaving() -> None:
    assert option_numbers(10) == [1, 2, 3, 4, 5, 6, 7, 8, 10, 11]


def test_a_number_that_is_not_offered_picks_nothing() -> None:
    assert pick([4], 3, multiple=False) is None
    assert pick([1, 2], 3, multiple=False) is None
    assert pick([1, 4], 3, multiple=True) is None


def test_digits_written_together_pick_several() -> None:
    assert pick([13], 3, multiple=True) == [0, 2]
    assert pick([10], 10, multiple=True) == [8]
    assert pick([1, 3, 1], 3, multiple=True) == [0, 2]


@given(st.text(max_size=40))
def test_reading_never_fails_and_gives_no_negative_number(text: str) -> None:
    assert all(number >= 0 for number in read_numbers(text))


@given(st.integers(1, 10), st.integers(0, 30))
def test_what_is_picked_is_what_was_shown(count: int, number: int) -> None:
    shown = option_numbers(count)
    expected = [shown.index(number)] if number in shown else None
    assert pick([number], count, multiple=False) == expected
