"""What people wrote goes when its time is over, and not before."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from cases.models import Case, Conversation, Person, RetentionRun, User
from cases.retention import delete_expired, would_delete
from cases.service import add_note, record_consent
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


def test_a_dry_run_says_what_a_run_does_and_touches_nothing(session: Session, settings: Settings) -> None:
    old = conversation(session, now() - DAY * 1000)
    conversation(session, now() - DAY * 1000, opted_out=True)
    session.add(
        Conversation(person_id=old.person_id, channel="whatsapp", our_address="+15005550006", last_inbound_at=now())
    )
    case(session, conversation(session, now() - DAY * 40), now() - DAY * 30)
    session.flush()
    assert would_delete(session, settings) == (2, 0)
    shorter = settings.model_copy(update={"retention": DAY})
    said = would_delete(session, shorter)
    assert len(left(session)) == 4
    run = delete_expired(session, shorter)
    assert said == (run.conversations, run.people) == (3, 1)


def everything(session: Session) -> str:
    """Every row of every table, as text: messages, jobs, events, and what triggers and indexes are filled from."""
    tables = session.execute(
        text("SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname NOT LIKE 'pg%' "
             "AND schemaname <> 'information_schema'")
    ).scalars().all()  # fmt: skip
    return "".join(
        session.execute(text(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")).scalar_one()  # noqa: S608
        for table in tables
    )


def test_nothing_of_who_was_deleted_stands_in_any_table_column_or_argument_of_a_job(
    session: Session, settings: Settings
) -> None:
    made = conversation(session, now() - DAY * 1000, safe_word_hash=b"word" * 8)
    made.other_number = "+15005550101"
    case(session, made, now() - DAY * 900)
    (closed,) = session.execute(select(Case)).scalars()
    user = User(name="Amina Example")
    session.add(user)
    session.flush()
    add_note(session, closed, user, "a note")
    record_consent(session, made.id, "talk", given=True, language="fr", text_version="1")
    session.execute(update(Message).values(handled_at=now()))
    person = session.get_one(Person, made.person_id)
    traces = [str(made.id), str(person.id), str(closed.id), person.phone_hash.hex(), (b"word" * 8).hex()]
    traces += [row.body_encrypted.hex() for row in session.execute(select(Message)).scalars() if row.body_encrypted]
    before = everything(session)
    assert all(trace in before for trace in traces)
    delete_expired(session, settings)
    session.flush()
    after = everything(session)
    assert [trace for trace in traces if trace in after] == []
