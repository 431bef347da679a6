"""What can be done with a case: take, write, note, change the level, give back, close."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request, Response

from cases import service
from cases.errors import CaseClosed, NotTheOwner
from desk import drafts, presence, work
from desk.access import Visit
from desk.errors import BadInput
from desk.pages import page, wants_fragment
from desk.permissions import may, needs
from desk.warned import acknowledged_rules, warn
from desk.web_case import DONE, CasePages, Refusals
from desk.words import words
from gateway.errors import NeedsAcknowledgement
from gateway.segments import count_segments

Field = Annotated[str, Form()]

TAKE_REFUSALS = Refusals(other="take_conflict")
REPLY_REFUSALS = Refusals(closed="reply_closed", other="reply_not_mine", nobody="reply_not_taken")


def add_routes(router: APIRouter, pages: CasePages) -> None:
    """Every action on a case."""
    _add_ownership(router, pages)
    _add_end(router, pages)
    _add_pause(router, pages)
    _add_hand_on(router, pages)
    _add_hold(router, pages)
    _add_writing(router, pages)
    _add_reply(router, pages)
    _add_resend(router, pages)


def _add_ownership(router: APIRouter, pages: CasePages) -> None:
    @router.post("/cases/{case_id}/take")
    @needs("case.work", logs="case_taken")
    def take(request: Request, case_id: UUID) -> Response:
        def change(visit: Visit) -> str | None:
            told = work.take(visit.session, pages.gateway, case_id, visit.user)
            return None if told else "taken_silently"

        return pages.act(request, case_id, "taken", change, refusals=TAKE_REFUSALS)

    @router.post("/cases/{case_id}/give-back")
    @needs("case.work", logs="case_given_back")
    def give_back(request: Request, case_id: UUID) -> Response:
        def change(visit: Visit) -> None:
            work.give_back(visit.session, pages.gateway, case_id, visit.user)

        return pages.act(request, case_id, "given_back", change)


def _add_end(router: APIRouter, pages: CasePages) -> None:
    @router.post("/cases/{case_id}/close")
    @needs("case.work", logs="case_closed")
    def close(request: Request, case_id: UUID, outcome: Field = "", needs_met: Field = "") -> Response:
        def change(visit: Visit) -> None:
            work.close(visit.session, pages.gateway, case_id, visit.user, outcome=outcome, needs_met=needs_met)

        return pages.act(request, case_id, "closed", change)

    @router.post("/cases/{case_id}/take-over")
    @needs("case.work", logs="case_taken_over")
    def take_over(request: Request, case_id: UUID, reason: Field = "") -> Response:
        """From a colleague, on purpose and for a reason; they are told."""

        def change(visit: Visit) -> None:
            work.take_over(visit.session, case_id, visit.user, reason)

        return pages.act(request, case_id, "taken_over", change, take_over_draft=reason)


def _add_pause(router: APIRouter, pages: CasePages) -> None:
    @router.post("/cases/{case_id}/pause")
    @needs("case.work", logs="case_paused")
    def pause(request: Request, case_id: UUID, hours: Field = "") -> Response:
        def change(visit: Visit) -> None:
            work.pause(visit.session, case_id, visit.user, hours)

        return pages.act(request, case_id, "paused", change)

    @router.post("/cases/{case_id}/resume")
    @needs("case.work", logs="case_resumed")
    def resume(request: Request, case_id: UUID) -> Response:
        def change(visit: Visit) -> None:
            service.resume(visit.session, case_id, visit.user)

        return pages.act(request, case_id, "resumed", change)

    @router.post("/cases/{case_id}/level")
    @needs("case.work", logs="case_level")
    def change_level(request: Request, case_id: UUID, level: Field = "", reason: Field = "") -> Response:
        def change(visit: Visit) -> None:
            work.change_level(visit.session, case_id, visit.user, level, reason)

        return pages.act(request, case_id, "level", change, level_draft={"level": level, "reason": reason})


def _add_hold(router: APIRouter, pages: CasePages) -> None:
    @router.post("/cases/{case_id}/release")
    @needs("case.work", logs="case_released")
    def release(request: Request, case_id: UUID, reason: Field = "") -> Response:
        """Somebody looked: the team may write first again."""

        def change(visit: Visit) -> None:
            work.release_hold(visit.session, case_id, visit.user, reason)

        return pages.act(request, case_id, "released", change, hold_draft=reason)


def _add_hand_on(router: APIRouter, pages: CasePages) -> None:
    @router.post("/cases/{case_id}/hand-on")
    @needs("case.work", logs="case_handed_on")
    def hand_on(request: Request, case_id: UUID, to: Field = "", note: Field = "") -> Response:
        """A colleague has it from now on; a supervisor may also take it from whoever holds it."""

        def change(visit: Visit) -> None:
            assigns = may(visit.user, "case.assign")
            work.hand_on(visit.session, pages.gateway, case_id, visit.user, to=to, note=note, assigns=assigns)

        return pages.act(request, case_id, "handed_on", change, hand_on_draft={"to": to, "note": note})


def _add_writing(router: APIRouter, pages: CasePages) -> None:
    @router.post("/cases/{case_id}/notes")
    @needs("case.work", logs="case_noted")
    def note(request: Request, case_id: UUID, text: Field = "") -> Response:
        def change(visit: Visit) -> None:
            work.note(visit.session, case_id, visit.user, text)

        return pages.act(request, case_id, "noted", change, note_draft=text)

    @router.post("/cases/{case_id}/measure")
    @needs("case.work")
    def measure(request: Request, case_id: UUID, text: Field = "") -> Response:
        """How long a reply is, as it will be sent. What was typed is kept meanwhile, and colleagues see that somebody types."""
        with pages.door.visit(request) as visit:
            by_sms = work.channel(visit.session, case_id) == "sms"
            drafts.keep(visit.session, case_id, visit.user, text)
            if text.strip():
                presence.arrive(visit.session, case_id, visit.user, typing=True)
            else:
                presence.stopped_typing(visit.session, case_id, visit.user)
            # A key pressed is nothing anybody did to a case: the log holds what is sent.
            visit.logged = True
        text = text.replace("\r\n", "\n").strip()
        parts: list[str] = []
        if text:
            parts.append(words().say("reply_measure", characters=len(text), limit=work.MAX_TEXT))
            if by_sms:
                count = count_segments(text)
                parts.append(words().count("segments", count.segments))
                parts.append(words().say("reply_encoding", encoding=count.encoding))
        return page("_measure.html", parts=parts)


def _add_reply(router: APIRouter, pages: CasePages) -> None:
    @router.post("/cases/{case_id}/reply")
    @needs("case.work", logs="case_answered")
    def reply(
        request: Request,
        case_id: UUID,
        client_id: Annotated[UUID, Form()],
        text: Field = "",
        acknowledged: Field = "",
    ) -> Response:
        def change(visit: Visit) -> str:
            known = acknowledged_rules(acknowledged, text)
            sent = work.reply(
                visit.session, pages.gateway, case_id, visit.user, text=text, client_id=client_id, acknowledged=known
            )
            return "held" if sent.state == "held" else "sent"

        typed = {"draft": text, "client_id": client_id}
        try:
            if not wants_fragment(request):
                return pages.act(request, case_id, "sent", change, refusals=REPLY_REFUSALS, **typed)
            with pages.door.visit(request) as visit:
                said = words().say(DONE[change(visit)])
                return page("_reply_result.html", view=pages.view(visit, case_id), text=said)
        except NeedsAcknowledgement as warned:
            return _warn(request, pages, case_id, warned, typed)
        except (CaseClosed, NotTheOwner, BadInput) as error:
            said, status = REPLY_REFUSALS.sentence(error)
            return page("_error.html", status=status, text=said)


def _add_resend(router: APIRouter, pages: CasePages) -> None:
    @router.post("/cases/{case_id}/messages/{message_id}/resend")
    @needs("case.work", logs="case_resent")
    def resend(request: Request, case_id: UUID, message_id: UUID, sure: Field = "") -> Response:
        """A message that did not arrive, once more; one that perhaps did only when somebody says that they know."""

        def change(visit: Visit) -> None:
            work.resend(visit.session, pages.gateway, case_id, visit.user, message_id, sure=sure == "yes")

        try:
            return pages.act(request, case_id, "resent", change, refusals=REPLY_REFUSALS)
        except NeedsAcknowledgement as warned:
            with pages.door.visit(request) as visit:
                text = work.text_of(visit.session, case_id, message_id)
            return _warn(request, pages, case_id, warned, {"draft": text, "client_id": uuid4()})


def _warn(
    request: Request, pages: CasePages, case_id: UUID, warned: NeedsAcknowledgement, typed: dict[str, Any]
) -> Response:
    """Nothing is sent yet; what was typed stays, with what the check found and a button to send it all the same."""
    check = warn(warned.findings, typed["draft"], words())
    if wants_fragment(request):
        return page("_reply_check.html", status=422, check=check)
    with pages.door.visit(request) as visit:
        return pages.whole(visit, case_id, status=422, check=check, **typed)
