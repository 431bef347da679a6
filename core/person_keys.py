"""One data key for each person, sealed with the keys of the copy: what is destroyed with it is unreadable everywhere, in backups too.

The key is read in the transaction that seals with it, and its row locked against destruction until that transaction ends: nothing can be
sealed with a key that is gone. Opened keys are remembered for some minutes.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol
from uuid import UUID, uuid4

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from core.database import current_session, home

REMEMBERED, SECONDS = 4096, 600.0
"""Opened keys that a process holds, and for how long: a destroyed key opens nothing any more after that."""


class Wrapper(Protocol):
    """Seals and opens data keys (the process's cipher)."""

    def wrap(self, key: bytes, *, place: str) -> tuple[str, bytes]:
        """Id of the key that sealed it, and the sealed key."""
        ...

    def unwrap(self, wrapped: bytes, *, place: str) -> bytes:
        """The key. Raises DecryptionError."""
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """Leads from a row to its person and back, in SQL.

    `person` selects the person of `:owner`; `owned` selects the owners of `:person`.
    """

    person: str
    owned: str


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's data key."""

    id: UUID
    key: bytes = field(repr=False)


_opened: OrderedDict[UUID, tuple[float, bytes]] = OrderedDict()
_lock = Lock()


def place_of(key_id: UUID) -> str:
    """What a wrapped key is bound to."""
    return f"person_key.wrapped.{key_id}"


def key_for_sealing(session: Session, wrapper: Wrapper, owner: Owner, owner_id: UUID) -> PersonKey | None:
    """The key of the person that a row belongs to, made when they have none; None when there is no such person (yet)."""
    remembered: dict[tuple[str, UUID], PersonKey] = session.info.setdefault("person_keys", {})
    if known := remembered.get((owner.person, owner_id)):
        return known
    connection = session.connection()
    found = _locked(connection, wrapper, owner, owner_id)
    if found is not None:
        # A key made in this transaction is not remembered: a savepoint that is rolled back takes it away again.
        if found.id not in session.info.get("person_keys_made", ()):
            remembered[owner.person, owner_id] = found
        return found
    made, kek, wrapped = make(wrapper)
    connection.execute(
        text(
            f"INSERT INTO person_key (id, person_id, kek, wrapped) SELECT :id, person.id, :kek, :wrapped FROM person"  # noqa: S608 - ours
            f" WHERE person.id = ({owner.person}) ON CONFLICT (person_id) DO NOTHING"
        ),
        {"id": made.id, "owner": owner_id, "kek": kek, "wrapped": wrapped},
    )
    session.info.setdefault("person_keys_made", set()).add(made.id)
    return _locked(connection, wrapper, owner, owner_id)


def make(wrapper: Wrapper) -> tuple[PersonKey, str, bytes]:
    """A new data key, the id of the key that sealed it, and the sealed key: not a person's before it is stored with them."""
    key = PersonKey(uuid4(), os.urandom(32))
    kek, wrapped = wrapper.wrap(key.key, place=place_of(key.id))
    return key, kek, wrapped


def opened(wrapper: Wrapper, key_id: UUID, wrapped: bytes) -> PersonKey:
    """The key of a row that the caller has locked against destruction. Raises DecryptionError."""
    with _lock:
        _, key = _opened.get(key_id, (0.0, b""))
    return PersonKey(key_id, key or _remember(key_id, wrapper.unwrap(wrapped, place=place_of(key_id))))


def key_for_opening(wrapper: Wrapper, key_id: UUID) -> bytes | None:
    """The key of this id; None when it was destroyed."""
    with _lock:
        since, key = _opened.get(key_id, (0.0, b""))
        if key and time.monotonic() - since < SECONDS:
            return key
    session = current_session()
    if session is not None:
        wrapped = _wrapped(session.connection(), key_id)
    elif (engine := home()) is not None:
        with engine.connect() as connection:
            wrapped = _wrapped(connection, key_id)
    else:
        return None
    return None if wrapped is None else _remember(key_id, wrapper.unwrap(wrapped, place=place_of(key_id)))


def fetch(connection: Connection, wrapper: Wrapper, key_ids: Iterable[UUID]) -> None:
    """Have many keys remembered by one query, before what they sealed is opened piece by piece; fewer than REMEMBERED."""
    with _lock:
        at = time.monotonic()
        missing = [one for one in set(key_ids) if at - _opened.get(one, (-SECONDS, b""))[0] >= SECONDS]
    if missing:
        rows = connection.execute(text("SELECT id, wrapped FROM person_key WHERE id = ANY(:ids)"), {"ids": missing})
        for key_id, wrapped in rows:
            _remember(key_id, wrapper.unwrap(bytes(wrapped), place=place_of(key_id)))


def forget() -> None:
    """Remember none, as after a start."""
    with _lock:
        _opened.clear()


def destroy(session: Session, person_id: UUID) -> None:
    """Destroy a person's key. What is sealed with it must be gone, or have been opened to be sealed anew."""
    gone = session.connection().execute(
        text("DELETE FROM person_key WHERE person_id = :person RETURNING id"), {"person": person_id}
    )
    for (key_id,) in gone:
        with _lock:
            _opened.pop(key_id, None)
    session.info.pop("person_keys", None)


def _locked(connection: Connection, wrapper: Wrapper, owner: Owner, owner_id: UUID) -> PersonKey | None:
    row = connection.execute(
        text(f"SELECT id, wrapped FROM person_key WHERE person_id = ({owner.person}) FOR KEY SHARE"),  # noqa: S608 - ours
        {"owner": owner_id},
    ).first()
    if row is None:
        return None
    return opened(wrapper, row.id, bytes(row.wrapped))


def _wrapped(connection: Connection, key_id: UUID) -> bytes | None:
    found = connection.execute(text("SELECT wrapped FROM person_key WHERE id = :id"), {"id": key_id}).scalar()
    return None if found is None else bytes(found)


def _remember(key_id: UUID, key: bytes) -> bytes:
    with _lock:
        _opened[key_id] = (time.monotonic(), key)
        _opened.move_to_end(key_id)
        while len(_opened) > REMEMBERED:
            _opened.popitem(last=False)
    return key
