"""The page of one case and its live parts. A refusal shows the page again with a sentence and with what was typed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response

from cases.errors import CaseClosed, NotTheOwner
from cases.models import LEVELS, NEEDS_MET, OUTCOMES
from core.settings import Settings
from desk import canned, drafts, mentions, presence
from desk.access import Door, Visit
from desk.bubbles import Meanings
from desk.casepage import CaseView, read_case
from desk.errors import BadInput
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import needs
from desk.words import words
from desk.work import PAUSES
from gateway.gateway import Gateway

DONE = {
    "taken": "take_done",
    "taken_silently": "take_done_silently",
    "given_back": "give_back_done",
    "level": "level_done",
    "noted": "note_done",
    "sent": "reply_sent",
    "held": "reply_held",
    "released": "hold_done",
    "handed_on": "hand_on_done",
    "taken_over": "take_over_done",
    "paused": "pause_done",
    "resumed": "resume_done",
    "resent": "resend_done",
}
"""What the page says after a change; the word stands in the address, the sentence does not."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """Sentences, by key, for somebody who does not hold the case: it is closed, another holds it, nobody does."""

    closed: str = "is_closed"
    other: str = "not_yours"
    nobody: str = "not_taken"

    def sentence(self, error: CaseClosed | NotTheOwner | BadInput) -> tuple[str, int]:
        """What to say, and the answer's status: 409 when somebody else was faster, 422 when the form is at fault."""
        if isinstance(error, BadInput):
            return words().say(error.key, **error.values), 422
        if isinstance(error, CaseClosed):
            return words().say(self.closed), 409
        if error.holder:
            return words().say(self.other, name=error.holder), 409
        return words().say(self.nobody), 409


@dataclass(frozen=True, slots=True)
class CasePages:
    """Shows cases, and does things with them."""

    settings: Settings
    gateway: Gateway
    door: Door
    meanings: Meanings

    def view(self, visit: Visit, case_id: UUID) -> CaseView:
        """The case as the visitor sees it. Raises NotFound."""
        return read_case(visit.session, case_id, visit.user, settings=self.settings, meanings=self.meanings)

    def whole(
        self,
        visit: Visit,
        case_id: UUID,
        *,
        status: int = 200,
        message: str | None = None,
        error: bool = False,
        **typed: Any,
    ) -> Response:
        """The whole page; `typed` is what must not be lost: draft, note_draft, hold_draft, hand_on_draft, level_draft, client_id, check."""
        shown: dict[str, Any] = {
            "draft": drafts.kept(visit.session, case_id, visit.user),
            "note_draft": "",
            "hold_draft": "",
            "level_draft": {"level": "", "reason": ""},
            "hand_on_draft": {"to": "", "note": ""},
            "client_id": uuid4(),
            "check": None,
            "take_over_draft": "",
        } | typed
        return page(
            "case.html",
            status=status,
            view=self.view(visit, case_id),
            levels=LEVELS,
            outcomes=OUTCOMES,
            needs_met=NEEDS_MET,
            pauses=[(hours, words().duration(timedelta(hours=hours))) for hours in PAUSES],
            canned=canned.choices(self.meanings),
            present=presence.present(visit.session, case_id, visit.user),
            message=message,
            message_class="error" if error else "done",
            **frame(visit, case_id, current="/desk"),
            **shown,
        )

    def act(
        self,
        request: Request,
        case_id: UUID,
        done: str,
        change: Callable[[Visit], str | None],
        *,
        refusals: Refusals | None = None,
        **typed: Any,
    ) -> Response:
        """Do it and go back to the page, or say why not and keep what was typed. `change` may name another word of DONE."""
        try:
            with self.door.visit(request) as visit:
                done = change(visit) or done
        except (CaseClosed, NotTheOwner, BadInput) as error:
            text, status = (refusals or Refusals()).sentence(error)
            with self.door.visit(request) as visit:
                return self.whole(visit, case_id, status=status, message=text, error=True, **typed)
        return go(f"/desk/cases/{case_id}?done={done}")


def add_routes(router: APIRouter, pages: CasePages) -> None:
    """Reading a case."""

    @router.get("/cases/{case_id}")
    @needs("case.read")
    def show_case(request: Request, case_id: UUID, done: str = "") -> Response:
        with pages.door.visit(request) as visit:
            visit.log("case_read", kind="case", subject=case_id)
            # Here and not where the page is made: what was refused shows the page too, and must have changed nothing.
            mentions.seen(visit.session, case_id, visit.user)
            presence.arrive(visit.session, case_id, visit.user)
            return pages.whole(visit, case_id, message=words().say(DONE[done]) if done in DONE else None)

    @router.get("/cases/{case_id}/parts")
    @needs("case.read")
    def refresh_case(request: Request, case_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            return page("_parts.html", view=pages.view(visit, case_id))
