"""Keyed hashes by which somebody is found again without their number being readable, and how their key is exchanged while the line runs.

A hash does not say which key made it. So everything is looked for under every configured key, and the database says which of them writes
(table `hash_key`): `waymark keys rotate` moves that to the newest one only when every process knows it. Who wrote with it earlier would
be a stranger to a process that does not. The table also names the keys that something is still found by: a process that lacks one stops
taking messages in, loudly, instead of making a second person of everybody who writes.
"""

import hashlib
import hmac
import time
from collections.abc import Iterator, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database import current_session, home
from core.settings import SettingsError, decode_keys

LOOK_SECONDS = 5.0
"""How often at most a process that knows several keys asks which of them writes."""
STATE = "(SELECT array_agg(name ORDER BY writes DESC) FROM hash_key)"
"""SQL: names of the keys that something is found by, the one that writes first; NULL before anything was stored."""
_DIGEST, _NAME = 32, 4
"""Bytes of a hash, and of the name of its key where one is kept with it."""


class HashKeyMissing(SettingsError):  # noqa: N818
    """Something is found by a key that this process does not have. The text names it as `waymark keys` does, never the key."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"WAYMARK_HASH_KEY: key {', '.join(names)} is missing, and people are known by it: put it there with the others, the newest "
            "first, and start the processes anew; if it is gone: `waymark keys let-go --lost`"
        )
        self.names = tuple(names)


class HashKeys:
    """The keys of the hashes, newest first. Their names are derived from them, so that a setting is nothing but keys."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_name(key): key for key in keys}
        self.names = tuple(self._keys)
        # Before the database has said anything the oldest key writes: it is the one that every process knows.
        self._writer = self.names[-1]
        self._looked = 0.0

    @classmethod
    def parse(cls, keys: str) -> "HashKeys":
        """Read `base64,base64`, the newest first. Raises SettingsError without showing a key."""
        try:
            return cls(decode_keys(keys))
        except ValueError as error:
            raise SettingsError(f"WAYMARK_HASH_KEY: {error}") from None

    @property
    def several(self) -> bool:
        """Whether a key is being exchanged."""
        return len(self.names) > 1

    @property
    def writer(self) -> str:
        """Name of the key that new hashes are made with."""
        if self.several and time.monotonic() - self._looked > LOOK_SECONDS:
            self.heed(_look(), strict=False)
        return self._writer

    def heed(self, needed: Sequence[str] | None, *, strict: bool = True) -> None:
        """Take in what the database says (STATE). Raises HashKeyMissing, when `strict`, for a key that is not there."""
        self._looked = time.monotonic()
        missing = [name for name in needed or () if name not in self._keys]
        if needed and needed[0] in self._keys:
            self._writer = needed[0]
        if strict and missing:
            raise HashKeyMissing(missing)

    def make(self, value: str, purpose: str, *, name: str | None = None) -> bytes:
        """The hash (32 bytes) of a value that can be hashed again whenever the key changes; `name`: with this key."""
        return _hash(self._keys[name or self.writer], value, purpose)

    def each(self, value: str, purpose: str) -> list[bytes]:
        """The value's hash under every key, that of the key that writes first: where to look for it."""
        return [_hash(key, value, purpose) for _, key in self._in_order()]

    def keep(self, value: str, purpose: str) -> bytes:
        """The hash of a value that nobody keeps: with the name of its key while there are several, so that what is left can be counted."""
        made = self.make(value, purpose)
        return made + bytes.fromhex(self._writer) if self.several else made

    def forms(self, value: str, purpose: str) -> list[bytes]:
        """All that `keep` may have made of the value."""
        return [form for name, key in self._in_order() for form in _forms(_hash(key, value, purpose), name)]

    def fits(self, kept: bytes, value: str, purpose: str) -> bool:
        """Whether `keep` made this of the value, in a time that tells nothing."""
        return sum(hmac.compare_digest(kept, form) for form in self.forms(value, purpose)) > 0

    def is_current(self, kept: bytes) -> bool:
        """Whether what `keep` made is of the key that writes; what names none is, as long as there is one."""
        return kept[_DIGEST:] == bytes.fromhex(self.writer) or not self.several

    def is_foreign(self, kept: bytes) -> bool:
        """Whether what `keep` made names a key that is not there."""
        return len(kept) == _DIGEST + _NAME and kept[_DIGEST:].hex() not in self._keys

    def older(self, column: str) -> str:
        """SQL: whether a column that `keep` fills needs another key than the one that writes."""
        named = f"(octet_length({column}) > {_DIGEST} AND substring({column} from {_DIGEST + 1}) <> '\\x{self.writer}'::bytea)"
        return f"({named} OR octet_length({column}) <= {_DIGEST})" if self.several else named

    def _in_order(self) -> Iterator[tuple[str, bytes]]:
        first = self.writer
        yield first, self._keys[first]
        yield from ((name, key) for name, key in self._keys.items() if name != first)


