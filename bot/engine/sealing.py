"""Sealing what a conversation said: AES-256-GCM, one key a conversation, so that a row moved to another conversation does not open."""

import base64
import binascii
import os
import zlib
from typing import List, Optional

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"
NONCE = 12  # bytes
LARGEST = 16 * 1024 * 1024  # bytes unpacked; a session is a few hundred kilobytes at most


class SealError(Exception):
    """The key does not fit, or the stored bytes were changed. Never carries what was sealed."""


class Seal:
    """Opens with any of its keys and seals with the first, so that keys can rotate while conversations go on."""

    def __init__(self, keys: str) -> None:
        """`keys`: base64 of 32 bytes, the newest first, separated by commas."""
        self._keys: List[bytes] = []
        for key in keys.split(","):
            try:
                raw = base64.b64decode(key.strip(), validate=True)
            except (binascii.Error, ValueError):
                raw = b""
            if len(raw) != 32:
                raise SealError("a key of the engine is not base64 of 32 bytes")
            self._keys.append(raw)

    def close(self, conversation_id: str, data: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        packed = zlib.compress(data, 1)
        return VERSION + nonce + _cipher(self._keys[0], conversation_id).encrypt(nonce, packed, _bound(conversation_id))

    def open(self, conversation_id: str, sealed: bytes) -> bytes:
        """The data; `SealError` when no key fits this conversation's bytes."""
        if sealed[:1] != VERSION:
            raise SealError("unknown version of a sealed tracker")
        nonce, body = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
        for key in self._keys:
            try:
                packed = _cipher(key, conversation_id).decrypt(nonce, body, _bound(conversation_id))
            except (InvalidTag, ValueError):
                continue
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(packed, LARGEST)
            if unpacker.unconsumed_tail:
                raise SealError("a sealed tracker is larger than a conversation can be")
            return data
        raise SealError("a sealed tracker does not open with the keys at hand")

    def renewed(self, conversation_id: str, sealed: bytes) -> Optional[bytes]:
        """The same, sealed with the first key; None when it is already. `SealError` when no key fits."""
        if sealed[:1] == VERSION and _fits(self._keys[0], conversation_id, sealed):
            return None
        return self.close(conversation_id, self.open(conversation_id, sealed))


def _fits(key: bytes, conversation_id: str, sealed: bytes) -> bool:
    nonce, body = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
    try:
        _cipher(key, conversation_id).decrypt(nonce, body, _bound(conversation_id))
    except (InvalidTag, ValueError):
        return False
    return True


def _bound(conversation_id: str) -> bytes:
    return b"waymark/tracker/" + conversation_id.encode()


def _cipher(key: bytes, conversation_id: str) -> AESGCM:
    # A key of its own for every conversation: random nonces stay safe however many messages the service carries.
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=_bound(conversation_id)).derive(key))
