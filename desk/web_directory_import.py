"""Files into the directory and out of it: first what a file would do, then apply, and undo. A long file is a job's, and the page waits."""

from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from core.database import now
from desk.access import Visit, takes
from desk.directory_pages import HOME, DirectoryPages, Form, back, names_of
from desk.entry_words import EntryWords
from desk.errors import NotFound
from desk.form_fields import Fields
from desk.import_words import place, told, why
from desk.pages import go
from desk.permissions import needs
from desk.words import words
from directory.exchange import batches, undo, uploads
from directory.exchange.errors import UnknownBatchError, UnreadableError, UploadStateError
from directory.exchange.failures import Failure
from directory.exchange.models import ImportBatch, ImportUpload
from directory.hsds.documents import Reader
from directory.hsds.export import Format, export

KINDS: dict[Format, tuple[str, str, str]] = {
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "directory_export_xlsx"),
    "csv": ("csv", "text/csv; charset=utf-8", "directory_export_csv"),
    "hsds-3.1": ("json", "application/json", "directory_export_hsds_31"),
    "hsds-3.0": ("json", "application/json", "directory_export_hsds_30"),
    "tabular": ("zip", "application/zip", "directory_export_tabular"),
}
"""Formats with the ending of their files, their type and the key of their name."""
_PIECE = 1 << 16
SHOWN = 200
"""Entries of a dry run on its page; the counts are of all."""


def add_routes(router: APIRouter, pages: DirectoryPages) -> None:
    """Imports, their undoing, and the template with what is there."""
    _add_bringing(router, pages)
    _add_applying(router, pages)
    _add_export(router, pages)


