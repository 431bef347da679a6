"""The page behind a focal point's link: reads an entry, takes one answer. No account, no cookie, no script; the link alone lets in.

Opening it changes nothing, because mail scanners open links before people do. A wrong, used or old link gets the same page.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.database import Sessions, now
from core.logging import get_logger
from core.pace import A_MINUTE, Busy, Pace
from core.settings import Settings
from desk.access import LinkDoor, make_route_class
from desk.confirmpage import DAYS, Misread, Shown, closed_until, corrections, shown
from desk.errors import ForeignRequest, FormTokenWrong
from desk.limits import address_of
from desk.pages import go, page
from desk.permissions import PUBLIC, needs
from directory import guarding
from directory.errors import DeadLinkError, DoNotListError, ReasonNeededError, SecretInPublicError
from directory.review import answering
from directory.review.answering import Asked, Corrections
from directory.review.words import LANGUAGES, FocalWords, focal_words

log = get_logger("desk.confirm")

TRIES_A_MINUTE = 60
"""Of one address: many focal points may sit behind one, and nobody guesses 192 bits at this rate."""
DONE = ("confirmed", "corrected", "closed")


def make_confirm_router(settings: Settings, sessions: Sessions) -> APIRouter:
    """The pages under /confirm."""
    router = APIRouter(
        prefix="/confirm",
        route_class=make_route_class(LinkDoor(settings, sessions), _answer_error),
        include_in_schema=False,
        redirect_slashes=False,
    )
    pace = Pace(TRIES_A_MINUTE)

    @router.get("/done/{what}")
    @needs(PUBLIC)
    def done(request: Request, what: str) -> Response:
        if what not in DONE:
            raise DeadLinkError
        words = _words(request)
        return page("entry_said.html", w=words, title=words.say("done_title"), text=words.say(f"done_{what}"))

    @router.get("/{token}")
    @needs(PUBLIC)
    def show(request: Request, token: str) -> Response:
        pace.now(address_of(request))
        with sessions.begin() as session:
            asked = answering.open_link(session, token)
            words = _words(request, asked.focal_point.language)
            return _page(asked, words, token)

    @router.post("/{token}")
    @needs(PUBLIC)
    async def answer(request: Request, token: str) -> Response:
        pace.now(address_of(request))
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        return await run_in_threadpool(_take, sessions, request, token, form)

    return router


def _take(sessions: Sessions, request: Request, token: str, form: Mapping[str, str]) -> Response:
    """Take the answer, or show the form again with what is to be mended. Nothing is kept of one that is not taken."""
    try:
        with sessions.begin() as session:
            asked = answering.open_link(session, token, lock=True)
            words = _words(request, asked.focal_point.language)
            what = _answer(session, asked, words, token, form)
            log.info("a focal point answered", service=str(asked.service.id), state=what)
        return go(f"/confirm/done/{what}?lang={words.code}")
    except ReasonNeededError:
        error = "error_reason"
    except SecretInPublicError:
        error = "error_secret"
    except Misread as misread:
        error = misread.key
    with sessions.begin() as session:
        asked = answering.open_link(session, token)
        return _page(asked, _words(request, asked.focal_point.language), token, error=error, form=form)


def _answer(session: Session, asked: Asked, words: FocalWords, token: str, form: Mapping[str, str]) -> str:
    """Give the answer of the form to the review; which it was. Raises Misread."""
    match form.get("answer"):
        case "confirm":
            answering.confirm(session, token)
            return "confirmed"
        case "correct":
            said = corrections(form, asked, shown(asked, words))
            _refuse_secrets(session, asked, said.message)
            _correct(session, token, said)
            return "corrected"
        case "close":
            reason = form.get("reason", "").strip()[:200]
            _refuse_secrets(session, asked, reason)
            until = closed_until(form, now().date())
            if form.get("how") == "for_good":
                answering.close(session, token, "for_good", reason=reason)
            else:
                answering.close(session, token, "for_a_while", reason=reason, until=until)
            return "closed"
    raise Misread("error_input")


def _refuse_secrets(session: Session, asked: Asked, text: str) -> None:
    if not guarding.says_nothing(session, asked.record, text):
        raise Misread("error_secret")


def _correct(session: Session, token: str, said: Corrections) -> None:
    try:
        answering.correct(session, token, said)
    except DoNotListError:
        raise Misread("error_input") from None
    except ValueError:  # of all that the form lets through only a number can be none
        raise Misread("error_phone") from None


def _page(
    asked: Asked, words: FocalWords, token: str, *, error: str | None = None, form: Mapping[str, str] | None = None
) -> Response:
    entry: Shown = shown(asked, words)
    return page(
        "entry_check.html",
        status=422 if error else 200,
        w=words,
        entry=entry,
        token=token,
        languages=[focal_words(code) for code in LANGUAGES],
        days=DAYS,
        form=form or {},
        error=words.say(error) if error else None,
    )


def _words(request: Request, otherwise: str | None = None) -> FocalWords:
    """The language that was picked on the page, else the focal point's, else the browser's."""
    picked = request.query_params.get("lang", "")
    if picked in LANGUAGES:
        return focal_words(picked)
    if otherwise is None:
        wanted = [
            part.partition(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")
        ]
        otherwise = next((code for code in wanted if code in LANGUAGES), "en")
    return focal_words(otherwise)


def _answer_error(request: Request, error: Exception) -> Response:
    """One friendly page for everything: what went wrong would tell whoever guesses."""
    words = _words(request)
    if isinstance(error, Busy):
        headers = {"Retry-After": str(A_MINUTE)}
        said = {"title": words.say("busy_title"), "text": words.say("busy_text")}
        return page("entry_said.html", status=429, headers=headers, w=words, **said)
    if not isinstance(error, DeadLinkError | ForeignRequest):
        log.error("a page failed", method=request.method, path="/confirm", exc_info=error)
    status = 403 if isinstance(error, FormTokenWrong) else 404
    return page("entry_said.html", status=status, w=words, title=words.say("dead_title"), text=words.say("dead_text"))
