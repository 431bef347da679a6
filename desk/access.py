"""Who may ask what of the console: the cookie, the check against foreign pages, and the headers that every answer carries."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session
from starlette.concurrency import run_in_threadpool

from cases.models import User
from cases.teams import is_visible
from core.database import Sessions, now
from core.pace import Busy, Pace
from core.settings import Settings
from desk import audit
from desk.accounts import find_session, touch
from desk.errors import (
    ConfirmationNeeded,
    FactorNeeded,
    ForeignRequest,
    FormTokenWrong,
    NotAllowed,
    NotFound,
    PasswordNeeded,
    SignInNeeded,
    TooLong,
)
from desk.form_tokens import FIELD, HEADER, FormTokens, use
from desk.limits import address_of
from desk.models import StaffSession
from desk.permissions import BEGIN, PUBLIC, action_of, is_dangerous, may, permission_of
from desk.words import speaking, words_for

SAFE_METHODS = frozenset({"GET", "HEAD"})
MAX_FORM_BYTES = 64 * 1024
"""No form of the console is longer, but those of routes that say so (`takes`); more is not read into memory."""
STRANGERS_A_MINUTE = 300
"""Requests without a session that one address may make: an office may share one, and nobody guesses anything at this rate."""
MAX_FIELDS = 5000
"""An entry of the directory has many; what a form may have in bytes bounds the rest."""

# Nothing inline, nothing from elsewhere: what a person writes can never become a script, whatever a template forgets.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not "no-referrer": browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


CONFIRMED_FOR = timedelta(minutes=10)
"""How long showing a password or a second factor is remembered for what is dangerous."""
REFUSALS = {"NotAllowed": "role", "NotFound": "case"}
"""What the audit log says of who asked for what their role does not include, and for a case that is not their team's or does not exist."""


@dataclass(slots=True)
class Visit:
    """One request of somebody who is signed in, in one transaction."""

    session: Session
    user: User
    staff_session: StaffSession
    changed: bool = False
    """Something was written: if nothing else says what, the log gets the route's own line."""
    logged: bool = False

    def log(self, action: str, *, kind: str = "", subject: UUID | str | None = None, **details: str) -> None:
        """Write a line of the audit log, instead of the route's own."""
        audit.record(self.session, self.user, action, kind=kind, subject=subject, **details)
        self.logged = True


