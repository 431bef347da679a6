"""Complaints about staff and places, for the one who reads them: no case leads here and nothing here leads to a case (PSEA).

Whose business they are is decided in cases/complaints.py; to everybody else with the role the page only says who that is.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from cases import complaints
from cases.errors import NotTheReader
from cases.models import Complaint, ComplaintEvent
from core.settings import Settings
from desk.access import Door, Visit
from desk.errors import NotFound
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import needs

HOME = "/desk/complaints"


def add_routes(router: APIRouter, settings: Settings, door: Door) -> None:
    """The list, one complaint, closing it."""

    def show(visit: Visit, template: str, **values: Any) -> Response:
        return page(template, **frame(visit, current=HOME), **values)

    @router.get("/complaints")
    @needs("complaint.read")
    def list_complaints(request: Request) -> Response:
        with door.visit(request) as visit:
            reads = complaints.may_read(visit.session, visit.user, settings)
            found = complaints.listed(visit.session, visit.user, settings) if reads else []
            if reads:
                visit.log("complaints_listed")
            named = [user.name for user in complaints.readers(visit.session, settings)]
            return show(
                visit, "complaints.html", reads=reads, found=found, readers=named,
                told=settings.complaints_address is not None and settings.smtp_host is not None,
                done=request.query_params.get("done") == "closed",
            )  # fmt: skip

    @router.get("/complaints/{complaint_id}")
    @needs("complaint.read", fresh=True)
    def read_complaint(request: Request, complaint_id: UUID) -> Response:
        with door.visit(request) as visit:
            complaint = _found(visit, settings, complaint_id)
            visit.log("complaint_read", kind="complaint", subject=complaint.id)
            conversation = complaint.conversation
            events = visit.session.scalars(
                select(ComplaintEvent).where(ComplaintEvent.complaint_id == complaint.id).order_by(ComplaintEvent.at)
            ).all()
            number = conversation.person.phone if conversation else None
            return show(visit, "complaint.html", complaint=complaint, number=number, events=events)

    @router.post("/complaints/{complaint_id}/close")
    @needs("complaint.read", logs="complaint_closed", fresh=True)
    def close_complaint(request: Request, complaint_id: UUID) -> Response:
        with door.visit(request) as visit:
            number = _found(visit, settings, complaint_id).number
            complaints.close(visit.session, number, visit.user, settings)
        return go(f"{HOME}?done=closed")


def _found(visit: Visit, settings: Settings, complaint_id: UUID) -> Complaint:
    """The complaint, read and written down as read. Raises NotFound, also for whoever is not its reader: they learn of none."""
    number = visit.session.execute(select(Complaint.number).where(Complaint.id == complaint_id)).scalar_one_or_none()
    if number is None:
        raise NotFound
    try:
        return complaints.read(visit.session, number, visit.user, settings)
    except NotTheReader:
        raise NotFound from None