def settle(session: Session, keys: HashKeys, *, strict: bool = True) -> None:
    """The very first time: what was stored before is of the oldest key. Raises HashKeyMissing, when `strict`."""
    session.execute(
        text("INSERT INTO hash_key (name, writes) VALUES (:name, true) ON CONFLICT DO NOTHING"),
        {"name": keys.names[-1]},
    )
    keys.heed(needed(session), strict=strict)


def needed(session: Session) -> list[str]:
    """Names of the keys that something is found by, the one that writes first."""
    return list(session.execute(text(f"SELECT {STATE}")).scalar_one() or ())


def hold(session: Session, keys: HashKeys) -> str:
    """Name of the key with which somebody new is stored while a key is exchanged: it goes on writing until the caller's transaction ends.

    So two hashes of one number are never made at once: `switch` waits, and who comes after it finds what was stored before it.
    Raises HashKeyMissing.
    """
    session.execute(text("SELECT name FROM hash_key ORDER BY name FOR SHARE")).all()
    # Asked again: who waited for a lock sees what it waited for only in a new statement.
    found = needed(session)
    keys.heed(found)
    return found[0]


def switch(session: Session, keys: HashKeys, *, strict: bool = True) -> bool:
    """From now on the newest key writes; False when it did already. Waits for those who are storing somebody with the older one.

    Raises HashKeyMissing, when `strict`: whoever is known by a key that is not there might still be found by it.
    """
    settle(session, keys, strict=strict)
    session.execute(text("SELECT name FROM hash_key ORDER BY name FOR UPDATE")).all()
    newest = keys.names[0]
    if needed(session)[0] == newest:
        return False
    session.execute(text("UPDATE hash_key SET writes = false WHERE writes"))
    session.execute(
        text("INSERT INTO hash_key (name, writes) VALUES (:name, true) ON CONFLICT (name) DO UPDATE SET writes = true"),
        {"name": newest},
    )
    keys.heed(needed(session), strict=strict)
    return True


def let_go(session: Session) -> list[str]:
    """Nothing needs the keys any more that do not write: a process may lack them. Their names."""
    gone = session.execute(text("DELETE FROM hash_key WHERE NOT writes RETURNING name")).scalars()
    return list(gone)


def _look() -> list[str] | None:
    session = current_session()
    if session is not None:
        return needed(session)
    engine = home()
    if engine is None:
        return None
    with engine.connect() as connection:
        found: list[str] | None = connection.execute(text(f"SELECT {STATE}")).scalar_one()
    return found


def _name(key: bytes) -> str:
    return hmac.new(key, b"waymark hash key", hashlib.sha256).digest()[:_NAME].hex()


def _hash(key: bytes, value: str, purpose: str) -> bytes:
    return hmac.new(key, f"{purpose}\x00{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _forms(digest: bytes, name: str) -> tuple[bytes, bytes]:
    return digest, digest + bytes.fromhex(name)
