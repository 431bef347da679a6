"""Whose case it is: a team's, by the country and the language of the conversation. Others do not learn that it exists."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cases.models import Case, Team, TeamMember, User


def default_team(session: Session) -> Team:
    """The team of every case that no other serves. There is always one."""
    return session.execute(select(Team).where(Team.is_default)).scalar_one()


def team_for(session: Session, *, language: str | None, country: str | None) -> Team:
    """The team of a conversation: one for its country and language before one for its country, before one for its language."""
    teams = session.execute(select(Team).where(~Team.is_default).order_by(Team.name)).scalars()
    serving = [team for team in teams if serves(team, language=language, country=country)]
    # Ties go by name, so that the same conversation never wanders between two teams.
    best = min(serving, key=lambda team: (not team.countries, not team.languages), default=None)
    return best or default_team(session)


def serves(team: Team, *, language: str | None, country: str | None) -> bool:
    """Whether the team is for such a conversation. Without any language or country it gets only what is handed to it."""
    if not team.languages and not team.countries:
        return False
    return (not team.languages or language in team.languages) and (not team.countries or country in team.countries)


def in_teams_of(user_id: UUID) -> ColumnElement[bool]:
    """The condition that a case belongs to one of the user's teams."""
    return Case.team_id.in_(select(TeamMember.team_id).where(TeamMember.user_id == user_id))


def is_visible(session: Session, case_id: UUID, user_id: UUID) -> bool:
    """Whether the case exists for this user."""
    return session.execute(select(Case.id).where(Case.id == case_id, in_teams_of(user_id))).first() is not None


def teams_of(session: Session, user_id: UUID) -> list[Team]:
    """A user's teams, by name."""
    return list(
        session.execute(
            select(Team).join(TeamMember).where(TeamMember.user_id == user_id).order_by(Team.name)
        ).scalars()
    )


def colleagues(session: Session, team_id: UUID, roles: Iterable[str]) -> list[User]:
    """Who of a team can work on its cases: active, with one of the roles, by name."""
    return list(
        session.execute(
            select(User)
            .join(TeamMember, TeamMember.user_id == User.id)
            .where(TeamMember.team_id == team_id, User.active, User.roles.overlap(list(roles)))
            .order_by(User.name)
        ).scalars()
    )


def set_teams(session: Session, user_id: UUID, team_ids: Iterable[UUID]) -> None:
    """Make these, and no others, the user's teams."""
    wanted = set(team_ids)
    for member in session.execute(select(TeamMember).where(TeamMember.user_id == user_id)).scalars():
        if member.team_id in wanted:
            wanted.remove(member.team_id)
        else:
            session.delete(member)
    session.add_all(TeamMember(team_id=team_id, user_id=user_id) for team_id in sorted(wanted))
    session.flush()
