"""Publishing the statistics: once for every four weeks, without small groups, and never again for the same weeks.

A number that could be asked for twice, before and after one more person, tells about that person. So there is no live number, no free
choice of days, and no second version: what is wrong later stays as it was published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import procrastinate
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cases.models import Case
from core.database import Sessions, now
from core.jobs import UPKEEP
from core.logging import get_logger
from core.settings import Settings
from desk import auditlog, counting
from desk.counting import SPAN, CellKey, span_of
from desk.models import StatisticMark, StatisticRelease
from desk.suppression import suppress

log = get_logger(__name__)

SETTLED = timedelta(days=4)
"""After the last week: the longest target of a first answer is over (protocol 2.3), and questions of the last day are left or not."""
MOST = 13
"""Spans published in one run: a year."""
COUNT = "desk.statistics"
END_AUDIT = "desk.end_audit"


@dataclass(frozen=True, slots=True)
class Release:
    """The numbers of four weeks. None: left out."""

    first_day: date
    cells: Mapping[CellKey, int | None]

    @property
    def last_day(self) -> date:
        """The Sunday that ends them."""
        return self.first_day + SPAN - timedelta(days=1)

    def rows(self, table: str) -> dict[str, int | None]:
        """A table of one column: row -> count."""
        return {row: count for (name, row, _), count in self.cells.items() if name == table}

    def columns(self, table: str, row: str) -> dict[str, int | None]:
        """One row of a table: column -> count."""
        return {column: count for (name, one, column), count in self.cells.items() if (name, one) == (table, row)}

    def columns_of(self, table: str, column: str) -> dict[str, int | None]:
        """One column of a table: row -> count."""
        return {row: count for (name, row, one), count in self.cells.items() if (name, one) == (table, column)}


def read_release(row: StatisticRelease) -> Release:
    """A release as it is stored."""
    return Release(row.first_day, {(table, one, column): count for table, one, column, count in row.cells})


def releases(session: Session) -> list[Release]:
    """What was published, the newest first; two years of it are on the page."""
    rows = session.execute(select(StatisticRelease).order_by(StatisticRelease.first_day.desc()).limit(2 * MOST))
    return [read_release(row) for row in rows.scalars()]


def next_day(session: Session, at: datetime) -> date:
    """The day on which the next numbers can be published."""
    return _next_span(session, at) + SPAN + SETTLED


def publish_due(session: Session, settings: Settings, at: datetime | None = None) -> list[date]:
    """Publish every four weeks that have settled and were not published; the marks they were counted from are deleted."""
    moment = at or now()
    done: list[date] = []
    first_day = _next_span(session, moment)
    while len(done) < MOST and datetime.combine(first_day, time.min, UTC) + SPAN + SETTLED <= moment:
        tables = counting.read_tables(session, first_day, settings)
        cells = suppress(tables.counts, tables.sums, tables.networks)
        session.add(StatisticRelease(first_day=first_day, cells=[[*cell, count] for cell, count in cells.items()]))
        session.execute(delete(StatisticMark).where(StatisticMark.first_day <= first_day))
        session.flush()
        log.info("statistics published", count=len(cells))
        done.append(first_day)
        first_day += SPAN
    return done


def _next_span(session: Session, at: datetime) -> date:
    latest = session.execute(select(func.max(StatisticRelease.first_day))).scalar_one()
    if latest is not None:
        return latest + SPAN
    earliest = session.execute(select(func.min(Case.opened_at))).scalar_one()
    marked = session.execute(select(func.min(StatisticMark.first_day))).scalar_one()
    days = [span_of(earliest.astimezone(UTC).date())] if earliest else []
    return min([*days, marked] if marked else days, default=span_of(at.astimezone(UTC).date()))


def add_tasks(app: procrastinate.App, sessions: Sessions, settings: Settings) -> None:
    """Register the schedule with the worker's application."""

    @app.periodic(cron="41 * * * *")
    @app.task(name=COUNT, queue=UPKEEP, queueing_lock=COUNT, lock=COUNT)
    def count(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        with sessions.begin() as session:
            counting.note(session, now())
            publish_due(session, settings)

    @app.periodic(cron="53 3 * * *")
    @app.task(name=END_AUDIT, queue=UPKEEP, queueing_lock=END_AUDIT, lock=END_AUDIT)
    def end_audit(timestamp: int) -> None:  # noqa: ARG001 - a periodic job is given its time
        with sessions.begin() as session:
            auditlog.end_old(session, settings)
