"""The queue: every open case, most urgent level first, then who has waited longest."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy import case as when
from sqlalchemy.orm import InstrumentedAttribute, Session, contains_eager, joinedload

from cases.models import LEVELS, Case, Conversation, User
from cases.service import is_paused, read_screening
from cases.teams import in_teams_of
from core.database import now
from core.encryption import fetch_keys
from desk import plain
from desk.narrowing import FILTERS, Filter, Wanted, narrowed
from desk.words import Words
from gateway.models import Message

MOST = 100
"""Cases read at once; the rest is counted. The order decides who is cut off: the least urgent."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case in the queue, ready to be shown."""

    id: UUID
    reference: str
    level: str
    reason: str
    waiting: str
    """In words: what is waited for and how long."""
    target: str
    overdue: bool
    language: str
    channel: str
    country: str | None
    needs: list[str]
    holder: str | None
    mine: bool
    unanswered: bool
    """The person wrote after the last message of a caseworker."""
    paused: str
    """Until when it is put aside, in words; empty: it is not."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What the queue page shows."""

    rows: list[Row]
    counts: dict[Filter, int]
    """Open cases by filter."""
    more: int
    emergencies: list[tuple[UUID, str]]
    """Cases of level E that nobody has taken, whatever the filter: id and reference."""


def read_queue(session: Session, user: User, wanted: Wanted, words: Words) -> Queue:
    """The open cases as this user sees them."""
    at = now()
    counts = _counts(session, user, at)
    fits = narrowed(session, user, wanted, at)
    cases, more = _first(session, _chosen(select(Case.id, func.count().over()), user, wanted.show, at).where(*fits))
    fetch_keys(session, [case.screening_encrypted for case in cases])
    spoken = _last_words(session, [case.conversation_id for case in cases])
    ordered = sorted(cases, key=lambda case: (LEVELS.index(case.level), _waiting_since(case, spoken) or at))
    return Queue(
        rows=[_row(case, user, at, spoken, words) for case in ordered],
        counts=counts,
        more=more,
        emergencies=untaken_emergencies(session, user),
    )


def untaken_emergencies(session: Session, user: User) -> list[tuple[UUID, str]]:
    """Cases of level E of the user's teams that wait for somebody: id and reference."""
    return [(row.id, f"K{row.number}") for row in session.execute(_emergencies(user))]


type LastWords = dict[UUID, tuple[datetime | None, datetime | None]]
"""By conversation: when a caseworker answered last, and the first thing the person wrote since."""


def _last_words(session: Session, conversations: list[UUID]) -> LastWords:
    # What never reached the person is no answer.
    answered = (
        select(Message.conversation_id, func.max(Message.created_at).label("at"))
        .where(
            Message.conversation_id.in_(conversations),
            Message.author == "caseworker",
            Message.state.not_in(("dropped", "failed")),
        )
        .group_by(Message.conversation_id)
        .subquery()
    )
    waits = (Message.author == "person") & (
        Message.created_at > func.coalesce(answered.c.at, datetime.min.replace(tzinfo=UTC))
    )
    found = session.execute(
        select(Message.conversation_id, answered.c.at, func.min(Message.created_at).filter(waits))
        .outerjoin(answered, answered.c.conversation_id == Message.conversation_id)
        .where(Message.conversation_id.in_(conversations))
        .group_by(Message.conversation_id, answered.c.at)
    )
    return {conversation: (answer, first) for conversation, answer, first in found}


def _waiting_since(case: Case, spoken: LastWords) -> datetime | None:
    """Since when the person waits: until a caseworker's first answer, since the case was opened; then since they wrote again."""
    answered, wrote = spoken.get(case.conversation_id, (None, None))
    if case.assignee_id is None or answered is None:
        return case.opened_at
    return wrote


