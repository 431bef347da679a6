"""Colleagues: who is there, with which roles and teams, and what an administrator changes. No case hangs on an account that ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from cases.models import ROLES, Case, Team, TeamMember, User
from cases.teams import in_teams_of, set_teams, teams_of
from core.database import notify, now
from desk import factors, work
from desk.accounts import in_order
from desk.errors import BadInput, NotFound
from desk.models import SignInLink, StaffSession
from gateway.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Colleague:
    """One account, as the list shows it."""

    id: UUID
    name: str
    active: bool
    roles: list[str]
    teams: list[str]
    waiting: bool
    """Invited, and has not set a password yet."""
    last_seen: datetime | None


def colleagues(session: Session) -> list[Colleague]:
    """Every account, active ones first, by name."""
    teams: dict[UUID, list[str]] = {}
    members = select(TeamMember.user_id, Team.name).join(Team, Team.id == TeamMember.team_id).order_by(Team.name)
    for user_id, name in session.execute(members):
        teams.setdefault(user_id, []).append(name)
    last = select(StaffSession.user_id, func.max(StaffSession.last_seen_at)).group_by(StaffSession.user_id)
    seen = {user_id: at for user_id, at in session.execute(last.where(StaffSession.expires_at > now()))}  # noqa: C416 (rows, not pairs)
    users = session.execute(select(User).order_by(User.active.desc(), func.lower(User.name))).scalars()
    return [
        Colleague(
            id=user.id,
            name=user.name,
            active=user.active,
            roles=in_order(user.roles),
            teams=teams.get(user.id, []),
            waiting=user.password_hash is None,
            last_seen=seen.get(user.id),
        )
        for user in users
    ]


def colleague(session: Session, user_id: UUID) -> User:
    """One account, locked. Raises NotFound."""
    user = session.execute(select(User).where(User.id == user_id).with_for_update()).scalar_one_or_none()
    if user is None:
        raise NotFound
    return user


def set_access(
    session: Session, gateway: Gateway, user: User, *, by: User, roles: Iterable[str], teams: Iterable[UUID]
) -> None:
    """Give roles and teams. Cases the user no longer sees go back to the queue. Raises BadInput."""
    chosen = in_order(roles)
    if user.id == by.id:
        # Who gives roles gives none to themselves: it takes a second administrator.
        raise BadInput("people_not_yourself")
    if not chosen:
        raise BadInput("people_no_role")
    if "administrator" not in chosen:
        _keep_an_administrator(session, user)
    known = set(session.execute(select(Team.id).where(Team.id.in_(list(teams)))).scalars())
    user.roles = chosen
    set_teams(session, user.id, known)
    works = {"caseworker", "supervisor"} & set(chosen)
    _release(session, gateway, user, only_unseen=bool(works))
    session.flush()


def deactivate(session: Session, gateway: Gateway, user: User, *, by: User) -> None:
    """End the account at once: sessions, links, and what the user holds goes back to the queue. Raises BadInput."""
    if user.id == by.id:
        raise BadInput("people_not_yourself")
    _keep_an_administrator(session, user)
    user.active = False
    end_sessions(session, user)
    session.execute(
        update(SignInLink).where(SignInLink.user_id == user.id, SignInLink.used_at.is_(None)).values(used_at=now())
    )
    _release(session, gateway, user, only_unseen=False)


def reactivate(session: Session, user: User) -> None:
    """Let the account in again, with the password and the second factor it had."""
    user.active = True
    session.flush()


def reset_factor(session: Session, user: User, *, by: User) -> None:
    """For a lost phone: only a new one-time link lets the user in, and it asks for a password and a second factor. Raises BadInput."""
    if user.id == by.id:
        raise BadInput("people_not_yourself")
    factors.remove(session, user)


def end_sessions(session: Session, user: User) -> int:
    """Sign the user out everywhere; how many sessions ended. Open pages are told to look again, and find the sign-in."""
    ended = session.execute(
        delete(StaffSession).where(StaffSession.user_id == user.id).returning(StaffSession.id)
    ).all()
    notify(session, user=user.id)
    return len(ended)


def team_ids(session: Session, user: User) -> set[UUID]:
    """The ids of a user's teams."""
    return {team.id for team in teams_of(session, user.id)}


def _keep_an_administrator(session: Session, leaving: User) -> None:
    """Without one nobody could let anybody in again. The rows are locked: two may not leave at the same moment."""
    others = session.execute(
        select(User.id)
        .where(User.roles.contains(["administrator"]), User.active, User.id != leaving.id)
        .with_for_update()
    ).all()
    if "administrator" in leaving.roles and not others:
        raise BadInput("people_last_administrator")


def _release(session: Session, gateway: Gateway, user: User, *, only_unseen: bool) -> None:
    """A conversation held by somebody who cannot open it would stay silent: the bot goes on, and the queue shows the case."""
    held = select(Case.id).where(Case.assignee_id == user.id, Case.state == "open").order_by(Case.id)
    if only_unseen:
        held = held.where(~in_teams_of(user.id))
    for case_id in session.execute(held).scalars().all():
        work.give_back(session, gateway, case_id, user)


def known_roles(chosen: Iterable[str]) -> list[str]:
    """The roles among what a form sent, each once."""
    return [role for role in ROLES if role in set(chosen)]
