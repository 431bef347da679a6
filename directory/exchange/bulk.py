"""Many entries at once: the same rows and the same history as `writing.write`, in a few statements for hundreds of entries.

A record is taken apart into rows of tables. What is there already is known from the record before, so the difference between two sets of
rows is what must be written: new rows by COPY, the others by UPDATE and DELETE. A property test holds both ways of writing together.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from sqlalchemy import Table, bindparam, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from directory import hiding
from directory.bulk_read import TABLES
from directory.exchange.bulk_rows import Key, Owned, Row, Rows, rows_of, with_ids
from directory.exchange.owners import Owners
from directory.exchange.plan import Prepared
from directory.models import Attribute, Location, Metadata, ServiceAtLocation, ServiceText
from directory.records import ServiceRecord, flat_and_orders, flat_hash
from directory.writing import differences, history, search_text, write


def write_bulk(session: Session, group: Sequence[Prepared], *, by: str, source: str, at: datetime) -> dict[UUID, str]:
    """Write the records of the group as `writing.write` does, one after the other. Flushes, does not commit.

    Returns the digest (`records.record_hash`) of what is stored of most of them now: so they need not be read back.
    """
    session.flush()
    quick = _quick(session, [one for one in group if one.after is not None])
    owners = Owners(session, [one.after for one in quick if one.after is not None], at)
    hashes = _source_hashes(session, [one.before.id for one in quick if one.before and one.before.id])
    old, new, notes = Rows(), Rows(), []
    hashes_now: dict[UUID, str] = {}
    for one in quick:
        if one.after is None:
            continue
        after, extra = owners.placed(with_ids(one.after))
        made = rows_of(after, at, one.before, hashes, extra)
        stored = made.record
        flat = flat_and_orders(stored)
        hashes_now[stored.id] = flat_hash(*flat)  # type: ignore[index]
        changes = differences(one.before, stored, flat)
        if not changes:
            continue
        if one.before is not None:
            old.add(_stored(one.before, stored, at, hashes))
        made.rows["service"][(stored.id,)]["search_text"] = search_text(stored)
        new.add(made.rows)
        notes += history(stored.id, changes, by=by, source=source, at=at, created=one.before is None)  # type: ignore[arg-type]
    owners.write()
    _write(session, old, new)
    _copy(session, Metadata.__table__, notes)  # type: ignore[arg-type]
    # By identity: comparing five hundred records with five hundred others is a tenth of an import.
    done = {id(one) for one in quick}
    for one in group:
        if one.after is not None and id(one) not in done:
            write(session, one.after, by=by, source=source, at=at)
    return hashes_now


def _quick(session: Session, group: list[Prepared]) -> list[Prepared]:
    """Those whose places are new or their own: a place that another entry has too is written the plain way, after what it knows."""
    foreign: dict[UUID, list[Prepared]] = {}
    seen: dict[UUID, Prepared] = {}
    slow: set[int] = set()
    for one in group:
        if one.after and hiding.newly_hidden(one.before, one.after):
            slow.add(id(one))  # its address moves to where it is encrypted, and out of the history
        own = {place.id for place in one.before.locations} if one.before else set()
        for place in one.after.locations if one.after else ():
            if place.id is None:
                continue
            if place.id in seen:
                slow |= {id(one), id(seen[place.id])}
            seen[place.id] = one
            if place.id not in own:
                foreign.setdefault(place.id, []).append(one)
    if foreign:
        for known in session.scalars(select(Location.id).where(Location.id.in_(foreign))):
            slow |= {id(one) for one in foreign[known]}
    return [one for one in group if id(one) not in slow]


def _stored(
    before: ServiceRecord, after: ServiceRecord, at: datetime, hashes: Mapping[tuple[UUID, str], str | None]
) -> dict[str, dict[Key, Row]]:
    """The rows that an entry has. Of a place that it leaves only the place itself: another entry may go on being there."""
    kept = {place.id for place in after.locations}
    staying = before.model_copy(update={"locations": tuple(one for one in before.locations if one.id in kept)})
    owned = Owned(before.organization.id or uuid4(), before.program.id if before.program else None)
    rows = rows_of(staying, at, before, hashes, owned, as_stored=True).rows
    for place in before.locations:
        if place.id not in kept:
            rows["service_at_location"][before.id, place.id] = {}
            rows["location"][place.id,] = {}
    return rows


def _source_hashes(session: Session, ids: Sequence[UUID]) -> dict[tuple[UUID, str], str | None]:
    if not ids:
        return {}
    query = select(ServiceText.service_id, ServiceText.language, ServiceText.source_hash)
    rows = session.execute(query.where(ServiceText.service_id.in_(ids)))
    return {(service_id, language): digest for service_id, language, digest in rows}


def _write(session: Session, old: Rows, new: Rows) -> None:
    """Bring the tables from the old rows to the new ones."""
    for name, table in reversed(list(TABLES.items())):
        gone = old.keys(name) - new.keys(name)
        if not gone:
            continue
        if name == "location":
            _drop_places(session, {key[0] for key in gone})
        else:
            columns = list(table.primary_key.columns)
            if name == "service_at_location":
                columns = [table.c.service_id, table.c.location_id]
            session.execute(delete(table).where(tuple_(*columns).in_(list(gone))))
    for name, table in TABLES.items():
        before, after = old.get(name), new.get(name)
        _copy(session, table, [row for key, row in after.items() if key not in before])
        changed = [(key, row) for key, row in after.items() if key in before and before[key] != row]
        if changed and name != "service_at_location":
            _update(session, table, changed)
    _attributes(session, old, new)


def _drop_places(session: Session, ids: set[UUID]) -> None:
    """Places that no service uses any more, with their true addresses."""
    used = select(ServiceAtLocation.id).where(ServiceAtLocation.location_id == Location.id).exists()
    session.execute(delete(Location).where(Location.id.in_(ids), ~used))


def _update(session: Session, table: Table, changed: Sequence[tuple[tuple[Any, ...], dict[str, Any]]]) -> None:
    keys = list(table.primary_key.columns)
    columns = [name for name in changed[0][1] if name not in {key.name for key in keys} and name not in _ONCE]
    statement = (
        update(table)
        .where(*(key == bindparam(f"key_{number}") for number, key in enumerate(keys)))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    session.connection().execute(
        statement,
        [
            {f"key_{number}": part for number, part in enumerate(key)} | {f"new_{name}": row[name] for name in columns}
            for key, row in changed
        ],
    )


_ONCE = frozenset({"created_at", "listing", "listing_since", "is_example"})
"""Columns that are set when an entry is made and not by a change of its record."""


def _attributes(session: Session, old: Rows, new: Rows) -> None:
    """Attributes have no ids in a record: those of a changed entry are written anew, as `writing.write` does."""
    services = {key[0] for key in new.keys("service")}
    changed = [key[0] for key in old.keys("service") & new.keys("service")]
    if changed:
        session.execute(delete(Attribute).where(Attribute.link_entity == "service", Attribute.link_id.in_(changed)))
    rows = [row for key, row in new.get("attribute").items() if key[0] in services]
    _copy(session, Attribute.__table__, rows)  # type: ignore[arg-type]


def _copy(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put rows into a table by COPY. All have the same columns."""
    if not rows:
        return
    columns = list(rows[0])
    wrapped = {name for name in columns if isinstance(table.c[name].type, JSONB)}
    quoted = ", ".join(f'"{name}"' for name in columns)
    connection = session.connection().connection.driver_connection
    if connection is None:
        raise RuntimeError("the session has no connection")
    with connection.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({quoted}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(
                [Jsonb(row[name]) if name in wrapped and row[name] is not None else row[name] for name in columns]
            )


def copy_rows(session: Session, kind: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    """Put rows of a model into its table by COPY; each gets an id if it has none."""
    session.flush()
    _copy(session, kind.__table__, [{"id": uuid4(), **row} for row in rows])
