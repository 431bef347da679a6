"""What Rasa remembers is kept as long as the conversation it belongs to, and no longer."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bot_sessions
from cases.models import Conversation, Person
from cases.retention import delete_expired
from core.database import Sessions, now
from core.settings import Settings


def talk(session: Session, hours_ago: int, **values: object) -> UUID:
    person = Person(phone_hash=uuid4().bytes, phone="+15005550100")
    session.add(person)
    session.flush()
    last = now() - timedelta(hours=hours_ago)
    made = Conversation(person_id=person.id, channel="sms", our_address="+15005550006", last_inbound_at=last, **values)
    session.add(made)
    session.flush()
    session.execute(text("INSERT INTO engine.tracker VALUES (:id, '\\x00')"), {"id": str(made.id)})
    return made.id


def test_a_session_goes_with_its_talk(
    sessions: Sessions, settings: Settings, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_sessions, "BATCH", 1)
    with sessions.begin() as session:
        talk(session, 73)
        talk(session, 73, opted_out=True)
        kept = {talk(session, 71), talk(session, 1), talk(session, 1, opted_out=True)}
    assert bot_sessions.forget_orphans(sessions, engine_url) == 0
    with sessions.begin() as session:
        delete_expired(session, settings)
    assert bot_sessions.forget_orphans(sessions, engine_url) == 2
    with sessions.begin() as session:
        assert {UUID(one) for one in session.scalars(text("SELECT conversation_id FROM engine.tracker"))} == kept


def test_before_rasa_ever_ran_there_is_nothing_to_forget(sessions: Sessions, engine_url: str) -> None:
    with sessions.begin() as session:
        session.execute(text("DROP SCHEMA engine CASCADE"))
    assert bot_sessions.forget_orphans(sessions, engine_url) == 0
