"""Pages of a case's referrals: find a place, choose what it is told, ask the person, send, and follow what becomes of it.

Every address holds the case, so the door has looked whose it is before anything is read; the referral is looked up within that case only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from cases import service
from cases.errors import CaseClosed, DeadLink, NoConsent, NothingChosen, NotTheOwner, WrongState
from cases.models import CONSENT_WAYS, Case, Consent, Team
from cases.referrals import content, course, links
from cases.referrals.form import make_form
from cases.referrals.models import DECLINE_REASONS, READABLE, Referral
from cases.referrals.words import LANGUAGES as PARTNER_LANGUAGES
from cases.referrals.words import partner_words
from core.database import now
from core.settings import Settings
from desk import referral_asking, referral_fields, referral_page, referral_search
from desk.access import Door, Visit
from desk.directory_pages import Form
from desk.errors import BadInput, NotFound
from desk.form_fields import Fields
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import needs
from desk.words import Words, words
from directory.models import NEEDS
from gateway.gateway import Gateway

LONGEST_REPLY = 1000
DONE = ("begun", "chosen", "asked", "agreed", "sent", "replied", "told", "withdrawn", "handed_over")
"""What a page may say after a change: `referral_done_<word>`."""
REFUSALS: Mapping[type[Exception], tuple[str, int]] = {
    CaseClosed: ("is_closed", 409),
    WrongState: ("referral_changed", 409),
    NoConsent: ("referral_no_consent", 409),
    NothingChosen: ("referral_nothing_chosen", 422),
}


@dataclass(frozen=True, slots=True)
class ReferralPages:
    """Shows referrals, and does things with them."""

    settings: Settings
    gateway: Gateway
    door: Door

    def show(
        self, visit: Visit, request: Request, template: str, case: Case, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page in the visitor's language, inside the frame."""
        console = words()
        done = request.query_params.get("done", "")
        shown: dict[str, Any] = {
            "case": case,
            "mine": case.state == "open" and case.assignee_id == visit.user.id,
            "message": console.say(f"referral_done_{done}") if done in DONE else None,
            "error": None,
        }
        return page(template, status=status, **frame(visit, case.id, current="/desk"), **(shown | values))

    def search(
        self, visit: Visit, request: Request, case: Case, facts: referral_search.Facts, **values: Any
    ) -> Response:
        """The facts, the services side by side, and the other teams."""
        console = words()
        teams = visit.session.scalars(select(Team).where(Team.id != case.team_id).order_by(Team.name)).all()
        return self.show(
            visit, request, "referral_search.html", case, facts=facts, needs=NEEDS, countries=self.settings.countries,
            languages=self.settings.languages, teams=teams,
            found=referral_search.find(visit.session, facts, self.settings, console), **values,
        )  # fmt: skip

    def one(
        self,
        visit: Visit,
        request: Request,
        referral: Referral,
        *,
        typed: Mapping[str, tuple[str, str]] | None = None,
        **values: Any,
    ) -> Response:
        """One referral with everything that can be done with it now; `typed` are fields that must not be lost."""
        case, session = referral.case, visit.session
        chosen = content.read(referral.content)
        name = self.name_of(visit, referral)
        again = course.not_answered(referral)
        asks = (referral.state in ("draft", "refused") or again) and case.state == "open"
        console = words()
        shown: dict[str, Any] = {
            "referral": referral,
            "says": referral_page.says(referral, console),
            "asks": asks,
            "again": again,
            "to": referral_page.recipient(referral, console),
            "name": name,
            "fields": content.FIELDS,
            "numbers": content.NUMBERS,
            "reasons": content.REASONS,
            "chosen": {one.name: (one.value, one.why) for one in chosen} if typed is None else typed,
            "suggested": referral_fields.suggestions(case, self.gateway.wording, referral.language),
            "preview": referral_fields.preview(chosen, case, referral.language),
            "partner": partner_words(referral.language),
            "partner_languages": [partner_words(code) for code in PARTNER_LANGUAGES],
            "asked": referral_asking.question(session, self.gateway, case, name) if asks and name else None,
            "said_later": service.read_screening(case).answers.get("referral") == "later",
            "ways": CONSENT_WAYS[1:],
            "points": referral_search.focal_points(session, referral.service_id) if referral.service_id else [],
            "declined": DECLINE_REASONS,
            "history": referral_page.history(session, referral, console),
            "editable": referral.state in course.EDITABLE and referral.team_id is None,
            "live": referral.state in course.LIVE,
            "readable": referral.state in READABLE,
            "link": None,
        }
        return self.show(visit, request, "referral.html", case, **(shown | values))

    def name_of(self, visit: Visit, referral: Referral) -> str | None:
        """What the person reads in the question; None: the service is told of to nobody any more."""
        if referral.team is not None:
            return referral.team.name
        if referral.service_id is None:
            return None
        language = referral.conversation.language or self.settings.languages[0]
        return referral_search.place_name(visit.session, referral.service_id, language, self.settings)

    def act(
        self,
        request: Request,
        case_id: UUID,
        referral_id: UUID,
        done: str,
        change: Callable[[Visit, Referral], str | None],
        *,
        typed: Mapping[str, tuple[str, str]] | None = None,
    ) -> Response:
        """Do it and go back to the referral, or say why not. `change` may name another page to go to."""
        try:
            with self.door.visit(request) as visit:
                elsewhere = change(visit, course.find(visit.session, case_id, referral_id, lock=True))
        except (CaseClosed, NotTheOwner, WrongState, NoConsent, NothingChosen, BadInput) as error:
            said, status = _refusal(error, words())
            with self.door.visit(request) as visit:
                referral = course.find(visit.session, case_id, referral_id)
                return self.one(visit, request, referral, typed=typed, status=status, error=said)
        return go(elsewhere or f"/desk/cases/{case_id}/referrals/{referral_id}?done={done}")


