"""A case leaves the desk when two people agree: seen once, by who asked, soon, without the number; everybody else finds nothing."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cases.models import Team
from cases.teams import set_teams
from desk.models import AuditEntry, CaseExport

SECRET = "what a person wrote"


@pytest.fixture
def case_id(world: Any) -> Any:
    made = world.case()
    world.write(made, SECRET)
    return made


@pytest.fixture
def asker(world: Any) -> Any:
    world.caseworker()
    return world.browser(name="Amina Example")


@pytest.fixture
def second(world: Any) -> Any:
    world.caseworker("Sira Example", "supervisor")
    return world.browser(name="Sira Example")


def export(world: Any) -> CaseExport:
    with world.sessions.begin() as session:
        return session.execute(select(CaseExport).order_by(CaseExport.asked_at.desc()).limit(1)).scalar_one()


def step(browser: Any, world: Any, case_id: Any, what: str) -> Any:
    return browser.post(f"/desk/cases/{case_id}/export/{export(world).id}/{what}")


def test_one_asks_another_agrees_and_the_first_sees_it_once(world: Any, case_id: Any, asker: Any, second: Any) -> None:
    here = f"/desk/cases/{case_id}/export"
    assert here in asker.get(f"/desk/cases/{case_id}").text
    assert "Choose why" in asker.post(here, data={"reason": "curious"}).text
    assert asker.post(here, data={"reason": "court_order"}).status_code == 303
    assert "under way already" in second.post(here, data={"reason": "supervision"}).text
    assert step(asker, world, case_id, "open").status_code == 404
    assert step(asker, world, case_id, "agree").status_code == 403
    assert 'data-testid="export-agree"' in second.get(here).text
    assert step(second, world, case_id, "agree").status_code == 303
    assert step(second, world, case_id, "open").status_code == 404, "only who asked"
    shown = step(asker, world, case_id, "open")
    assert SECRET in shown.text
    assert "+1500" not in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert step(asker, world, case_id, "open").status_code == 404, "once"
    with world.sessions.begin() as session:
        lines = session.execute(
            select(AuditEntry.action).where(AuditEntry.action.startswith("export")).order_by(AuditEntry.number)
        ).scalars()
        assert list(lines) == ["export_asked", "export_agreed", "export_shown"]


def test_nobody_agrees_with_themselves_nor_decides_for_others(
    world: Any, case_id: Any, asker: Any, second: Any
) -> None:
    here = f"/desk/cases/{case_id}/export"
    second.post(here, data={"reason": "complaint"})
    assert "Somebody else" in step(second, world, case_id, "agree").text
    assert step(asker, world, case_id, "refuse").status_code == 404
    assert step(second, world, case_id, "refuse").status_code == 303
    assert export(world).state == "refused"
    asker.post(here, data={"reason": "complaint"})
    assert step(second, world, case_id, "refuse").status_code == 303


def test_what_is_late_is_over_and_can_be_asked_for_again(world: Any, case_id: Any, asker: Any, second: Any) -> None:
    here = f"/desk/cases/{case_id}/export"
    asker.post(here, data={"reason": "transfer"})
    step(second, world, case_id, "agree")
    with world.sessions.begin() as session:
        session.merge(export(world)).decided_at -= timedelta(hours=25)
    late = step(asker, world, case_id, "open")
    assert late.status_code == 422
    assert SECRET not in late.text
    assert asker.post(here, data={"reason": "transfer"}).status_code == 303
    again = export(world).id
    with world.sessions.begin() as session:
        session.get_one(CaseExport, again).asked_at -= timedelta(hours=25)
    assert second.post(f"{here}/{again}/agree").status_code == 422


def test_another_teams_case_is_not_found_and_danger_asks_who_one_is(
    world: Any, case_id: Any, asker: Any, second: Any
) -> None:
    here = f"/desk/cases/{case_id}/export"
    asker.post(here, data={"reason": "transfer"})
    with world.sessions.begin() as session:
        other = Team(name="Other")
        session.add(other)
        session.flush()
        set_teams(session, world.user("Sira Example").id, [other.id])
    assert step(second, world, case_id, "agree").status_code == 404
    assert second.get(here).status_code == 404
    from tests.integration.desk.test_desk_factor import make_stale

    make_stale(world)
    answer = asker.get(here)
    assert re.search("/desk/confirm", answer.headers.get("location", ""))
