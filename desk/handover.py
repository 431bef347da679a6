"""Notes from one shift to the next. They are for the team, encrypted, and gone after a week: what must stay belongs into the case."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from cases.models import User
from cases.teams import teams_of
from core.database import now
from desk.errors import BadInput, NotFound
from desk.models import HandoverNote

KEPT = timedelta(days=7)
LONGEST = 2000


def write(session: Session, user: User, team: str, text: str) -> HandoverNote:
    """Leave a note for one of the user's teams. Raises NotFound for another team, BadInput for a note that says nothing or too much."""
    mine = {str(one.id): one.id for one in teams_of(session, user.id)}
    if team not in mine:
        raise NotFound
    body = text.replace("\r\n", "\n").strip()
    if not 0 < len(body) <= LONGEST:
        raise BadInput("handover_length")
    note = HandoverNote(team_id=mine[team], user_id=user.id, body=body)
    session.add(note)
    session.flush()
    return note


def of_teams(session: Session, user: User) -> list[HandoverNote]:
    """The notes of the user's teams, the newest first."""
    teams: list[UUID] = [team.id for team in teams_of(session, user.id)]
    return list(
        session.execute(
            select(HandoverNote)
            .where(HandoverNote.team_id.in_(teams), HandoverNote.created_at > now() - KEPT)
            .order_by(HandoverNote.created_at.desc())
            .limit(50)
            .options(joinedload(HandoverNote.user), joinedload(HandoverNote.team))
        ).scalars()
    )


def forget(session: Session) -> int:
    """Delete the notes whose week is over; how many."""
    gone = delete(HandoverNote).where(HandoverNote.created_at <= now() - KEPT).returning(HandoverNote.id)
    return len(session.execute(gone).all())
