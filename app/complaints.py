"""Complaints about staff and places at the terminal, for the one who is named to read them. Nobody else's page or list shows them."""

from typing import TextIO

from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from cases import complaints
from cases.errors import NotTheReader
from cases.models import Complaint, User
from core.database import Sessions
from core.settings import Settings
from desk import audit


class ComplaintsError(Exception):
    """What keeps a complaint from being shown, as one line."""


def show(sessions: Sessions, settings: Settings, out: TextIO, *, by: str, reference: str | None, close: bool) -> None:
    """List the open complaints, or read one and, if asked, close it. Raises ComplaintsError."""
    with sessions.begin() as session:
        reader = _reader(session, by)
        try:
            if reference is None:
                _list(session, reader, settings, out)
                audit.record(session, reader, "complaints_listed")
                return
            number = _number(reference)
            found = (complaints.close if close else complaints.read)(session, number, reader, settings)
            did = "complaint_closed" if close else "complaint_read"
            audit.record(session, reader, did, kind="complaint", subject=found.id)
        except NoResultFound:
            raise ComplaintsError(f"there is no complaint {reference}") from None
        except NotTheReader:
            raise ComplaintsError(f"{by} does not read complaints: see WAYMARK_COMPLAINTS_READER") from None
        _print(found, out)


def _reader(session: Session, name: str) -> User:
    user = session.scalars(select(User).where(User.name == name)).one_or_none()
    if user is None:
        raise ComplaintsError(f"no account is called {name}")
    return user


def _number(reference: str) -> int:
    digits = reference.strip().upper().removeprefix("C")
    if not (digits.isascii() and digits.isdigit()):
        raise ComplaintsError(f"a complaint is called like C11, not {reference}")
    return int(digits)


def _list(session: Session, reader: User, settings: Settings, out: TextIO) -> None:
    found = complaints.listed(session, reader, settings)
    for complaint in found:
        state = "read" if complaint.read_at else "new"
        out.write(
            f"{complaint.reference}  {complaint.created_at:%Y-%m-%d %H:%M}  {complaint.language or '?'}  {state}\n"
        )
    if not found:
        out.write("no open complaint\n")


def _print(complaint: Complaint, out: TextIO) -> None:
    out.write(f"{complaint.reference}  {complaint.created_at:%Y-%m-%d %H:%M}\n")
    person = complaint.conversation.person if complaint.conversation else None
    # The reader answers by their own means: the case team sees every message of the conversation.
    out.write(f"from {person.phone if person and person.phone else 'a number that is not kept any more'}\n")
    out.writelines(f"{words.created_at:%Y-%m-%d %H:%M}  {words.body or '(erased)'}\n" for words in complaint.words)
    if not complaint.words:
        out.write("(no words: the person only said that they complain)\n")
