"""Who is on duty: weekly shifts in a time zone, for a team and for languages. By them the bot says honestly whether somebody reads now.

Source: the staffing gate of the protocol, section 2.4: with nobody on call the bot says so first and asks no question about exploitation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cases.models import Case, Conversation, Duty, TeamMember, User
from cases.teams import team_for
from core.database import now
from core.settings import Settings

FIRST, SECOND, MANAGER = 1, 2, 3
RANKS = (FIRST, SECOND, MANAGER)


@dataclass(frozen=True, slots=True)
class Shift:
    """One time that somebody is on duty, in real moments: it begins, it ends, whatever clocks do in between."""

    duty: Duty
    starts: datetime
    ends: datetime


def shifts(duties: Iterable[Duty], first: datetime, last: datetime) -> list[Shift]:
    """The shifts that touch the time from `first` to `last`, by their beginning."""
    found = []
    for duty in duties:
        zone = ZoneInfo(duty.time_zone)
        # A shift of yesterday may pass midnight.
        day = first.astimezone(zone).date() - timedelta(days=1)
        end = last.astimezone(zone).date()
        while day <= end:
            if day.weekday() in duty.weekdays and _holds(duty, day):
                shift = _shift(duty, day, zone)
                if shift.starts < last and shift.ends > first:
                    found.append(shift)
            day += timedelta(days=1)
    return sorted(found, key=lambda shift: (shift.starts, shift.ends))


def duties_of(session: Session, team_ids: Iterable[UUID]) -> list[Duty]:
    """The duties in these teams of people who can work on their cases now: whoever left, or left the team, is on no rota."""
    return list(
        session.execute(
            select(Duty)
            .join(User, User.id == Duty.user_id)
            .join(TeamMember, (TeamMember.user_id == Duty.user_id) & (TeamMember.team_id == Duty.team_id))
            .where(Duty.team_id.in_(list(team_ids)), User.active, User.roles.overlap(["caseworker", "supervisor"]))
            .order_by(Duty.created_at)
            .options(joinedload(Duty.user), joinedload(Duty.team))
        ).scalars()
    )


def on_duty(duties: Iterable[Duty], at: datetime, language: str | None = None) -> list[Duty]:
    """The duties whose shift it is, of people who serve the language. None: any language."""
    serving = [duty for duty in duties if language is None or not duty.languages or language in duty.languages]
    return [shift.duty for shift in shifts(serving, at, at + timedelta(microseconds=1))]


def of_rank(duties: Iterable[Duty], rank: int) -> list[Duty]:
    """The duties of one rank: 1 first on call, 2 second, 3 duty manager."""
    # A row that is not stored yet has no rank of its own.
    return [duty for duty in duties if (duty.rank or FIRST) == rank]


def called(session: Session, case: Case, rank: int, at: datetime) -> list[User]:
    """Who is to be called for a case now: those of this rank who are on duty for its team and language, else for its team."""
    duties = of_rank(duties_of(session, [case.team_id]), rank)
    found = on_duty(duties, at, case.conversation.language) or on_duty(duties, at)
    return list({duty.user_id: duty.user for duty in found}.values())


def gaps(duties: Iterable[Duty], first: datetime, last: datetime) -> list[tuple[datetime, datetime]]:
    """The times between `first` and `last` when nobody is on duty."""
    found: list[tuple[datetime, datetime]] = []
    covered = first
    for shift in shifts(duties, first, last):
        if shift.starts > covered:
            found.append((covered, shift.starts))
        covered = max(covered, shift.ends)
    if covered < last:
        found.append((covered, last))
    return found


def is_staffed(session: Session, conversation_id: UUID, settings: Settings, *, at: datetime | None = None) -> bool:
    """Whether somebody is on duty who would read this conversation: of its case's team, and of its language.

    WAYMARK_ON_CALL decides instead where it is set. Without any rota nobody is on call, but in a demonstration.
    """
    if settings.on_call is not None:
        return settings.on_call
    if session.execute(select(Duty.id).limit(1)).first() is None:
        return settings.demonstration
    language, team_id = _reader(session, conversation_id)
    # Who would only be called when a case waits too long does not read now.
    return bool(on_duty(of_rank(duties_of(session, [team_id]), FIRST), at or now(), language))


def _reader(session: Session, conversation_id: UUID) -> tuple[str | None, UUID]:
    """The conversation's language, and the team that has its case or would get it."""
    language = session.execute(
        select(Conversation.language).where(Conversation.id == conversation_id)
    ).scalar_one_or_none()
    team_id = session.execute(
        select(Case.team_id).where(Case.conversation_id == conversation_id, Case.state == "open")
    ).scalar_one_or_none()
    return language, team_id or team_for(session, language=language, country=None).id


def _holds(duty: Duty, day: date) -> bool:
    return duty.first_day <= day and (duty.last_day is None or day <= duty.last_day)


def _shift(duty: Duty, day: date, zone: ZoneInfo) -> Shift:
    # Clock times of a day: an hour that a change of clocks skips or repeats is read as the earlier of what it can mean.
    starts = datetime.combine(day, duty.starts, zone)
    ends = datetime.combine(day if duty.ends > duty.starts else day + timedelta(days=1), duty.ends, zone)
    # In UTC: two times of one zone compare by their clock faces, and a night when clocks change would have the wrong length.
    return Shift(duty, starts.astimezone(UTC), ends.astimezone(UTC))
