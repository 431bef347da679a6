from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.languages import Language, parse_digits, to_ascii_digits

SCRIPTS = [
    "0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "০১২৩৪৫৬৭৮৯", "໐໑໒໓໔໕໖໗໘໙", "๐๑๒๓๔๕๖๗๘๙",
    "၀၁၂၃၄၅၆၇၈၉", "߀߁߂߃߄߅߆߇߈߉", "०१२३४५६७८९", "０１２３４５６７８９",
]  # fmt: skip


@pytest.mark.parametrize("digits", SCRIPTS)
def test_a_digit_of_any_script_is_read(digits: str) -> None:
    assert [parse_digits(sign) for sign in digits] == [[value] for value in range(10)]
    assert to_ascii_digits(f"ক {digits} b") == "ক 0123456789 b"


def test_every_language_is_answered_in_its_own_digits(languages: Mapping[str, Language]) -> None:
    for language in languages.values():
        assert [parse_digits(f"{sign}.") for sign in language.digits] == [[value] for value in range(10)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1️⃣", [1]), ("0️⃣", [0]), ("1️⃣3️⃣", [1, 3]), ("1.", [1]), ("1)", [1]), ("(1)", [1]),
        ("[1]", [1]), ("#1", [1]), ("# 1", [1]), ("1:", [1]),
        (" 1 \n", [1]), ("\u202b٢\u202c", [2]), ("\ufeff2", [2]), ("2\u200f", [2]), ("12", [12]),
        ("01", [1]), ("00", [0]), ("000", [0]), ("o", [0]), ("O", [0]),
        ("1 3", [1, 3]), ("1,3", [1, 3]), ("1, 3.", [1, 3]), ("1\n3", [1, 3]), ("1.3", [1, 3]),
        ("1/3", [1, 3]), ("1+3", [1, 3]), ("1 & 3", [1, 3]),
        ("1. 3. 4.", [1, 3, 4]), ("(1) (3)", [1, 3]), ("١،٣", [1, 3]), ("১ ও ৩", [1, 3]),
        ("১ও৩", [1, 3]), ("১ এবং ৩", [1, 3]), ("1 و 3", [1, 3]), ("1 و3", [1, 3]),
        ("1 y 3", [1, 3]), ("1 e 3", [1, 3]), ("Tres", [3]), ("três", [3]), ("nueve", [9]), ("oito", [8]),
        ("1 and 3", [1, 3]), ("1 AND 3", [1, 3]), ("1 et 3", [1, 3]), ("1, 2 et 3", [1, 2, 3]),
        ("two", [2]), ("Deux", [2]), ("zero", [0]), ("zéro", [0]), ("اثنين", [2]),
        ("أربعة", [4]), ("اربعه", [4]), ("jouj", [2]), ("এক", [1]), ("পাচ", [5]),
    ],
)  # fmt: skip
def test_a_message_of_numbers_is_read(text: str, numbers: list[int]) -> None:
    assert parse_digits(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "#", "9olt lik la", "9olt", "3and", "3andi", "3afak", "1 3and", "1and3",
        "1et3", "2day", "1st", "b4", "m3a", "1 yes", "no 1", "-1", "+1", "1-3",
        "12:30", "999", "112", "0612345678", "06 12 34 56 78", "+15005550006",
        "1 1 1 1 1 1 1 1 1 1 1", "and", "1 and", "and 1", "1 and and 3", "১৮ বছর",
        "আমার 2 বাচ্চা", "نحن 4", "½", "²", "①", "IV", "নয়", "one two", "um", "una", "👍", "1 👍",
    ],
)  # fmt: skip
def test_any_other_message_is_left_to_be_understood(text: str) -> None:
    assert parse_digits(text) is None


words = st.text(alphabet=st.characters(categories=["L", "M"]), min_size=1, max_size=8)
digit = st.sampled_from("".join(SCRIPTS))


@given(before=words, sign=digit, after=words)
def test_a_digit_inside_a_word_is_never_an_answer(before: str, sign: str, after: str) -> None:
    assert parse_digits(before + sign + after) is None


@given(
    numbers=st.lists(st.integers(1, 99), min_size=1, max_size=10),
    separator=st.sampled_from([" ", ", ", "\n", "،", " + ", ") "]),
    script=st.sampled_from(SCRIPTS),
)
def test_separated_numbers_are_read_in_any_script(numbers: list[int], separator: str, script: str) -> None:
    text = separator.join(str(number) for number in numbers).translate(str.maketrans("0123456789", script))
    assert parse_digits(text) == numbers


@given(st.text(max_size=40))
def test_any_text_is_taken_and_digits_come_only_from_digits(text: str) -> None:
    found = parse_digits(text, ())
    assert found is None or (all(0 <= number <= 99 for number in found) and any(sign.isdecimal() for sign in text))
    assert len(to_ascii_digits(text)) == len(text)