class Door:
    """Lets people in by their cookie."""

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self._settings = settings
        self._sessions = sessions
        self.secure = settings.public_base().startswith("https://")
        # The prefix makes browsers refuse the cookie from a neighbouring host or over plain HTTP.
        self.cookie = "__Host-waymark_desk" if self.secure else "waymark_desk"
        self.form_cookie = "__Host-waymark_form" if self.secure else "waymark_form"

    @contextmanager
    def visit(self, request: Request) -> Iterator[Visit]:
        """A transaction for somebody who may open this page. Raises SignInNeeded, PasswordNeeded, NotAllowed, NotFound."""
        permission = permission_of(request.scope["endpoint"])
        with self._sessions.begin() as session:
            staff_session = self._find(session, request)
            if staff_session is None:
                raise SignInNeeded
            if permission != BEGIN:
                self._complete(staff_session)
                if not may(staff_session.user, permission):
                    raise NotAllowed(staff_session.user.roles)
            if is_dangerous(request.scope["endpoint"]) and _is_stale(staff_session, request.method):
                raise ConfirmationNeeded(_back(request))
            visit = Visit(session, staff_session.user, staff_session)
            case_id = request.path_params.get("case_id")
            if case_id is not None and not is_visible(session, _id(case_id), visit.user.id):
                raise NotFound
            with _watched(visit):
                yield visit
            if visit.changed and not visit.logged and request.method not in SAFE_METHODS:
                kind, subject = _subject(request)
                visit.log(action_of(request.scope["endpoint"]), kind=kind, subject=subject)

    def _complete(self, staff_session: StaffSession) -> None:
        """Raises PasswordNeeded, FactorNeeded while the sign-in lacks something."""
        user = staff_session.user
        if user.second_factor_at is not None and staff_session.second_factor_at is None:
            raise FactorNeeded(new=False)
        if user.password_hash is None:
            raise PasswordNeeded
        if user.second_factor_at is None and self._settings.second_factor_required():
            raise FactorNeeded(new=True)

    def require_fresh(self, visit: Visit, back: str) -> None:
        """For a page that is dangerous only sometimes. Raises ConfirmationNeeded."""
        if _is_stale(visit.staff_session, "POST"):
            raise ConfirmationNeeded(back)

    def check(self, request: Request) -> None:
        """Whether the page may be opened. Asked before a form is read: an answer about a field would be an answer. Raises as `visit`."""
        if permission_of(request.scope["endpoint"]) != PUBLIC:
            try:
                with self.visit(request) as visit:
                    if not _by_itself(request):
                        touch(visit.session, visit.staff_session)
                    visit.logged = True
            except (NotAllowed, NotFound) as refusal:
                # Everybody lands on /desk after signing in, and is led on from there: that is no attempt at anything.
                if request.url.path != "/desk":
                    self._log_refusal(request, type(refusal).__name__)
                raise

    def _find(self, session: Session, request: Request) -> StaffSession | None:
        return find_session(session, request.cookies.get(self.cookie, ""), idle=self._settings.session_idle)

    def _log_refusal(self, request: Request, why: str) -> None:
        """In a transaction of its own: the one that was refused is undone."""
        with self._sessions.begin() as session:
            staff_session = self._find(session, request)
            if staff_session is not None:
                kind, subject = _subject(request)
                needed = permission_of(request.scope["endpoint"])
                audit.record(
                    session, staff_session.user, f"refused_{REFUSALS[why]}", kind=kind, subject=subject, needed=needed
                )

    def let_in(self, response: Response, token: str) -> None:
        """Give the browser its session."""
        response.set_cookie(
            self.cookie,
            token,
            max_age=int(self._settings.session_lifetime.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def let_out(self, response: Response) -> None:
        """Take the session away from the browser."""
        response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="strict")
        # Whoever uses the machine next gets forms of their own.
        response.delete_cookie(self.form_cookie, path="/", secure=self.secure, httponly=True, samesite="lax")

    def form_tokens(self, request: Request) -> FormTokens:
        """What the tokens of this browser's forms are made from."""
        return FormTokens(request.cookies.get(self.form_cookie, ""))

    def give_form_secret(self, response: Response, tokens: FormTokens) -> None:
        """If a page carries the first token of this browser, the browser gets what it must show with it."""
        if tokens.fresh:
            # `lax`: a link of a mail leads to a page with a form; its form is sent from that page, not from the mail.
            response.set_cookie(
                self.form_cookie, tokens.secret, path="/", secure=self.secure, httponly=True, samesite="lax"
            )

    async def refuse_unasked(self, request: Request, tokens: FormTokens) -> None:
        """A change must come from a form that this browser was shown. Asked last, because it reads the form. Raises FormTokenWrong."""
        if request.method in SAFE_METHODS:
            return
        token = request.headers.get(HEADER, "")
        if not token:
            field = (await request.form(max_files=1, max_fields=MAX_FIELDS)).get(FIELD, "")
            token = field if isinstance(field, str) else ""
        if not tokens.holds(token):
            raise FormTokenWrong

    def refuse_foreign(self, request: Request) -> None:
        """A change must come from a page of ours: the browser says so in a header no page can forge. Raises ForeignRequest, TooLong."""
        if request.method in SAFE_METHODS:
            return
        if _length(request) > getattr(request.scope["endpoint"], _LIMIT, MAX_FORM_BYTES):
            raise TooLong
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            if site != "same-origin":
                raise ForeignRequest
            return
        origin = request.headers.get("origin", "")
        if origin not in {self._settings.public_base(), f"{request.url.scheme}://{request.headers.get('host', '')}"}:
            raise ForeignRequest


class LinkDoor(Door):
    """For pages that a link alone opens: no cookie, the tokens of their forms are made from the link, and hold for this link only."""

    def form_tokens(self, request: Request) -> FormTokens:
        """What the tokens of this link's forms are made from."""
        return FormTokens(request.path_params.get("token", ""))

    def give_form_secret(self, response: Response, tokens: FormTokens) -> None:
        """Nothing: whoever follows a link leaves no trace in the browser."""


_LIMIT = "_desk_form_bytes"


def takes[Endpoint: Callable[..., Any]](size: int) -> Callable[[Endpoint], Endpoint]:
    """Declare how many bytes the form of a route may have, where that is more than MAX_FORM_BYTES. Stands beside `needs`."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _LIMIT, size)
        return endpoint

    return mark


_asked: ContextVar[str] = ContextVar("desk_page", default="/desk")


def asked_path() -> str:
    """The page that is being shown, with its query: where a change of the page's language leads back to."""
    return _asked.get()


def _page_of(request: Request) -> str:
    # What a form answered cannot be asked for again by its address.
    if request.method not in SAFE_METHODS:
        return "/desk"
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def make_route_class(door: Door, on_error: Callable[[Request, Exception], Response]) -> type[APIRoute]:
    """A route that refuses foreign changes, forms without their token and whoever may not, makes errors pages, and puts the headers on."""
    pace = Pace(STRANGERS_A_MINUTE)

    class DeskRoute(APIRoute):
        def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
            permission_of(endpoint)
            super().__init__(path, endpoint, **options)

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                _asked.set(_page_of(request))
                tokens = door.form_tokens(request)
                use(tokens)
                with speaking(words_for(request).code):
                    try:
                        if permission_of(request.scope["endpoint"]) == PUBLIC:
                            pace.now(address_of(request))
                        door.refuse_foreign(request)
                        await run_in_threadpool(door.check, request)
                        await door.refuse_unasked(request, tokens)
                        response = await handle(request)
                    except SignInNeeded as needed:
                        response = on_error(request, _paced(pace, request, needed))
                    except Exception as error:  # noqa: BLE001 (the page must say it kindly, and no text of an exception may reach anybody)
                        response = on_error(request, error)
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
                response.headers.setdefault("Cache-Control", "no-store")
                door.give_form_secret(response, tokens)
                if door.secure:
                    response.headers.setdefault("Strict-Transport-Security", "max-age=63072000")
                return response

            return guarded

    return DeskRoute


def _paced(pace: Pace, request: Request, needed: SignInNeeded) -> Exception:
    """Somebody without a session: led to the sign-in, until it is too often."""
    try:
        pace.now(address_of(request))
    except Busy as busy:
        return busy
    return needed


def _is_stale(staff_session: StaffSession, method: str) -> bool:
    # A form that was opened in time may be sent a little later: what was typed would be lost.
    age = now() - staff_session.confirmed_at
    return age > (CONFIRMED_FOR if method in SAFE_METHODS else 2 * CONFIRMED_FOR)


def _back(request: Request) -> str:
    """Where to go on after showing who one is: the page asked for, or the one its form stands on."""
    if request.method == "GET":
        return request.url.path
    try:
        return safe_next(urlsplit(request.headers.get("referer", "")).path)
    except ValueError:
        return safe_next("")


def _by_itself(request: Request) -> bool:
    """Whether the page asks and not the user: a desk left open all night must not stay signed in by refreshing itself."""
    return request.method in SAFE_METHODS and ("hx-request" in request.headers or request.url.path == "/desk/live")


@contextmanager
def _watched(visit: Visit) -> Iterator[None]:
    """Notice whether the block writes anything: a form that was refused, or a click that changed nothing, is no line of the log."""

    def by_object(session: Session, _context: object) -> None:
        visit.changed = visit.changed or bool(session.new or session.dirty or session.deleted)

    def by_statement(state: ORMExecuteState) -> None:
        visit.changed = visit.changed or state.is_insert or state.is_update or state.is_delete

    event.listen(visit.session, "after_flush", by_object)
    event.listen(visit.session, "do_orm_execute", by_statement)
    try:
        yield
        visit.session.flush()
    finally:
        event.remove(visit.session, "after_flush", by_object)
        event.remove(visit.session, "do_orm_execute", by_statement)


def _subject(request: Request) -> tuple[str, str | None]:
    """What the address is about: the first id in it, and of what. What is none stays out: it may be a name or a number."""
    for name, value in request.path_params.items():
        if name.endswith("_id"):
            with suppress(ValueError):
                return name.removesuffix("_id"), str(UUID(str(value)))
            return name.removesuffix("_id"), None
    return "", None


def _id(text: object) -> UUID:
    """An id of an address. Raises NotFound for what is none: it names no case."""
    try:
        return UUID(str(text))
    except ValueError:
        raise NotFound from None


def _length(request: Request) -> int:
    # Browsers send the length of every form; a body without one could be endless.
    try:
        return int(request.headers.get("content-length", str(MAX_FORM_BYTES + 1)))
    except ValueError:
        return MAX_FORM_BYTES + 1


def safe_next(target: str) -> str:
    """Where to go after signing in: a page of the console, whatever the address says."""
    try:
        parts = urlsplit(target)
    except ValueError:  # an address that is none (`//[`): whoever made the link must not get an error page out of us
        return "/desk"
    inside = parts.path == "/desk" or parts.path.startswith("/desk/")
    if (
        parts.scheme
        or parts.netloc
        or not inside
        or "\\" in target
        or ".." in target
        or parts.path.startswith("/desk/sign-")
    ):
        return "/desk"
    return parts.path
