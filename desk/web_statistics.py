"""The statistics: numbers of four weeks, published once without small groups. Nothing on the page leads to a person or a case."""

from datetime import date

from fastapi import APIRouter, Request, Response

from cases.models import LEVELS
from core.database import now
from desk.access import Visit
from desk.console_pages import ConsolePages
from desk.errors import NotFound
from desk.permissions import needs
from desk.releases import Release, next_day, releases
from desk.statistics_page import EVERYBODY, as_csv, tables, targets, total, trend
from desk.words import words

STATISTICS = "/desk/statistics"


def add_routes(router: APIRouter, pages: ConsolePages) -> None:
    """The page and its file."""

    @router.get("/statistics")
    @needs("statistics.read")
    def show_statistics(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            level = request.query_params.get("level", EVERYBODY)
            level = level if level in LEVELS else EVERYBODY
            past = releases(visit.session)
            console = words()
            chosen = _chosen(past, request.query_params.get("from", "")) or (past[0] if past else None)
            return pages.show(
                visit, request, "statistics.html", current=STATISTICS, past=past, chosen=chosen, level=level, levels=LEVELS,
                tables=tables(chosen, level, console) if chosen else [], total=total(chosen, level) if chosen else None,
                trend=trend(past, level, console) if len(past) > 1 else None, targets=targets(pages.settings, console),
                next_day=next_day(visit.session, now()),
            )  # fmt: skip

    @router.get("/statistics/{first_day}.csv")
    @needs("statistics.read")
    def download(request: Request, first_day: str) -> Response:
        with pages.door.visit(request) as visit:
            chosen = _found(visit, first_day)
            visit.log("statistics_downloaded", kind="statistics", subject=chosen.first_day.isoformat())
            name = f"statistics-{chosen.first_day.isoformat()}.csv"
            # The mark at the beginning makes spreadsheets read it as UTF-8.
            return Response(
                f"\ufeff{as_csv(chosen, words())}",
                media_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": f'attachment; filename="{name}"'},
            )


def _chosen(past: list[Release], text: str) -> Release | None:
    try:
        wanted = date.fromisoformat(text)
    except ValueError:
        return None
    return next((release for release in past if release.first_day == wanted), None)


def _found(visit: Visit, text: str) -> Release:
    found = _chosen(releases(visit.session), text)
    if found is None:
        raise NotFound
    return found
