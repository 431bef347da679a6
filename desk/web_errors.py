"""What went wrong, said kindly, as a page or as the part of one that was asked for. The text of an exception never leaves the process."""

from urllib.parse import quote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import NoResultFound
from starlette.exceptions import HTTPException

from core.logging import get_logger
from core.pace import A_MINUTE, Busy
from desk.errors import (
    BadInput,
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
from desk.frame import home
from desk.pages import go, page, wants_fragment
from desk.words import words

log = get_logger("desk.web")

DIRECTORY = "/desk/directory"
_IN_DIRECTORY = {"error_not_found": "directory_error_not_found"}
"""What is said differently on the pages of the directory, which hold no cases."""


def answer_error(request: Request, error: Exception) -> Response:
    """The answer to a request that failed."""
    if isinstance(error, SignInNeeded):
        return _sign_in_needed(request)
    if (missing := _missing(error)) is not None:
        return _elsewhere(request, missing)
    if isinstance(error, NotAllowed) and request.method == "GET" and request.url.path == "/desk":
        # Where everybody lands after signing in: whoever works on no cases goes on to their own page.
        return _elsewhere(request, home(error))
    status, key = _kind(error)
    if request.url.path.startswith(DIRECTORY):
        key = _IN_DIRECTORY.get(key, key)
    text = words().say(key, **(error.values if isinstance(error, BadInput) else {}))
    if status >= 500:
        route = request.scope.get("route")
        log.error("a page failed", method=request.method, path=getattr(route, "path", ""), exc_info=error)
    template = "_error.html" if wants_fragment(request) else "error.html"
    headers = {"Retry-After": str(A_MINUTE)} if isinstance(error, Busy) else None
    return page(template, status=status, headers=headers, text=text)


def _missing(error: Exception) -> str | None:
    """The page where what is missing can be given."""
    if isinstance(error, PasswordNeeded):
        return "/desk/password"
    if isinstance(error, FactorNeeded):
        return "/desk/second-factor/new" if error.new else "/desk/second-factor"
    if isinstance(error, ConfirmationNeeded):
        return f"/desk/confirm?next={quote(error.back)}"
    return None


def _kind(error: Exception) -> tuple[int, str]:
    if isinstance(error, (ForeignRequest, NotAllowed, Busy)):
        return _refused(error)
    if isinstance(error, (NotFound, NoResultFound)):
        return 404, "error_not_found"
    if isinstance(error, BadInput):
        return 422, error.key
    if isinstance(error, RequestValidationError):
        # The only values in addresses are ids: one that is none names no case.
        in_path = any(fault["loc"][:1] == ("path",) for fault in error.errors())
        return (404, "error_not_found") if in_path else (422, "error_input")
    if isinstance(error, HTTPException) and error.status_code < 500:
        return error.status_code, "error_input"
    return 500, "error_server"


def _refused(error: ForeignRequest | NotAllowed | Busy) -> tuple[int, str]:
    if isinstance(error, Busy):
        return 429, "error_busy"
    if isinstance(error, TooLong):
        return 413, "error_too_long"
    if isinstance(error, FormTokenWrong):
        return 403, "error_form_old"
    return 403, "error_foreign" if isinstance(error, ForeignRequest) else "error_not_allowed"


def _sign_in_needed(request: Request) -> Response:
    if wants_fragment(request):
        # Never a redirect: it would throw away what somebody is typing.
        return page("_signed_out.html", status=401, draft=request.method == "POST")
    wanted = request.url.path if request.method == "GET" else "/desk"
    return go("/desk/sign-in" if wanted == "/desk" else f"/desk/sign-in?next={quote(wanted)}")


def _elsewhere(request: Request, path: str) -> Response:
    if wants_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": path})
    return go(path)
