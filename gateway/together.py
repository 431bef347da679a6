"""Messages that arrive at the same moment are stored by one transaction: with one each, a flood waits minutes for its commits.

Only what is plain is stored so: a message of somebody new, or of somebody known whose conversation nobody holds at this moment. Everything
else is left to `gateway.receive.store`, which alone says what storing a message means; a test compares what both leave behind.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from cases.models import Conversation, Person, PersonKey
from core import person_keys
from core.database import notify_of_each, now
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

_LOOK = text(f"""
    SELECT {STATE} AS hash_keys,
      EXISTS (SELECT FROM message WHERE message.provider_sid = arrived.sid) AS stored,
      person.id AS person_id,
      conversation.id AS conversation_id,
      (SELECT max(coalesce(any_of.last_inbound_at, any_of.created_at))
         FROM conversation AS any_of WHERE any_of.person_id = person.id) AS last_inbound_at
    FROM unnest(CAST(:sids AS text[]), CAST(:hashes AS bytea[]), CAST(:channels AS text[]), CAST(:ours AS text[]))
      WITH ORDINALITY AS arrived(sid, phone_hash, channel, ours, n)
    LEFT JOIN person ON person.phone_hash = arrived.phone_hash
    LEFT JOIN conversation ON conversation.person_id = person.id
      AND conversation.channel = arrived.channel AND conversation.our_address = arrived.ours
    ORDER BY arrived.n
""")  # noqa: S608 - ours
# Whose conversation a turn or a caseworker holds is not waited for: all others would wait too.
_LOCK = text("""
    SELECT conversation.id, conversation.epoch, person_key.id AS key_id, person_key.wrapped
    FROM conversation JOIN person_key ON person_key.person_id = conversation.person_id
    WHERE conversation.id = ANY(:ids) AND conversation.hold IS DISTINCT FROM 'delivery_failed'
    FOR UPDATE OF conversation SKIP LOCKED FOR KEY SHARE OF person_key SKIP LOCKED
""")
_HEARD = text("UPDATE conversation SET last_inbound_at = :moment WHERE id = ANY(:ids)")


@dataclass(slots=True)
class _Place:
    """Where a message goes."""

    n: int
    arrival: Arrival
    conversation_id: UUID
    key: person_keys.PersonKey = field(repr=False)
    epoch: int = 0


def store_together(session: Session, arrivals: Sequence[Arrival], settings: Settings) -> list[Outcome]:
    """Store what can be stored with others, in order; the outcome of each. The caller commits.

    The conversations stay locked until then. Raises DecryptionError, and what the database raises: then nothing was stored.
    """
    outcomes: list[Outcome] = [None] * len(arrivals)
    looked = _look(session, arrivals)
    if not looked or not _one_key(looked[0].hash_keys):
        return outcomes
    known: list[int] = []
    strangers: list[int] = []
    senders: set[bytes] = set()
    for n, (arrival, row) in enumerate(zip(arrivals, looked, strict=True)):
        if row.stored:
            outcomes[n] = "duplicate"
            continue
        # What Twilio's own opt-out says changes more than a message; a second message of the same moment comes after the first.
        sender = _hash(arrival)
        if arrival.opt_out or sender in senders or is_silent(row.last_inbound_at, settings):
            continue
        senders.add(sender)
        if row.conversation_id:
            known.append(n)
        elif row.person_id is None:
            strangers.append(n)
    waiting = _lock(session, arrivals, known, looked)
    moment = now()
    places = sorted([*waiting, *_make(session, arrivals, strangers, moment)], key=lambda place: place.n)
    stored = _write(session, places)
    if heard := [place.conversation_id for place in waiting if place.arrival.sid in stored]:
        session.execute(_HEARD, {"ids": heard, "moment": moment})
    for place in places:
        outcomes[place.n] = stored.get(place.arrival.sid)
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


def _lock(
    session: Session, arrivals: Sequence[Arrival], known: Sequence[int], looked: Sequence[Row[Any]]
) -> list[_Place]:
    """The places of those who have a conversation; without those whose conversation somebody holds."""
    if not known:
        return []
    locked = {row.id: row for row in session.execute(_LOCK, {"ids": [looked[n].conversation_id for n in known]}).all()}
    places = []
    for n in known:
        if row := locked.get(looked[n].conversation_id):
            key = person_keys.opened(cipher(), row.key_id, bytes(row.wrapped))
            places.append(_Place(n, arrivals[n], row.id, key, row.epoch))
    return places


def _make(session: Session, arrivals: Sequence[Arrival], strangers: Sequence[int], moment: datetime) -> list[_Place]:
    """People and conversations for those who write for the first time; without those whom somebody else stores at this moment."""
    made = {}
    for n in strangers:
        key, kek, wrapped = person_keys.make(cipher())
        made[uuid4()] = (n, arrivals[n], key, kek, wrapped)
    if not made:
        return []
    connection = session.connection()
    # In one order, so that two processes that meet do not wait for each other.
    people = [
        {
            "id": person_id,
            "phone_hash": _hash(arrival),
            "phone_encrypted": Person.phone.seal(person_id, arrival.sender.number, key),
        }
        for person_id, (_, arrival, key, _, _) in sorted(made.items(), key=lambda item: _hash(item[1][1]))
    ]
    new = connection.execute(
        insert(Person).on_conflict_do_nothing(index_elements=["phone_hash"]).returning(Person.id),
        people,
    ).scalars()
    places, keys, conversations = [], [], []
    for person_id in new.all():
        n, arrival, key, kek, wrapped = made[person_id]
        place = _Place(n, arrival, uuid4(), key)
        places.append(place)
        keys.append({"id": key.id, "person_id": person_id, "kek": kek, "wrapped": wrapped})
        conversations.append(
            {
                "id": place.conversation_id,
                "person_id": person_id,
                "channel": arrival.sender.channel,
                "our_address": arrival.ours.number,
                "last_inbound_at": moment,
            }
        )
    if places:
        connection.execute(insert(PersonKey), keys)
        connection.execute(insert(Conversation), conversations)
    return places


def _write(session: Session, places: Sequence[_Place]) -> dict[str, UUID]:
    """The messages, the jobs that answer them, and the news for the desk; the ids by SID, without those that somebody else has stored."""
    if not places:
        return {}
    rows = []
    for place in places:
        message_id, arrival = uuid4(), place.arrival
        rows.append(
            {
                "id": message_id,
                "conversation_id": place.conversation_id,
                "direction": "inbound",
                "author": "person",
                "provider_sid": arrival.sid,
                "kind": arrival.kind,
                "state": "received",
                "epoch": place.epoch,
                "body_encrypted": Message.body.seal(message_id, arrival.body, place.key),
                "extra_encrypted": Message.extra.seal(message_id, json.dumps(arrival.extra), place.key)
                if arrival.extra
                else None,
            }
        )
    stored = {
        row.provider_sid: row
        for row in session.connection()
        .execute(
            insert(Message)
            .on_conflict_do_nothing(index_elements=["provider_sid"])
            .returning(Message.id, Message.provider_sid, Message.conversation_id),
            rows,
        )
        .all()
    }
    conversations = [row.conversation_id for row in stored.values()]
    if conversations:
        defer_each(session, TURN, queue=TURNS, jobs={str(one): {"conversation_id": str(one)} for one in conversations})
        notify_of_each(session, [{"conversation": one} for one in conversations])
    for place in places:
        if row := stored.get(place.arrival.sid):
            log.info(
                "a message was stored",
                conversation=str(row.conversation_id),
                message=str(row.id),
                kind=place.arrival.kind,
            )
    return {sid: row.id for sid, row in stored.items()}
