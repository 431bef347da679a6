"""Where a confidential house truly is: shown for a reason that is written down first, to whoever may take a person there."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from desk.access import Visit
from desk.directory_pages import HOME, DirectoryPages, Form, back, names_of
from desk.errors import NotFound
from desk.form_fields import Fields
from desk.permissions import needs
from desk.words import words
from directory import confidential, guarding
from directory.confidential import TrueDetails
from directory.errors import NothingConfidentialError, ReasonNeededError, SecretInPublicError
from directory.writing import read

LONGEST_REASON = 500
LONGEST_ADDRESS = 1000
MOST_NUMBERS = 20


def add_routes(router: APIRouter, pages: DirectoryPages) -> None:
    """Reading and writing true details. Each asks for a fresh sign-in: a desk that was left open must not tell where people hide."""

    @router.get("/directory/{service_id}/confidential/{location_id}")
    @needs("directory.confidential")
    def ask_why(request: Request, service_id: UUID, location_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            return _page(pages, visit, request, service_id, location_id)

    @router.post("/directory/{service_id}/confidential/{location_id}")
    @needs("directory.confidential", fresh=True)
    def tell(request: Request, service_id: UUID, location_id: UUID, form: Form) -> Response:
        reason = Fields.of(form.multi_items()).text("reason")[:LONGEST_REASON]
        with pages.door.visit(request) as visit:
            _place(pages, visit, service_id, location_id)
            try:
                details = confidential.tell(visit.session, location_id, by=str(visit.user.id), reason=reason)
            except NothingConfidentialError:
                details = TrueDetails()
            except ReasonNeededError:
                return _page(
                    pages, visit, request, service_id, location_id, status=422, refused="directory_refused_reason_why"
                )
            visit.log("directory_confidential", kind="location", subject=location_id)
            return _page(pages, visit, request, service_id, location_id, details=details, reason=reason)

    @router.post("/directory/{service_id}/confidential/{location_id}/save")
    @needs("directory.confidential", fresh=True)
    def keep(request: Request, service_id: UUID, location_id: UUID, form: Form) -> Response:
        sent = Fields.of(form.multi_items())
        reason = sent.text("reason")[:LONGEST_REASON]
        with pages.door.visit(request) as visit:
            _place(pages, visit, service_id, location_id)
            point = _point(sent.text("latitude"), sent.text("longitude"))
            numbers = tuple(sent.text("phones").replace(" ", "").split()[:MOST_NUMBERS])
            details = TrueDetails(sent.text("address")[:LONGEST_ADDRESS] or None, point, numbers)
            refused = (
                "directory_refused_point" if point is None and (sent.text("latitude") or sent.text("longitude")) else ""
            )
            try:
                if not refused:
                    guarding.remember(visit.session, location_id, details, by=str(visit.user.id), reason=reason)
            except ReasonNeededError:
                refused = "directory_refused_reason_why"
            except SecretInPublicError:
                refused = "directory_refused_secret"
            if refused:
                typed = {"details": details, "reason": reason, "refused": refused}
                return _page(pages, visit, request, service_id, location_id, status=422, **typed)
            visit.log("directory_confidential", kind="location", subject=location_id)
        return back(f"{HOME}/{service_id}/confidential/{location_id}", "kept")


def _place(pages: DirectoryPages, visit: Visit, service_id: UUID, location_id: UUID) -> Any:
    """The confidential place of the entry. Raises NotFound for one that is another's or not confidential."""
    pages.service(visit, service_id)
    record = read(visit.session, service_id)
    place = next((one for one in record.locations if one.id == location_id and one.is_confidential), None)
    if place is None:
        raise NotFound
    return record, place


def _page(
    pages: DirectoryPages, visit: Visit, request: Request, service_id: UUID, location_id: UUID, *, status: int = 200, **more: Any
) -> Response:  # fmt: skip
    record, place = _place(pages, visit, service_id, location_id)
    log = confidential.readings(visit.session, location_id)[:50]
    values: dict[str, Any] = {"details": None, "reason": "", "refused": None} | more
    return pages.show(
        visit, request, "directory_confidential.html", status=status, record=record, place=place, service_id=service_id,
        log=log, names=names_of(visit, {one.by for one in log}, words()), **values,
    )  # fmt: skip


def _point(latitude: str, longitude: str) -> tuple[float, float] | None:
    try:
        point = float(latitude), float(longitude)
    except ValueError:
        return None
    return point if -90 <= point[0] <= 90 and -180 <= point[1] <= 180 else None
