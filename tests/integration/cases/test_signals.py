"""An urgent sign without consent is kept for a day and not longer."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from cases import signals
from cases.models import Conversation, Person, Signal
from core.database import Sessions, now


@pytest.fixture
def conversation(sessions: Sessions) -> Conversation:
    with sessions.begin() as session:
        person = Person(phone_hash=b"someone", phone="+15005550001")
        session.add(person)
        session.flush()
        made = Conversation(person_id=person.id, channel="sms", our_address="+15005550006")
        session.add(made)
        session.flush()
        session.expunge(made)
        return made


def test_the_gravest_level_is_kept_for_a_day(sessions: Sessions, conversation: Conversation) -> None:
    with sessions.begin() as session:
        assert signals.read(session, conversation.id) is None
        signals.keep(session, conversation.id, "E")
        signals.keep(session, conversation.id, "U")
        assert signals.read(session, conversation.id) == "E"
        assert signals.forget(session) == 0
        session.execute(update(Signal).values(expires_at=now() - timedelta(seconds=1)))
        session.expire_all()
        assert signals.read(session, conversation.id) is None
        assert signals.forget(session) == 1


def test_what_is_no_level_of_a_case_is_no_signal(sessions: Sessions, conversation: Conversation) -> None:
    with sessions.begin() as session, pytest.raises(ValueError, match="not 'I'"):
        signals.keep(session, conversation.id, "I")
