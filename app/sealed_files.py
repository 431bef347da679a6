"""Files sealed with a passphrase, written and read as a stream: changed, cut off or put together anew they do not open.

`WMB1 | salt (16) | chunks`; a chunk is `length (4) | AES-256-GCM`, its nonce the chunk's number and whether it is the last. The key comes
from the passphrase by scrypt. The plaintext is sections: `length of the name (1) | name`, pieces of `length (4) | bytes`, an empty piece.
"""

import os
import struct
from collections.abc import Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

_MAGIC, _SALT, _PIECE = b"WMB1", 16, 256 * 1024
_SCRYPT_N = 2**16
"""64 MiB and a fraction of a second: a guess costs as much."""
_LONGEST = _PIECE + 1024


class SealedFileError(Exception):
    """The file does not open; the text is for the person at the terminal."""


def _key(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">QxxxB", number, last)


class SealedWriter:
    """Writes sections into a file that only its owner may read. Without `close` the file does not open."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        self._file, self._number, self._waiting = file, 0, bytearray()
        salt = os.urandom(_SALT)
        self._cipher, self._bound = _key(passphrase, salt), _MAGIC + salt
        file.write(self._bound)

    def section(self, name: str, pieces: Iterator[bytes]) -> int:
        """Write a section; its length."""
        encoded, length = name.encode(), 0
        self._add(bytes([len(encoded)]) + encoded)
        for piece in pieces:
            for start in range(0, len(piece), _PIECE):
                part = piece[start : start + _PIECE]
                self._add(struct.pack(">I", len(part)) + part)
                length += len(part)
        self._add(struct.pack(">I", 0))
        return length

    def close(self) -> None:
        """Write the last chunk."""
        self._chunk(bytes(self._waiting), last=True)

    def _add(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > _PIECE:
            self._chunk(bytes(self._waiting[:_PIECE]), last=False)
            del self._waiting[:_PIECE]

    def _chunk(self, data: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), data, self._bound)
        self._file.write(struct.pack(">I", len(sealed)) + sealed)
        self._number += 1


class SealedReader:
    """Reads what `SealedWriter` wrote. Raises SealedFileError as soon as something is wrong."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        self._file, self._number, self._plain, self._ended = file, 0, bytearray(), False
        self._bound = file.read(len(_MAGIC) + _SALT)
        if not self._bound.startswith(_MAGIC) or len(self._bound) != len(_MAGIC) + _SALT:
            raise SealedFileError("this is no file of `waymark backup`")
        self._cipher = _key(passphrase, self._bound[len(_MAGIC) :])

    def sections(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Name and pieces of each section; the pieces of one must be read before the next."""
        while not (self._ended and not self._plain):
            if not self._plain and not self._more():
                return
            name = self._take(self._take(1)[0]).decode()
            yield name, self._pieces()

    def _pieces(self) -> Iterator[bytes]:
        while length := struct.unpack(">I", self._take(4))[0]:
            yield self._take(length)

    def _take(self, count: int) -> bytes:
        while len(self._plain) < count:
            if not self._more():
                raise SealedFileError("the file is cut off")
        taken = bytes(self._plain[:count])
        del self._plain[:count]
        return taken

    def _more(self) -> bool:
        if self._ended:
            return False
        head = self._file.read(4)
        length = struct.unpack(">I", head)[0] if len(head) == 4 else 0
        sealed = self._file.read(length) if 0 < length <= _LONGEST else b""
        for last in (False, True):
            try:
                self._plain += self._cipher.decrypt(_nonce(self._number, last=last), sealed, self._bound)
            except (InvalidTag, ValueError):
                continue
            self._ended = last
            self._number += 1
            return True
        raise SealedFileError("the passphrase is wrong" if self._number == 0 else "the file is damaged or cut off")
