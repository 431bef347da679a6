"""Everything that can be hashed again comes under the newest key of the hashes, while the line runs; what cannot is counted.

Numbers, endpoints of browsers and hidden addresses are kept sealed, so their hashes can be made anew. Words, recovery codes, who reported
an entry, and links that are out are not: they hold under the older key until they are used, set anew or over. Tries to sign in are
forgotten within a day and are in no list.
"""

import json
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from cases.models import Person
from cases.referrals import links
from core import hash_keys
from core.database import Sessions
from core.encryption import DecryptionError, cipher, fetch_keys
from core.hash_keys import HashKeys
from core.resealing import Progress
from desk.counting import move_marks
from desk.models import StaffAddress
from desk.push import HASHED
from directory import guarding
from directory.review import asking
from gateway.addresses import person_hashes

BATCH = 200
"""Rows in one transaction: nobody waits for a lock longer than it takes to hash them."""
SAMPLE = 50
"""People who are looked at to see whether the keys fit the data."""
FIRST = UUID(int=0)
PEOPLE, BROWSERS, HOUSES = "people", "browsers", "hidden addresses"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the key that writes does not find."""

    again: dict[str, int]
    """What `rotate` hashes again: people, browsers, hidden addresses."""
    kept: dict[str, int]
    """What nobody can hash again; the older key finds it."""
    lost: dict[str, int]
    """What no key finds: it looks as if a key were missing."""

    @property
    def needs_older(self) -> bool:
        """Whether something would not be found any more without the older key."""
        return any(self.again.values()) or any(self.kept.values())

    def told(self) -> str:
        """What needs the older key, in words."""
        return ", ".join(f"{count} {name}" for name, count in (self.again | self.kept).items() if count) or "nothing"


def rehash(sessions: Sessions, *, without: bool = False) -> Generator[Progress]:
    """From now on the newest key writes, and everything is hashed with it that can be. Commits in batches; may be broken off and run again.

    Raises HashKeyMissing, unless it is to go on `without` a key that is lost.
    """
    keys = cipher().hash_keys
    with sessions.begin() as session:
        switched = hash_keys.switch(session, keys, strict=not without)
    if switched:
        # By then every process has looked which key writes: nothing comes under the older one behind our back.
        time.sleep(hash_keys.LOOK_SECONDS)
    if not keys.several and not without:
        return
    for label, step in _STEPS.items():
        after, done, looked = FIRST, 0, 0
        with sessions.begin() as session:
            total = session.scalar(select(func.count()).select_from(Person).where(_KNOWN)) if label == PEOPLE else 0
        while True:
            with sessions.begin() as session:
                last, rows, moved = step(session, after)
            done, looked = done + moved, looked + rows
            if moved:
                yield Progress(label, done, max(0, (total or 0) - looked))
            if last is None:
                break
            after = last


def standing(session: Session) -> Standing:
    """Look at everything. With several keys each person is looked at (0.13 ms each, measured on two busy cores), with one a sample."""
    keys = cipher().hash_keys
    again, lost = {PEOPLE: 0, BROWSERS: 0, HOUSES: 0}, {PEOPLE: 0, "words": 0}
    if keys.several:
        again[PEOPLE], lost[PEOPLE], second = _all_people(session)
        again[BROWSERS] = sum(
            bytes(row.endpoint_hash or b"") != made for row, made in _browsers(session, FIRST, limit=None)
        )
        nested = session.begin_nested()
        after: UUID | None = None
        while True:
            after, moved = guarding.rehash(session, after=after, batch=BATCH)
            again[HOUSES] += moved
            if after is None:
                break
        nested.rollback()
        kept = {name: _count(session, query, keys) for name, query in _KEPT.items()}
        kept["second entries of a number"] = second
        kept["links that are out"] = links.older_links(session) + asking.older_links(session)
    else:
        kept = {}
        lost[PEOPLE] = unknown(session)
        lost["words"] = _count(session, _KEPT["words"], keys)
    return Standing(again, kept, lost)


def unknown(session: Session, most: int = SAMPLE) -> int:
    """How many of some people, taken at random, no configured key finds: those keys are not the ones of this data."""
    query = select(Person).where(_KNOWN).order_by(func.random()).limit(most)
    return sum(_found(row) is None for row in session.scalars(query))


_KNOWN = Person.retired_at.is_(None) & Person.phone_encrypted.is_not(None)
"""Whose number is kept and still theirs. Of the others the hash is random, and stays so."""


def _people(session: Session, after: UUID) -> tuple[UUID | None, int, int]:
    query = select(Person).where(_KNOWN, Person.id > after).order_by(Person.id).limit(BATCH)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    fetch_keys(session, [row.phone_encrypted for row in rows])
    moves = [
        {"id": row.id, "old": row.phone_hash, "new": made}
        for row in rows
        if _found(row) != 0 and (made := _made(row)) is not None
    ]
    # Two rows of one number: a process lacked a key. The one that is found first stays.
    moved: int = session.execute(_MOVE, moves).rowcount if moves else 0  # type: ignore[attr-defined]
    move_marks(session, [row.id for row in rows])
    last = rows[-1].id if rows else after
    more = session.scalar(select(Person.id).where(_KNOWN, Person.id > last).order_by(Person.id).limit(1))
    # Whoever was locked just now is passed over, and told as left.
    return (last if rows and more else more), len(rows), moved


_MOVE = text(
    "UPDATE person SET phone_hash = :new WHERE id = :id AND phone_hash = :old"
    " AND NOT EXISTS (SELECT FROM person AS other WHERE other.phone_hash = :new)"
)


def _browsers_step(session: Session, after: UUID) -> tuple[UUID | None, int, int]:
    rows = list(_browsers(session, after, limit=BATCH))
    moved = 0
    for row, made in rows:
        if bytes(row.endpoint_hash or b"") != made:
            row.endpoint_hash, moved = made, moved + 1
            session.flush()
    return (rows[-1][0].id if len(rows) == BATCH else None), len(rows), moved


def _browsers(session: Session, after: UUID, *, limit: int | None) -> Iterator[tuple[StaffAddress, bytes]]:
    query = select(StaffAddress).where(StaffAddress.channel == "push", StaffAddress.id > after)
    for row in session.scalars(query.order_by(StaffAddress.id).limit(limit)).all():
        endpoint = str(json.loads(row.address or "{}").get("endpoint"))
        yield row, cipher().find_hash(endpoint, purpose=HASHED)


def _houses(session: Session, after: UUID) -> tuple[UUID | None, int, int]:
    last, moved = guarding.rehash(session, after=after, batch=BATCH)
    return last, BATCH, moved


_STEPS: dict[str, Callable[[Session, UUID], tuple[UUID | None, int, int]]] = {
    PEOPLE: _people, BROWSERS: _browsers_step, HOUSES: _houses,
}  # fmt: skip
_KEPT = {
    "words": "SELECT count(*) FROM conversation WHERE {safe_word_hash} OR {duress_word_hash}",
    "recovery codes": "SELECT count(*) FROM recovery_code WHERE used_at IS NULL AND {code_hash}",
    "reports of entries": "SELECT count(*) FROM feedback WHERE handled_at IS NULL AND {reporter_hash}",
}


def _count(session: Session, query: str, keys: HashKeys) -> int:
    columns = ("safe_word_hash", "duress_word_hash", "code_hash", "reporter_hash")
    return int(session.execute(text(query.format(**{name: keys.older(name) for name in columns}))).scalar_one())


def _all_people(session: Session) -> tuple[int, int, int]:
    """People under an older key, people under none, and rows under an older key whose number has another under the one that writes."""
    older = lost = second = 0
    after: UUID | None = FIRST
    while after is not None:
        rows = session.scalars(select(Person).where(_KNOWN, Person.id > after).order_by(Person.id).limit(BATCH)).all()
        fetch_keys(session, [row.phone_encrypted for row in rows])
        places = {row.id: _found(row) for row in rows}
        behind = [row for row in rows if places[row.id]]
        taken = session.scalars(select(Person.phone_hash).where(Person.phone_hash.in_([_made(row) for row in behind])))
        twins = len(taken.all())
        older, second = older + len(behind) - twins, second + twins
        lost += list(places.values()).count(None)
        after = rows[-1].id if len(rows) == BATCH else None
        session.expunge_all()
    return older, lost, second


def _made(person: Person) -> bytes | None:
    try:
        return person_hashes(person.phone or "")[0]
    except DecryptionError:
        return None


def _found(person: Person) -> int | None:
    """Which key somebody is found by: 0 the one that writes, then the others; None: by none, or their number cannot be opened."""
    try:
        hashes = person_hashes(person.phone or "")
    except DecryptionError:
        return None
    return next((place for place, made in enumerate(hashes) if made == bytes(person.phone_hash)), None)
