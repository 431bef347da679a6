"""What the page of the rota shows: who is on duty now, the coming week, and the hours in which nobody is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from cases.models import Duty, Team, TeamMember, User
from cases.rota import FIRST, RANKS, duties_of, gaps, of_rank, on_duty, shifts
from cases.teams import teams_of
from core.database import now
from desk.errors import BadInput, NotFound
from desk.permissions import may

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class TeamRota:
    """One team's week. Times are moments; the page shows them on the reader's clock."""

    team: Team
    now: list[Duty]
    staffed: bool
    """Somebody who reads is among them."""
    duties: list[Duty]
    shifts: list[tuple[datetime, datetime, str]]
    gaps: list[tuple[datetime, datetime]]
    colleagues: list[tuple[UUID, str]]
    """Whom a shift can be given to."""


def read_rota(session: Session, user: User) -> list[TeamRota]:
    """The rota of the user's teams; of every team for an administrator, who reads no case and needs to be in none."""
    teams = teams_of(session, user.id)
    if not may(user, "queue.read"):
        teams = list(session.execute(select(Team).order_by(Team.name)).scalars())
    at = now()
    return [_team(session, team, at) for team in teams]


def _team(session: Session, team: Team, at: datetime) -> TeamRota:
    duties = duties_of(session, [team.id])
    return TeamRota(
        team=team,
        now=on_duty(duties, at),
        staffed=bool(on_duty(of_rank(duties, FIRST), at)),
        duties=duties,
        shifts=[(shift.starts, shift.ends, shift.duty.user.name) for shift in shifts(duties, at, at + WEEK)],
        gaps=gaps(of_rank(duties, FIRST), at, at + WEEK),
        colleagues=[(user_id, name) for user_id, name in session.execute(_workers(team.id))],
    )


def _workers(team_id: UUID) -> Select[UUID, str]:
    return (
        select(User.id, User.name)
        .join(TeamMember, TeamMember.user_id == User.id)
        .where(TeamMember.team_id == team_id, User.active, User.roles.overlap(["caseworker", "supervisor"]))
        .order_by(User.name)
    )


def add_duty(
    session: Session, user: User, form: Mapping[str, str], weekdays: Sequence[str], languages: Sequence[str]
) -> Duty:
    """Write a shift of a form. Raises BadInput; NotFound for a team or a colleague that is not the user's."""
    team_id, colleague_id = _uuid(form["team"]), _uuid(form["user"])
    if team_id not in {team.id for team in teams_of(session, user.id)}:
        raise NotFound
    if colleague_id not in {row.id for row in session.execute(_workers(team_id))}:
        raise NotFound
    days = sorted({int(day) for day in weekdays if day in set("0123456")})
    if not days:
        raise BadInput("rota_no_day")
    first = _date(form["first_day"]) or now().date()
    last = _date(form["last_day"])
    if last is not None and last < first:
        raise BadInput("rota_wrong_days")
    duty = Duty(
        team_id=team_id,
        user_id=colleague_id,
        weekdays=days,
        starts=_time(form["starts"]),
        ends=_time(form["ends"]),
        time_zone=_zone(form["time_zone"]),
        languages=list(languages),
        rank=int(form["rank"]) if form["rank"] in {str(rank) for rank in RANKS} else FIRST,
        first_day=first,
        last_day=last,
    )
    session.add(duty)
    session.flush()
    return duty


def remove_duty(session: Session, user: User, duty_id: UUID) -> None:
    """Take a shift out of the rota. Raises NotFound, also for another team's."""
    duty = session.get(Duty, duty_id)
    if duty is None or duty.team_id not in {team.id for team in teams_of(session, user.id)}:
        raise NotFound
    session.delete(duty)
    session.flush()


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadInput("error_input") from None


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text[:5])
    except ValueError:
        raise BadInput("rota_time") from None


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("rota_wrong_days") from None


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise BadInput("rota_zone_unknown")
    return text
