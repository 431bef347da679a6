"""Pages of passkeys: adding and removing one's own, and using one as the second factor or to show who one is."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from core.logging import get_logger
from core.settings import Settings
from desk import accounts, passkeys
from desk.access import Door, safe_next
from desk.pages import go, page
from desk.permissions import BEGIN, needs
from desk.web_factor import confirm_page, factor_page, let_in
from desk.words import words

log = get_logger("desk.passkey")

Field = Annotated[str, Form()]


def add_routes(router: APIRouter, settings: Settings, door: Door) -> None:
    """Adding, removing, using."""
    _add_own(router, settings, door)
    _add_using(router, settings, door)


def _add_own(router: APIRouter, settings: Settings, door: Door) -> None:
    def form(visit_options: str, *, error: str | None = None) -> Response:
        return page("passkey_new.html", status=422 if error else 200, options=visit_options, error=error)

    @router.get("/passkeys/new")
    @needs("account.own", fresh=True)
    def show_new(request: Request) -> Response:
        with door.visit(request) as visit:
            if visit.user.second_factor_at is None:
                # Codes first: a lost stick must not be the only way in.
                return go("/desk/second-factor/new")
            return form(passkeys.begin_adding(visit.session, visit.staff_session, settings))

    @router.post("/passkeys/new")
    @needs("account.own", logs="passkey_added", fresh=True)
    def add(request: Request, answer: Field = "", name: Field = "") -> Response:
        with door.visit(request) as visit:
            if visit.user.second_factor_at is None:
                return go("/desk/second-factor/new")
            if passkeys.finish_adding(visit.session, visit.staff_session, settings, answer, name):
                log.info("passkey added", user=str(visit.user.id))
                return go("/desk/account")
            visit.logged = True
            options = passkeys.begin_adding(visit.session, visit.staff_session, settings)
            return form(options, error=words().say("passkey_failed"))

    @router.post("/passkeys/{passkey_id}/remove")
    @needs("account.own", logs="passkey_removed", fresh=True)
    def remove(request: Request, passkey_id: UUID) -> Response:
        with door.visit(request) as visit:
            passkeys.remove(visit.session, visit.user, passkey_id)
        return go("/desk/account")


def _add_using(router: APIRouter, settings: Settings, door: Door) -> None:
    @router.post("/second-factor/passkey")
    @needs(BEGIN, logs="second_factor_given")
    def give(request: Request, answer: Field = "") -> Response:
        with door.visit(request) as visit:
            wrong = passkeys.check(visit.session, visit.staff_session, settings, answer)
            if wrong is not None:
                visit.logged = True
                return factor_page(visit, settings, wrong)
            return let_in(visit, door)

    @router.post("/confirm/passkey")
    @needs("account.own", logs="confirmed")
    def confirm(request: Request, answer: Field = "", next: Field = "/desk") -> Response:  # noqa: A002 (the name in the address)
        with door.visit(request) as visit:
            wrong = passkeys.check(visit.session, visit.staff_session, settings, answer)
            if wrong is not None:
                visit.logged = True
                return confirm_page(visit, settings, safe_next(next), wrong)
            accounts.confirm(visit.session, visit.staff_session)
        return go(safe_next(next))
