"""Keeping entries true: what is due, what was reported, asking the organization, a check by telephone, and whether people are told."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select

from core.database import now
from desk.access import Visit
from desk.directory_pages import HOME, DirectoryPages, Form, back, names_of, sees_everything
from desk.errors import NotFound
from desk.form_fields import Fields
from desk.permissions import may, needs
from desk.words import words
from directory.errors import (
    DirectoryError,
    DoNotListError,
    ListingError,
    NoFocalPointError,
    ReasonNeededError,
    SecretInPublicError,
    UnhideError,
    VerificationDateError,
)
from directory.models import Service
from directory.review import asking, feedback, listing, todo, twins, verification
from directory.review.models import DirectoryTask, Feedback, FocalPoint, VerificationRequest
from directory.writing import read

LONGEST_REASON = 2000
METHODS = ("phone", "visit", "website")
CHANNELS = ("email", "sms")
APPROVER_ONLY = frozenset({"published", "do_not_list"})
"""Moves that put an entry before people, or forbid it for ever: not for whoever only writes."""


def add_work(router: APIRouter, pages: DirectoryPages) -> None:
    """What waits for the directory's team."""

    @router.get("/directory/work")
    @needs("directory.read")
    def show_work(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            _for_staff(visit)
            session = visit.session
            tasks = todo.open_tasks(session)
            unsent = asking.unsent(session)
            reports: dict[UUID, dict[str, int]] = {}
            for service_id, kind, number in session.execute(
                select(Feedback.service_id, Feedback.kind, func.count())
                .where(Feedback.handled_at.is_(None))
                .group_by(Feedback.service_id, Feedback.kind)
            ):
                reports.setdefault(service_id, {})[kind] = number
            ids = {*reports, *(task.service_id for task in tasks), *(one.service_id for one in unsent)}
            found = session.execute(select(Service.id, Service.name).where(Service.id.in_(ids)))
            return pages.show(
                visit, request, "directory_work.html", tasks=tasks, reports=reports, unsent=unsent,
                entries=dict(iter(found)), due=verification.due(session, pages.policy),
                overdue=verification.overdue(session, pages.policy),
            )  # fmt: skip

    @router.post("/directory/tasks/{task_id}/done")
    @needs("directory.read")
    def finish_task(request: Request, task_id: UUID, form: Form) -> Response:
        note = Fields.of(form.multi_items()).text("note")[:LONGEST_REASON]
        with pages.door.visit(request) as visit:
            _for_staff(visit)
            if visit.session.get(DirectoryTask, task_id) is None:
                raise NotFound
            todo.finish(visit.session, task_id, by=str(visit.user.id), note=note or None)
        return back(f"{HOME}/work", "finished")

    @router.post("/directory/focal-points/{focal_point_id}/remove")
    @needs("directory.edit")
    def remove_focal_point(request: Request, focal_point_id: UUID, form: Form) -> Response:
        service_id = Fields.of(form.multi_items()).text("entry")
        with pages.door.visit(request) as visit:
            focal_point = visit.session.get(FocalPoint, focal_point_id)
            if focal_point is None or focal_point not in _focal_points(visit, service_id):
                raise NotFound
            focal_point.is_active = False
        return back(f"{HOME}/{service_id}/state", "unnamed")


def add_entry(router: APIRouter, pages: DirectoryPages) -> None:
    """Checks, reports and listing of one entry."""

    @router.get("/directory/{service_id}/state")
    @needs("directory.read")
    def show_state(request: Request, service_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            return _state(pages, visit, request, service_id)

    _add_checks(router, pages)
    _add_reports(router, pages)
    _add_asking(router, pages)
    _add_moves(router, pages)


def _add_checks(router: APIRouter, pages: DirectoryPages) -> None:
    @router.post("/directory/{service_id}/verify")
    @needs("directory.edit")
    def verify(request: Request, service_id: UUID, form: Form) -> Response:
        sent = Fields.of(form.multi_items())

        def act(visit: Visit, by: str) -> None:
            method = next((one for one in METHODS if one == sent.text("method")), METHODS[0])
            rung = [one.id for one in read(visit.session, service_id).phones if str(one.id) in sent.texts("phones")]
            verification.verify(
                visit.session, service_id, by=by, method=method, on=_day(sent.text("on")),  # type: ignore[arg-type]
                note=sent.text("note")[:LONGEST_REASON] or None, phones=[one for one in rung if one],
            )  # fmt: skip

        return _act(pages, request, service_id, "verified", act)

    @router.post("/directory/{service_id}/handled")
    @needs("directory.read")
    def handle_reports(request: Request, service_id: UUID) -> Response:
        return _act(
            pages, request, service_id, "handled", lambda visit, by: feedback.handle(visit.session, service_id, by=by)
        )


def _add_reports(router: APIRouter, pages: DirectoryPages) -> None:
    """Whoever works with people hears first that a door is closed: they say so here, without the rights of an editor."""

    @router.post("/directory/{service_id}/report")
    @needs("directory.read")
    def report(request: Request, service_id: UUID, form: Form) -> Response:
        wanted = Fields.of(form.multi_items()).text("kind")
        with pages.door.visit(request) as visit:
            pages.service(visit, service_id)
            kind = next((one for one in feedback.KINDS if one == wanted), None)
            if kind is None:
                raise NotFound
            feedback.report(
                visit.session, service_id, kind, reporter="caseworker", reporter_key=str(visit.user.id),
                suspend_after=pages.settings.directory_reports,
            )  # fmt: skip
        return back(f"{HOME}/{service_id}", "reported")


def _add_asking(router: APIRouter, pages: DirectoryPages) -> None:
    @router.post("/directory/{service_id}/ask")
    @needs("directory.edit")
    def ask(request: Request, service_id: UUID) -> Response:
        return _act(
            pages,
            request,
            service_id,
            "asked",
            lambda visit, _: asking.ask(visit.session, service_id, policy=pages.policy),
        )

    @router.post("/directory/{service_id}/link")
    @needs("directory.edit")
    def show_link(request: Request, service_id: UUID, form: Form) -> Response:
        """The link of a request, for a colleague who hands it over. Whoever shows it is on record."""
        wanted = Fields.of(form.multi_items()).text("request")
        with pages.door.visit(request) as visit:
            _for_staff(visit)
            asked = next((one for one in _requests(visit, service_id) if str(one.id) == wanted), None)
            if asked is None:
                raise NotFound
            base = pages.settings.public_base()
            link = asking.hand_over(visit.session, asked, base=base, by=str(visit.user.id))
            return _state(pages, visit, request, service_id, link=link)

    @router.post("/directory/{service_id}/focal-points")
    @needs("directory.edit")
    def name_focal_point(request: Request, service_id: UUID, form: Form) -> Response:
        sent = Fields.of(form.multi_items())
        channel = next((one for one in CHANNELS if one == sent.text("channel")), CHANNELS[0])
        address = sent.text("address")[:320]
        with pages.door.visit(request) as visit:
            service = pages.service(visit, service_id)
            if not address or (channel == "email") != ("@" in address):
                return _state(pages, visit, request, service_id, status=422, refused="directory_refused_address")
            focal_point = FocalPoint(
                organization_id=service.organization_id, service_id=None if sent.on("whole") else service_id,
                channel=channel, language=sent.text("language")[:8] or "en",
            )  # fmt: skip
            visit.session.add(focal_point)
            visit.session.flush()
            focal_point.name, focal_point.address = sent.text("name")[:200], address
        return back(f"{HOME}/{service_id}/state", "named")


def _add_moves(router: APIRouter, pages: DirectoryPages) -> None:
    @router.post("/directory/{service_id}/listing")
    @needs("directory.read")
    def move(request: Request, service_id: UUID, form: Form) -> Response:
        sent = Fields.of(form.multi_items())

        def act(visit: Visit, by: str) -> None:
            _move(visit, service_id, sent, by)

        return _act(pages, request, service_id, "moved", act)


def _move(visit: Visit, service_id: UUID, sent: Fields, by: str) -> None:
    wanted, reason = sent.text("wanted"), sent.text("reason")[:LONGEST_REASON]
    if wanted in APPROVER_ONLY and not may(visit.user, "directory.approve"):
        raise NotFound
    session = visit.session
    moves: dict[str, Callable[[], object]] = {
        "published": lambda: listing.publish(session, service_id, by=by, reason=reason or None),
        "suspended": lambda: listing.suspend(session, service_id, by=by, reason=reason),
        "archived": lambda: listing.archive(session, service_id, by=by, reason=reason),
        "do_not_list": lambda: listing.do_not_list(session, service_id, by=by, reason=reason),
        "closed": lambda: listing.close_temporarily(
            session, service_id, by=by, reason=reason, until=_day(sent.text("until"))
        ),
        "open": lambda: listing.reopen(session, service_id, by=by),
    }
    if wanted not in moves:
        raise NotFound
    moves[wanted]()


def _act(
    pages: DirectoryPages, request: Request, service_id: UUID, done: str, act: Callable[[Visit, str], object]
) -> Response:
    """Do it and show the page again, or say on it why it cannot be done."""
    try:
        with pages.door.visit(request) as visit:
            _for_staff(visit)
            pages.service(visit, service_id)
            act(visit, str(visit.user.id))
    except DirectoryError as error:
        with pages.door.visit(request) as visit:
            return _state(pages, visit, request, service_id, status=409, refused=_refusal(error))
    return back(f"{HOME}/{service_id}/state", done)


def _refusal(error: DirectoryError) -> str:
    kinds = {
        ReasonNeededError: "reason_why", NoFocalPointError: "nobody_to_ask", VerificationDateError: "day_to_come",
        ListingError: "listing", DoNotListError: "do_not_list", UnhideError: "unhide", SecretInPublicError: "secret",
    }  # fmt: skip
    return f"directory_refused_{kinds.get(type(error), 'state')}"


def _state(
    pages: DirectoryPages, visit: Visit, request: Request, service_id: UUID, *, status: int = 200, **more: Any
) -> Response:
    _for_staff(visit)
    service = pages.service(visit, service_id)
    checks = verification.verifications(visit.session, service_id)
    names = names_of(visit, {one.by for one in checks}, words())
    values: dict[str, Any] = {"refused": None, "link": None} | more
    record = read(visit.session, service_id)
    return pages.show(
        visit, request, "directory_state.html", status=status, service=service, record=record, checks=checks, names=names,
        due_on=pages.policy.due_on(service), focal_points=asking.focal_points(visit.session, service_id),
        requests=_requests(visit, service_id), reports=feedback.counts(visit.session, service_id),
        tasks=todo.open_tasks(visit.session, service_id=service_id),
        twins=twins.of_entry(visit.session, service_id), moves=listing.MOVES[service.listing],
        approver_only=APPROVER_ONLY, methods=METHODS, channels=CHANNELS, languages=pages.settings.languages,
        today=now().date().isoformat(), hidden=[one for one in record.locations if one.is_confidential], **values,
    )  # fmt: skip


def _requests(visit: Visit, service_id: UUID) -> list[VerificationRequest]:
    """Links that wait for an answer."""
    query = select(VerificationRequest).where(
        VerificationRequest.service_id == service_id, VerificationRequest.answered_at.is_(None),
        VerificationRequest.expires_at > now(),
    )  # fmt: skip
    return list(visit.session.scalars(query.order_by(VerificationRequest.created_at)))


def _focal_points(visit: Visit, service_id: str) -> list[FocalPoint]:
    try:
        return asking.focal_points(visit.session, UUID(service_id))
    except (ValueError, DirectoryError):
        return []


def _for_staff(visit: Visit) -> None:
    if not sees_everything(visit.user):
        raise NotFound


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
