"""What is counted for the statistics: people with a case, by what was decided, told and referred; questions left; what the bot understood.

Numbers are of four whole weeks and are published once, when the last has settled (desk/releases.py). Each person counts once in them.
What happens in conversations that are soon deleted is noted every hour as marks; cases are read when the numbers are published.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from cases.models import LEVELS, Case, Conversation
from cases.referrals.models import FollowUp, Referral
from cases.service import read_screening
from core.encryption import cipher
from core.settings import Settings
from desk.models import StatisticMark
from desk.suppression import Sum
from directory.models import NEEDS
from gateway.models import Message
from screening.questions import questionnaire

WEEK = timedelta(days=7)
SPAN = 4 * WEEK
FIRST_MONDAY = date(2024, 1, 1)
"""Spans of four weeks are counted from here, so that no two overlap: the difference of two that do is a week."""
SILENT = timedelta(hours=12)
"""So long after a question nobody answers it any more. Shorter than conversations without a case are kept."""
LOOK_BACK = timedelta(hours=48)
"""How far every run looks: one that was missed loses nothing as long as the conversation is there."""

ANSWERS = ("in_time", "late", "not_yet")
STILL_OPEN = "open"
OTHER = "other"
"""A language or a country that this copy does not serve, or that is not known: a row of its own would say that somebody from there wrote.
Also outcomes that say nothing of the service. Fewer rows leave more of them shown."""
OUTCOME_ROWS = ("helped", "referred", "information_only", "not_reachable", OTHER, STILL_OPEN)
NONE = "none"
REFERRAL_ROWS = (NONE, "refused", "withdrawn", "expired", "declined", "waiting", "accepted")
"""How far the furthest referral of the case to a service came, the furthest last; none: nothing was sent, and nobody refused."""
_STAND = {"sent": "waiting", "opened": "waiting", "asked_back": "waiting", "draft": NONE, "asked": NONE, "agreed": NONE}
UNSENT, NOT_SENT = "unsent", (NONE, "refused")
FOLLOW_UP_ROWS = ("yes", "not_yet", "no", "not_reached", NONE, UNSENT)
"""What people answered days later to whether it worked (Q24), and those without a referral, so that this table says how it hangs on that of
the referrals: what only a reader knows and `desk.suppression` does not could tell a small number."""
NOT_UNDERSTOOD = "say_not_understood"

ASKED, LEFT, HEARD, NOT_HEARD = "asked", "left", "heard", "not_heard"

CellKey = tuple[str, str, str]
"""Table, row, column. The margin of a table is the table of its rows: `("level", "E", "")` is that of `("level:week", "E", …)`."""
TOTAL: CellKey = ("people", "", "")
BY = ("language", "country", "week", "answer", "outcome", "referral", "follow_up")
"""What is shown of all people, and of those of one level."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One person with a case: their most urgent one of the four weeks."""

    level: str
    language: str
    country: str
    week: str
    answer: str
    outcome: str
    needs: frozenset[str]
    referral: str = NONE
    follow_up: str = NONE


