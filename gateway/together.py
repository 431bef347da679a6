"""Messages that arrive at the same moment are stored by one transaction: with one each, a flood waits minutes for its commits.

Only what is plain is stored so: a message of somebody new, or of somebody known whose conversation nobody holds at this moment. Everything
else is left to `gateway.receive.store`, which alone says what storing a message means; a test compares what both leave behind.

Two statements and the jobs, however many there are: on a busy machine each further way to the database costs more than its work.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from cases.models import Person
from core import person_keys
from core.database import DESK_CHANNEL, now
from core.encryption import cipher
from core.hash_keys import STATE
from core.jobs import TURNS, defer_each
from core.logging import get_logger
from core.settings import Settings
from gateway.models import Message
from gateway.receive import TURN, Arrival
from gateway.strangers import is_silent

log = get_logger(__name__)

Outcome = UUID | Literal["duplicate"] | None
"""Id of the stored message; or it was stored before; or it has to be stored alone."""

# Whose conversation a turn or a caseworker holds is not waited for: all others would wait too.
_LOOK = text(f"""
    WITH arrived AS MATERIALIZED (
      SELECT n, sid, person.id AS person_id, conversation.id AS conversation_id
      FROM unnest(CAST(:sids AS text[]), CAST(:hashes AS bytea[]), CAST(:channels AS text[]), CAST(:ours AS text[]))
        WITH ORDINALITY AS message(sid, phone_hash, channel, ours, n)
      LEFT JOIN person ON person.phone_hash = message.phone_hash
      LEFT JOIN conversation ON conversation.person_id = person.id
        AND conversation.channel = message.channel AND conversation.our_address = message.ours),
    free AS MATERIALIZED (
      SELECT conversation.id, conversation.epoch, person_key.id AS key_id, person_key.wrapped
      FROM conversation JOIN person_key ON person_key.person_id = conversation.person_id
      WHERE conversation.id IN (SELECT conversation_id FROM arrived)
        AND conversation.hold IS DISTINCT FROM 'delivery_failed'
      FOR UPDATE OF conversation SKIP LOCKED FOR KEY SHARE OF person_key SKIP LOCKED)
    SELECT {STATE} AS hash_keys,
      EXISTS (SELECT FROM message WHERE message.provider_sid = arrived.sid) AS stored,
      person_id, conversation_id, free.id IS NOT NULL AS free, epoch, key_id, wrapped,
      (SELECT max(coalesce(any_of.last_inbound_at, any_of.created_at))
         FROM conversation AS any_of WHERE any_of.person_id = arrived.person_id) AS last_inbound_at
    FROM arrived LEFT JOIN free ON free.id = conversation_id
    ORDER BY n
""")  # noqa: S608 - ours
# People in one order, so that two processes that meet do not wait for each other; whom the other one stores is left to it, and so is
# whatever it stored meanwhile. What a row holds that is not named here, a test finds missing.
_WRITE = text("""
    WITH moment AS (SELECT CAST(:moment AS timestamptz) AS at),
    stranger AS (
      SELECT * FROM unnest(CAST(:people AS uuid[]), CAST(:hashes AS bytea[]), CAST(:numbers AS bytea[]), CAST(:keys AS uuid[]),
        CAST(:keks AS text[]), CAST(:wrapped AS bytea[]), CAST(:conversations AS uuid[]), CAST(:channels AS text[]),
        CAST(:ours AS text[])) AS stranger(id, phone_hash, phone, key_id, kek, wrapped, conversation_id, channel, ours)),
    new_person AS (
      INSERT INTO person (id, phone_hash, phone_encrypted, created_at)
      SELECT id, phone_hash, phone, at FROM stranger, moment ORDER BY phone_hash
      ON CONFLICT (phone_hash) DO NOTHING RETURNING id),
    new_key AS (
      INSERT INTO person_key (id, person_id, kek, wrapped)
      SELECT key_id, id, kek, wrapped FROM stranger JOIN new_person USING (id)),
    new_conversation AS (
      INSERT INTO conversation (id, person_id, channel, our_address, owner, epoch, new_session, opted_out, last_inbound_at, created_at)
      SELECT conversation_id, id, channel, ours, 'bot', 0, true, false, at, at
      FROM stranger JOIN new_person USING (id), moment RETURNING id),
    written AS (
      SELECT * FROM unnest(CAST(:messages AS uuid[]), CAST(:sids AS text[]), CAST(:places AS uuid[]), CAST(:known AS boolean[]),
        CAST(:epochs AS integer[]), CAST(:kinds AS text[]), CAST(:bodies AS bytea[]), CAST(:extras AS bytea[]))
        WITH ORDINALITY AS written(id, sid, conversation_id, known, epoch, kind, body, extra, n)),
    stored AS (
      INSERT INTO message (id, conversation_id, direction, author, provider_sid, kind, state, epoch, body_encrypted, extra_encrypted,
        multiple, attempts, created_at)
      SELECT id, conversation_id, 'inbound', 'person', sid, kind, 'received', epoch, body, extra, false, 0, at
      FROM written, moment WHERE known OR conversation_id IN (SELECT id FROM new_conversation) ORDER BY n
      ON CONFLICT (provider_sid) DO NOTHING RETURNING id, provider_sid, conversation_id),
    heard AS (
      UPDATE conversation SET last_inbound_at = at FROM stored, moment WHERE conversation.id = stored.conversation_id)
    SELECT id, provider_sid, conversation_id,
      pg_notify(:channel, CAST(json_build_object('conversation', conversation_id) AS text))
    FROM stored
