"""Single sign-on: the way to the provider and back, for signing in and for connecting one's account."""

from dataclasses import dataclass
from hmac import compare_digest

from fastapi import APIRouter, Request, Response

from core.database import Sessions
from core.logging import get_logger
from core.settings import Settings
from desk import accounts, audit, sso
from desk.access import Door
from desk.browsers import name_of
from desk.limits import wait_of
from desk.models import SsoAttempt, StaffSession
from desk.pages import page
from desk.permissions import PUBLIC, needs
from desk.words import words

log = get_logger("desk.sso")

COOKIE = "waymark_desk_sso"


@dataclass(frozen=True, slots=True)
class SsoPages:
    """What the pages work with."""

    settings: Settings
    sessions: Sessions
    door: Door
    provider: sso.Provider

    def send(self, way: sso.Way) -> Response:
        """To the provider. The cookie comes back with the browser, from another site: hence not `strict`."""
        response = Response(status_code=303, headers={"Location": way.url})
        response.set_cookie(
            COOKIE, way.state, max_age=int(sso.HOLDS.total_seconds()), path=sso.BACK, secure=self.door.secure,
            httponly=True, samesite="lax",
        )  # fmt: skip
        return response

    def failed(self, key: str, status: int = 422) -> Response:
        """The sign-in again, with a sentence."""
        return page(
            "sign_in.html", status=status, error=words().say(key), name="", next="/desk",
            sso=bool(self.settings.oidc_issuer),
        )  # fmt: skip


def add_routes(router: APIRouter, pages: SsoPages) -> None:
    """Going and coming back."""
    _add_going(router, pages)
    _add_coming_back(router, pages)


def _add_going(router: APIRouter, pages: SsoPages) -> None:
    @router.get("/sso")
    @needs(PUBLIC)
    def begin(request: Request) -> Response:
        if wait_of(request, pages.sessions, pages.settings):
            return pages.failed("sso_failed", 429)
        try:
            with pages.sessions.begin() as session:
                return pages.send(pages.provider.begin(session))
        except sso.SsoError as error:
            log.warning("single sign-on failed", reason=str(error))
            return pages.failed("sso_failed", 422 if pages.settings.oidc_issuer else 404)

    @router.post("/sso/connect")
    @needs("account.own", logs="sso_begun", fresh=True)
    def connect(request: Request) -> Response:
        try:
            with pages.door.visit(request) as visit:
                return pages.send(pages.provider.begin(visit.session, session_id=visit.staff_session.id))
        except sso.SsoError as error:
            log.warning("single sign-on failed", reason=str(error))
            return pages.failed("sso_failed", 422 if pages.settings.oidc_issuer else 404)


def _add_coming_back(router: APIRouter, pages: SsoPages) -> None:
    @router.get("/sso/back")
    @needs(PUBLIC)
    def come_back(request: Request, state: str = "", code: str = "") -> Response:
        if wait_of(request, pages.sessions, pages.settings):
            return pages.failed("sso_failed", 429)
        # Only the browser that went comes back: nobody is signed in as somebody else by a link.
        if not state or not compare_digest(state.encode(), request.cookies.get(COOKIE, "").encode()):
            return pages.failed("sso_failed")
        with pages.sessions.begin() as session:
            attempt = sso.take(session, state)
        if attempt is None or not code:
            return pages.failed("sso_failed")
        try:
            subject = pages.provider.finish(attempt, code)
        except sso.SsoError as error:
            log.warning("single sign-on failed", reason=str(error))
            return pages.failed("sso_failed")
        return _arrived(request, pages, attempt, subject)


def _arrived(request: Request, pages: SsoPages, attempt: SsoAttempt, subject: str) -> Response:
    issuer = pages.settings.oidc_issuer or ""
    with pages.sessions.begin() as session:
        if attempt.session_id is not None:
            current = session.get(StaffSession, attempt.session_id)
            if current is None or not current.user.active or not sso.connect(session, current.user, issuer, subject):
                return pages.failed("sso_unknown")
            audit.record(session, current.user, "sso_connected")
            return _go_on("/desk/account")
        user = sso.user_of(session, issuer, subject)
        if user is None:
            audit.record(session, None, "sign_in_refused", kind="user")
            return pages.failed("sso_unknown")
        browser = name_of(request.headers.get("user-agent", "")[:400])
        signed_in = accounts.sign_in_by_identity(
            session, user, lifetime=pages.settings.session_lifetime, browser=browser
        )
    response = _go_on("/desk")
    pages.door.let_in(response, signed_in.token)
    return response


def _go_on(path: str) -> Response:
    """A page of ours that leads on. A redirect would still count as the other site's, and the browser would keep our cookie back."""
    response = page("sso_done.html", path=path)
    response.delete_cookie(COOKIE, path=sso.BACK)
    return response
