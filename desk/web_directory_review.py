"""Changes on their way to the public: what each changes, field by field beside the live entry; submit, approve, reject; and the history."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound

from desk.access import Visit
from desk.directory_pages import HOME, DirectoryPages, Form, back, names_of, sees_everything
from desk.entry_words import EntryWords
from desk.errors import NotFound
from desk.form_fields import Fields
from desk.permissions import may, needs
from desk.words import words
from directory.errors import (
    ConflictError,
    DirectoryError,
    DoNotListError,
    FourEyesError,
    OpenRevisionError,
    ReasonNeededError,
    RevisionStateError,
    SecretInPublicError,
    UnhideError,
    UnknownEntryError,
)
from directory.models import Service
from directory.review import drafts, restoring
from directory.review.history import history
from directory.review.models import Revision
from directory.writing import read

HISTORY_SHOWN = 200


def add_changes(router: APIRouter, pages: DirectoryPages) -> None:
    """The list of changes, and what can be done with one."""

    @router.get("/directory/changes")
    @needs("directory.read")
    def show_changes(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            if not sees_everything(visit.user):
                raise NotFound
            by = str(visit.user.id)
            waiting = drafts.waiting(visit.session)
            mine = visit.session.scalars(
                select(Revision)
                .where(Revision.author == by, Revision.state.in_(("draft", "rejected")))
                .order_by(Revision.created_at.desc())
                .limit(50)
            ).all()
            names = names_of(visit, {one.author for one in [*waiting, *mine]}, words())
            return pages.show(
                visit, request, "directory_changes.html", waiting=waiting, mine=mine, names=names, own=by,
                record_of=drafts.record_of,
            )  # fmt: skip

    _add_decisions(router, pages)


def _add_decisions(router: APIRouter, pages: DirectoryPages) -> None:
    @router.post("/directory/changes/{revision_id}/submit")
    @needs("directory.edit")
    def submit(request: Request, revision_id: UUID) -> Response:
        return _decide(
            pages, request, revision_id, "submitted", lambda visit, by: drafts.submit(visit.session, revision_id, by=by)
        )

    @router.post("/directory/changes/{revision_id}/discard")
    @needs("directory.edit")
    def discard(request: Request, revision_id: UUID) -> Response:
        return _decide(
            pages,
            request,
            revision_id,
            "discarded",
            lambda visit, by: drafts.discard(visit.session, revision_id, by=by),
        )

    @router.post("/directory/changes/{revision_id}/rebase")
    @needs("directory.read")
    def rebase(request: Request, revision_id: UUID) -> Response:
        return _decide(
            pages, request, revision_id, "rebased", lambda visit, _: drafts.rebase(visit.session, revision_id)
        )

    @router.post("/directory/changes/{revision_id}/approve")
    @needs("directory.approve")
    def approve(request: Request, revision_id: UUID, form: Form) -> Response:
        seen = Fields.of(form.multi_items()).text("seen")

        def act(visit: Visit, by: str) -> object:
            revision = visit.session.get(Revision, revision_id)
            if revision is not None and revision.state == "submitted" and _stamp(revision) != seen:
                # Submitted anew since the page was opened: nobody approves what they have not read.
                raise RevisionStateError(revision_id, "changed")
            return drafts.approve(
                visit.session,
                revision_id,
                by=by,
                four_eyes=pages.settings.four_eyes(),
                may_unhide=may(visit.user, "directory.confidential"),
            )

        return _decide(pages, request, revision_id, "approved", act)

    @router.post("/directory/changes/{revision_id}/reject")
    @needs("directory.approve")
    def reject(request: Request, revision_id: UUID, form: Form) -> Response:
        reason = Fields.of(form.multi_items()).text("reason")
        return _decide(
            pages, request, revision_id, "rejected",
            lambda visit, by: drafts.reject(visit.session, revision_id, by=by, reason=reason[:2000]),
        )  # fmt: skip


def add_entry(router: APIRouter, pages: DirectoryPages) -> None:
    """The changes and the history of one entry."""

    @router.get("/directory/{service_id}/review")
    @needs("directory.read")
    def show_review(request: Request, service_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            return _review(pages, visit, request, service_id)

    @router.get("/directory/{service_id}/history")
    @needs("directory.read")
    def show_history(request: Request, service_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            return _history(pages, visit, request, service_id)

    @router.post("/directory/{service_id}/restore")
    @needs("directory.edit")
    def restore(request: Request, service_id: UUID, form: Form) -> Response:
        wanted = Fields.of(form.multi_items()).text("change")
        try:
            with pages.door.visit(request) as visit:
                row = next(
                    (one for one in history(visit.session, service_id, limit=5000) if str(one.id) == wanted), None
                )
                if row is None:
                    raise NotFound
                restoring.restore_field(visit.session, row.id, by=str(visit.user.id))
        except (OpenRevisionError, UnknownEntryError, ValueError) as error:
            said = "open" if isinstance(error, OpenRevisionError) else "restore"
            with pages.door.visit(request) as visit:
                return _history(pages, visit, request, service_id, refused=f"directory_refused_{said}")
        return back(f"{HOME}/{service_id}/review", "restored")


def _decide(
    pages: DirectoryPages, request: Request, revision_id: UUID, done: str, act: Callable[[Visit, str], object]
) -> Response:
    """Do it and show the entry's changes, or say on that page why it cannot be done."""
    try:
        with pages.door.visit(request) as visit:
            revision = visit.session.get(Revision, revision_id)
            if revision is None or not sees_everything(visit.user):
                raise NotFound
            service_id = revision.service_id
            act(visit, str(visit.user.id))
    except (DirectoryError, NoResultFound) as error:
        with pages.door.visit(request) as visit:
            revision = visit.session.get(Revision, revision_id)
            if revision is None:
                raise NotFound from None
            return _review(pages, visit, request, revision.service_id, refused=error)
    with pages.door.visit(request) as visit:
        there = visit.session.get(Service, service_id) is not None
    ended = done in ("approved", "discarded")
    return back(
        f"{HOME}/{service_id}" if ended and there else f"{HOME}/changes" if ended else f"{HOME}/{service_id}/review",
        done,
    )


