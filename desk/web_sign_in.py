"""Signing in and out: by a one-time link, then with a name and a password."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from core.database import Sessions
from core.logging import get_logger
from core.settings import Settings
from desk import accounts
from desk.access import Door, safe_next
from desk.browsers import name_of
from desk.errors import FactorNeeded
from desk.limits import wait_of
from desk.models import StaffSession
from desk.pages import go, page
from desk.passwords import check_password, fault_of
from desk.permissions import BEGIN, PUBLIC, needs
from desk.words import words

log = get_logger("desk.sign_in")

Field = Annotated[str, Form()]


def add_routes(router: APIRouter, settings: Settings, sessions: Sessions, door: Door) -> None:
    """The pages for people who are not signed in yet, the password, and signing out."""
    _add_name_and_password(router, settings, sessions, door)
    _add_links(router, settings, sessions, door)
    _add_password(router, sessions, door)


def _add_name_and_password(router: APIRouter, settings: Settings, sessions: Sessions, door: Door) -> None:
    @router.get("/sign-in")
    @needs(PUBLIC)
    def show_sign_in(next: str = "/desk") -> Response:  # noqa: A002 (the name in the address)
        return page("sign_in.html", error=None, name="", next=safe_next(next), sso=bool(settings.oidc_issuer))

    @router.post("/sign-in")
    @needs(PUBLIC)
    def sign_in(request: Request, name: Field = "", password: Field = "", next: Field = "/desk") -> Response:  # noqa: A002
        outcome: accounts.SignedIn | accounts.Refused | None = None
        if too_often := wait_of(request, sessions, settings):
            outcome = accounts.Refused(wait=too_often)
        with sessions.begin() as session:
            outcome = outcome or accounts.sign_in(
                session, name[:200], password, lifetime=settings.session_lifetime, browser=_browser(request)
            )
        if isinstance(outcome, accounts.Refused):
            wait = outcome.wait
            log.warning("sign-in refused", reason="wait" if wait else "wrong")
            said = words().say("sign_in_wait", time=words().wait(wait)) if wait else words().say("sign_in_wrong")
            headers = {"Retry-After": str(int(wait.total_seconds()) + 1)} if wait else None
            return page(
                "sign_in.html",
                status=429 if wait else 422,
                headers=headers,
                error=said,
                name=name[:64],
                next=safe_next(next),
            )
        log.info("signed in", user=str(outcome.user.id))
        response = go(safe_next(next))
        door.let_in(response, outcome.token)
        return response


def _add_links(router: APIRouter, settings: Settings, sessions: Sessions, door: Door) -> None:
    def too_often(request: Request) -> Response | None:
        wait = wait_of(request, sessions, settings)
        if not wait:
            return None
        headers = {"Retry-After": str(int(wait.total_seconds()) + 1)}
        said = words().say("sign_in_wait", time=words().wait(wait))
        return page("sign_in.html", status=429, headers=headers, error=said, name="", next="/desk")

    @router.get("/sign-in/{token}")
    @needs(PUBLIC)
    def show_link(request: Request, token: str) -> Response:
        if refused := too_often(request):
            return refused
        with sessions.begin() as session:
            holds = accounts.link_holds(session, token)
        return page("link.html", status=200 if holds else 410, holds=holds, token=token)

    @router.post("/sign-in/{token}")
    @needs(PUBLIC)
    def use_link(request: Request, token: str) -> Response:
        if refused := too_often(request):
            return refused
        with sessions.begin() as session:
            signed_in = accounts.use_link(session, token, lifetime=settings.session_lifetime, browser=_browser(request))
        if signed_in is None:
            return page("link.html", status=410, holds=False, token="")
        log.info("signed in by a link", user=str(signed_in.user.id))
        response = go("/desk/password")
        door.let_in(response, signed_in.token)
        return response


def _add_password(router: APIRouter, sessions: Sessions, door: Door) -> None:
    @router.get("/password")
    @needs(BEGIN)
    def show_password(request: Request) -> Response:
        with door.visit(request) as visit:
            _first_the_factor(visit.staff_session)
            return page("password.html", error=None, user=visit.user, needs_current=_needs_current(visit.staff_session))

    @router.post("/password")
    @needs(BEGIN, logs="password_set")
    def set_password(request: Request, current: Field = "", new: Field = "", again: Field = "") -> Response:
        with door.visit(request) as visit:
            _first_the_factor(visit.staff_session)
            needs_current = _needs_current(visit.staff_session)
            if needs_current and not check_password(current, visit.user.password_hash):
                fault: str | None = "password_current_wrong"
            elif new != again:
                fault = "password_differs"
            else:
                fault = fault_of(new, visit.user.name)
            if fault is not None:
                error = words().say(fault)
                return page("password.html", status=422, error=error, user=visit.user, needs_current=needs_current)
            accounts.set_password(visit.session, visit.staff_session, new)
            log.info("password set", user=str(visit.user.id))
        return go("/desk")

    @router.post("/sign-out")
    @needs(PUBLIC)
    def sign_out(request: Request) -> Response:
        with sessions.begin() as session:
            accounts.sign_out(session, request.cookies.get(door.cookie, ""))
        response = go("/desk/sign-in")
        door.let_out(response)
        # Nothing of what was read stays behind for whoever uses the machine next.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


def _browser(request: Request) -> str:
    return name_of(request.headers.get("user-agent", "")[:400])


def _first_the_factor(staff_session: StaffSession) -> None:
    """A link alone sets no password of an account that has a second factor: links get lost. Raises FactorNeeded."""
    if staff_session.user.second_factor_at is not None and staff_session.second_factor_at is None:
        raise FactorNeeded(new=False)


def _needs_current(staff_session: StaffSession) -> bool:
    return staff_session.user.password_hash is not None and not staff_session.by_link