def _row(case: Case, user: User, at: datetime, spoken: LastWords, words: Words) -> Row:
    screening = read_screening(case)
    since = _waiting_since(case, spoken)
    unanswered = case.assignee_id is not None and since is not None
    if since is None:
        waiting = words.say("waiting_answered")
    elif unanswered:
        waiting = words.say("waiting_reply", time=words.duration(at - since))
    else:
        waiting = words.say("waiting_taken", time=words.duration(at - since))
    taken = case.assignee_id is not None
    overdue = not taken and at > case.due_at
    left = case.due_at - at
    key = "target_over" if overdue else "target_left"
    return Row(
        id=case.id,
        reference=case.reference,
        level=case.level,
        reason=plain.reason(case, screening, words),
        waiting=waiting,
        target="" if taken else words.say(key, time=words.duration(abs(left) if overdue else max(left, timedelta(0)))),
        overdue=overdue,
        language=words.language(case.conversation.language),
        channel=words.say(f"channel_{case.conversation.channel}"),
        country=plain.country(screening, words),
        needs=plain.needs(screening, words),
        holder=case.assignee.name if case.assignee else None,
        mine=case.assignee_id == user.id,
        unanswered=unanswered,
        paused=words.say("paused_until", time=words.moment(case.paused_until))
        if is_paused(case, at) and case.paused_until
        else "",
    )


def _order() -> tuple[ColumnElement[Any], ColumnElement[bool], InstrumentedAttribute[datetime]]:
    place = when({level: number for number, level in enumerate(LEVELS)}, value=Case.level, else_=len(LEVELS))
    return place, Case.assignee_id.is_not(None), Case.opened_at


def _is_paused(at: datetime) -> ColumnElement[bool]:
    """As `cases.service.is_paused`, as a condition."""
    silent = or_(Conversation.last_inbound_at.is_(None), Conversation.last_inbound_at <= Case.paused_at)
    return Case.assignee_id.is_not(None) & Case.paused_until.is_not(None) & (Case.paused_until > at) & silent


def _belongs(user: User, chosen: Filter, at: datetime) -> ColumnElement[bool]:
    if chosen == "paused":
        return _is_paused(at)
    belongs = ~_is_paused(at)
    if chosen == "unassigned":
        return belongs & Case.assignee_id.is_(None)
    if chosen == "mine":
        return belongs & (Case.assignee_id == user.id)
    if chosen == "team":
        return belongs & (Case.assignee_id != user.id)
    return belongs


def _chosen[*Columns](statement: Select[*Columns], user: User, chosen: Filter, at: datetime) -> Select[*Columns]:
    return statement.join(Case.conversation).where(
        Case.state == "open", in_teams_of(user.id), _belongs(user, chosen, at)
    )


def _counts(session: Session, user: User, at: datetime) -> dict[Filter, int]:
    """Open cases by tab, all of them in one query: the page asks for them with every change in the house."""
    columns = [
        func.count(Case.id).filter(func.coalesce(_belongs(user, name, at), false())).label(name) for name in FILTERS
    ]
    row = session.execute(
        select(*columns).join(Case.conversation).where(Case.state == "open", in_teams_of(user.id))
    ).one()
    return {name: int(count) for name, count in zip(FILTERS, row, strict=True)}


def _first(session: Session, fitting: Select[UUID, int]) -> tuple[list[Case], int]:
    """The first MOST of the cases that fit, and how many more there are: sorted and counted in one go by their ids alone, then read."""
    chosen = session.execute(fitting.order_by(*_order()).limit(MOST)).all()
    place = {case_id: number for number, (case_id, _) in enumerate(chosen)}
    found = session.execute(
        select(Case)
        .join(Case.conversation)
        .where(Case.id.in_(place))
        .options(joinedload(Case.assignee), contains_eager(Case.conversation))
    ).scalars()
    return sorted(found, key=lambda case: place[case.id]), (chosen[0][1] - len(chosen) if chosen else 0)


def _emergencies(user: User) -> Select[UUID, int]:
    return (
        select(Case.id, Case.number)
        .where(Case.state == "open", Case.level == "E", Case.assignee_id.is_(None), in_teams_of(user.id))
        .order_by(Case.opened_at)
    )
