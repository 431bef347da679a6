"""Sealed trackers open for their own conversation and their own keys only."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.sealing import Seal, SealError


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


SEAL = Seal(a_key())


@given(st.binary(max_size=2000), st.text(min_size=1, max_size=40))
def test_what_is_sealed_opens_again(data: bytes, conversation: str) -> None:
    assert SEAL.open(conversation, SEAL.close(conversation, data)) == data


def test_the_same_words_never_look_the_same() -> None:
    assert SEAL.close("a", b"words") != SEAL.close("a", b"words")


def test_a_row_moved_to_another_conversation_does_not_open() -> None:
    with pytest.raises(SealError):
        SEAL.open("b", SEAL.close("a", b"words"))


@given(st.integers(0, 40), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, flip: int) -> None:
    sealed = bytearray(SEAL.close("a", b"words of a person"))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(SealError):
        SEAL.open("a", bytes(sealed))


def test_keys_rotate_while_conversations_go_on() -> None:
    old, new = a_key(), a_key()
    sealed = Seal(old).close("a", b"words")
    both = Seal(f"{new}, {old}")
    assert both.open("a", sealed) == b"words"
    assert Seal(new).open("a", both.close("a", b"words")) == b"words"
    with pytest.raises(SealError):
        Seal(new).open("a", sealed)


def test_a_conversation_that_has_gone_quiet_comes_under_the_newest_key_too() -> None:
    old, new = a_key(), a_key()
    both, sealed = Seal(f"{new},{old}"), Seal(old).close("a", b"words")
    renewed = both.renewed("a", sealed)
    assert renewed is not None
    assert Seal(new).open("a", renewed) == b"words"
    assert both.renewed("a", renewed) is None
    for foreign in (Seal(a_key()).close("a", b"words"), b"", b"\x02" + sealed[1:]):
        with pytest.raises(SealError):
            both.renewed("a", foreign)


@pytest.mark.parametrize(
    "key", ["", "short", "!" * 44, base64.b64encode(b"x" * 31).decode(), base64.b64encode(b"x" * 33).decode()]
)
def test_a_key_that_is_no_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(SealError) as caught:
        Seal(key)
    assert not key or key not in str(caught.value)


def test_a_bomb_does_not_unpack() -> None:
    with pytest.raises(SealError, match="larger"):
        SEAL.open("a", SEAL.close("a", b"x" * (17 * 1024 * 1024)))
