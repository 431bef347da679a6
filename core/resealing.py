"""Sealing anew: with a newer key of the copy while everything runs, and what is to stay of a person whose key is destroyed.

What is left to do is read from the envelopes themselves, so that a run that was broken off goes on where it ended, and two runs at once
share the work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, func, select, text
from sqlalchemy.orm import Session

from core import person_keys
from core.database import Base, Sessions
from core.encryption import Cipher, DecryptionError, Encrypted
from core.logging import get_logger
from core.person_keys import Owner

log = get_logger(__name__)

BATCH = 200
"""Rows in one transaction: nobody waits for a lock longer than it takes to seal them."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted attribute of a table."""

    model: type[Any]
    name: str
    attribute: Encrypted

    @property
    def label(self) -> str:
        """For a line of progress: `message.body`."""
        return f"{self.model.__tablename__}.{self.name}"

    @property
    def envelope(self) -> Any:
        return getattr(self.model, self.attribute.column)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rotation is with one kind of rows."""

    label: str
    done: int
    left: int


def sealed_attributes() -> list[Sealed]:
    """Every encrypted attribute of every table that was imported."""
    return sorted(
        (
            Sealed(mapper.class_, name, attribute)
            for mapper in Base.registry.mappers
            for name, attribute in vars(mapper.class_).items()
            if isinstance(attribute, Encrypted)
        ),
        key=lambda sealed: sealed.label,
    )


def rotate(sessions: Sessions, cipher: Cipher) -> Iterator[Progress]:
    """Seal everything with the first key of the copy that is not: data keys of people first, then what has no person. Commits in batches.

    What belongs to a person and was sealed with a key of the copy comes to that person's own key.
    """
    yield from _rewrap(sessions, cipher)
    for sealed in sealed_attributes():
        yield from _reseal(sessions, cipher, sealed)


def left(session: Session, cipher: Cipher) -> int:
    """Envelopes and data keys that an older key of the copy still seals: while there are any, that key must stay."""
    keys = session.execute(_OLD_KEYS, {"primary": cipher.primary_id}).scalar_one()
    return int(keys) + sum(_left(session, cipher, sealed) for sealed in sealed_attributes())


def renew(session: Session, person_id: UUID) -> None:
    """Destroy a person's key. What is still there of them, and is to stay, is sealed with a new one. The caller commits."""
    session.flush()
    stays = []
    for sealed in sealed_attributes():
        if sealed.attribute.owner is None:
            continue
        for row in _of_person(session, sealed, sealed.attribute.owner, person_id):
            try:
                stays.append((row, sealed.name, getattr(row, sealed.name)))
            except DecryptionError as error:
                # What nobody can open is no reason to keep the key.
                log.error("a text cannot be opened", where=error.place)  # noqa: TRY400
    person_keys.destroy(session, person_id)
    for row, name, value in stays:
        setattr(row, name, value)
    session.flush()


_OLD_KEYS = text("SELECT count(*) FROM person_key WHERE kek <> :primary")


def _rewrap(sessions: Sessions, cipher: Cipher) -> Iterator[Progress]:
    done = 0
    while True:
        with sessions.begin() as session:
            rows = session.execute(
                text(
                    "SELECT id, wrapped FROM person_key WHERE kek <> :primary LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED"
                ),
                {"primary": cipher.primary_id, "batch": BATCH},
            ).all()
            for row in rows:
                place = person_keys.place_of(row.id)
                kek, wrapped = cipher.wrap(cipher.unwrap(bytes(row.wrapped), place=place), place=place)
                session.execute(
                    text("UPDATE person_key SET kek = :kek, wrapped = :wrapped WHERE id = :id"),
                    {"id": row.id, "kek": kek, "wrapped": wrapped},
                )
            remaining = int(session.execute(_OLD_KEYS, {"primary": cipher.primary_id}).scalar_one())
        done += len(rows)
        if done or remaining:
            yield Progress("person_key", done, remaining)
        if not rows:
            return


def _reseal(sessions: Sessions, cipher: Cipher, sealed: Sealed) -> Iterator[Progress]:
    done, broken = 0, set[UUID]()
    while True:
        with sessions.begin() as session:
            wanted = _is_old(cipher, sealed) & sealed.model.id.not_in(broken)
            rows = session.scalars(
                select(sealed.model).where(wanted).limit(BATCH).with_for_update(skip_locked=True)
            ).all()
            for row in rows:
                try:
                    setattr(row, sealed.name, getattr(row, sealed.name))
                except DecryptionError as error:
                    log.error("a text cannot be opened, and stays as it is", where=error.place)  # noqa: TRY400
                    broken.add(row.id)
            session.flush()
            remaining = _left(session, cipher, sealed)
        done += len(rows)
        if rows or (done == 0 and remaining):
            yield Progress(sealed.label, done, remaining)
        if not rows:
            return


def _left(session: Session, cipher: Cipher, sealed: Sealed) -> int:
    return session.scalars(select(func.count()).select_from(sealed.model).where(_is_old(cipher, sealed))).one()


def _is_old(cipher: Cipher, sealed: Sealed) -> ColumnElement[bool]:
    """Version 1, and another key's id than the one that seals now."""
    envelope = sealed.envelope
    key_id = func.substring(envelope, 3, func.get_byte(envelope, 1))
    primary = func.convert_to(cast(cipher.primary_id, String), "UTF8")
    return (func.get_byte(envelope, 0) == 1) & (key_id != primary)


def _of_person(session: Session, sealed: Sealed, owner: Owner, person_id: UUID) -> Sequence[Any]:
    owners = session.execute(text(owner.owned), {"person": person_id}).scalars().all()
    through = getattr(sealed.model, sealed.attribute.through)
    return session.scalars(select(sealed.model).where(sealed.envelope.is_not(None), through.in_(owners))).all()
