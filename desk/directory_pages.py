"""What every page of the directory shares: its words in the visitor's language, its frame, the entry it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from cases.models import User
from core.catalogues import Catalogues
from core.database import Sessions
from core.settings import Settings
from desk.access import Door, Visit
from desk.directory_list import STAFF_ONLY
from desk.errors import NotFound
from desk.frame import frame
from desk.pages import page
from desk.permissions import may
from desk.words import Words, words
from directory.models import Service
from directory.review.policy import Policy
from gateway.gateway import Gateway

HOME = "/desk/directory"

DONE = {
    "saved", "submitted", "discarded", "taken_over", "approved", "rejected", "rebased", "restored", "moved", "verified", "asked",
    "handled", "finished", "named", "unnamed", "undone", "dropped", "kept", "applying", "reported", "compared",
}  # fmt: skip
"""What a page may say after a change: `directory_done_<word>`. The word stands in the address, the sentence does not."""


@dataclass(frozen=True, slots=True)
class DirectoryPages:
    """Shows pages of the directory."""

    settings: Settings
    gateway: Gateway
    catalogues: Catalogues
    sessions: Sessions
    door: Door
    policy: Policy
    """How often entries are confirmed."""

    def show(self, visit: Visit, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page in the visitor's language, inside the frame."""
        console = words()
        done = request.query_params.get("done", "")
        return page(
            template,
            status=status,
            **{
                "may": lambda permission: may(visit.user, permission),
                "here": request.url.path,
                "message": console.say(f"directory_done_{done}") if done in DONE else None,
                **frame(visit, current=HOME),
                **values,
            },
        )

    def service(self, visit: Visit, service_id: UUID) -> Service:
        """The live entry. Raises NotFound, also for one that the visitor may not see."""
        service = visit.session.get(Service, service_id)
        if service is None or (service.listing in STAFF_ONLY and not sees_everything(visit.user)):
            raise NotFound
        return service


def sees_everything(user: User) -> bool:
    """Whether somebody sees entries that nobody has approved yet, and changes that are under way."""
    return may(user, "directory.edit") or may(user, "directory.approve")


def names_of(visit: Visit, ids: set[str], console: Words) -> Mapping[str, str]:
    """Names of users by what `by` columns hold: an id, `focal_point:<id>`, `system`, or who else wrote."""
    named: dict[str, str] = {}
    for one in ids:
        kind = one.split(":")[0]
        try:
            user = visit.session.get(User, UUID(one))
        except ValueError:
            user = None
        named[one] = user.name if user else console.find(f"directory_by_{kind}", one)
    return named


async def _form(request: Request) -> FormData:
    return await request.form()


Form = Annotated[FormData, Depends(_form)]
"""The sent form, for pages whose fields are not known beforehand. Read after the door has let the visitor in."""


def back(path: str, done: str) -> Response:
    """After a change: to a page that says what was done."""
    return Response(status_code=303, headers={"Location": f"{path}?done={done}"})
