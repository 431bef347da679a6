"""The second factor's pages: setting it up, giving it when signing in, and showing who one is before something dangerous."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from core.logging import get_logger
from core.settings import Settings
from desk import accounts, attempts, factors, passkeys
from desk.access import Door, Visit, safe_next
from desk.errors import FactorNeeded, PasswordNeeded
from desk.pages import go, page
from desk.passwords import check_password
from desk.permissions import BEGIN, needs
from desk.words import words

log = get_logger("desk.factor")

Field = Annotated[str, Form()]


def add_routes(router: APIRouter, settings: Settings, door: Door) -> None:
    """Setting up, giving, confirming."""
    _add_setup(router, settings, door)
    _add_code(router, settings, door)
    _add_confirmation(router, settings, door)


def _add_setup(router: APIRouter, settings: Settings, door: Door) -> None:
    @router.get("/second-factor/new")
    @needs(BEGIN)
    def show_setup(request: Request) -> Response:
        with door.visit(request) as visit:
            _may_set_up(door, visit)
            secret = factors.begin_setup(visit.session, visit.user)
            return _setup_page(settings, visit, secret)

    @router.post("/second-factor/new")
    @needs(BEGIN, logs="second_factor_set")
    def set_up(request: Request, code: Field = "") -> Response:
        with door.visit(request) as visit:
            _may_set_up(door, visit)
            codes = factors.finish_setup(visit.session, visit.staff_session, "".join(code.split()))
            if codes is None:
                visit.logged = True
                secret = factors.pending_secret(visit.session, visit.user)
                if secret is None:
                    return go("/desk/second-factor/new")
                return _setup_page(settings, visit, secret, error=words().say("factor_wrong"))
            response = page("recovery.html", codes=codes, first=True)
            door.let_in(response, accounts.renew(visit.session, visit.staff_session))
            log.info("second factor set", user=str(visit.user.id))
            return response

    @router.post("/second-factor/recovery")
    @needs("account.own", logs="recovery_codes_made", fresh=True)
    def new_recovery_codes(request: Request) -> Response:
        with door.visit(request) as visit:
            if visit.user.second_factor_at is None:
                return go("/desk/second-factor/new")
            return page("recovery.html", codes=factors.new_recovery_codes(visit.session, visit.user), first=False)


def _add_code(router: APIRouter, settings: Settings, door: Door) -> None:
    @router.get("/second-factor")
    @needs(BEGIN)
    def show_code(request: Request) -> Response:
        with door.visit(request) as visit:
            if visit.user.second_factor_at is None or visit.staff_session.second_factor_at is not None:
                return go("/desk")
            return factor_page(visit, settings)

    @router.post("/second-factor")
    @needs(BEGIN, logs="second_factor_given")
    def give_code(request: Request, code: Field = "") -> Response:
        with door.visit(request) as visit:
            wrong = factors.check(visit.session, visit.user, code)
            if wrong is not None:
                visit.logged = True
                return factor_page(visit, settings, wrong)
            return let_in(visit, door)


def _add_confirmation(router: APIRouter, settings: Settings, door: Door) -> None:
    @router.get("/confirm")
    @needs("account.own")
    def show_confirmation(request: Request, next: str = "/desk") -> Response:  # noqa: A002 (the name in the address)
        with door.visit(request) as visit:
            return confirm_page(visit, settings, safe_next(next))

    @router.post("/confirm")
    @needs("account.own", logs="confirmed")
    def confirm(request: Request, shown: Field = "", next: Field = "/desk") -> Response:  # noqa: A002
        with door.visit(request) as visit:
            wrong = _check(visit, shown)
            if wrong is not None:
                visit.logged = True
                return confirm_page(visit, settings, safe_next(next), wrong)
            accounts.confirm(visit.session, visit.staff_session)
        return go(safe_next(next))


def let_in(visit: Visit, door: Door) -> Response:
    """Behind the second factor, whichever it was: to the desk with a new session, after a link to the password first."""
    factors.given(visit.session, visit.staff_session)
    response = go("/desk/password" if visit.staff_session.by_link else "/desk")
    door.let_in(response, accounts.renew(visit.session, visit.staff_session))
    return response


def factor_page(visit: Visit, settings: Settings, wrong: factors.Wrong | None = None) -> Response:
    """Where the second factor is asked for: a code, or one of the user's passkeys."""
    options = passkeys.begin_showing(visit.session, visit.staff_session, settings)
    return page("second_factor.html", status=_status(wrong), error=wrong and _said(wrong), options=options)


def confirm_page(visit: Visit, settings: Settings, back: str, wrong: factors.Wrong | None = None) -> Response:
    """Where somebody shows who they are before something dangerous."""
    options = passkeys.begin_showing(visit.session, visit.staff_session, settings)
    return page(
        "confirm.html", status=_status(wrong), error=wrong and _said(wrong), next=back, user=visit.user, options=options
    )


def _status(wrong: factors.Wrong | None) -> int:
    if wrong is None:
        return 200
    return 429 if wrong.wait else 422


def _check(visit: Visit, shown: str) -> factors.Wrong | None:
    """With a second factor, that is asked for; without one, the password."""
    if visit.user.second_factor_at is not None:
        return factors.check(visit.session, visit.user, shown)
    attempt = attempts.begin(visit.session, str(visit.user.id), purpose="confirm")
    if attempt.wait:
        return factors.Wrong(attempt.wait)
    if check_password(shown, visit.user.password_hash):
        attempts.succeeded(visit.session, attempt)
        return None
    attempts.failed(visit.session, attempt)
    return factors.Wrong()


def _may_set_up(door: Door, visit: Visit) -> None:
    """A first second factor after the password; another one only for who has just shown the present one.

    Raises PasswordNeeded, FactorNeeded, ConfirmationNeeded.
    """
    if visit.user.second_factor_at is not None:
        if visit.staff_session.second_factor_at is None:
            raise FactorNeeded(new=False)
        door.require_fresh(visit, "/desk/second-factor/new")
    elif visit.user.password_hash is None:
        raise PasswordNeeded


def _setup_page(settings: Settings, visit: Visit, secret: str, *, error: str | None = None) -> Response:
    return page(
        "second_factor_new.html",
        status=422 if error else 200,
        error=error,
        picture=factors.picture(secret, visit.user.name),
        secret=factors.readable(secret),
        required=settings.second_factor_required() and visit.user.second_factor_at is None,
    )


def _said(wrong: factors.Wrong) -> str:
    if wrong.wait:
        return words().say("sign_in_wait", time=words().wait(wrong.wait))
    return words().say("factor_wrong")
