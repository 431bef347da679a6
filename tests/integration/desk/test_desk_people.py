"""An administrator's work: invitation to the end of an account. What somebody held goes back to the queue."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from cases import service
from cases.models import User
from core.database import now
from desk.models import StaffSession


@pytest.fixture
def root(world: Any) -> Any:
    world.caseworker("Root Example", "administrator")
    return world.browser(name="Root Example")


def default_team_id(world: Any) -> str:
    from cases.teams import default_team

    with world.sessions.begin() as session:
        return str(default_team(session).id)


def test_an_invitation_is_a_link_shown_once_that_leads_to_a_password_and_to_the_roles_given(
    world: Any, root: Any
) -> None:
    answer = root.post("/desk/people", data={"name": "New Example", "roles": ["auditor", "nonsense"], "teams": []})
    assert answer.status_code == 422  # a role that does not exist is no slip of a pen
    answer = root.post(
        "/desk/people", data={"name": "New Example", "roles": ["auditor"], "teams": [default_team_id(world)]}
    )
    assert answer.status_code == 200
    link = re.search(r'value="http://testserver(/desk/sign-in/[^"]+)"', answer.text).group(1)  # type: ignore[union-attr]
    assert link not in root.get("/desk/people").text
    newcomer = world.browser()
    assert newcomer.post(link).headers["location"] == "/desk/password"
    words = "four plain words together"
    assert newcomer.post("/desk/password", data={"new": words, "again": words}).status_code == 303
    assert newcomer.get("/desk").headers["location"] == "/desk/audit"
    assert newcomer.get("/desk/people").status_code == 403


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": "New Example", "roles": []}, "at least one role"),
        ({"name": "x", "roles": ["auditor"]}, "2 to 64 characters"),
        ({"name": "root  EXAMPLE", "roles": ["auditor"]}, "already"),
    ],
)
def test_an_invitation_that_cannot_be_made_keeps_what_was_typed(root: Any, form: Any, says: str) -> None:
    answer = root.post("/desk/people", data=form)
    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{form["name"]}"' in answer.text


def test_roles_and_teams_hold_from_the_next_click_and_cases_no_longer_seen_go_back(world: Any, root: Any) -> None:
    user = world.caseworker("Rosa Example", "caseworker")
    browser = world.browser(name="Rosa Example")
    case_id = world.case()
    assert browser.post(f"/desk/cases/{case_id}/take").status_code == 303
    form = {"roles": ["directory_editor"], "teams": [default_team_id(world)]}
    assert root.post(f"/desk/people/{user.id}/access", data=form).status_code == 303
    assert browser.get(f"/desk/cases/{case_id}").status_code == 403
    case, conversation = world.read(case_id)
    assert (case.assignee_id, conversation.owner) == (None, "bot")
    assert "The person has left. The assistant goes on." in [message.body for message in world.messages(case_id)]


def test_the_end_of_an_account_ends_its_sessions_links_and_holdings_at_once(world: Any, root: Any) -> None:
    user = world.caseworker("Rosa Example")
    browser = world.browser(name="Rosa Example")
    case_id = world.case()
    browser.post(f"/desk/cases/{case_id}/take")
    link = re.search(r"(/desk/sign-in/[^\"]+)\"", root.post(f"/desk/people/{user.id}/link").text).group(1)  # type: ignore[union-attr]
    assert root.post(f"/desk/people/{user.id}/deactivate").status_code == 303
    assert browser.get("/desk").headers["location"] == "/desk/sign-in"
    assert world.browser().post(link).status_code == 410
    refused = world.browser().post("/desk/sign-in", data={"name": user.name, "password": "four plain words together"})
    assert refused.status_code == 422
    assert world.read(case_id)[0].assignee_id is None
    # Let in again, the old cookie stays dead.
    root.post(f"/desk/people/{user.id}/reactivate")
    assert browser.get("/desk").headers["location"] == "/desk/sign-in"
    world.browser(name="Rosa Example")


def test_an_administrator_ends_the_sessions_of_a_lost_phone(world: Any, root: Any) -> None:
    user = world.caseworker("Rosa Example")
    browsers = [world.browser(name="Rosa Example") for _ in range(2)]
    root.post(f"/desk/people/{user.id}/end-sessions")
    assert [browser.get("/desk").status_code for browser in browsers] == [303, 303]
    assert root.get("/desk/people").status_code == 200


def test_nobody_changes_their_own_roles_and_the_last_administrator_stays(world: Any, root: Any) -> None:
    me = world.user("Root Example")
    form = {"roles": ["administrator", "caseworker"], "teams": []}
    answer = root.post(f"/desk/people/{me.id}/access", data=form)
    assert (answer.status_code, "another administrator" in answer.text) == (422, True)
    assert root.post(f"/desk/people/{me.id}/deactivate").status_code == 422
    world.caseworker("Second Example", "administrator")
    second = world.browser(name="Second Example")
    assert second.post(f"/desk/people/{me.id}/deactivate").status_code == 303
    with world.sessions.begin() as session:
        active = session.execute(select(User.name).where(User.roles.contains(["administrator"]), User.active)).scalars()
        assert list(active) == ["Second Example"]


def test_the_list_says_who_waits_who_is_active_and_who_has_ended(world: Any, root: Any) -> None:
    world.caseworker("Waiting Example", password=None)
    ended = world.caseworker("Ended Example")
    root.post(f"/desk/people/{ended.id}/deactivate")
    text = re.sub(r"<[^>]+>", " ", root.get("/desk/people").text)
    assert re.search(r"Waiting Example\s+Caseworker\s+Everybody\s+Invited", text)
    assert re.search(r"Ended Example\s+Caseworker\s+Everybody\s+Ended", text)


def test_a_session_that_is_not_used_ends_and_a_page_that_refreshes_itself_is_no_use(world: Any) -> None:
    world.caseworker()
    browser = world.browser(name="Amina Example")
    with world.sessions.begin() as session:
        (stored,) = session.execute(select(StaffSession)).scalars()
        stored.last_seen_at = before = now() - world.settings.session_idle / 2
    assert browser.get("/desk/queue", headers={"HX-Request": "true"}).status_code == 200
    with world.sessions.begin() as session:
        assert session.execute(select(StaffSession.last_seen_at)).scalar_one() == before
    assert browser.get("/desk").status_code == 200
    with world.sessions.begin() as session:
        (stored,) = session.execute(select(StaffSession)).scalars()
        assert stored.last_seen_at > before
        stored.last_seen_at = now() - world.settings.session_idle
    assert browser.get("/desk").headers["location"] == "/desk/sign-in"


def test_a_case_held_by_a_colleague_who_stays_in_its_team_stays_theirs(world: Any, root: Any) -> None:
    user = world.caseworker("Rosa Example")
    case_id = world.case()
    with world.sessions.begin() as session:
        service.take(session, case_id, session.get_one(User, user.id))
    form = {"roles": ["supervisor"], "teams": [default_team_id(world)]}
    root.post(f"/desk/people/{user.id}/access", data=form)
    assert world.read(case_id)[0].assignee_id == user.id
