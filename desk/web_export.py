"""Pages of an export: asking, agreeing, and the case on one page to print, shown once."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from cases.service import get_case
from desk import exports
from desk.access import Visit
from desk.casepage import read_case
from desk.errors import BadInput
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import may, needs
from desk.web_case import CasePages
from desk.words import words

Field = Annotated[str, Form()]


def add_routes(router: APIRouter, pages: CasePages) -> None:
    """Asking and deciding, then the one showing."""
    _add_asking(router, pages)
    _add_showing(router, pages)


def _add_asking(router: APIRouter, pages: CasePages) -> None:
    @router.get("/cases/{case_id}/export")
    @needs("export.ask", fresh=True)
    def show_export(request: Request, case_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            return _form(visit, case_id)

    @router.post("/cases/{case_id}/export")
    @needs("export.ask", logs="export_asked", fresh=True)
    def ask(request: Request, case_id: UUID, reason: Field = "") -> Response:
        try:
            with pages.door.visit(request) as visit:
                exports.ask(visit.session, get_case(visit.session, case_id), visit.user, reason)
                visit.log("export_asked", kind="case", subject=case_id, reason=reason)
        except BadInput as fault:
            with pages.door.visit(request) as visit:
                return _form(visit, case_id, error=words().say(fault.key))
        return go(f"/desk/cases/{case_id}/export")

    @router.post("/cases/{case_id}/export/{export_id}/agree")
    @needs("export.agree", fresh=True)
    def agree(request: Request, case_id: UUID, export_id: UUID) -> Response:
        try:
            with pages.door.visit(request) as visit:
                exports.decide(visit.session, get_case(visit.session, case_id), export_id, visit.user, agree=True)
                visit.log("export_agreed", kind="case", subject=case_id)
        except BadInput as fault:
            with pages.door.visit(request) as visit:
                return _form(visit, case_id, error=words().say(fault.key))
        return go(f"/desk/cases/{case_id}/export")

    @router.post("/cases/{case_id}/export/{export_id}/refuse")
    @needs("export.ask", fresh=True)
    def refuse(request: Request, case_id: UUID, export_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            exports.decide(visit.session, get_case(visit.session, case_id), export_id, visit.user, agree=False)
            visit.log("export_refused", kind="case", subject=case_id)
        return go(f"/desk/cases/{case_id}/export")


def _add_showing(router: APIRouter, pages: CasePages) -> None:
    @router.post("/cases/{case_id}/export/{export_id}/open")
    @needs("export.ask", fresh=True)
    def open_export(request: Request, case_id: UUID, export_id: UUID) -> Response:
        try:
            with pages.door.visit(request) as visit:
                export = exports.open_once(visit.session, get_case(visit.session, case_id), export_id, visit.user)
                visit.log("export_shown", kind="case", subject=case_id)
                view = read_case(visit.session, case_id, visit.user, settings=pages.settings, meanings=pages.meanings)
                return page("case_export.html", **frame(visit, current="/desk"), view=view, export=export)
        except BadInput as fault:
            with pages.door.visit(request) as visit:
                return _form(visit, case_id, error=words().say(fault.key))


def _form(visit: Visit, case_id: UUID, *, error: str = "") -> Response:
    export = exports.of_case(visit.session, case_id)
    return page(
        "export.html", status=422 if error else 200, **frame(visit, case_id, current="/desk"),
        case=get_case(visit.session, case_id), export=export, over=export is not None and exports.is_over(export),
        reasons=exports.REASONS, agrees=may(visit.user, "export.agree"), error=error,
    )  # fmt: skip
