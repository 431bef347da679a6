"""The page behind a referral's link: a partner's focal point reads and answers. No account, no cookie, no script; the link alone lets in.

The link opens onto a door that tells nothing: mail scanners open links before people do, and they must neither read what a person told
nor count as somebody who did. Only the button behind it shows the referral, and each time is written down. A wrong, old, answered or
taken-back link gets the same page.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from cases.errors import DeadLink, WrongState
from cases.models import Case
from cases.referrals import answers, links
from cases.referrals.models import DECLINE_REASONS, Referral
from cases.referrals.words import LANGUAGES, partner_words
from core.database import Sessions
from core.logging import get_logger
from core.pace import A_MINUTE, Busy, Pace
from core.settings import Settings
from desk.access import MAX_FORM_BYTES, SAFE_METHODS, LinkDoor, make_route_class
from desk.confirmpage import Misread
from desk.errors import ForeignRequest, FormTokenWrong, TooLong
from desk.limits import address_of
from desk.pages import go, page
from desk.permissions import PUBLIC, needs
from desk.web_confirm import TRIES_A_MINUTE
from directory.models import Service
from directory.review.models import FocalPoint
from directory.review.words import FocalWords
from gateway.returning import come_back

log = get_logger("desk.partner")

DONE = ("accepted", "declined", "asked_back")
SILENT = {"Referrer-Policy": "no-referrer"}
"""The address is the key: it goes to nobody, not even to our own log by way of a referrer."""


class PartnerDoor(LinkDoor):
    """Takes a form from anywhere: browsers send no origin from a page without referrer. The form's token says that it stood on our page."""

    def refuse_foreign(self, request: Request) -> None:
        if request.method in SAFE_METHODS:
            return
        # A body that does not say how long it is could be endless.
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_FORM_BYTES:
            raise TooLong


def make_partner_router(settings: Settings, sessions: Sessions) -> APIRouter:
    """The pages under /referral."""
    router = APIRouter(
        prefix="/referral",
        route_class=make_route_class(PartnerDoor(settings, sessions), _answer_error),
        include_in_schema=False,
        redirect_slashes=False,
    )
    pace = Pace(TRIES_A_MINUTE)

    @router.get("/done/{what}")
    @needs(PUBLIC)
    def done(request: Request, what: str) -> Response:
        if what not in DONE:
            raise DeadLink
        said = _words(request)
        return _said(said, "done_title", f"done_{what}")

    @router.get("/{token}")
    @needs(PUBLIC)
    def door(request: Request, token: str) -> Response:
        pace.now(address_of(request))
        with sessions.begin() as session:
            said = _words(request, _language(session, links.open_link(session, token)))
        return page("partner_door.html", headers=SILENT, w=said, token=token, languages=_languages())

    @router.post("/{token}")
    @needs(PUBLIC)
    async def act(request: Request, token: str) -> Response:
        pace.now(address_of(request))
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        return await run_in_threadpool(_act, settings, sessions, request, token, form)

    return router


def _act(settings: Settings, sessions: Sessions, request: Request, token: str, form: Mapping[str, str]) -> Response:
    """Show the referral, or take the answer. Nothing is kept of a form that cannot be taken."""
    if form.get("answer") is None:
        with sessions.begin() as session:
            return _show(session, request, answers.read(session, token), token, form)
    try:
        with sessions.begin() as session:
            said = _words(request, _language(session, links.open_link(session, token)))
            what = _answer(session, settings, token, form)
        return go(f"/referral/done/{what}?lang={said.code}")
    except Misread as misread:
        with sessions.begin() as session:
            return _show(session, request, links.open_link(session, token), token, form, error=misread.key)


def _answer(session: Session, settings: Settings, token: str, form: Mapping[str, str]) -> str:
    """Take the answer of the form; which it was. What needs somebody of the team brings the case back to the queue."""
    try:
        match form["answer"]:
            case "accept":
                answers.accept(session, token, settings, remark=form.get("remark", ""))
                return "accepted"
            case "decline":
                reason = form.get("reason", "")
                if reason not in DECLINE_REASONS:
                    raise Misread("error_reason")
                referral = answers.decline(session, token, reason, settings, remark=form.get("remark", ""))
                _come_back(session, referral, "referral_declined", settings)
                return "declined"
            case "ask":
                if not form.get("question", "").strip():
                    raise Misread("error_question")
                referral = answers.ask_back(session, token, form["question"])
                _come_back(session, referral, "referral_asked_back", settings)
                return "asked_back"
    except WrongState:
        raise DeadLink from None
    raise Misread("error_reason")


def _come_back(session: Session, referral: Referral, reason: str, settings: Settings) -> None:
    come_back(session, session.get_one(Case, referral.case_id), reason, settings)


def _show(
    session: Session, request: Request, referral: Referral, token: str, form: Mapping[str, str], *, error: str = ""
) -> Response:
    said = _words(request, _language(session, referral))
    service = session.get(Service, referral.service_id) if referral.service_id else None
    return page(
        "partner_referral.html",
        status=422 if error else 200,
        headers=SILENT,
        w=said,
        token=token,
        referral=referral,
        place=f"{service.name} · {service.organization.name}" if service else "",
        lines=[(said.say(f"field_{one.name}"), one.text, one.name) for one in links.lines(referral)],
        until=said.date(referral.expires_at.date()) if referral.expires_at else "",
        reasons=DECLINE_REASONS,
        form=form,
        error=said.say(error) if error else None,
    )


def _language(session: Session, referral: Referral) -> str:
    focal_point = session.get(FocalPoint, referral.focal_point_id) if referral.focal_point_id else None
    return focal_point.language if focal_point else referral.language


def _languages() -> list[FocalWords]:
    return [partner_words(code) for code in LANGUAGES]


def _words(request: Request, otherwise: str = "en") -> FocalWords:
    """The language that was picked on the page, else the focal point's."""
    picked = request.query_params.get("lang", "")
    return partner_words(picked if picked in LANGUAGES else otherwise)


def _said(
    said: FocalWords, title: str, text: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return page(
        "entry_said.html", status=status, headers=SILENT | (headers or {}), w=said, title=said.say(title), text=said.say(text)
    )  # fmt: skip


def _answer_error(request: Request, error: Exception) -> Response:
    """One friendly page for everything: what went wrong would tell whoever guesses."""
    said = _words(request)
    if isinstance(error, Busy):
        return _said(said, "busy_title", "busy_text", status=429, headers={"Retry-After": str(A_MINUTE)})
    if not isinstance(error, DeadLink | ForeignRequest):
        log.error("a page failed", method=request.method, path="/referral", exc_info=error)
    return _said(said, "dead_title", "dead_text", status=403 if isinstance(error, FormTokenWrong) else 404)
