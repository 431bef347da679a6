"""Passwords: what is refused, what fits, and that an unknown name costs the same work."""

import time

import pytest

from desk.access import safe_next
from desk.passwords import check_password, fault_of, hash_password


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", "password_short"), ("eleven char", "password_short"), ("a" * 12, "password_easy"),
        ("xx Amina xx yy zz", "password_easy"), ("x" * 257, "password_long"), ("four plain words", None),
        ("سلام عليكم يا صديقي", None),
    ],
)  # fmt: skip
def test_a_password_is_long_and_not_the_name(password: str, fault: str | None) -> None:
    assert fault_of(password, "amina") == fault


def test_a_password_fits_its_own_hash_only_and_in_any_unicode_form() -> None:
    stored = hash_password("caf\u00e9 plus four words")
    assert stored.startswith("$argon2id$")
    assert check_password("cafe\u0301 plus four words", stored)
    assert not check_password("cafe plus four words", stored)
    assert not check_password("caf\u00e9 plus four words", "not a hash")


def test_a_name_that_does_not_exist_costs_the_same_work() -> None:
    stored = hash_password("four plain words")

    def seconds(password_hash: str | None) -> float:
        best = 9.0
        for _ in range(4):
            begun = time.process_time()
            assert not check_password("a wrong password", password_hash)
            best = min(best, time.process_time() - begun)
        return best

    seconds(None)
    known, unknown = seconds(stored), seconds(None)
    assert known > 0.01
    assert 0.5 < unknown / known < 2


@pytest.mark.parametrize(
    ("target", "lands"),
    [
        ("/desk", "/desk"), ("/desk/cases/1", "/desk/cases/1"), ("/desk/cases/1?done=x", "/desk/cases/1"),
        ("/deskother", "/desk"), ("//evil.example/desk", "/desk"), ("https://evil.example/desk/x", "/desk"),
        ("/desk/../x", "/desk"), ("/desk\\x", "/desk"), ("/desk/sign-out", "/desk"), ("", "/desk"),
    ],
)  # fmt: skip
def test_after_signing_in_one_lands_inside(target: str, lands: str) -> None:
    assert safe_next(target) == lands
