"""Settings that those who run the service own: one page with what is in force, what waits for a second person, and every change so far."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from cases.models import OwnedChange
from cases.owned import DURATIONS, SETTINGS, TEXTS, read_owned
from cases.retention import would_delete
from desk.access import Visit
from desk.console_pages import ConsolePages
from desk.errors import BadInput
from desk.owning import UNITS, Owning, Wanted, ask, decide, history, name_of, told, two_people
from desk.pages import go
from desk.permissions import may, needs
from desk.words import Words, words

OWNED = "/desk/settings"


def add_routes(router: APIRouter, pages: ConsolePages, owning: Owning) -> None:
    """The page, looking before asking, asking, and deciding."""

    @router.get("/settings")
    @needs("settings.read")
    def show_settings(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            return _page(visit, request, pages, owning)

    @router.post("/settings/{kind}/{name}")
    @needs("settings.edit", logs="setting_asked", fresh=True)
    async def change(request: Request, kind: str, name: str) -> Response:
        return await run_in_threadpool(write, request, kind, name, await request.form())

    def write(request: Request, kind: str, name: str, form: FormData) -> Response:
        typed = {key: str(value)[:2000] for key, value in form.items()}
        several = [str(code) for code in form.getlist("languages")]
        asked: Wanted | None = None
        try:
            with pages.door.visit(request) as visit:
                asked = owning.wanted(kind, name, typed, several)
                if "save" not in typed:
                    visit.logged = True
                    return _page(visit, request, pages, owning, asked=asked, typed=typed, several=several)
                made = ask(visit.session, owning, asked, visit.user)
                visit.log("setting_asked", kind="setting", subject=name, of=kind, state=made.state)
        except BadInput as fault:
            said = words().say(fault.key, **fault.values)
            with pages.door.visit(request) as visit:
                visit.logged = True
                return _page(
                    visit, request, pages, owning, status=422, error=said, failed=f"{kind}/{name}", typed=typed, several=several
                )  # fmt: skip
        owning.follower.refresh()
        return go(f"{OWNED}?done=owned_{made.state}")

    def settle(request: Request, change_id: UUID, *, agree: bool) -> Response:
        try:
            with pages.door.visit(request) as visit:
                made = decide(visit.session, owning, change_id, visit.user, agree=agree)
                visit.log("setting_decided", kind="setting", subject=made.name, of=made.kind, state=made.state)
        except BadInput as fault:
            said = words().say(fault.key, **fault.values)
            with pages.door.visit(request) as visit:
                visit.logged = True
                return _page(visit, request, pages, owning, status=422, error=said)
        owning.follower.refresh()
        return go(f"{OWNED}?done=owned_{made.state}")

    @router.post("/settings/changes/{change_id}/decisions/agree")
    @needs("settings.approve", logs="setting_decided", fresh=True)
    def agree(request: Request, change_id: UUID) -> Response:
        return settle(request, change_id, agree=True)

    @router.post("/settings/changes/{change_id}/decisions/refuse")
    @needs("settings.approve", logs="setting_decided", fresh=True)
    def refuse(request: Request, change_id: UUID) -> Response:
        return settle(request, change_id, agree=False)


def _page(
    visit: Visit, request: Request, pages: ConsolePages, owning: Owning, *, status: int = 200, **values: Any
) -> Response:
    console = words()
    asked: Wanted | None = values.get("asked")
    return pages.show(
        visit, request, "settings.html", current=OWNED, status=status,
        **{
            "error": "", "failed": "", "typed": {}, "several": [], "asked": None,
            "preview": owning.preview(asked) if asked else [],
            "asked_told": told(asked.kind, asked.name, asked.value, console) if asked else "",
            "asked_name": name_of(asked.kind, asked.name, console) if asked else "",
            "going": _going(visit, owning, asked),
            "asked_waits": bool(asked and two_people(asked.kind, asked.name)),
            "edits": may(visit.user, "settings.edit"), "approves": may(visit.user, "settings.approve"),
            "rows": _rows(visit, owning, console), "units": UNITS, "loaded": owning.follower.loaded,
            "waiting": [_told(one, owning, console) for one in history(visit.session, state="waiting")],
            "history": [_told(one, owning, console) for one in history(visit.session)],
            **values,
        },
    )  # fmt: skip


def _going(visit: Visit, owning: Owning, asked: Wanted | None) -> str:
    """What the next run of the schedule would delete, by the times in force, or by those that are being looked at."""
    settings = owning.settings
    if asked is not None and asked.name in ("retention", "retention_without_case"):
        value = timedelta(seconds=asked.value["value"]) if asked.value else owning.follower.default(asked.name)
        settings = settings.model_copy(update={asked.name: value})
    conversations, people = would_delete(visit.session, settings)
    return words().say("retention_now", conversations=conversations, people=people)


def _rows(visit: Visit, owning: Owning, console: Words) -> list[dict[str, Any]]:
    names = [("setting", name) for name in SETTINGS]
    names += [("text", f"{code}:{key}") for key in TEXTS for code in owning.follower.loaded]
    names += [("number", country) for country in owning.settings.countries]
    rows = []
    owned = read_owned(visit.session)
    for kind, name in names:
        own = owning.current(owned, kind, name)
        rows.append(
            {
                "kind": kind, "name": name, "id": f"{kind}-{name.replace(':', '-')}", "said": name_of(kind, name, console),
                "duration": name in DURATIONS, "own": own, "now": _now(owning, kind, name, own, console),
                "languages": owning.settings.languages if name == "languages" else (), "waits": two_people(kind, name),
            }
        )  # fmt: skip
    return rows


def _now(owning: Owning, kind: str, name: str, own: dict[str, Any] | None, console: Words) -> str:
    """What is in force, whoever says so."""
    if kind == "text":
        code, key = name.split(":", 1)
        return str(own["value"]) if own else owning.catalogues.shipped(key, code)
    if kind == "number" or own is not None:
        return told(kind, name, own, console)
    value = owning.follower.default(name)
    stored = list(value) if name == "languages" else value.total_seconds()
    return told(kind, name, {"value": stored}, console)


def _told(change: OwnedChange, owning: Owning, console: Words) -> dict[str, Any]:
    return {
        "change": change, "said": name_of(change.kind, change.name, console),
        "before": told(change.kind, change.name, change.before, console),
        "after": told(change.kind, change.name, change.value, console),
        "preview": owning.preview(Wanted(change.kind, change.name, change.value)) if change.state == "waiting" else [],
    }  # fmt: skip
