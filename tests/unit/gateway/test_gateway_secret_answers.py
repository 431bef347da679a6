"""Which answers only the gateway keeps, in what form, and what is never taken for one."""

import re
import unicodedata
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.models import Conversation
from core.encryption import Cipher
from core.turns import Choice
from gateway import secret_answers
from gateway.fixed_wording import FixedWording
from gateway.reading import Question
from gateway.secret_answers import is_answer, keep, looks_like_a_try, number_form, recognise, word_form

SAFE_WORD = Question("safe_word", (Choice(value="skip", label="choice_skip"),), secret=True)
NUMBER = Question("other_number", (Choice(value="skip", label="choice_skip"),), secret=True)


@pytest.fixture
def conversation(cipher: Cipher) -> Conversation:
    return Conversation()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1234", "١٢٣٤"), ("1234", "১২৩৪"), ("1234", "໑໒໓໔"), ("1234", " 12-34 "), ("Élan", "elan"), ("GARDEN", "garden"),
        ("blue bird", "BlueBird!"), ("قَمَر", "قمر"), ("أمل", "امل"), ("ma\u200dya", "maya"), ("“maya”", "maya"), ("STRASSE", "straße"),
        ("1111", "١١١١"),
    ],
)  # fmt: skip
def test_one_word_however_it_is_typed(one: str, other: str) -> None:
    assert word_form(one) == word_form(other)


@pytest.mark.parametrize(
    ("one", "other"), [("1112", "12"), ("1111", "1"), ("কাল", "কল"), ("гора", "горб"), ("maya", "maja")]
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert word_form(one) != word_form(other)


@given(st.text(max_size=60))
def test_the_form_holds_letters_marks_and_digits_and_is_its_own_form(text: str) -> None:
    form = word_form(text)
    assert all(unicodedata.category(sign)[0] in "LMN" for sign in form)
    assert word_form(form) == form


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=4, max_size=24), st.data())
def test_a_word_that_was_set_is_recognised_and_no_other_is(cipher: Cipher, text: str, data: st.DataObject) -> None:
    wording = FixedWording({"en": {}})
    conversation, elsewhere = Conversation(), Conversation()
    assert keep(conversation, "safe_word", text, wording) == "set"
    assert recognise(conversation, text.upper()) == "unlock"
    other = data.draw(st.text(max_size=30))
    assert recognise(conversation, other) == ("unlock" if word_form(other) == word_form(text) else None)
    elsewhere.safe_word_hash = conversation.safe_word_hash
    assert recognise(elsewhere, text) is None
    assert text.encode() not in (conversation.safe_word_hash or b"")


@pytest.mark.parametrize(
    "text", ["abc", "a" * 25, "12", "😀😀😀😀", "!!!!", "h e l p", "S-T-O-P", "nope", "arrêt", "إنسان", "মানুষ"]
)  # fmt: skip
def test_what_is_too_short_too_long_or_means_something_is_no_word(
    text: str, conversation: Conversation, wording: FixedWording
) -> None:
    assert keep(conversation, "safe_word", text, wording) == "unusable"
    assert conversation.safe_word_hash is None


def test_the_two_words_differ_whichever_comes_first(conversation: Conversation, wording: FixedWording) -> None:
    assert keep(conversation, "safe_word", "garden", wording) == "set"
    assert keep(conversation, "duress_word", "Garden!", wording) == "unusable"
    assert keep(conversation, "duress_word", "window", wording) == "set"
    assert keep(conversation, "safe_word", "WINDOW", wording) == "unusable"
    assert (recognise(conversation, "garden"), recognise(conversation, "window")) == ("unlock", "duress")


def test_a_word_may_be_chosen_anew(conversation: Conversation, wording: FixedWording) -> None:
    keep(conversation, "safe_word", "garden", wording)
    assert keep(conversation, "safe_word", "meadow", wording) == "set"
    assert (recognise(conversation, "garden"), recognise(conversation, "meadow")) == (None, "unlock")


def test_a_question_that_nobody_knows_keeps_nothing(conversation: Conversation, wording: FixedWording) -> None:
    assert keep(conversation, "mother", "garden", wording) == "unusable"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("+15005550006", "+15005550006"), ("০১৫০০৫৫৫০০০৬", "015005550006"), ("(0500) 555-0006", "05005550006"),
        ("00 15 005 550 006", "0015005550006"), ("+١٥٠٠٥٥٥٠٠٠٦", "+15005550006"), ("12345", None), ("1" * 16, None),
        ("call 5005550006", None),
        ("500+5550006", None), ("++5005550006", None), ("", None), ("500555000x", None),
    ],
)  # fmt: skip
def test_a_number_is_digits_of_any_script(text: str, form: str | None) -> None:
    assert number_form(text) == form


@given(st.text(max_size=40))
def test_a_number_has_six_to_fifteen_digits_and_nothing_else(text: str) -> None:
    form = number_form(text)
    assert form is None or re.fullmatch(r"\+?[0-9]{6,15}", form)


def test_a_number_is_kept_encrypted(conversation: Conversation, wording: FixedWording) -> None:
    assert keep(conversation, "other_number", "+1500 555 0007", wording) == "set"
    assert conversation.other_number == "+15005550007"
    assert b"5550007" not in (conversation.other_number_encrypted or b"")
    assert keep(conversation, "other_number", "none of yours", wording) == "unusable"
    assert conversation.other_number == "+15005550007"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("garden", True), ("blue bird sky", True), ("abc", True), ("😀", True), ("১২৩৪", True),
        ("why do you want this", False), ("no", False), ("yes", False), ("x" * 41, False),
    ],
)  # fmt: skip
def test_a_sentence_or_a_word_of_the_lists_is_no_secret(text: str, secret: bool, wording: FixedWording) -> None:  # noqa: FBT001
    assert is_answer(SAFE_WORD, text, "en", None, wording) is secret


def test_an_alarm_is_never_kept_from_those_who_must_read_it(wording: FixedWording) -> None:
    assert not is_answer(SAFE_WORD, "help now", "en", "danger_now", wording)
    assert not is_answer(NUMBER, "help now", "en", "self_harm", wording)


def test_an_ordinary_question_has_no_secret(wording: FixedWording) -> None:
    assert not is_answer(Question("place"), "garden", "en", None, wording)
    assert not is_answer(None, "garden", "en", None, wording)


@pytest.mark.parametrize(
    ("text", "tries"),
    [
        ("maya", True), ("1234", True), ("blue bird", True), ("١٢٣٤", True), ("1", False), ("yes", False), ("help", False), ("", False),
        ("one two three", False), ("a" * 25, False), ("😀", False), ("abc", False), ("ຂ້ອຍຕ້ອງການຄວາມຊ່ວຍເຫຼືອດຽວນີ້", False),
    ],
)  # fmt: skip
def test_what_looks_like_a_try_at_the_word(text: str, tries: bool, wording: FixedWording) -> None:  # noqa: FBT001
    assert looks_like_a_try(text, wording) is tries


def test_without_words_nothing_is_recognised(conversation: Conversation) -> None:
    assert recognise(conversation, "anything") is None
    assert recognise(Conversation(id=uuid4()), "x" * 10_000) is None
    assert secret_answers.LONGEST_TEXT > secret_answers.LONGEST
