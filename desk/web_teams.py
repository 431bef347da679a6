"""Pages of an administrator: teams, and which languages and countries each serves."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import func, select

from cases.models import Case, Team, TeamMember, User
from cases.service import find_teams
from core.settings import Settings
from desk.access import Door, Visit
from desk.errors import BadInput, NotFound
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import needs
from desk.words import words

TEAMS = "/desk/teams"
Field = Annotated[str, Form()]
Several = Annotated[list[str], Form()]


def add_routes(router: APIRouter, settings: Settings, door: Door) -> None:
    """The list with the form of a new team, and one team."""

    def listed(visit: Visit, *, status: int = 200, error: str = "", **typed: Any) -> Response:
        shown = {"name": "", "languages": [], "countries": []} | typed
        teams = _overview(visit)
        return page("teams.html", status=status, **frame(visit, current=TEAMS), **_choices(settings), teams=teams,
                    error=error, typed=shown)  # fmt: skip

    def one(visit: Visit, team: Team, *, status: int = 200, error: str = "", done: bool = False) -> Response:
        members = visit.session.execute(
            select(User.id, User.name).join(TeamMember).where(TeamMember.team_id == team.id).order_by(User.name)
        ).all()
        return page("team.html", status=status, **frame(visit, current=TEAMS), **_choices(settings), team=team,
                    members=members, error=error, done=done)  # fmt: skip

    @router.get("/teams")
    @needs("teams.manage")
    def show_teams(request: Request) -> Response:
        with door.visit(request) as visit:
            return listed(visit)

    @router.post("/teams")
    @needs("teams.manage")
    def make_team(request: Request, name: Field = "", languages: Several = [], countries: Several = []) -> Response:  # noqa: B006
        chosen = _among(languages, settings.languages), _among(countries, settings.countries)
        try:
            with door.visit(request) as visit:
                team = Team(name=_name(visit, name), languages=chosen[0], countries=chosen[1])
                visit.session.add(team)
                visit.session.flush()
                find_teams(visit.session)
                visit.log("team_made", kind="team", subject=team.id)
        except BadInput as fault:
            with door.visit(request) as visit:
                return listed(visit, status=422, error=words().say(fault.key, **fault.values), name=name[:64],
                              languages=chosen[0], countries=chosen[1])  # fmt: skip
        return go(f"{TEAMS}/{team.id}")

    @router.get("/teams/{team_id}")
    @needs("teams.manage")
    def show_team(request: Request, team_id: UUID, done: str = "") -> Response:
        with door.visit(request) as visit:
            return one(visit, _team(visit, team_id), done=done == "saved")

    @router.post("/teams/{team_id}")
    @needs("teams.manage", logs="team_changed")
    def change_team(
        request: Request, team_id: UUID, name: Field = "", languages: Several = [], countries: Several = []  # noqa: B006
    ) -> Response:  # fmt: skip
        try:
            with door.visit(request) as visit:
                team = _team(visit, team_id)
                team.name = _name(visit, name, team)
                if not team.is_default:
                    team.languages = _among(languages, settings.languages)
                    team.countries = _among(countries, settings.countries)
                visit.session.flush()
                find_teams(visit.session)
        except BadInput as fault:
            with door.visit(request) as visit:
                said = words().say(fault.key, **fault.values)
                return one(visit, _team(visit, team_id), status=422, error=said)
        return go(f"{TEAMS}/{team_id}?done=saved")


def _choices(settings: Settings) -> dict[str, Any]:
    console = words()
    return {
        "all_languages": [(code, console.language(code)) for code in settings.languages],
        "all_countries": [(code, console.country(code)) for code in settings.countries],
    }


def _overview(visit: Visit) -> list[tuple[Team, int, int]]:
    """Each team, how many colleagues it has and how many open cases: a number tells nothing of anybody."""
    members = _counts(visit, select(TeamMember.team_id, func.count()).group_by(TeamMember.team_id))
    cases = _counts(visit, select(Case.team_id, func.count()).where(Case.state == "open").group_by(Case.team_id))
    teams = visit.session.execute(select(Team).order_by(Team.is_default.desc(), Team.name)).scalars()
    return [(team, members.get(team.id, 0), cases.get(team.id, 0)) for team in teams]


def _counts(visit: Visit, statement: Any) -> dict[UUID, int]:
    return {team_id: number for team_id, number in visit.session.execute(statement)}  # noqa: C416 (rows, not pairs)


def _team(visit: Visit, team_id: UUID) -> Team:
    team = visit.session.get(Team, team_id)
    if team is None:
        raise NotFound
    return team


def _name(visit: Visit, text: str, team: Team | None = None) -> str:
    name = " ".join(text.split())
    if not 1 < len(name) <= 64:
        raise BadInput("team_name_length")
    taken = visit.session.execute(select(Team.id).where(func.lower(Team.name) == name.lower())).scalar_one_or_none()
    if taken is not None and (team is None or taken != team.id):
        raise BadInput("team_name_taken")
    return name


def _among(chosen: list[str], known: tuple[str, ...]) -> list[str]:
    return [code for code in known if code in chosen]
