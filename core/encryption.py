"""Encryption of what people tell us, by the application, with keys that are not in the database.

An envelope is `version (1 byte) | key | nonce (12) | AES-256-GCM ciphertext and tag`. It is bound to the table, column and row it was
written for: a ciphertext copied to another row or column does not decrypt. `key` names what sealed it: in version 1 a key of the copy
(length of its id, id), in version 2 the data key of one person (16 bytes, core/person_keys.py), itself sealed with a key of the copy.
"""

import os
from collections.abc import Iterable
from typing import Any, overload
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session, object_session

from core import person_keys
from core.database import current_session
from core.hash_keys import HashKeys
from core.key_providers import KeyProvider, StaticKeys, provider_of
from core.person_keys import Owner, PersonKey, key_for_opening, key_for_sealing
from core.settings import Settings, SettingsError

__all__ = ["Cipher", "DecryptionError", "Encrypted", "KeyProvider", "StaticKeys", "cipher", "fetch_keys", "use_cipher"]

_VERSION, _OF_A_PERSON = 1, 2
_NONCE, _KEY_ID = 12, 16


class DecryptionError(Exception):
    """An envelope cannot be opened: unknown key, another row's, or damaged. Carries the place, never the content."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class Cipher:
    """Seals and opens envelopes, and makes the keyed hash by which a number is found."""

    def __init__(self, keys: KeyProvider, hash_key: bytes | HashKeys) -> None:
        self._keys = keys
        self.hash_keys = hash_key if isinstance(hash_key, HashKeys) else HashKeys([hash_key])

    @classmethod
    def from_settings(cls, settings: Settings) -> "Cipher":
        """The cipher of this copy. Raises SettingsError when a key is missing."""
        if settings.hash_key is None:
            raise SettingsError("WAYMARK_HASH_KEY: missing; without it nobody who wrote before would be known again")
        return cls(provider_of(settings), HashKeys.parse(settings.hash_key.get_secret_value()))

    @property
    def primary_id(self) -> str:
        """Id of the key that seals now."""
        return self._keys.primary()[0]

    def seal(self, plaintext: str, *, place: str, key: PersonKey | None = None) -> bytes:
        """Encrypt a text for one place (`table.column.row`), with a person's key or one of the copy. Lone surrogates survive."""
        data = plaintext.encode("utf-8", "surrogatepass")
        if key is None:
            return self._seal(data, place)
        nonce = os.urandom(_NONCE)
        return bytes([_OF_A_PERSON]) + key.id.bytes + nonce + AESGCM(key.key).encrypt(nonce, data, place.encode())

    def open(self, envelope: bytes, *, place: str) -> str:
        """Decrypt an envelope sealed for this place. Raises DecryptionError."""
        return self._open(envelope, place).decode("utf-8", "surrogatepass")

    def wrap(self, key: bytes, *, place: str) -> tuple[str, bytes]:
        """Seal a data key with the first key of the copy: that key's id, and the sealed key."""
        return self.primary_id, self._seal(key, place)

    def unwrap(self, wrapped: bytes, *, place: str) -> bytes:
        """The data key that `wrap` sealed. Raises DecryptionError."""
        return self._open(wrapped, place)

    def _seal(self, data: bytes, place: str) -> bytes:
        key_id, key = self._keys.primary()
        nonce, encoded_id = os.urandom(_NONCE), key_id.encode()
        return (
            bytes([_VERSION, len(encoded_id)]) + encoded_id + nonce + AESGCM(key).encrypt(nonce, data, place.encode())
        )

    def _open(self, envelope: bytes, place: str) -> bytes:
        key, begin = self._key_of(envelope, place)
        try:
            return AESGCM(key).decrypt(envelope[begin : begin + _NONCE], envelope[begin + _NONCE :], place.encode())
        except (InvalidTag, ValueError):
            raise DecryptionError(place, "damaged, or of another place") from None

    def _key_of(self, envelope: bytes, place: str) -> tuple[bytes, int]:
        """The key that an envelope names, and where what it sealed begins."""
        version = envelope[0] if len(envelope) >= 2 else 0
        if version == _VERSION:
            begin = 2 + envelope[1]
            key = self._keys.key(envelope[2:begin].decode("utf-8", "replace"))
            if key is None:
                raise DecryptionError(place, "sealed with a key that is not configured")
            return key, begin
        if version == _OF_A_PERSON and len(envelope) > _KEY_ID:
            key = key_for_opening(self, UUID(bytes=bytes(envelope[1 : 1 + _KEY_ID])))
            if key is None:
                raise DecryptionError(place, "the person's key was destroyed")
            return key, 1 + _KEY_ID
        raise DecryptionError(place, "not an envelope of a known version")

    def find_hash(self, value: str, *, purpose: str) -> bytes:
        """Keyed hash (32 bytes) that finds an equal value again and tells nothing without the key."""
        return self.hash_keys.make(value, purpose)

    def find_hashes(self, value: str, *, purpose: str) -> list[bytes]:
        """The same under every key there is, for looking it up while the key is exchanged."""
        return self.hash_keys.each(value, purpose)


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


