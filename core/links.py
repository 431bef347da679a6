"""Secrets of links that open one thing for a while: signed with the copy's hash key, so that a letter can be written again.

Nobody keeps the secret. The database holds its digest only, and none once the link is dead.
"""

import base64
import hashlib
from dataclasses import dataclass

from core.encryption import cipher

_BYTES = 24
"""192 bits: nobody guesses one, and the address still fits into an SMS with its sentence."""


@dataclass(frozen=True, slots=True)
class Links:
    """Links of one kind; `purpose` keeps the secrets of one kind from opening another."""

    purpose: str

    def token(self, bound: str, digest: bytes | None) -> str:
        """The secret of what `bound` names: the one that is out (its digest is `digest`), whichever key made it, else a new one."""
        made = [_token(signed) for signed in cipher().find_hashes(bound, purpose=self.purpose)]
        return next((token for token in made if digest_of(token) == digest), made[0])

    def is_older(self, bound: str, digest: bytes | None) -> bool:
        """Whether the key that writes now does not make the link that is out: without the older one no letter repeats it."""
        return digest_of(_token(cipher().find_hash(bound, purpose=self.purpose))) != digest


def digest_of(token: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _token(signed: bytes) -> str:
    return base64.urlsafe_b64encode(signed[:_BYTES]).decode()
