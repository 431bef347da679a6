"""The console as a FastAPI router: what the composition root needs of this room."""

from dataclasses import dataclass

from fastapi import APIRouter

from cases.owned import Follower
from core.catalogues import Catalogues
from core.database import Sessions
from core.settings import Settings
from desk import (
    web_account,
    web_audit,
    web_case,
    web_complaints,
    web_directory,
    web_export,
    web_factor,
    web_language,
    web_notices,
    web_number,
    web_owned,
    web_passkey,
    web_people,
    web_practice,
    web_queue,
    web_referral,
    web_rota,
    web_sign_in,
    web_sso,
    web_statistics,
    web_teams,
    web_typing,
    web_work,
)
from desk.access import Door, make_route_class
from desk.bubbles import Meanings
from desk.console_pages import ConsolePages
from desk.directory_pages import DirectoryPages
from desk.live import Live
from desk.owning import Owning
from desk.pages import mount_static
from desk.sso import Provider
from desk.translation import translator
from desk.web_errors import answer_error
from directory.review.policy import load_policy
from gateway.gateway import Gateway

__all__ = ["Desk", "make_router", "mount_static"]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the console works with. `live.connected` says whether pages hear of changes."""

    settings: Settings
    sessions: Sessions
    gateway: Gateway
    catalogues: Catalogues
    live: Live
    follower: Follower


def make_router(desk: Desk) -> APIRouter:
    """Every page of the console, under /desk."""
    door = Door(desk.settings, desk.sessions)
    router = APIRouter(
        prefix="/desk",
        route_class=make_route_class(door, answer_error),
        include_in_schema=False,
        redirect_slashes=False,
    )
    web_sign_in.add_routes(router, desk.settings, desk.sessions, door)
    web_sso.add_routes(router, web_sso.SsoPages(desk.settings, desk.sessions, door, Provider(desk.settings)))
    web_factor.add_routes(router, desk.settings, door)
    web_passkey.add_routes(router, desk.settings, door)
    web_language.add_routes(router, door)
    web_account.add_routes(router, desk.settings, door)
    web_notices.add_routes(router, desk.settings, door)
    web_queue.add_routes(router, desk.settings, door, desk.live)
    meanings = Meanings(desk.gateway.wording, translator(desk.settings))
    cases = web_case.CasePages(desk.settings, desk.gateway, door, meanings)
    web_case.add_routes(router, cases)
    web_work.add_routes(router, cases)
    web_referral.add_routes(router, web_referral.ReferralPages(desk.settings, desk.gateway, door))
    web_typing.add_routes(router, cases)
    web_number.add_routes(router, door)
    web_export.add_routes(router, cases)
    web_practice.add_routes(router, web_practice.PracticePages(desk.settings, door, meanings))
    web_rota.add_routes(router, desk.settings, door)
    web_people.add_routes(router, web_people.PeoplePages(desk.settings, desk.gateway, door))
    web_teams.add_routes(router, desk.settings, door)
    web_audit.add_routes(router, door)
    web_complaints.add_routes(router, desk.settings, door)
    console = ConsolePages(desk.settings, desk.gateway, desk.catalogues, desk.sessions, door)
    web_statistics.add_routes(router, console)
    web_owned.add_routes(router, console, Owning(desk.settings, desk.catalogues, desk.gateway, desk.follower))
    web_directory.add_routes(
        router,
        DirectoryPages(desk.settings, desk.gateway, desk.catalogues, desk.sessions, door, load_policy(desk.settings)),
    )
    return router
