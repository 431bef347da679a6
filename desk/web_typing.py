"""What a case page asks for while somebody writes: who else is there, and a sentence of the catalogues as the person will read it."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from cases.models import Case, Conversation
from desk import canned, presence
from desk.errors import NotFound
from desk.pages import page
from desk.permissions import needs
from desk.web_case import CasePages


def add_routes(router: APIRouter, pages: CasePages) -> None:
    """Presence and canned replies."""

    @router.get("/cases/{case_id}/here")
    @needs("case.read")
    def here(request: Request, case_id: UUID) -> Response:
        """The page says that it is open, and is told who else has it open. A page left open keeps nobody signed in (desk/access.py)."""
        with pages.door.visit(request) as visit:
            presence.arrive(visit.session, case_id, visit.user)
            return page("_here.html", present=presence.present(visit.session, case_id, visit.user))

    @router.get("/cases/{case_id}/canned")
    @needs("case.work")
    def show_canned(request: Request, case_id: UUID, key: str = "") -> Response:
        with pages.door.visit(request) as visit:
            row = visit.session.execute(
                select(Conversation.language, Conversation.channel)
                .join(Case, Case.conversation_id == Conversation.id)
                .where(Case.id == case_id)
            ).one_or_none()
            if row is None:
                raise NotFound
            return page("_canned.html", shown=canned.preview(key, row.language, row.channel, pages.meanings))
