"""Pages of an administrator: colleagues, invitations, roles and teams of one account, its end."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import select

from cases.models import ROLES, Team, User
from core.settings import Settings
from desk import accounts, people
from desk.access import Door, Visit
from desk.errors import AccountError, BadInput
from desk.frame import frame
from desk.pages import go, page
from desk.permissions import needs
from desk.words import words
from gateway.gateway import Gateway

PEOPLE = "/desk/people"
Field = Annotated[str, Form()]
Several = Annotated[list[str], Form()]

DONE = {
    "access": "people_access_done",
    "deactivated": "people_deactivated_done",
    "reactivated": "people_reactivated_done",
    "ended": "people_ended_done",
}


@dataclass(frozen=True, slots=True)
class PeoplePages:
    """What the pages work with."""

    settings: Settings
    gateway: Gateway
    door: Door

    def list_page(self, visit: Visit, *, status: int = 200, error: str | None = None, **typed: Any) -> Response:
        """Everybody, and the form of an invitation with what was typed."""
        shown = {"name": "", "roles": ["caseworker"], "teams": _default_teams(visit)} | typed
        return page(
            "people.html",
            status=status,
            **frame(visit, current=PEOPLE),
            colleagues=people.colleagues(visit.session),
            all_roles=ROLES,
            all_teams=_teams(visit),
            error=error,
            typed=shown,
        )

    def one_page(self, visit: Visit, user: User, *, status: int = 200, said: str = "", error: bool = False) -> Response:
        """One account."""
        return page(
            "person.html",
            status=status,
            **frame(visit, current=PEOPLE),
            colleague=user,
            roles=user.roles,
            teams=people.team_ids(visit.session, user),
            all_roles=ROLES,
            all_teams=_teams(visit),
            said=said,
            error=error,
            yourself=user.id == visit.user.id,
        )

    def link_page(self, visit: Visit, user: User) -> Response:
        """A new one-time link, shown once: it stands in no address, no log and nowhere in the database."""
        token = accounts.create_sign_in_link(visit.session, user, lifetime=self.settings.sign_in_link_lifetime)
        return page(
            "invitation.html",
            **frame(visit, current=PEOPLE),
            colleague=user,
            link=f"{self.settings.public_base()}/desk/sign-in/{token}",
            holds=words().duration(self.settings.sign_in_link_lifetime),
        )


def add_routes(router: APIRouter, pages: PeoplePages) -> None:
    """The list, invitations, and one account."""
    _add_list(router, pages)
    _add_account(router, pages)
    _add_endings(router, pages)


def _add_list(router: APIRouter, pages: PeoplePages) -> None:
    @router.get("/people")
    @needs("people.manage", fresh=True)
    def show_people(request: Request) -> Response:
        with pages.door.visit(request) as visit:
            return pages.list_page(visit)

    @router.post("/people")
    @needs("people.manage", logs="user_invited", fresh=True)
    def invite(request: Request, name: Field = "", roles: Several = [], teams: Several = []) -> Response:  # noqa: B006 (FastAPI copies it)
        try:
            with pages.door.visit(request) as visit:
                user = accounts.create_user(visit.session, name, *roles, teams=_known(visit, teams))
                visit.log("user_invited", kind="user", subject=user.id, roles=" ".join(user.roles))
                return pages.link_page(visit, user)
        except AccountError as fault:
            said = words().say(fault.key)
            with pages.door.visit(request) as visit:
                typed = {"name": name[:64], "roles": people.known_roles(roles), "teams": _known(visit, teams)}
                return pages.list_page(visit, status=422, error=said, **typed)


def _add_account(router: APIRouter, pages: PeoplePages) -> None:
    @router.get("/people/{user_id}")
    @needs("people.manage", fresh=True)
    def show_colleague(request: Request, user_id: UUID, done: str = "") -> Response:
        with pages.door.visit(request) as visit:
            said = words().say(DONE[done]) if done in DONE else ""
            return pages.one_page(visit, people.colleague(visit.session, user_id), said=said)

    @router.post("/people/{user_id}/access")
    @needs("people.manage", fresh=True)
    def set_access(request: Request, user_id: UUID, roles: Several = [], teams: Several = []) -> Response:  # noqa: B006
        def change(visit: Visit, user: User) -> str:
            before = " ".join(user.roles)
            chosen = _known(visit, teams)
            people.set_access(visit.session, pages.gateway, user, by=visit.user, roles=roles, teams=chosen)
            now_teams = " ".join(sorted(str(team) for team in chosen))
            visit.log(
                "user_access", kind="user", subject=user.id, before=before, roles=" ".join(user.roles), teams=now_teams
            )
            return "access"

        return _change(request, pages, user_id, change)

    @router.post("/people/{user_id}/link")
    @needs("people.manage", logs="user_link", fresh=True)
    def new_link(request: Request, user_id: UUID) -> Response:
        with pages.door.visit(request) as visit:
            return pages.link_page(visit, people.colleague(visit.session, user_id))


def _add_endings(router: APIRouter, pages: PeoplePages) -> None:
    @router.post("/people/{user_id}/reset-factor")
    @needs("people.manage", logs="user_factor_reset", fresh=True)
    def reset_factor(request: Request, user_id: UUID) -> Response:
        try:
            with pages.door.visit(request) as visit:
                user = people.colleague(visit.session, user_id)
                people.reset_factor(visit.session, user, by=visit.user)
                visit.log("user_factor_reset", kind="user", subject=user.id)
                return pages.link_page(visit, user)
        except BadInput as fault:
            with pages.door.visit(request) as visit:
                said = words().say(fault.key)
                return pages.one_page(
                    visit, people.colleague(visit.session, user_id), status=422, said=said, error=True
                )

    @router.post("/people/{user_id}/end-sessions")
    @needs("people.manage", logs="user_signed_out", fresh=True)
    def end_sessions(request: Request, user_id: UUID) -> Response:
        def change(visit: Visit, user: User) -> str:
            people.end_sessions(visit.session, user)
            return "ended"

        return _change(request, pages, user_id, change)

    @router.post("/people/{user_id}/deactivate")
    @needs("people.manage", logs="user_deactivated", fresh=True)
    def deactivate(request: Request, user_id: UUID) -> Response:
        def change(visit: Visit, user: User) -> str:
            people.deactivate(visit.session, pages.gateway, user, by=visit.user)
            return "deactivated"

        return _change(request, pages, user_id, change)

    @router.post("/people/{user_id}/reactivate")
    @needs("people.manage", logs="user_reactivated", fresh=True)
    def reactivate(request: Request, user_id: UUID) -> Response:
        def change(visit: Visit, user: User) -> str:
            people.reactivate(visit.session, user)
            return "reactivated"

        return _change(request, pages, user_id, change)


def _change(request: Request, pages: PeoplePages, user_id: UUID, change: Any) -> Response:
    """Do it and go back to the account's page, or say why not."""
    try:
        with pages.door.visit(request) as visit:
            done = change(visit, people.colleague(visit.session, user_id))
    except BadInput as fault:
        with pages.door.visit(request) as visit:
            user = people.colleague(visit.session, user_id)
            said = words().say(fault.key, **fault.values)
            return pages.one_page(visit, user, status=422, said=said, error=True)
    return go(f"{PEOPLE}/{user_id}?done={done}")


def _teams(visit: Visit) -> list[Team]:
    return list(visit.session.execute(select(Team).order_by(Team.is_default.desc(), Team.name)).scalars())


def _default_teams(visit: Visit) -> set[UUID]:
    return {team.id for team in _teams(visit) if team.is_default}


def _known(visit: Visit, chosen: list[str]) -> set[UUID]:
    """The teams among what a form sent."""
    return {team.id for team in _teams(visit) if str(team.id) in chosen}