def _refusal(error: Exception, console: Words) -> tuple[str, int]:
    if isinstance(error, BadInput):
        return console.say(error.key, **error.values), 422
    if isinstance(error, NotTheOwner):
        return console.say("not_yours", name=error.holder) if error.holder else console.say("not_taken"), 409
    key, status = REFUSALS[type(error)]
    return console.say(key), status


def add_routes(router: APIRouter, pages: ReferralPages) -> None:
    """Everything about the referrals of a case."""
    _add_finding(router, pages)
    _add_reading(router, pages)
    _add_preparing(router, pages)
    _add_consent(router, pages)
    _add_sending(router, pages)
    _add_after(router, pages)
    _add_ending(router, pages)


def _add_finding(router: APIRouter, pages: ReferralPages) -> None:
    @router.get("/cases/{case_id}/referrals/new")
    @needs("case.refer")
    def find_place(request: Request, case_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            case = visit.session.get_one(Case, case_id)
            return pages.search(visit, request, case, referral_search.Facts.told(case, pages.settings))

    @router.post("/cases/{case_id}/referrals/search")
    @needs("case.refer")
    def find_again(request: Request, case_id: UUID, form: Form) -> Response:
        """By the facts as the caseworker corrected them; nothing of it is kept."""
        sent = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        with pages.door.visit(request) as visit:
            case = visit.session.get_one(Case, case_id)
            return pages.search(visit, request, case, referral_search.Facts.of(sent, pages.settings))

    @router.post("/cases/{case_id}/referrals")
    @needs("case.refer", logs="referral_begun")
    def begin(request: Request, case_id: UUID, form: Form) -> Response:
        sent = Fields.of(form.multi_items())
        try:
            with pages.door.visit(request) as visit:
                referral = _begin(pages, visit, case_id, sent)
        except (CaseClosed, NotTheOwner, BadInput) as error:
            said, status = _refusal(error, words())
            with pages.door.visit(request) as visit:
                case = visit.session.get_one(Case, case_id)
                facts = referral_search.Facts.told(case, pages.settings)
                return pages.search(visit, request, case, facts, status=status, error=said)
        return go(f"/desk/cases/{case_id}/referrals/{referral.id}?done=begun")


def _begin(pages: ReferralPages, visit: Visit, case_id: UUID, sent: Fields) -> Referral:
    """To a service that people are told of, or to another team."""
    session = visit.session
    if team_id := _uuid(sent.text("team")):
        team = session.get(Team, team_id)
        if team is None or team.id == session.get_one(Case, case_id).team_id:
            raise BadInput("referral_choose_place")
        return course.prepare(session, case_id, visit.user, team=team.id, language="en")
    service_id = _uuid(sent.text("service"))
    if service_id is None or referral_search.place_name(session, service_id, "en", pages.settings) is None:
        raise BadInput("referral_choose_place")
    points = referral_search.focal_points(session, service_id)
    language = points[0].language if points else "en"
    return course.prepare(
        session, case_id, visit.user, service=service_id, language=language if language in PARTNER_LANGUAGES else "en"
    )


def _add_reading(router: APIRouter, pages: ReferralPages) -> None:
    @router.get("/cases/{case_id}/referrals/{referral_id}")
    @needs("case.read")
    def show_referral(request: Request, case_id: UUID, referral_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            return pages.one(visit, request, course.find(visit.session, case_id, referral_id))

    @router.get("/cases/{case_id}/referrals/{referral_id}/form")
    @needs("case.refer")
    def print_form(request: Request, case_id: UUID, referral_id: UUID) -> Response:
        """The referral on paper: only what was sent as a form, while the person's consent holds. Each printing is logged."""
        with pages.door.visit(request) as visit:
            referral = course.find(visit.session, case_id, referral_id)
            if referral.state not in READABLE or referral.way != "form" or referral.case.assignee_id != visit.user.id:
                raise NotFound
            visit.log("referral_printed", kind="referral", subject=referral.id)
            course.note(visit.session, referral, "printed", user=visit.user)
            place = referral_page.recipient(referral, words())
            made = make_form(referral, place=place, today=now().date())
        name = f"{referral.reference}.pdf"
        return Response(
            made, media_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )


def _add_preparing(router: APIRouter, pages: ReferralPages) -> None:
    @router.post("/cases/{case_id}/referrals/{referral_id}/fields")
    @needs("case.refer", logs="referral_chosen")
    def choose(request: Request, case_id: UUID, referral_id: UUID, form: Form) -> Response:
        sent = Fields.of(form.multi_items())
        ticked = [name for name in content.FIELDS if sent.text(f"tell_{name}") == "yes"]
        typed = {name: (sent.text(f"text_{name}"), sent.text(f"why_{name}")) for name in ticked}

        def change(visit: Visit, referral: Referral) -> None:
            service.held(visit.session, case_id, visit.user)
            language = sent.text("language")
            referral.language = language if language in PARTNER_LANGUAGES else referral.language
            try:
                course.choose(
                    visit.session, referral, [content.Chosen(name, text, why) for name, (text, why) in typed.items()]
                )
            except content.ContentError as fault:
                field = partner_words("en").say(f"field_{fault.name}") if fault.name in content.FIELDS else ""
                raise BadInput(f"referral_field_{fault.key}", field=field, limit=content.LONGEST) from None

        return pages.act(request, case_id, referral_id, "chosen", change, typed=typed)


def _add_consent(router: APIRouter, pages: ReferralPages) -> None:
    @router.post("/cases/{case_id}/referrals/{referral_id}/ask")
    @needs("case.refer", logs="referral_asked")
    def ask(request: Request, case_id: UUID, referral_id: UUID) -> Response:
        def change(visit: Visit, referral: Referral) -> None:
            name = pages.name_of(visit, referral)
            if name is None:
                raise BadInput("referral_choose_place")
            referral_asking.ask(visit.session, pages.gateway, referral, visit.user, name)

        return pages.act(request, case_id, referral_id, "asked", change)

    @router.post("/cases/{case_id}/referrals/{referral_id}/agree")
    @needs("case.refer", logs="referral_agreed")
    def agree(request: Request, case_id: UUID, referral_id: UUID, form: Form) -> Response:
        """The person said yes to the caseworker: written, on the telephone or face to face."""
        sent = Fields.of(form.multi_items())

        def change(visit: Visit, referral: Referral) -> None:
            how = sent.text("how")
            if how not in CONSENT_WAYS[1:] or sent.text("sure") != "yes":
                raise BadInput("referral_how_needed")
            course.agree(visit.session, referral, visit.user, _consent(visit, referral, how, given=True))

        return pages.act(request, case_id, referral_id, "agreed", change)


def _add_sending(router: APIRouter, pages: ReferralPages) -> None:
    @router.post("/cases/{case_id}/referrals/{referral_id}/send")
    @needs("case.refer", logs="referral_sent")
    def send(request: Request, case_id: UUID, referral_id: UUID, form: Form) -> Response:
        """To a focal point by a link, with a link that is handed over by hand, or on paper."""
        to = Fields.of(form.multi_items()).text("to")

        def change(visit: Visit, referral: Referral) -> None:
            points = referral_search.focal_points(visit.session, referral.service_id) if referral.service_id else []
            point = next((one for one in points if str(one.id) == to), None)
            if point is None and to not in ("link", "form"):
                raise BadInput("referral_choose_way")
            way = "form" if to == "form" else "link"
            course.send(
                visit.session, referral, visit.user, way, pages.settings, focal_point=point.id if point else None
            )
            told = ",".join(one.name for one in content.read(referral.content))
            visit.log("referral_sent", kind="referral", subject=referral.id, fields=told, way=way)

        return pages.act(request, case_id, referral_id, "sent", change)

    @router.post("/cases/{case_id}/referrals/{referral_id}/link")
    @needs("case.refer", logs="referral_link_shown", fresh=True)
    def show_link(request: Request, case_id: UUID, referral_id: UUID) -> Response:
        """For whoever hands it over by hand. Whoever has it can read and answer in the partner's name: it is logged who saw it."""
        with pages.door.visit(request) as visit:
            referral = course.find(visit.session, case_id, referral_id, lock=True)
            if (
                referral.token_hash is None
                or referral.state not in READABLE
                or referral.case.assignee_id != visit.user.id
            ):
                raise NotFound
            try:
                link = links.link_of(referral, pages.settings.public_base())
            except DeadLink:
                raise NotFound from None
            course.note(visit.session, referral, "link_shown", user=visit.user)
            return pages.one(visit, request, referral, link=link)


def _add_after(router: APIRouter, pages: ReferralPages) -> None:
    @router.post("/cases/{case_id}/referrals/{referral_id}/reply")
    @needs("case.refer", logs="referral_replied")
    def reply(request: Request, case_id: UUID, referral_id: UUID, form: Form) -> Response:
        text = Fields.of(form.multi_items()).text("text").replace("\r\n", "\n").strip()

        def change(visit: Visit, referral: Referral) -> None:
            if not text or len(text) > LONGEST_REPLY:
                raise BadInput("referral_reply_needed", limit=LONGEST_REPLY)
            course.reply(visit.session, referral, visit.user, text, pages.settings)

        return pages.act(request, case_id, referral_id, "replied", change)

    @router.post("/cases/{case_id}/referrals/{referral_id}/hand-over")
    @needs("case.refer", logs="case_handed_to_team")
    def hand_over(request: Request, case_id: UUID, referral_id: UUID) -> Response:
        """The case is the other team's from now on, and no longer readable here."""

        def change(visit: Visit, referral: Referral) -> str:
            course.hand_over(visit.session, referral, visit.user)
            return "/desk"

        return pages.act(request, case_id, referral_id, "handed_over", change)


def _add_ending(router: APIRouter, pages: ReferralPages) -> None:
    @router.post("/cases/{case_id}/referrals/{referral_id}/told")
    @needs("case.refer", logs="referral_told")
    def told(request: Request, case_id: UUID, referral_id: UUID, form: Form) -> Response:
        """The partner answered on the telephone or on paper."""
        answer = Fields.of(form.multi_items()).text("answer")

        def change(visit: Visit, referral: Referral) -> None:
            reason = answer.removeprefix("declined_")
            if answer != "accepted" and (reason == answer or reason not in DECLINE_REASONS):
                raise BadInput("referral_answer_needed")
            accepted = answer == "accepted"
            if referral.team_id is not None:
                raise WrongState(referral.state)
            course.settle(
                visit.session, referral, pages.settings, accepted=accepted, reason=None if accepted else reason,
                user=visit.user,
            )  # fmt: skip

        return pages.act(request, case_id, referral_id, "told", change)

    @router.post("/cases/{case_id}/referrals/{referral_id}/withdraw")
    @needs("case.refer", logs="referral_withdrawn")
    def withdraw(request: Request, case_id: UUID, referral_id: UUID, form: Form) -> Response:
        """Whoever can read the case may take a referral back, held or not, open or closed: it protects, and must not wait."""
        how = Fields.of(form.multi_items()).text("how")

        def change(visit: Visit, referral: Referral) -> None:
            if how in CONSENT_WAYS[1:]:
                referral.consent_id = _consent(visit, referral, how, given=False).id
            course.withdraw(visit.session, referral, visit.user)

        return pages.act(request, case_id, referral_id, "withdrawn", change)


def _consent(visit: Visit, referral: Referral, how: str, *, given: bool) -> Consent:
    """What the person said to a caseworker, with how and to whom."""
    return service.record_consent(
        visit.session, referral.conversation_id, "team" if referral.team_id else "referral", given=given,
        language=referral.conversation.language or "en", text_version="spoken", how=how, user=visit.user,
    )  # fmt: skip


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