""")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message goes."""

    arrival: Arrival
    conversation_id: UUID
    known: bool
    epoch: int
    key: person_keys.PersonKey = field(repr=False)


def store_together(session: Session, arrivals: Sequence[Arrival], settings: Settings) -> list[Outcome]:
    """Store what can be stored with others, in order; the outcome of each. The caller commits.

    The conversations stay locked until then. Raises DecryptionError, and what the database raises: then nothing was stored.
    """
    outcomes: list[Outcome] = [None] * len(arrivals)
    looked = _look(session, arrivals)
    if not looked or not _one_key(looked[0].hash_keys):
        return outcomes
    places: dict[int, _Place] = {}
    strangers: dict[str, list[Any]] = {name: [] for name in _STRANGER}
    senders: set[bytes] = set()
    for n, (arrival, row) in enumerate(zip(arrivals, looked, strict=True)):
        if row.stored:
            outcomes[n] = "duplicate"
            continue
        # A second message of the same moment comes after the first: nobody's words may stand before their STOP.
        sender = _hash(arrival)
        waits = sender in senders
        senders.add(sender)
        if waits or arrival.opt_out or is_silent(row.last_inbound_at, settings):
            continue
        if row.free:
            key = person_keys.opened(cipher(), row.key_id, bytes(row.wrapped))
            places[n] = _Place(arrival, row.conversation_id, known=True, epoch=row.epoch, key=key)
        elif row.person_id is None:
            places[n] = _stranger(arrival, sender, strangers)
    for n, message_id in _write(session, places, strangers).items():
        outcomes[n] = message_id
    return outcomes


def _one_key(needed: Sequence[str] | None) -> bool:
    """Whether numbers are found by one key, and it is ours: while keys are exchanged, whoever is stored is looked at alone."""
    ours = list(cipher().hash_keys.names)
    return len(ours) == 1 and list(needed or ()) == ours


def _hash(arrival: Arrival) -> bytes:
    return arrival.sender.find_hash(cipher().hash_keys.names[0])


def _look(session: Session, arrivals: Sequence[Arrival]) -> Sequence[Row[Any]]:
    return session.execute(
        _LOOK,
        {
            "sids": [one.sid for one in arrivals],
            "hashes": [_hash(one) for one in arrivals],
            "channels": [one.sender.channel for one in arrivals],
            "ours": [one.ours.number for one in arrivals],
        },
    ).all()


_STRANGER = ("people", "hashes", "numbers", "keys", "keks", "wrapped", "conversations", "channels", "ours")


def _stranger(arrival: Arrival, phone_hash: bytes, strangers: dict[str, list[Any]]) -> _Place:
    """A place for somebody who writes for the first time, and what is to be stored of them."""
    key, kek, wrapped = person_keys.make(cipher())
    person_id, conversation_id = uuid4(), uuid4()
    number = Person.phone.seal(person_id, arrival.sender.number, key)
    ends = (arrival.sender.channel, arrival.ours.number)
    values = (person_id, phone_hash, number, key.id, kek, wrapped, conversation_id, *ends)
    for name, value in zip(_STRANGER, values, strict=True):
        strangers[name].append(value)
    return _Place(arrival, conversation_id, known=False, epoch=0, key=key)


def _write(session: Session, places: dict[int, _Place], strangers: dict[str, list[Any]]) -> dict[int, UUID]:
    """People, conversations, messages, the jobs that answer them, and the news for the desk; the ids of what was stored."""
    if not places:
        return {}
    ids = {n: uuid4() for n in places}
    rows = session.execute(
        _WRITE,
        strangers
        | {
            "moment": now(),
            "channel": DESK_CHANNEL,
            "messages": list(ids.values()),
            "sids": [one.arrival.sid for one in places.values()],
            "places": [one.conversation_id for one in places.values()],
            "known": [one.known for one in places.values()],
            "epochs": [one.epoch for one in places.values()],
            "kinds": [one.arrival.kind for one in places.values()],
            "bodies": [Message.body.seal(ids[n], one.arrival.body, one.key) for n, one in places.items()],
            "extras": [
                Message.extra.seal(ids[n], json.dumps(one.arrival.extra), one.key) if one.arrival.extra else None
                for n, one in places.items()
            ],
        },
    ).all()
    stored = {row.id: str(row.conversation_id) for row in rows}
    if stored:
        jobs = {conversation: {"conversation_id": conversation} for conversation in stored.values()}
        defer_each(session, TURN, queue=TURNS, jobs=jobs)
    found = {n: message_id for n, message_id in ids.items() if message_id in stored}
    for n, message_id in found.items():
        log.info(
            "a message was stored",
            conversation=stored[message_id],
            message=str(message_id),
            kind=places[n].arrival.kind,
        )
    return found