def fetch_keys(session: Session, envelopes: Iterable[bytes | None]) -> None:
    """Get the keys of many envelopes by one query; who opens them one by one would ask for each key."""
    named = (bytes(one[1 : 1 + _KEY_ID]) for one in envelopes if one and one[0] == _OF_A_PERSON and len(one) > _KEY_ID)
    person_keys.fetch(session.connection(), cipher(), [UUID(bytes=one) for one in named])


class Encrypted:
    """A text attribute kept encrypted in the column `<name>_encrypted` of a model with an `id` set at construction.

    >>> class Note(Base):
    ...     id: Mapped[UUID] = mapped_column(primary_key=True)
    ...     body_encrypted: Mapped[bytes | None]
    ...     body = Encrypted()

    What a person told is sealed with the key of that person: `owner` leads to them from the value of the attribute `through`. Outside any
    unit of work, and of somebody who is not stored yet, it is sealed with a key of the copy; `waymark keys rotate` makes up for that.
    """

    def __init__(self, owner: Owner | None = None, *, through: str = "id") -> None:
        self.owner = owner
        self.through = through

    def __set_name__(self, owner: type, name: str) -> None:
        self._column = f"{name}_encrypted"
        self._model: Any = owner

    @overload
    def __get__(self, instance: None, owner: type) -> "Encrypted": ...
    @overload
    def __get__(self, instance: Any, owner: type) -> str | None: ...
    def __get__(self, instance: Any, owner: type) -> "Encrypted | str | None":
        if instance is None:
            return self
        envelope = getattr(instance, self._column)
        return None if envelope is None else cipher().open(bytes(envelope), place=self._place(instance.id))

    def __set__(self, instance: Any, value: str | None) -> None:
        sealed = (
            None if value is None else cipher().seal(value, place=self._place(instance.id), key=self._key(instance))
        )
        setattr(instance, self._column, sealed)

    def seal(self, row: UUID, value: str, key: PersonKey) -> bytes:
        """The envelope for the row of this id, whose person has this key: for rows that are written many at once."""
        return cipher().seal(value, place=self._place(row), key=key)

    @property
    def column(self) -> str:
        """Name of the column that holds the envelope."""
        return self._column

    def _key(self, instance: Any) -> PersonKey | None:
        owner_id: UUID | None = getattr(instance, self.through, None)
        if self.owner is None or owner_id is None:
            return None
        own = object_session(instance)
        session = own if own is not None and own.in_transaction() else current_session()
        return None if session is None else key_for_sealing(session, cipher(), self.owner, owner_id)

    def _place(self, row: UUID | None) -> str:
        if row is None:
            raise RuntimeError(f"{self._model.__name__}.{self._column}: the row needs its id before its text")
        return f"{self._model.__tablename__}.{self._column}.{row}"
