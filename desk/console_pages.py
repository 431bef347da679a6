"""What the pages of administration and insight share: the frame, and what a page says after a change."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from core.catalogues import Catalogues
from core.database import Sessions
from core.settings import Settings
from desk.access import Door, Visit
from desk.frame import frame
from desk.pages import page
from desk.permissions import may
from desk.words import words
from gateway.gateway import Gateway


@dataclass(frozen=True, slots=True)
class ConsolePages:
    """Shows pages."""

    settings: Settings
    gateway: Gateway
    catalogues: Catalogues
    sessions: Sessions
    door: Door

    def show(
        self, visit: Visit, request: Request, template: str, *, current: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page inside the frame. `done` in the address is a word of it: the sentence `done_<word>` is never in an address."""
        console = words()
        done = request.query_params.get("done", "")
        return page(
            template,
            status=status,
            **{
                "may": lambda permission: may(visit.user, permission),
                "message": console.find(f"done_{done[:40]}", "") or None,
                **frame(visit, current=current),
                **values,
            },
        )
