"""Ten thousand open cases as a line that is overrun would have them: invented, sealed with the keys of their people as always.

Written in bulk: one by one, as people come, they would take a quarter of an hour.
"""

import json
import os
import random
import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from cases.models import Case, CaseEvent, Conversation, Person, Team
from core.database import Sessions, now
from core.encryption import cipher
from core.person_keys import PersonKey, place_of
from core.settings import Settings
from desk import accounts
from gateway.models import Message

AT_ONCE = 1000
HOLDERS = 20
LANGUAGES, COUNTRIES = ("en", "fr", "ar", "bn", "pt"), ("MA", "BD", "BR", "ZA")
NEEDS = ("shelter", "health", "food_cash", "work", "legal", "family", "talk")
LEVELS, SHARES = ("E", "U", "P", "R"), (1, 20, 40, 39)
WORDS = "An invented message of ordinary length, as somebody types it on a telephone."
ANSWERS = {"safe": "yes", "danger": "no", "under_18": "no", "shared_phone": "no", "contact": "write_here"}
KEYS = text("INSERT INTO person_key (id, person_id, kek, wrapped) VALUES (:id, :person_id, :kek, :wrapped)")

type Rows = dict[Any, list[dict[str, Any]]]


def fill(sessions: Sessions, settings: Settings, count: int) -> None:
    """Half taken by one of twenty colleagues, two of three of these answered, a few put aside; nearly every emergency was taken."""
    rnd = random.Random(5)  # noqa: S311 - invented cases, no secret
    with sessions.begin() as session:
        holders = [accounts.create_user(session, f"Colleague {one} Example", "caseworker").id for one in range(HOLDERS)]
        team = session.scalars(select(Team.id).where(Team.is_default)).one()
    for start in range(0, count, AT_ONCE):
        rows: Rows = {Person: [], KEYS: [], Conversation: [], Case: [], CaseEvent: [], Message: []}
        for number in range(start, min(start + AT_ONCE, count)):
            _case(rows, settings, rnd, number, (team, holders))
        with sessions.begin() as session:
            _write(session, rows)
        print(f"{start + len(rows[Case]):,} of {count:,} cases", file=sys.stderr)
    with sessions.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _write(session: Session, rows: Rows) -> None:
    for model, values in rows.items():
        if values:
            session.execute(KEYS if model is KEYS else insert(model), values)


def _case(rows: Rows, settings: Settings, rnd: random.Random, number: int, ours: tuple[UUID, list[UUID]]) -> None:
    team, holders = ours
    person, conversation, case, key = uuid4(), uuid4(), uuid4(), PersonKey(uuid4(), os.urandom(32))
    kek, wrapped = cipher().wrap(key.key, place=place_of(key.id))
    rows[KEYS].append({"id": key.id, "person_id": person, "kek": kek, "wrapped": wrapped})
    phone = _sealed(Person, "phone_encrypted", person, f"+1500555{number % 10_000:04d}", key)
    rows[Person].append({"id": person, "phone_hash": uuid4().bytes, **phone})
    level = rnd.choices(LEVELS, SHARES)[0]
    at = now() - timedelta(minutes=rnd.randrange(1, 3 * 24 * 60))
    holder = rnd.choice(holders) if rnd.random() < (0.95 if level == "E" else 0.5) else None
    paused = holder is not None and level != "E" and rnd.random() < 0.06
    rows[Conversation].append(
        {"id": conversation, "person_id": person, "channel": rnd.choice(("sms", "whatsapp")), "our_address": "+15005550006",
         "language": rnd.choice(LANGUAGES), "last_inbound_at": at, "owner": "desk" if holder else "bot"}
    )  # fmt: skip
    told = {"rules": ["U12"], "needs": rnd.sample(NEEDS, 2), "answers": ANSWERS | {"country": rnd.choice(COUNTRIES)}}
    rows[Case].append(
        {"id": case, "conversation_id": conversation, "team_id": team, "level": level, "reason": "asks_human",
         "contact": "write_here", "assignee_id": holder, "opened_at": at, "taken_at": at if holder else None,
         "due_at": at + settings.target(level),  # type: ignore[arg-type] # the levels are literals
         "paused_at": now() if paused else None, "paused_until": now() + timedelta(hours=24) if paused else None,
         **_sealed(Case, "screening_encrypted", case, json.dumps(told), key)}
    )  # fmt: skip
    rows[CaseEvent].append({"id": uuid4(), "case_id": case, "kind": "opened", "at": at, "details": {"level": level}})
    _messages(rows, rnd, (conversation, at, key), holder if rnd.random() < 0.66 else None)


def _messages(rows: Rows, rnd: random.Random, of: tuple[UUID, datetime, PersonKey], holder: UUID | None) -> None:
    conversation, at, key = of
    for number in range(rnd.randrange(2, 8)):
        ours, message = holder is not None and number % 2 == 1, uuid4()
        rows[Message].append(
            {"id": message, "conversation_id": conversation, "direction": "outbound" if ours else "inbound",
             "author": "caseworker" if ours else "person", "user_id": holder if ours else None,
             "state": "sent" if ours else "handled", "created_at": at + timedelta(minutes=number),
             **_sealed(Message, "body_encrypted", message, WORDS, key)}
        )  # fmt: skip


def _sealed(model: Any, column: str, row: UUID, words: str, key: PersonKey) -> dict[str, bytes]:
    """As `core.encryption.Encrypted` seals it: what is bound to another place could not be opened by the page."""
    return {column: cipher().seal(words, place=f"{model.__tablename__}.{column}.{row}", key=key)}
