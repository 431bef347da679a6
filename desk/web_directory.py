"""Pages of the directory that read: the list, an entry, its preview as the bot says it. Those that change are in `web_directory_*`."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from core.database import now
from desk import (
    web_directory_confidential,
    web_directory_edit,
    web_directory_import,
    web_directory_review,
    web_directory_truth,
    web_directory_twins,
)
from desk.directory_list import Filters, read_list
from desk.directory_pages import DirectoryPages, sees_everything
from desk.entry_words import EntryWords
from desk.freshness import FRESHNESS, freshness_of
from desk.permissions import needs
from desk.preview import preview
from desk.words import words
from directory.models import LISTINGS, NEEDS
from directory.records import LocationRecord, ScheduleRecord, ServiceRecord
from directory.review import feedback
from directory.review.drafts import open_revisions
from directory.writing import read


def add_routes(router: APIRouter, pages: DirectoryPages) -> None:
    """Every page of the directory. Those with a name come before those of an entry, whose address is an id."""
    _add_list(router, pages)
    web_directory_edit.add_new(router, pages)
    web_directory_review.add_changes(router, pages)
    web_directory_truth.add_work(router, pages)
    web_directory_import.add_routes(router, pages)
    web_directory_twins.add_routes(router, pages)
    _add_entry(router, pages)
    web_directory_edit.add_edit(router, pages)
    web_directory_review.add_entry(router, pages)
    web_directory_truth.add_entry(router, pages)
    web_directory_confidential.add_routes(router, pages)


def _add_list(router: APIRouter, pages: DirectoryPages) -> None:
    @router.get("/directory")
    @needs("directory.read")
    def show_directory(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            filters = Filters.of(request.query_params)
            wanted = request.query_params.get("page", "1")
            entries = read_list(
                visit.session, filters, pages.policy, page=int(wanted) if wanted.isdecimal() and len(wanted) < 7 else 1,
                all_listings=sees_everything(visit.user), today=now().date(),
            )  # fmt: skip
            return pages.show(
                visit, request, "directory_list.html", list=entries, filters=filters, needs=NEEDS, listings=LISTINGS,
                freshness=FRESHNESS, languages=pages.settings.languages,
            )  # fmt: skip


def _add_entry(router: APIRouter, pages: DirectoryPages) -> None:
    @router.get("/directory/{service_id}")
    @needs("directory.read")
    def show_entry(request: Request, service_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            service = pages.service(visit, service_id)
            record = read(visit.session, service_id)
            console = words()
            said = EntryWords(console, record)
            changes = open_revisions(visit.session, service_id) if sees_everything(visit.user) else []
            return pages.show(
                visit, request, "directory_entry.html", service=service, record=record, said=said,
                facts=said.facts(record, skip=("name", "description", "needs", "organization.name")),
                freshness=freshness_of(service, pages.policy, now().date()), changes=changes, report_kinds=feedback.KINDS,
                hours=[(place, said.hours(_rules(record, place))) for place in record.locations or (None,)],
            )  # fmt: skip

    @router.get("/directory/{service_id}/preview")
    @needs("directory.read")
    def show_preview(request: Request, service_id: UUID, of: str = "live") -> Response:
        with pages.door.visit(request) as visit:
            shown = web_directory_edit.shown_record(pages, visit, service_id, of)
            messages = preview(visit.session, shown.record, pages, at=now())
            return pages.show(
                visit, request, "directory_preview.html", record=shown.record, messages=messages, of=shown.of,
                service_id=service_id,
            )  # fmt: skip


def _rules(record: ServiceRecord, place: LocationRecord | None) -> list[ScheduleRecord]:
    """The rules of opening that hold at a place: the service's own, or the place's. Closures of the place hold for both."""
    own, there = list(record.schedules), place.schedules if place else ()
    has_hours = any(rule.kind != "closure" for rule in own)
    return own + [rule for rule in there if not has_hours or rule.kind == "closure"]
