"""Encryption of what people tell us, by the application, with keys that are not in the database.

An envelope is `version (1 byte) | length of the key id (1 byte) | key id | nonce (12) | AES-256-GCM ciphertext and tag`. It is bound to the
table, column and row it was written for: a ciphertext copied to another row or column does not decrypt.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, overload
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.settings import Settings, SettingsError, decode_key

_VERSION = 1
_NONCE = 12


class DecryptionError(Exception):
    """An envelope cannot be opened: unknown key, another row's, or damaged. Carries the place, never the content."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class KeyProvider(Protocol):
    """Where the keys come from. The first key encrypts; every known key decrypts."""

    def primary(self) -> tuple[str, bytes]:
        """Id and bytes of the key that new envelopes are sealed with."""
        ...

    def key(self, key_id: str) -> bytes | None:
        """The key of this id, or None."""
        ...


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Keys held in memory, from a setting or a file."""

    keys: Mapping[str, bytes] = field(repr=False)
    primary_id: str = ""

    @classmethod
    def parse(cls, text: str) -> "StaticKeys":
        """Read `id:base64,id:base64`; raises SettingsError without showing a key."""
        keys: dict[str, bytes] = {}
        for part in text.split(","):
            key_id, separator, encoded = part.strip().partition(":")
            if not separator or not key_id or len(key_id.encode()) > 255:
                raise SettingsError("WAYMARK_ENCRYPTION_KEYS: each key is written id:base64")
            try:
                keys[key_id] = decode_key(encoded)
            except ValueError as error:
                raise SettingsError(f"WAYMARK_ENCRYPTION_KEYS: key {key_id}: {error}") from None
        return cls(keys=keys, primary_id=next(iter(keys)))

    def primary(self) -> tuple[str, bytes]:
        return self.primary_id, self.keys[self.primary_id]

    def key(self, key_id: str) -> bytes | None:
        return self.keys.get(key_id)


class Cipher:
    """Seals and opens envelopes, and makes the keyed hash by which a number is found."""

    def __init__(self, keys: KeyProvider, hash_key: bytes) -> None:
        self._keys = keys
        self._hash_key = hash_key

    @classmethod
    def from_settings(cls, settings: Settings) -> "Cipher":
        """The cipher of this copy. Raises SettingsError when a key is missing."""
        if settings.encryption_keys is None or settings.hash_key is None:
            missing = "WAYMARK_ENCRYPTION_KEYS" if settings.encryption_keys is None else "WAYMARK_HASH_KEY"
            raise SettingsError(f"{missing}: missing; without it nothing that people write could be stored")
        return cls(
            StaticKeys.parse(settings.encryption_keys.get_secret_value()),
            decode_key(settings.hash_key.get_secret_value()),
        )

    def seal(self, plaintext: str, *, place: str) -> bytes:
        """Encrypt a text for one place (`table.column.row`). Lone surrogates survive the round trip."""
        key_id, key = self._keys.primary()
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(key).encrypt(nonce, plaintext.encode("utf-8", "surrogatepass"), place.encode())
        encoded_id = key_id.encode()
        return bytes([_VERSION, len(encoded_id)]) + encoded_id + nonce + sealed

    def open(self, envelope: bytes, *, place: str) -> str:
        """Decrypt an envelope sealed for this place. Raises DecryptionError."""
        if len(envelope) < 2 or envelope[0] != _VERSION:
            raise DecryptionError(place, "not an envelope of a known version")
        id_end = 2 + envelope[1]
        key = self._keys.key(envelope[2:id_end].decode("utf-8", "replace"))
        if key is None:
            raise DecryptionError(place, "sealed with a key that is not configured")
        try:
            opened = AESGCM(key).decrypt(
                envelope[id_end : id_end + _NONCE], envelope[id_end + _NONCE :], place.encode()
            )
        except (InvalidTag, ValueError):
            raise DecryptionError(place, "damaged, or of another place") from None
        return opened.decode("utf-8", "surrogatepass")

    def find_hash(self, value: str, *, purpose: str) -> bytes:
        """Keyed hash (32 bytes) that finds an equal value again and tells nothing without the key."""
        return hmac.new(
            self._hash_key, f"{purpose}\x00{value}".encode("utf-8", "surrogatepass"), hashlib.sha256
        ).digest()


_cipher: Cipher | None = None


def use_cipher(cipher: Cipher | None) -> None:
    """Set the cipher that this process's encrypted columns use; the composition root calls it once."""
    global _cipher  # noqa: PLW0603
    _cipher = cipher


def cipher() -> Cipher:
    """The process's cipher. Raises RuntimeError before `use_cipher`."""
    if _cipher is None:
        raise RuntimeError("the encryption keys of this process have not been set up")
    return _cipher


class Encrypted:
    """A text attribute kept encrypted in the column `<name>_encrypted` of a model with an `id` set at construction.

    >>> class Note(Base):
    ...     id: Mapped[UUID] = mapped_column(primary_key=True)
    ...     body_encrypted: Mapped[bytes | None]
    ...     body = Encrypted()
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._column = f"{name}_encrypted"

    @overload
    def __get__(self, instance: None, owner: type) -> "Encrypted": ...
    @overload
    def __get__(self, instance: Any, owner: type) -> str | None: ...
    def __get__(self, instance: Any, owner: type) -> "Encrypted | str | None":
        if instance is None:
            return self
        envelope = getattr(instance, self._column)
        return None if envelope is None else cipher().open(bytes(envelope), place=self._place(instance))

    def __set__(self, instance: Any, value: str | None) -> None:
        sealed = None if value is None else cipher().seal(value, place=self._place(instance))
        setattr(instance, self._column, sealed)

    def _place(self, instance: Any) -> str:
        row: UUID | None = instance.id
        if row is None:
            raise RuntimeError(f"{type(instance).__name__}.{self._column}: the row needs its id before its text")
        return f"{instance.__tablename__}.{self._column}.{row}"
