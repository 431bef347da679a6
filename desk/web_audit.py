"""The auditor's page: who did what, when, to which id."""

from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from cases.models import User
from desk.access import Door
from desk.auditlog import Search, actions, search
from desk.frame import frame
from desk.pages import page
from desk.permissions import needs
from desk.words import words


def add_routes(router: APIRouter, door: Door) -> None:
    """Searching the log. Each search is a line of the log itself: whoever watches is watched."""

    @router.get("/audit")
    @needs("audit.read")
    def show_audit(request: Request) -> Response:
        asked = request.query_params
        typed = {name: asked.get(name, "")[:64] for name in ("user", "action", "subject", "first", "last")}
        wanted = Search(
            user=_uuid(typed["user"]),
            action=typed["action"],
            subject=typed["subject"],
            first=_date(typed["first"]),
            last=_date(typed["last"]),
            before=_number(asked.get("before", "")),
        )
        with door.visit(request) as visit:
            found = search(visit.session, wanted, words())
            users = visit.session.execute(select(User.id, User.name).order_by(User.name)).all()
            known = actions(visit.session, words())
            visit.log("audit_read")
            more = f"/desk/audit?{urlencode({**typed, 'before': found.next_before})}" if found.next_before else None
            return page(
                "audit.html",
                **frame(visit, current="/desk/audit"),
                found=found,
                users=users,
                actions=known,
                typed=typed,
                more=more,
            )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
