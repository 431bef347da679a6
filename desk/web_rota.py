"""The rota's page: who is on duty, when nobody is, and for supervisors the form that plans it."""

from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from cases.rota import RANKS
from core.clocks import clock_of_country
from core.settings import Settings
from desk import handover
from desk.access import Door, Visit
from desk.errors import BadInput
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import may, needs
from desk.rotapage import add_duty, read_rota, remove_duty
from desk.words import words

ROTA = "/desk/rota"
Field = Annotated[str, Form()]
FIELDS = ("team", "user", "rank", "starts", "ends", "time_zone", "first_day", "last_day")
BLANK: dict[str, Any] = {**dict.fromkeys(FIELDS, ""), "weekdays": [], "languages": []}


def add_routes(router: APIRouter, settings: Settings, door: Door) -> None:
    """Reading and planning."""

    def show(
        visit: Visit, *, status: int = 200, error: str = "", typed: dict[str, Any] | None = None, handed_over: str = ""
    ) -> Response:
        return page(
            "rota.html",
            status=status,
            **frame(visit, current=ROTA),
            teams=read_rota(visit.session, visit.user),
            edits=may(visit.user, "rota.edit"),
            zones=_zones(settings),
            all_languages=[(code, words().language(code)) for code in settings.languages],
            forced=settings.on_call,
            ranks=RANKS,
            handovers=handover.of_teams(visit.session, visit.user) if may(visit.user, "handover.read") else None,
            error=error,
            typed=typed or BLANK,
            blank=BLANK,
            handed_over=handed_over,
        )

    @router.get("/rota")
    @needs("rota.read")
    def show_rota(request: Request) -> Response:
        with door.visit(request) as visit:
            return show(visit)

    @router.post("/rota")
    @needs("rota.edit", logs="duty_added")
    async def plan(request: Request) -> Response:
        return await run_in_threadpool(write, request, await request.form())

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

    @router.post("/rota/handover")
    @needs("handover.read", logs="handover_written")
    def write_handover(request: Request, team: Field = "", text: Field = "") -> Response:
        try:
            with door.visit(request) as visit:
                note = handover.write(visit.session, visit.user, team, text)
                visit.log("handover_written", kind="team", subject=note.team_id)
        except BadInput as fault:
            with door.visit(request) as visit:
                return show(visit, status=422, error=words().say(fault.key), handed_over=text[: handover.LONGEST])
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
