"""What a person wants forgotten goes: at once, or when a human has had the time to check who asked."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import erasure, service
from cases.models import Case, CaseEvent, Conversation, Note, Person, User
from core.database import now
from core.settings import Settings

HOUR = timedelta(hours=1)


@pytest.fixture
def user(session: Session) -> User:
    made = User(name="Amina Example")
    session.add(made)
    session.flush()
    return made


def conversation(session: Session, settings: Settings, level: str | None, person: Person | None = None) -> Conversation:
    if person is None:
        person = Person(phone_hash=uuid4().bytes, phone="+15005550100")
        session.add(person)
        session.flush()
    made = Conversation(
        person_id=person.id, channel="sms", our_address=f"+1500{uuid4().int % 10**7}", last_inbound_at=now() - HOUR,
        safe_word_hash=b"x", duress_word_hash=b"y", locked_at=now(), wrong_words=1,
    )  # fmt: skip
    made.other_number = "+15005550101"
    session.add(made)
    session.flush()
    if level:
        service.open_or_update(
            session,
            made.id,
            level=level,
            rules=["E1"],
            needs=["health"],
            answers={"danger": "yes"},
            reason="danger",
            settings=settings,
        )
    return made


def note(session: Session, of: Conversation, user: User, body: str = "she said more") -> Note:
    case = service.open_case_of(session, of.id)
    assert case is not None
    return service.add_note(session, case, user, body)


def kinds(session: Session, of: Conversation) -> list[str]:
    return list(
        session.execute(
            select(CaseEvent.kind).join(Case).where(Case.conversation_id == of.id).order_by(CaseEvent.at)
        ).scalars()
    )


def case_of(session: Session, of: Conversation) -> Case:
    return session.execute(select(Case).where(Case.conversation_id == of.id)).scalar_one()


@pytest.mark.parametrize("level", ["P", "R"])
def test_without_urgency_everything_goes_at_once(session: Session, settings: Settings, user: User, level: str) -> None:
    made = conversation(session, settings, level)
    written = note(session, made, user)
    erasure.erase(session, made)
    session.refresh(written)
    assert (made.safe_word_hash, made.duress_word_hash, made.other_number, made.locked_at, made.wrong_words) == (
        None,
        None,
        None,
        None,
        0,
    )
    assert (written.body, case_of(session, made).screening, made.erasure_asked_at) == (None, None, None)
    assert kinds(session, made)[-1] == "erased"
    assert erasure.finish_erasures(session, settings) == 0


@pytest.mark.parametrize("level", ["E", "U"])
def test_an_urgent_case_keeps_its_number_and_level_until_the_time_is_over(
    session: Session, settings: Settings, user: User, level: str
) -> None:
    made = conversation(session, settings, level)
    written = note(session, made, user)
    erasure.erase(session, made)
    case = case_of(session, made)
    assert (case.screening, made.safe_word_hash, made.other_number) == (None, None, None)
    assert (case.level, case.state, made.person.phone, written.body) == (level, "open", "+15005550100", "she said more")
    assert kinds(session, made)[-1] == "erasure_pending"
    assert erasure.finish_erasures(session, settings, at=now() + 23 * HOUR) == 0
    assert erasure.finish_erasures(session, settings, at=now() + 25 * HOUR) == 1
    session.refresh(written)
    assert (case.level, case.state, made.person.phone, written.body) == (level, "closed", None, None)
    assert made.person.retired_at is not None
    assert (made.owner, kinds(session, made)[-1]) == ("closed", "erased_unseen")
    assert erasure.finish_erasures(session, settings, at=now() + 99 * HOUR) == 0


def test_a_case_that_somebody_works_on_is_erased_as_one_that_was_seen(
    session: Session, settings: Settings, user: User
) -> None:
    made = conversation(session, settings, "E")
    service.take(session, case_of(session, made).id, user)
    erasure.erase(session, made)
    erasure.finish_erasures(session, settings, at=now() + 25 * HOUR)
    assert kinds(session, made)[-1] == "erased"


def test_what_a_human_closes_is_completed_without_waiting(session: Session, settings: Settings, user: User) -> None:
    made = conversation(session, settings, "E")
    written = note(session, made, user)
    erasure.erase(session, made)
    case = service.take(session, case_of(session, made).id, user)
    service.close(session, case.id, user, outcome="helped")
    assert erasure.finish_erasures(session, settings) == 1
    session.refresh(written)
    assert (case.level, case.outcome, written.body, made.person.phone) == ("E", "helped", None, None)


def test_asking_again_keeps_nothing_longer(session: Session, settings: Settings) -> None:
    made = conversation(session, settings, "E")
    erasure.erase(session, made)
    made.erasure_asked_at = now() - 23 * HOUR
    erasure.erase(session, made)
    assert erasure.finish_erasures(session, settings, at=now() + 2 * HOUR) == 1


def test_who_writes_again_keeps_the_case_and_the_number(session: Session, settings: Settings, user: User) -> None:
    made = conversation(session, settings, "E")
    old = note(session, made, user)
    erasure.erase(session, made)
    made.erasure_asked_at = now() - 25 * HOUR
    old.created_at = now() - 26 * HOUR
    made.last_inbound_at = now()
    new = note(session, made, user, "wrote again")
    assert erasure.finish_erasures(session, settings) == 1
    session.refresh(old)
    assert (old.body, new.body) == (None, "wrote again")
    assert (case_of(session, made).state, made.person.phone, made.erasure_asked_at) == ("open", "+15005550100", None)


def test_the_number_stays_for_another_conversation_of_the_person(session: Session, settings: Settings) -> None:
    made = conversation(session, settings, "E")
    conversation(session, settings, None, made.person)
    erasure.erase(session, made)
    erasure.finish_erasures(session, settings, at=now() + 25 * HOUR)
    assert (made.person.phone, made.person.retired_at) == ("+15005550100", None)


def test_an_opt_out_outlives_the_erasure(session: Session, settings: Settings) -> None:
    made = conversation(session, settings, "E")
    before = made.person.phone_hash
    made.opted_out = True
    erasure.erase(session, made)
    erasure.finish_erasures(session, settings, at=now() + 25 * HOUR)
    assert made.person.phone_hash == before


def test_a_case_that_was_closed_before_is_erased_too(session: Session, settings: Settings, user: User) -> None:
    made = conversation(session, settings, "E")
    first = service.take(session, case_of(session, made).id, user)
    service.close(session, first.id, user, outcome="helped")
    service.open_or_update(
        session, made.id, level="R", rules=[], needs=[], answers={"danger": "no"}, reason="contact", settings=settings
    )
    erasure.erase(session, made)
    assert made.erasure_asked_at is None
    assert [case.screening for case in session.execute(select(Case)).scalars()] == [None, None]