def _add_bringing(router: APIRouter, pages: DirectoryPages) -> None:
    @router.get("/directory/imports")
    @needs("directory.import")
    def show_imports(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            return _overview(pages, visit, request)

    @router.post("/directory/imports")
    @needs("directory.import")
    @takes(uploads.MOST_UPLOAD + 64 * 1024)
    def bring(request: Request, form: Form) -> Response:
        file = form.get("file")
        country = Fields.of(form.multi_items()).text("country")
        with pages.door.visit(request) as visit:
            if not isinstance(file, UploadFile) or not file.filename:
                return _overview(pages, visit, request, status=422, refused="directory_refused_no_file")
            try:
                with visit.session.begin_nested():
                    upload = uploads.receive(
                        visit.session, file.file, file_name=file.filename[:200], by=str(visit.user.id),
                        review=pages.settings.four_eyes(), country=country[:2] or None,
                    )  # fmt: skip
            except UnreadableError as error:
                return _overview(pages, visit, request, status=422, failed=why(words(), error.kept))
            upload_id, small = upload.id, upload.size <= uploads.SMALL
            if not small:
                uploads.start(visit.session, upload_id)
        if small:
            uploads.examine(pages.sessions, upload_id)
        return go(f"{HOME}/imports/{upload_id}")

    @router.get("/directory/imports/{upload_id}")
    @needs("directory.import")
    def show_upload(request: Request, upload_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            return _upload(pages, visit, request, _found(visit, upload_id))


def _add_applying(router: APIRouter, pages: DirectoryPages) -> None:
    @router.post("/directory/imports/{upload_id}/apply")
    @needs("directory.import")
    def apply(request: Request, upload_id: UUID, form: Form) -> Response:
        sent = Fields.of(form.multi_items())
        with pages.door.visit(request) as visit:
            upload = _found(visit, upload_id)
            plan = uploads.plan_of(upload)
            if plan is None or plan.fingerprint != sent.text("seen"):
                return _upload(pages, visit, request, upload, status=409, refused="directory_refused_state")
            try:
                uploads.confirm(visit.session, upload_id, all_or_nothing=sent.on("all_or_nothing"))
            except UploadStateError:
                return _upload(pages, visit, request, upload, status=409, refused="directory_refused_state")
        return back(f"{HOME}/imports/{upload_id}", "applying")

    @router.post("/directory/imports/{upload_id}/discard")
    @needs("directory.import")
    def discard(request: Request, upload_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            _found(visit, upload_id)
            uploads.discard(visit.session, upload_id)
        return back(f"{HOME}/imports", "dropped")

    @router.post("/directory/imports/batches/{batch_id}/undo")
    @needs("directory.import")
    def undo_batch(request: Request, batch_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            if visit.session.get(ImportBatch, batch_id) is None:
                raise NotFound
            user_id = str(visit.user.id)
            try:
                with visit.session.begin_nested():
                    undone = undo(visit.session, batch_id, by=user_id)
            except UnknownBatchError:
                return _overview(pages, visit, request, status=409, refused="directory_refused_state")
            visit.log("directory_import", kind="batch", subject=batch_id)
        with pages.door.visit(request) as visit:
            return _overview(pages, visit, request, undone=undone)


def _add_export(router: APIRouter, pages: DirectoryPages) -> None:
    @router.get("/directory/export")
    @needs("directory.import")
    def download(request: Request, kind: str = "xlsx") -> Response:
        """The published entries as a file: public fields only, because a record has no others."""
        wanted = next((one for one in KINDS if one == kind), None)
        if wanted is None:
            raise NotFound
        with pages.door.visit(request):
            pass
        # On the disk above a megabyte: a directory of a hundred thousand entries does not fit into memory beside the others' requests.
        out = SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 (closed when the answer has been sent)
        reader = Reader((), demonstration=pages.settings.demonstration, catalogues=pages.catalogues)
        with pages.sessions.begin() as session:
            export(session, wanted, reader, out)
        out.seek(0)
        ending, media_type, _ = KINDS[wanted]
        named = f'attachment; filename="directory-{now().date().isoformat()}.{ending}"'
        return StreamingResponse(
            iter(lambda: out.read(_PIECE), b""), media_type=media_type, headers={"Content-Disposition": named},
            background=BackgroundTask(out.close),
        )  # fmt: skip


def _found(visit: Visit, upload_id: UUID) -> ImportUpload:
    upload = visit.session.get(ImportUpload, upload_id)
    if upload is None:
        raise NotFound
    return upload


def _overview(
    pages: DirectoryPages,
    visit: Visit,
    request: Request,
    *,
    status: int = 200,
    refused: str = "",
    failed: str = "",
    undone: Any = None,
) -> Response:
    waiting = visit.session.scalars(select(ImportUpload).order_by(ImportUpload.created_at.desc()).limit(50)).all()
    done = batches(visit.session)[:50]
    people = {one.by for one in waiting} | {one.by for one in done} | {one.undone_by for one in done if one.undone_by}
    return pages.show(
        visit, request, "directory_imports.html", status=status, waiting=waiting, batches=done, refused=refused,
        failed=failed, undone=undone,
        names=names_of(visit, people, words()), served=pages.settings.countries,
        kinds={kind: word for kind, (_, _, word) in KINDS.items()},
        most=uploads.MOST_UPLOAD // 1024 // 1024,
    )  # fmt: skip


def _upload(
    pages: DirectoryPages, visit: Visit, request: Request, upload: ImportUpload, *, status: int = 200, refused: str = ""
) -> Response:
    console = words()
    plan = uploads.plan_of(upload)
    said = EntryWords(console)
    notable = [one for one in plan.outcomes if one.notable][:SHOWN] if plan else []
    return pages.show(
        visit, request, "directory_import.html", status=status, upload=upload, plan=plan, notable=notable, said=said,
        told=partial(told, console), place=partial(place, console),
        failed=why(console, Failure.of_stored(upload.failure)) if upload.failure else "",
        new=[one for one in plan.outcomes if one.action == "create" and not one.notable][:SHOWN] if plan else [],
        refused=refused, working=upload.state in ("waiting", "applying"),
    )  # fmt: skip
