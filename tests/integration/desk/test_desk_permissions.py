"""The matrix of every route of the desk and every role, derived from the application: each cell is a real request.

A route that declares nothing, or a permission that is not in the table, does not start.
"""

import re
from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from sqlalchemy import text

from app.reference import PERMISSIONS_PAGE, permissions_page
from cases.models import ROLES
from desk import frame
from desk.access import make_route_class
from desk.permissions import BEGIN, MEANINGS, PERMISSIONS, PUBLIC, may, needs, permission_of

STREAMS = {"/desk/live"}
"""Answers that never end: asked only by who may not see them here, and by a real browser elsewhere."""


def guarded(world: Any) -> list[tuple[str, APIRoute, str]]:
    found = [(method, route, permission_of(route.endpoint)) for method, route in world.routes()]
    return [(method, route, permission) for method, route, permission in found if permission != PUBLIC]


def path_of(route: APIRoute, ids: dict[str, Any]) -> str:
    """The address with an id for every field: one that exists where the test made one, else one that does not."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: str(ids.get(found.group(1)) or uuid4()), route.path)


def rows(world: Any) -> dict[str, int]:
    """How many rows every table has: what was refused must have left no trace but the record that it was refused."""
    with world.sessions.begin() as session:
        tables = session.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'audit%'")
        ).scalars()
        return {
            table: int(session.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())  # noqa: S608
            for table in tables
        }


@pytest.mark.parametrize("role", ROLES)
def test_every_route_answers_this_role_exactly_as_the_table_says(world: Any, role: str) -> None:
    world.caseworker("Rosa Example", role)
    browser = world.browser(name="Rosa Example")
    secret = "what a person wrote"
    case_id = world.case()
    world.write(case_id, secret)
    ids = {"case_id": case_id}
    before = rows(world)
    refused, allowed = set(), set()
    for method, route, permission in guarded(world):
        cell = (method, route.path)
        if role not in PERMISSIONS[permission]:
            # Without a form: an answer about its fields would come before the refusal.
            answer = browser.request(method, path_of(route, ids))
            lands = frame.home(world.user("Rosa Example"))
            if cell == ("GET", "/desk"):
                assert (answer.status_code, answer.headers["location"]) == (303, lands), cell
            else:
                assert answer.status_code == 403, cell
                assert "Your role does not include" in answer.text, cell
            assert secret not in answer.text, cell
            refused.add(cell)
    assert rows(world) == before
    for method, route, permission in guarded(world):
        cell = (method, route.path)
        if role in PERMISSIONS[permission]:
            if route.path in STREAMS:
                continue
            answer = browser.request(method, path_of(route, ids))
            assert answer.status_code in {200, 303, 404, 409, 410, 422}, (cell, answer.text)
            assert "/desk/sign-in" not in answer.headers.get("location", ""), cell
            assert "Your role does not include" not in answer.text, cell
            allowed.add(cell)
    assert not refused & allowed
    assert len(refused | allowed) == len(guarded(world)) - (len(STREAMS) if may_queue(role) else 0)


def may_queue(role: str) -> bool:
    return role in PERMISSIONS["queue.read"]


def test_a_route_that_declares_nothing_or_an_unknown_word_does_not_start(world: Any) -> None:
    router = APIRouter(route_class=make_route_class(object(), object()))  # type: ignore[arg-type]

    def forgotten(request: Request) -> None: ...

    with pytest.raises(TypeError, match="forgotten declares no permission"):
        router.get("/forgotten")(forgotten)
    with pytest.raises(KeyError):
        needs("case.raed")


def test_every_route_of_the_desk_is_one_of_the_guarded_class(world: Any) -> None:
    names = {type(route).__name__ for _, route in world.routes()}
    assert names == {"DeskRoute"}
    assert {path for _, route in world.routes() if permission_of(route.endpoint) == PUBLIC for path in [route.path]} == {
        "/desk/language",
        "/desk/sign-in",
        "/desk/sign-in/{token}",
        "/desk/sign-out",
        "/desk/sso",
        "/desk/sso/back",
    }  # fmt: skip


def test_somebody_with_two_roles_may_do_what_either_may(world: Any) -> None:
    user = world.caseworker("Two Example", "auditor", "caseworker")
    browser = world.browser(name="Two Example")
    assert browser.get("/desk").status_code == 200
    assert {role for role in ROLES if role in user.roles} == {"caseworker", "auditor"}
    assert may(user, "case.read")
    assert not may(user, "directory.edit")


def test_the_table_names_roles_that_exist_and_says_what_each_permission_allows() -> None:
    assert set(MEANINGS) == set(PERMISSIONS)
    for permission, roles in PERMISSIONS.items():
        assert roles, permission
        assert roles <= set(ROLES), permission
    assert PERMISSIONS[BEGIN] == set(ROLES)


@pytest.mark.parametrize("role", ["administrator", "auditor", "directory_editor", "directory_approver"])
def test_who_does_not_work_on_cases_has_no_permission_that_shows_what_people_wrote(role: str) -> None:
    contents = {name for name in PERMISSIONS if name.split(".")[0] in {"queue", "case", "number"}}
    assert contents
    assert [name for name in sorted(contents) if role in PERMISSIONS[name]] == []


def test_who_writes_an_entry_cannot_approve_it_by_the_same_role() -> None:
    assert not PERMISSIONS["directory.edit"] & PERMISSIONS["directory.approve"]


def test_the_header_leads_to_pages_that_exist_and_that_whoever_sees_them_may_open(world: Any) -> None:
    pages = {route.path: permission for method, route, permission in guarded(world) if method == "GET"}
    assert {entry.path: entry.permission for entry in frame.ENTRIES}.items() <= pages.items()


def test_the_reference_page_is_the_table() -> None:
    assert PERMISSIONS_PAGE.read_text() == permissions_page(), "run python -m app.reference"
