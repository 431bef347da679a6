"""`waymark complaints`: nothing that is said against the team falls into a hole, and nobody but its reader sees it."""

import io
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.complaints import ComplaintsError, show
from cases import complaints
from cases.models import ComplaintEvent, Conversation, Person, User
from core.database import Sessions
from core.settings import Settings
from desk.models import AuditEntry


@pytest.fixture
def staffed(sessions: Sessions) -> Sessions:
    """A complaint, a supervisor and a caseworker."""
    with sessions.begin() as session:
        session.add_all([User(name="A. Supervisor", roles=["supervisor"]), User(name="A. Caseworker")])
        person = Person(phone_hash=b"1" * 32, phone="+15005550010")
        conversation = Conversation(person=person, channel="sms", our_address="+15005550006", language="en")
        session.add(conversation)
        session.flush()
        complaints.add(session, conversation, uuid4(), "your man wanted money")
    return sessions


def said(sessions: Sessions, settings: Settings, by: str, reference: str | None = None, *, close: bool = False) -> str:
    out = io.StringIO()
    show(sessions, settings, out, by=by, reference=reference, close=close)
    return out.getvalue()


def test_the_reader_sees_the_list_reads_one_and_closes_it(staffed: Sessions, settings: Settings) -> None:
    assert "C11" in said(staffed, settings, "A. Supervisor")
    assert "money" not in said(staffed, settings, "A. Supervisor"), "a list over a shoulder tells nothing"
    read = said(staffed, settings, "A. Supervisor", "c11")
    assert "your man wanted money" in read
    assert "+15005550010" in read
    said(staffed, settings, "A. Supervisor", "C11", close=True)
    assert said(staffed, settings, "A. Supervisor") == "no open complaint\n"
    with staffed.begin() as session:
        kinds = session.scalars(select(ComplaintEvent.kind).order_by(ComplaintEvent.at)).all()
        done = session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()
    assert kinds == ["kept", "read", "read", "closed"]
    assert done == ["complaints_listed", "complaints_listed", "complaint_read", "complaint_closed", "complaints_listed"]


@pytest.mark.parametrize(
    ("by", "reference", "why"),
    [
        ("A. Caseworker", None, "does not read complaints"), ("A. Caseworker", "C11", "does not read complaints"),
        ("Nobody", None, "no account"), ("A. Supervisor", "C99", "there is no complaint"), ("A. Supervisor", "eleven", "C11"),
    ],
)  # fmt: skip
def test_everybody_else_is_told_why_not(
    staffed: Sessions, settings: Settings, by: str, reference: str | None, why: str
) -> None:
    with pytest.raises(ComplaintsError, match=why):
        said(staffed, settings, by, reference)
