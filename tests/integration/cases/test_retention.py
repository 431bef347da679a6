"""What people wrote goes when its time is over, and not before."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.models import Case, Conversation, Person, RetentionRun
from cases.retention import delete_expired
from cases.teams import default_team
from core.database import now
from core.settings import Settings
from gateway.models import Message

DAY = timedelta(days=1)


def conversation(session: Session, last: datetime, **values: object) -> Conversation:
    person = Person(phone_hash=uuid4().bytes, phone="+15005550100")
    session.add(person)
    session.flush()
    made = Conversation(person_id=person.id, channel="sms", our_address="+15005550006", last_inbound_at=last, **values)
    session.add(made)
    session.flush()
    session.add(Message(conversation_id=made.id, direction="inbound", author="person", state="handled", body="hello"))
    session.flush()
    return made


def case(session: Session, of: Conversation, closed: datetime | None) -> None:
    state = "closed" if closed else "open"
    case = Case(conversation_id=of.id, team_id=default_team(session).id, level="U", reason="danger", due_at=now())
    case.state, case.closed_at = state, closed
    session.add(case)
    session.flush()


def left(session: Session) -> set[object]:
    session.expire_all()
    return set(session.execute(select(Conversation.id)).scalars())


@pytest.mark.parametrize(
    ("last_word", "closed", "kept"),
    [
        (timedelta(hours=71), None, True),
        (timedelta(hours=73), None, False),
        (DAY * 100, DAY * 89, True),
        (DAY * 100, DAY * 91, False),
        (DAY * 80, DAY * 91, True),  # wrote again after the case was closed
    ],
)
def test_a_conversation_is_kept_as_long_as_the_notice_says(
    session: Session, settings: Settings, last_word: timedelta, closed: timedelta | None, *, kept: bool
) -> None:
    made = conversation(session, now() - last_word)
    if closed is not None:
        case(session, made, now() - closed)
    delete_expired(session, settings)
    assert (made.id in left(session)) == kept
    assert (session.execute(select(Message.id)).first() is not None) == kept
    assert (session.execute(select(Person.id)).first() is not None) == kept


def test_an_open_case_is_never_deleted(session: Session, settings: Settings) -> None:
    made = conversation(session, now() - DAY * 1000)
    case(session, made, None)
    delete_expired(session, settings)
    assert made.id in left(session)


def test_who_asked_for_no_more_messages_stays_known(session: Session, settings: Settings) -> None:
    made = conversation(session, now() - DAY * 1000, opted_out=True)
    delete_expired(session, settings)
    assert made.id in left(session)


def test_of_who_asked_for_no_more_messages_only_that_is_kept(session: Session, settings: Settings) -> None:
    silent_since = now() - DAY * 1000
    made = conversation(
        session, silent_since, opted_out=True, safe_word_hash=b"x", duress_word_hash=b"y", language="fr", hold="duress"
    )  # fmt: skip
    made.other_number = "+15005550101"
    case(session, made, now() - DAY * 900)
    session.flush()
    assert delete_expired(session, settings).conversations == 1
    session.expire_all()
    kept = session.execute(select(Conversation)).scalar_one()
    assert (kept.id, kept.opted_out, kept.person.phone) == (made.id, True, "+15005550100")
    assert (kept.safe_word_hash, kept.duress_word_hash, kept.other_number, kept.language, kept.hold) == (None,) * 5
    assert session.execute(select(Message.id)).first() is None
    assert session.execute(select(Case.id)).first() is None
    # Silence is counted from the last word, not from this run: a stranger is still known as one.
    assert kept.created_at == silent_since
    assert delete_expired(session, settings).conversations == 0


def test_the_opt_out_of_a_number_that_is_somebody_elses_goes(session: Session, settings: Settings) -> None:
    made = conversation(session, now() - DAY * 1000, opted_out=True)
    made.person.retired_at = now()
    delete_expired(session, settings)
    assert made.id not in left(session)
    assert session.execute(select(Person.id)).first() is None


def test_the_words_and_the_number_go_with_the_conversation(session: Session, settings: Settings) -> None:
    made = conversation(session, now() - DAY * 1000, safe_word_hash=b"x")
    made.other_number = "+15005550101"
    delete_expired(session, settings)
    assert made.id not in left(session)


def test_each_run_leaves_a_row_with_numbers(session: Session, settings: Settings) -> None:
    conversation(session, now() - DAY * 1000)
    delete_expired(session, settings)
    run = session.execute(select(RetentionRun)).scalar_one()
    assert (run.conversations, run.people) == (1, 1)
