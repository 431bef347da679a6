"""What people tell us is unreadable without the key, and bound to the row it was written for."""

import base64
import os
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.models import Note
from core.encryption import Cipher, DecryptionError, StaticKeys, use_cipher
from core.settings import SettingsError

ANY_TEXT = st.text(alphabet=st.characters(), max_size=200)


def make_cipher(keys: StaticKeys | None = None) -> Cipher:
    return Cipher(keys or StaticKeys({"a": os.urandom(32)}, "a"), os.urandom(32))


@given(text=ANY_TEXT)
def test_every_text_comes_back_as_it_was_lone_surrogates_included(text: str) -> None:
    cipher = make_cipher()
    assert cipher.open(cipher.seal(text, place="t.c.1"), place="t.c.1") == text


@given(text=st.text(min_size=4, max_size=200))
def test_an_envelope_does_not_hold_the_text(text: str) -> None:
    assert text.encode("utf-8", "surrogatepass") not in make_cipher().seal(text, place="t.c.1")


def test_an_envelope_moved_to_another_row_does_not_open() -> None:
    cipher = make_cipher()
    sealed = cipher.seal("hello", place="message.body_encrypted.1")
    with pytest.raises(DecryptionError) as caught:
        cipher.open(sealed, place="message.body_encrypted.2")
    assert "hello" not in str(caught.value)


@given(position=st.integers(min_value=0, max_value=200), bit=st.integers(min_value=0, max_value=7))
def test_one_changed_bit_is_noticed(position: int, bit: int) -> None:
    cipher = make_cipher()
    sealed = bytearray(cipher.seal("some words", place="t.c.1"))
    sealed[position % len(sealed)] ^= 1 << bit
    with pytest.raises(DecryptionError):
        cipher.open(bytes(sealed), place="t.c.1")


def test_what_an_old_key_sealed_opens_after_a_new_one_came_first() -> None:
    old, new = os.urandom(32), os.urandom(32)
    sealed = make_cipher(StaticKeys({"old": old}, "old")).seal("x", place="p")
    both = make_cipher(StaticKeys({"new": new, "old": old}, "new"))
    assert both.open(sealed, place="p") == "x"
    assert b"new" in both.seal("x", place="p")[:6]


def test_equal_numbers_give_equal_hashes_and_other_purposes_others() -> None:
    cipher = make_cipher()
    assert cipher.find_hash("+15005550100", purpose="phone") == cipher.find_hash("+15005550100", purpose="phone")
    assert cipher.find_hash("+15005550100", purpose="phone") != cipher.find_hash("+15005550100", purpose="other")
    assert cipher.find_hash("+15005550100", purpose="phone") != make_cipher().find_hash("+15005550100", purpose="phone")


@pytest.mark.parametrize("text", ["", "k1", "k1:", ":" + base64.b64encode(bytes(32)).decode(), "k1:c2hvcnQ=", "k1:***"])
def test_a_wrong_key_setting_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        StaticKeys.parse(text)
    assert "c2hvcnQ" not in str(caught.value)


def test_keys_do_not_show_in_a_repr() -> None:
    assert "keys=" not in repr(StaticKeys({"a": bytes(32)}, "a"))


def test_an_encrypted_attribute_is_bound_to_table_column_and_row() -> None:
    use_cipher(make_cipher())
    try:
        note = Note(case_id=uuid4(), user_id=uuid4(), body="she is well")
        assert note.body == "she is well"
        other = Note(case_id=uuid4(), user_id=uuid4())
        other.body_encrypted = note.body_encrypted
        with pytest.raises(DecryptionError):
            _ = other.body
    finally:
        use_cipher(None)
