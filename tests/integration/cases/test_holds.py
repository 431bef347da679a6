"""Whom nobody may write to first, and why; the more serious reason stays."""

from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import service
from cases.models import HOLDS, CaseEvent, Conversation, Person
from core.settings import Settings


@pytest.fixture
def conversation(session: Session) -> Conversation:
    person = Person(phone_hash=uuid4().bytes, phone="+15005550100")
    session.add(person)
    session.flush()
    made = Conversation(person_id=person.id, channel="sms", our_address="+15005550006")
    session.add(made)
    session.flush()
    return made


def events(session: Session) -> list[tuple[str, str | None]]:
    rows = session.execute(select(CaseEvent).order_by(CaseEvent.at)).scalars()
    return [(row.kind, row.details.get("reason")) for row in rows if row.kind != "opened"]


@pytest.mark.parametrize("reason", HOLDS)
def test_a_hold_is_set_and_taken_away(session: Session, conversation: Conversation, reason: str) -> None:
    service.set_hold(session, conversation.id, reason)
    assert conversation.hold == reason
    service.set_hold(session, conversation.id, None)
    assert conversation.hold is None


@pytest.mark.parametrize("first", HOLDS)
@pytest.mark.parametrize("second", HOLDS)
def test_the_more_serious_reason_stays(session: Session, conversation: Conversation, first: str, second: str) -> None:
    service.set_hold(session, conversation.id, first)
    service.set_hold(session, conversation.id, second)
    assert conversation.hold == min(first, second, key=HOLDS.index)


def test_a_hold_that_nobody_knows_is_refused(session: Session, conversation: Conversation) -> None:
    with pytest.raises(ValueError, match="held"):
        service.set_hold(session, conversation.id, "because")


def test_the_case_remembers_each_change_once(session: Session, conversation: Conversation, settings: Settings) -> None:
    service.open_or_update(
        session, conversation.id, level="U", rules=[], needs=[], answers={}, reason="x", settings=settings
    )  # fmt: skip
    for reason in ("not_safe", "not_safe", "duress", "delivery_failed", None, None):
        service.set_hold(session, conversation.id, reason)
    assert events(session) == [("held", "not_safe"), ("held", "duress"), ("released", "duress")]


def test_whether_there_is_a_word(session: Session, conversation: Conversation) -> None:
    assert not service.has_safe_word(session, conversation.id)
    conversation.duress_word_hash = b"x"
    assert not service.has_safe_word(session, conversation.id)
    conversation.safe_word_hash = b"y"
    assert service.has_safe_word(session, conversation.id)


def test_a_phone_is_marked_as_shared(session: Session, conversation: Conversation) -> None:
    service.set_shared_phone(session, conversation.id, shared=True)
    assert conversation.shared_phone
    service.set_shared_phone(session, conversation.id, shared=False)
    assert not conversation.shared_phone
