"""The rota's page: who is on duty, when nobody is, and for supervisors the form that plans it."""

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from core.clocks import clock_of_country
from core.settings import Settings
from desk.access import Door, Visit
from desk.errors import BadInput
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import may, needs
from desk.rotapage import add_duty, read_rota, remove_duty
from desk.words import words

ROTA = "/desk/rota"
FIELDS = ("team", "user", "starts", "ends", "time_zone", "first_day", "last_day")
BLANK: dict[str, Any] = {**dict.fromkeys(FIELDS, ""), "weekdays": [], "languages": []}


def add_routes(router: APIRouter, settings: Settings, door: Door) -> None:
    """Reading and planning."""

    def show(visit: Visit, *, status: int = 200, error: str = "", typed: dict[str, Any] | None = None) -> Response:
        return page(
            "rota.html",
            status=status,
            **frame(visit, current=ROTA),
            teams=read_rota(visit.session, visit.user),
            edits=may(visit.user, "rota.edit"),
            zones=_zones(settings),
            all_languages=[(code, words().language(code)) for code in settings.languages],
            forced=settings.on_call,
            error=error,
            typed=typed or BLANK,
            blank=BLANK,
        )

    @router.get("/rota")
    @needs("rota.read")
    def show_rota(request: Request) -> Response:
        with door.visit(request) as visit:
            return show(visit)

    @router.post("/rota")
    @needs("rota.edit", logs="duty_added")
    async def plan(request: Request) -> Response:
        return await run_in_threadpool(write, request, await request.form(max_fields=60))

    def write(request: Request, form: FormData) -> Response:
        values = {name: str(form.get(name, ""))[:64] for name in FIELDS}
        weekdays = [str(day) for day in form.getlist("weekdays")]
        languages = [code for code in settings.languages if code in form.getlist("languages")]
        try:
            with door.visit(request) as visit:
                duty = add_duty(visit.session, visit.user, values, weekdays, languages)
                visit.log("duty_added", kind="user", subject=duty.user_id, team=str(duty.team_id))
        except BadInput as fault:
            said = words().say(fault.key, **fault.values)
            typed = {**values, "weekdays": weekdays, "languages": languages}
            with door.visit(request) as visit:
                return show(visit, status=422, error=said, typed=typed)
        return go(ROTA)

    @router.post("/rota/{duty_id}/remove")
    @needs("rota.edit", logs="duty_removed")
    def remove(request: Request, duty_id: UUID) -> Response:
        with door.visit(request) as visit:
            remove_duty(visit.session, visit.user, duty_id)
        return go(ROTA)


def _zones(settings: Settings) -> list[str]:
    """Zones to choose from, those of the countries served first."""
    near = [str(zone) for code in settings.countries if (zone := clock_of_country(code)) is not None]
    return ["UTC", *dict.fromkeys(near), *sorted(available_timezones() - {"UTC", *near})]
