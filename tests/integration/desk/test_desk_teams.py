"""Teams: a case of another team does not exist, in no list, on no page, for no action, in no stream of events."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from cases import service
from cases.models import Case, Team, User
from cases.teams import default_team, serves, set_teams, team_for
from core.database import now

SECRET = "what a person wrote"


def make_team(world: Any, name: str, *, languages: tuple[str, ...] = (), countries: tuple[str, ...] = ()) -> UUID:
    with world.sessions.begin() as session:
        team = Team(name=name, languages=list(languages), countries=list(countries))
        session.add(team)
    return team.id


def join(world: Any, user: User, *teams: UUID) -> None:
    with world.sessions.begin() as session:
        set_teams(session, user.id, teams)


def team_name(world: Any, case_id: UUID) -> str:
    with world.sessions.begin() as session:
        return session.get_one(Case, case_id).team.name


@pytest.mark.parametrize("role", ["caseworker", "supervisor"])
def test_a_case_of_another_team_is_not_found_by_any_route_that_has_a_case_in_its_address(world: Any, role: str) -> None:
    theirs = make_team(world, "Arabic", languages=("ar",))
    join(world, world.caseworker("Rosa Example", role), theirs)
    case_id, made_up = world.case(answers={"country": "MA"}), uuid4()
    world.write(case_id, SECRET)
    browser = world.browser(name="Rosa Example")
    before = world.read(case_id)[0]
    asked = 0
    for method, route in world.routes():
        if "{case_id}" not in route.path:
            continue
        answers = [
            browser.request(method, re.sub(r"\{case_id\}", str(one), re.sub(r"\{(?!case_id)\w+\}", str(made_up), route.path)))
            for one in (case_id, made_up)
        ]  # fmt: skip
        # The same answer as for a case that never was: not even that it exists is told.
        # Whoever may not do it in any case is refused before anything is looked for.
        assert [answer.status_code for answer in answers] in ([404, 404], [403, 403]), (method, route.path)
        # The address asked for stands in the page, which comes back to it in another language.
        assert answers[0].text.replace(str(case_id), str(made_up)) == answers[1].text, (method, route.path)
        asked += 1
    assert asked >= 8
    after, _ = world.read(case_id)
    assert (after.assignee_id, after.state, after.level) == (before.assignee_id, before.state, before.level)
    assert browser.get(f"/desk/live?case={case_id}").status_code == 404


def test_a_case_of_another_team_is_in_no_list_no_count_and_no_alert(world: Any) -> None:
    theirs = make_team(world, "Arabic", languages=("ar",))
    join(world, world.caseworker("Rosa Example"), theirs)
    hidden = world.case("E", reason="danger")
    own = world.case("U", language="ar")
    browser = world.browser(name="Rosa Example")
    hidden_reference, own_reference = (world.read(one)[0].reference for one in (hidden, own))
    for path in ("/desk", "/desk/queue", "/desk/alerts", f"/desk/cases/{own}"):
        text = browser.get(path).text
        assert hidden_reference not in text, path
        assert str(hidden) not in text, path
    queue = browser.get("/desk/queue").text
    assert own_reference in queue
    assert re.search(r'id="filter-all"[^>]*>[^<]*<span class="count">1</span>', queue)


def test_who_is_in_no_team_sees_no_case_and_who_is_in_two_sees_both(world: Any) -> None:
    arabic, french = make_team(world, "Arabic", languages=("ar",)), make_team(world, "French", languages=("fr",))
    cases = [world.case(language="ar"), world.case(language="fr")]
    references = [world.read(one)[0].reference for one in cases]
    user = world.caseworker("Rosa Example")
    browser = world.browser(name="Rosa Example")
    for teams, seen in (((), []), ((arabic,), references[:1]), ((arabic, french), references)):
        join(world, user, *teams)
        assert re.findall(r'class="row-link"[^>]*>(K\d+)<', browser.get("/desk").text) == seen


def test_a_case_goes_to_the_team_of_its_country_and_language_and_wanders_until_somebody_takes_it(world: Any) -> None:
    make_team(world, "Arabic", languages=("ar",))
    make_team(world, "Morocco", languages=("ar", "fr"), countries=("MA",))
    case_id = world.case(language="ar")
    assert team_name(world, case_id) == "Arabic"
    conversation = world.read(case_id)[0].conversation_id
    world.case(conversation=conversation, answers={"country": "MA"})
    assert team_name(world, case_id) == "Morocco"
    user = world.caseworker()
    with world.sessions.begin() as session:
        join_ids = [session.get_one(Case, case_id).team_id]
        set_teams(session, user.id, join_ids)
        service.take(session, case_id, user)
    world.case(conversation=conversation, answers={"country": "BR"})
    assert team_name(world, case_id) == "Morocco"
    assert team_name(world, world.case(language="pt")) == "Everybody"


CODES = st.sampled_from(["ar", "fr", "en"])
COUNTRIES = st.sampled_from(["MA", "BR", "ZA"])


@given(st.lists(CODES, max_size=2), st.lists(COUNTRIES, max_size=2), st.none() | CODES, st.none() | COUNTRIES)
def test_a_team_serves_only_what_it_says(
    languages: list[str], countries: list[str], language: str | None, country: str | None
) -> None:
    team = Team(name="x", languages=languages, countries=countries)
    if serves(team, language=language, country=country):
        assert languages or countries
        assert not languages or language in languages
        assert not countries or country in countries


def test_of_several_teams_the_one_that_names_the_country_goes_first(world: Any) -> None:
    make_team(world, "A language", languages=("fr",))
    make_team(world, "B country", countries=("MA",))
    make_team(world, "C both", languages=("fr",), countries=("MA",))
    make_team(world, "D nothing")
    with world.sessions.begin() as session:
        found = {
            key: team_for(session, language=key[0], country=key[1]).name
            for key in [("fr", "MA"), ("ar", "MA"), ("fr", "BR"), ("ar", "BR"), (None, None)]
        }
    assert found == {
        ("fr", "MA"): "C both",
        ("ar", "MA"): "B country",
        ("fr", "BR"): "A language",
        ("ar", "BR"): "Everybody",
        (None, None): "Everybody",
    }


def test_an_administrator_makes_a_team_and_waiting_cases_go_to_it(world: Any) -> None:
    waiting, taken = world.case(language="ar"), world.case(language="ar")
    user = world.caseworker()
    with world.sessions.begin() as session:
        service.take(session, taken, user)
    world.caseworker("Root Example", "administrator")
    browser = world.browser(name="Root Example")
    form = {"name": " Arabic  night ", "languages": ["ar", "zz"], "countries": []}
    answer = browser.post("/desk/teams", data=form)
    assert answer.status_code == 303
    assert team_name(world, waiting) == "Arabic night"
    assert team_name(world, taken) == "Everybody"
    assert "already" in browser.post("/desk/teams", data={"name": "arabic NIGHT"}).text
    assert browser.post("/desk/teams", data={"name": "x"}).status_code == 422
    page = browser.post(answer.headers["location"], data={"name": "Arabic", "languages": ["fr"]}).headers["location"]
    assert "Saved" in browser.get(page).text
    with world.sessions.begin() as session:
        team = session.execute(select(Team).where(Team.name == "Arabic")).scalar_one()
        assert (team.languages, team.countries) == (["fr"], [])
        # What every other team leaves stays the default team's, whatever a form says.
        default = default_team(session)
    browser.post(f"/desk/teams/{default.id}", data={"name": "Rest", "languages": ["fr"]})
    with world.sessions.begin() as session:
        assert (default_team(session).name, default_team(session).languages) == ("Rest", [])
    assert team_name(world, waiting) == "Rest"
    assert now() > default.created_at
