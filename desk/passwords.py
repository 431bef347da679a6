"""Passwords of staff: argon2id, and as slow for a name that does not exist as for one that does."""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

MIN_LENGTH = 12
MAX_LENGTH = 256
"""Beyond this a hash costs the server more than it protects the account."""

# RFC 9106, second recommendation (64 MiB, 3 passes), one lane because a sign-in may not occupy every core of a small machine.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1, type=Type.ID)


def fault_of(password: str, name: str) -> str | None:
    """Why a password cannot be used, as a key of the console's words, or None."""
    if len(password) < MIN_LENGTH:
        return "password_short"
    if len(password) > MAX_LENGTH:
        return "password_long"
    if len(set(password)) < 5 or name.casefold() in password.casefold():
        return "password_easy"
    return None


def hash_password(password: str) -> str:
    """An argon2id hash with its salt and parameters."""
    return _HASHER.hash(_plain(password))


def check_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is the hash's. Without a hash the same work is done, so that the time tells nobody which names exist."""
    try:
        _HASHER.verify(password_hash or _nobody(), _plain(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _plain(password: str) -> bytes:
    return unicodedata.normalize("NFC", password[:MAX_LENGTH]).encode("utf-8", "surrogatepass")


@cache
def _nobody() -> str:
    return _HASHER.hash("the password of nobody")