@dataclass(frozen=True, slots=True)
class Rows:
    """What stands in every table, whoever wrote: rows that come and go with people would tell of them."""

    languages: tuple[str, ...]
    countries: tuple[str, ...]
    weeks: tuple[str, ...]
    questions: tuple[str, ...] = ()

    @classmethod
    def of(cls, first_day: date, settings: Settings) -> "Rows":
        """Those of a copy in the four weeks that begin on this day."""
        return cls(
            languages=(*settings.languages, OTHER),
            countries=(*settings.countries, OTHER),
            weeks=tuple((first_day + WEEK * number).isoformat() for number in range(SPAN // WEEK)),
            questions=tuple(question.id for question in questionnaire().questions),
        )


@dataclass(frozen=True, slots=True)
class Tables:
    """Cells and the sums between them, for `desk.suppression`."""

    counts: dict[CellKey, int]
    sums: list[Sum[CellKey]]
    networks: list[dict[CellKey, tuple[str, str]]] = field(default_factory=list)


def span_of(day: date) -> date:
    """The Monday on which the four weeks of this day begin."""
    return FIRST_MONDAY + SPAN * ((day - FIRST_MONDAY) // SPAN)


def note(session: Session, at: datetime) -> None:
    """Note what questions were asked and left, and who was not understood, in the last two days. May run as often as it likes."""
    spoken = (Message.author == "bot", Message.direction == "outbound", Message.state.in_(("sent", "uncertain")))
    since = (Message.created_at > at - LOOK_BACK, Message.created_at <= at - SILENT)
    asked = (*spoken, *since, Message.question.is_not(None))
    _mark(session, ASKED, Message.question, *asked)
    later = aliased(Message)
    answered = exists(later.id).where(
        later.conversation_id == Message.conversation_id,
        later.seq > Message.seq,
        later.direction.in_(("inbound",)) | (later.author == "caseworker"),
        later.created_at <= Message.created_at + SILENT,
    )
    _mark(session, LEFT, Message.question, *asked, ~answered)
    language = func.coalesce(Conversation.language, literal(OTHER))
    written = (Message.direction == "inbound", Message.kind == "text", Message.state == "handled")
    reply = aliased(Message)
    by_bot = exists(reply.id).where(reply.turn_id == Message.id, reply.author == "bot")
    _mark(session, HEARD, language, *written, *since, by_bot)
    _mark(session, NOT_HEARD, language, *spoken, *since, Message.key == NOT_UNDERSTOOD)


def _mark(session: Session, kind: str, about: Any, *where: ColumnElement[bool]) -> None:
    rows = session.execute(
        select(Conversation.person_id, about, Message.created_at)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(*where)
    ).all()
    spans = ((person, name, span_of(at.astimezone(UTC).date())) for person, name, at in rows)
    marks = {(span, kind, str(name), _hashes(person, span)[0]) for person, name, span in spans}
    if marks:
        move_marks(session, {person for person, _, _ in rows})
        values = [dict(zip(("first_day", "kind", "about", "mark"), mark, strict=True)) for mark in marks]
        session.execute(insert(StatisticMark).values(values).on_conflict_do_nothing())


def move_marks(session: Session, people: Iterable[UUID]) -> int:
    """Bring the marks of these people under the key that writes now, so that nobody counts twice while it is exchanged; how many marks."""
    if not cipher().hash_keys.several:
        return 0
    spans = session.execute(select(StatisticMark.first_day).distinct()).scalars().all()
    hashes = [_hashes(person, span) for person in people for span in spans]
    moves = {old: made[0] for made in hashes for old in made[1:]}
    found = session.execute(select(StatisticMark).where(StatisticMark.mark.in_(moves))).scalars().all()
    for one in found:
        new = moves[bytes(one.mark)]
        values = {"first_day": one.first_day, "kind": one.kind, "about": one.about, "mark": new}
        session.execute(insert(StatisticMark).values(values).on_conflict_do_nothing())
        session.delete(one)
    session.flush()
    return len(found)


def _hashes(person: UUID, span: date) -> list[bytes]:
    # Of the four weeks too: marks of two spans are never of one person.
    return cipher().find_hashes(f"{span} {person}", purpose="statistics")


def read_tables(session: Session, first_day: date, settings: Settings) -> Tables:
    """All tables of the four weeks, unprotected: they must not leave before `desk.suppression` has been over them."""
    rows = Rows.of(first_day, settings)
    tables = of_people(_people(session, first_day), rows)
    marks = Counter(
        {
            (kind, about): number
            for kind, about, number in session.execute(
                select(StatisticMark.kind, StatisticMark.about, func.count())
                .where(StatisticMark.first_day == first_day)
                .group_by(StatisticMark.kind, StatisticMark.about)
            )
        }
    )
    for table, names, whole, part in (
        ("question", rows.questions, ASKED, LEFT),
        ("understanding", rows.languages, HEARD, NOT_HEARD),
    ):
        for about in names:
            _add_parts(tables, (table, about), marks, (whole, part))
    return tables


def _add_parts(tables: Tables, place: tuple[str, str], marks: Counter[tuple[str, str]], kinds: tuple[str, str]) -> None:
    (table, about), (whole, part) = place, kinds
    missed = marks[part, about]
    # Who was not understood wrote, even if what they wrote was gone when it was counted.
    everybody = max(marks[whole, about], missed)
    keys: tuple[CellKey, ...] = (table, about, whole), (table, about, part), (table, about, "rest")
    tables.counts.update(zip(keys, (everybody, missed, everybody - missed), strict=True))
    tables.sums.append(Sum(keys[0], keys[1:]))


def _people(session: Session, first_day: date) -> Iterator[Counted]:
    begins = datetime.combine(first_day, time.min, UTC)
    answered = (
        select(func.min(Message.created_at))
        .where(
            Message.conversation_id == Case.conversation_id,
            Message.author == "caseworker",
            Message.created_at >= Case.opened_at,
        )
        .correlate(Case)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Case, Conversation.person_id, Conversation.language, answered)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .where(Case.opened_at >= begins, Case.opened_at < begins + SPAN)
    ).all()
    referred = _referred(session, [row[0].id for row in rows])
    seen: set[UUID] = set()
    for case, person, language, answered_at in sorted(
        rows, key=lambda row: (LEVELS.index(row[0].level), row[0].opened_at)
    ):
        if person in seen:
            continue
        seen.add(person)
        screening = read_screening(case)
        # An emergency is answered when somebody acknowledges it: a message to the phone may be the wrong first act.
        moments = [at for at in (answered_at, case.taken_at if case.level == "E" else None) if at is not None]
        day = case.opened_at.astimezone(UTC).date()
        country = screening.answers.get("country")
        yield Counted(
            level=case.level,
            language=language or OTHER,
            country=country if isinstance(country, str) and country else OTHER,
            week=(day - timedelta(days=day.weekday())).isoformat(),
            answer="not_yet" if not moments else "in_time" if min(moments) <= case.due_at else "late",
            outcome=(case.outcome if case.outcome in OUTCOME_ROWS else OTHER) if case.outcome else STILL_OPEN,
            needs=frozenset(screening.needs) & frozenset(NEEDS),
            referral=referred.get(case.id, (NONE, NONE))[0],
            follow_up=referred.get(case.id, (NONE, NONE))[1],
        )


def _referred(session: Session, cases: list[UUID]) -> dict[UUID, tuple[str, str]]:
    """Of cases with referrals to services: how far the furthest came, and what its person said days later."""
    found: dict[UUID, tuple[str, str]] = {}
    rows = session.execute(
        select(Referral.case_id, Referral.state, FollowUp.answer, FollowUp.state)
        .outerjoin(FollowUp, FollowUp.referral_id == Referral.id)
        .where(Referral.case_id.in_(cases), Referral.team_id.is_(None))
    )
    for case_id, state, answer, asked in rows:
        stand = _STAND.get(state, state)
        unreached = "not_reached" if asked in ("not_reached", "by_hand") else NONE
        said = answer if answer in FOLLOW_UP_ROWS else unreached
        before = found.get(case_id)
        if before is None or REFERRAL_ROWS.index(stand) > REFERRAL_ROWS.index(before[0]):
            found[case_id] = (stand, said)
    return found


def of_people(people: Iterable[Counted], rows: Rows) -> Tables:
    """The tables of people with a case: each way of sorting them alone and by level, and each need with those who do not have it."""
    everybody = [
        replace(
            one,
            language=one.language if one.language in rows.languages else OTHER,
            country=one.country if one.country in rows.countries else OTHER,
            follow_up=UNSENT if one.referral in NOT_SENT else NONE if one.follow_up == UNSENT else one.follow_up,
        )
        for one in people
    ]
    values: dict[str, list[str]] = {
        "level": list(LEVELS),
        "answer": list(ANSWERS),
        "outcome": list(OUTCOME_ROWS),
        "language": list(rows.languages),
        "country": list(rows.countries),
        "week": list(rows.weeks),
        "referral": list(REFERRAL_ROWS),
        "follow_up": list(FOLLOW_UP_ROWS),
    }
    counts: Counter[CellKey] = Counter({TOTAL: len(everybody)})
    for one in everybody:
        for name in ("level", *BY):
            counts[name, getattr(one, name), ""] += 1
        for name in BY:
            counts[f"level:{name}", one.level, getattr(one, name)] += 1
        for need in NEEDS:
            has = "need" if need in one.needs else "need_not"
            counts[has, need, ""] += 1
            counts[f"level:{has}", one.level, need] += 1
            counts[f"referral:{has}", one.referral, need] += 1
    sums = [Sum(TOTAL, tuple((name, value, "") for value in values[name])) for name in ("level", *BY)]
    for name in BY:
        sums += [
            Sum(("level", level, ""), tuple((f"level:{name}", level, value) for value in values[name]))
            for level in LEVELS
        ]
        sums += [
            Sum((name, value, ""), tuple((f"level:{name}", level, value) for level in LEVELS)) for value in values[name]
        ]
    sums.append(Sum(("follow_up", UNSENT, ""), tuple(("referral", stand, "") for stand in NOT_SENT)))
    sums += [
        Sum(("level:follow_up", level, UNSENT), tuple(("level:referral", level, stand) for stand in NOT_SENT))
        for level in LEVELS
    ]
    for need, has in product(NEEDS, ("need", "need_not")):
        for name, of in (("level", LEVELS), ("referral", REFERRAL_ROWS)):
            sums.append(Sum((has, need, ""), tuple((f"{name}:{has}", value, need) for value in of)))
    for need in NEEDS:
        sums.append(Sum(TOTAL, (("need", need, ""), ("need_not", need, ""))))
        for name, of in (("level", LEVELS), ("referral", REFERRAL_ROWS)):
            sums += [
                Sum((name, value, ""), ((f"{name}:need", value, need), (f"{name}:need_not", value, need)))
                for value in of
            ]
    cells = {cell for one in sums for cell in one.cells}
    networks = [_network(cells, {name}) for name in BY]
    networks += [
        _network(
            {cell for cell in cells if cell[0] == of or need in cell[1:] or cell == TOTAL}, {"need", "need_not"}, of
        )
        for need, of in product(NEEDS, ("level", "referral"))
    ]
    return Tables({cell: counts[cell] for cell in sorted(cells)}, sums, networks)


def _network(cells: set[CellKey], names: set[str], of: str = "level") -> dict[CellKey, tuple[str, str]]:
    """The table of levels (or of what `of` names) by something, as people who flow through a level and through the other group."""
    edges: dict[CellKey, tuple[str, str]] = {TOTAL: ("end", "begin")}
    for cell in sorted(cells):
        table, row, column = cell
        other = table.removeprefix(f"{of}:")
        if table == of:
            edges[cell] = "begin", f"{of} {row}"
        elif table in names:
            edges[cell] = f"{table} {row}", "end"
        elif other in names and other != table:
            edges[cell] = f"{of} {row}", f"{other} {column}"
    return edges
