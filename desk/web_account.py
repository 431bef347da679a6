"""One's own account: where one is signed in, the password, the second factor."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from core.settings import Settings
from desk import accounts, factors, passkeys
from desk.access import Door
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import needs


def add_routes(router: APIRouter, settings: Settings, door: Door) -> None:
    """The page, and ending sessions."""

    @router.get("/account")
    @needs("account.own")
    def show_account(request: Request) -> Response:
        with door.visit(request) as visit:
            return page(
                "account.html",
                **frame(visit, current="/desk/account"),
                sessions=accounts.sessions_of(visit.session, visit.user, idle=settings.session_idle),
                here=visit.staff_session.id,
                codes_left=factors.recovery_codes_left(visit.session, visit.user),
                sso=bool(settings.oidc_issuer),
                passkeys=passkeys.passkeys_of(visit.session, visit.user),
            )

    @router.post("/account/sessions/{session_id}/end")
    @needs("account.own", logs="session_ended", fresh=True)
    def end_session(request: Request, session_id: UUID) -> Response:
        with door.visit(request) as visit:
            accounts.end_session(visit.session, visit.user, session_id)
        return go("/desk/account")

    @router.post("/account/sessions/end-others")
    @needs("account.own", logs="sessions_ended", fresh=True)
    def end_others(request: Request) -> Response:
        with door.visit(request) as visit:
            accounts.end_other_sessions(visit.session, visit.staff_session)
        return go("/desk/account")