def _review(
    pages: DirectoryPages, visit: Visit, request: Request, service_id: UUID, *, refused: Exception | None = None
) -> Response:
    """Every change under way for an entry, and the last that was rejected."""
    if not sees_everything(visit.user):
        raise NotFound
    console = words()
    service = visit.session.get(Service, service_id)
    live = read(visit.session, service_id) if service else None
    shown = drafts.open_revisions(visit.session, service_id)
    rejected = visit.session.scalars(
        select(Revision)
        .where(Revision.service_id == service_id, Revision.state == "rejected")
        .order_by(Revision.decided_at.desc())
        .limit(1)
    ).all()
    if live is None and not shown and not rejected:
        raise NotFound
    views = []
    for revision in [*shown, *rejected]:
        record = drafts.record_of(revision)
        said = EntryWords(console, live, record)
        changes = [
            (said.label(change.path), said.value(change.path, change.before), said.value(change.path, change.after))
            for change in drafts.changes_of(visit.session, revision)
        ]
        views.append({"revision": revision, "record": record, "changes": changes, "seen": _stamp(revision)})
    people = {name for one in [*shown, *rejected] for name in (one.author, one.decided_by) if name}
    names = names_of(visit, people, console)
    said = EntryWords(console, live)
    return pages.show(
        visit, request, "directory_review.html", status=200 if refused is None else 409, service=service, service_id=service_id,
        live=live, facts=said.facts(live) if live else [], hours=said.hours(live.schedules) if live else [], views=views,
        names=names, own=str(visit.user.id), refused=_refusal(refused) if refused else None,
        stale=isinstance(refused, ConflictError) and not refused.both, four_eyes=pages.settings.four_eyes(),
        both=[EntryWords(console, live).label(path) for path in refused.both] if isinstance(refused, ConflictError) else [],
        reason=getattr(refused, "reason", ""),
    )  # fmt: skip


def _refusal(error: Exception) -> str:
    kinds = {
        FourEyesError: "four_eyes", ConflictError: "conflict", ReasonNeededError: "reason", OpenRevisionError: "open",
        RevisionStateError: "state", DoNotListError: "do_not_list", UnhideError: "unhide", SecretInPublicError: "secret",
    }  # fmt: skip
    return f"directory_refused_{kinds.get(type(error), 'state')}"


def _history(
    pages: DirectoryPages, visit: Visit, request: Request, service_id: UUID, *, refused: str | None = None
) -> Response:
    console = words()
    service = pages.service(visit, service_id)
    record = read(visit.session, service_id)
    rows = history(visit.session, service_id, limit=HISTORY_SHOWN)
    said = EntryWords(console, record)
    names = names_of(visit, {name for row in rows for name in (row.by, row.approved_by) if name}, console)
    return pages.show(
        visit, request, "directory_history.html", status=200 if refused is None else 409, service=service, rows=rows, said=said,
        names=names, refused=refused, fields=set(type(record).model_fields), most=HISTORY_SHOWN,
    )  # fmt: skip


def _stamp(revision: Revision) -> str:
    return revision.submitted_at.isoformat() if revision.submitted_at else ""
