"""The page that shows a person's number, to who says why."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from cases.service import get_case
from core.database import notify
from desk import numbers
from desk.access import Door, Visit
from desk.errors import BadInput
from desk.frame import frame
from desk.pages import page
from desk.permissions import needs
from desk.words import words

Field = Annotated[str, Form()]


def add_routes(router: APIRouter, door: Door) -> None:
    """Asking, and seeing it once."""

    def show(visit: Visit, case_id: UUID, *, status: int = 200, error: str = "", number: str = "") -> Response:
        case = get_case(visit.session, case_id)
        known = {"own": case.conversation.person.phone, "other": case.conversation.other_number}
        return page(
            "number.html",
            status=status,
            **frame(visit, case_id, current="/desk"),
            case=case,
            masked={which: numbers.masked(value) for which, value in known.items() if value},
            reasons=numbers.REASONS,
            allowed=numbers.may_reveal(case, visit.user),
            error=error,
            number=number,
        )

    @router.get("/cases/{case_id}/number")
    @needs("number.reveal", fresh=True)
    def ask_number(request: Request, case_id: UUID) -> Response:
        with door.visit(request) as visit:
            return show(visit, case_id)

    @router.post("/cases/{case_id}/number")
    @needs("number.reveal", fresh=True)
    def show_number(request: Request, case_id: UUID, which: Field = "own", reason: Field = "") -> Response:
        try:
            with door.visit(request) as visit:
                case = get_case(visit.session, case_id)
                number = numbers.reveal(visit.session, case, visit.user, which=which, reason=reason)
                visit.log("number_shown", kind="case", subject=case_id, reason=reason, which=which)
                notify(visit.session, case=case_id, conversation=case.conversation_id)
                return show(visit, case_id, number=number)
        except BadInput as fault:
            with door.visit(request) as visit:
                return show(visit, case_id, status=422, error=words().say(fault.key))
