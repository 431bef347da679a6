"""A case goes to a colleague with a note: from whoever holds it, or through a supervisor. Nobody else gets it."""

from html import unescape
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from cases.models import CaseEvent, Note
from desk.words import words
from tests.integration.desk.conftest import TestClient, World

AMINA, BASHIR, SARA, OTHER = "Amina Example", "Bashir Example", "Sara Example", "Other Example"
NOTE = "She can write after 20:00 only."


@pytest.fixture
def case(world: World) -> UUID:
    world.caseworker(AMINA)
    world.caseworker(BASHIR)
    world.caseworker(SARA, "supervisor")
    world.caseworker("Auditor Example", "auditor")
    return world.case("E", language="en")


def hand_on(browser: TestClient, world: World, case: UUID, to: str, note: str = NOTE) -> tuple[int, str]:
    """The answer to the form, and the page after it."""
    answer = browser.post(f"/desk/cases/{case}/hand-on", data={"to": str(world.user(to).id), "note": note})
    text = browser.get(answer.headers["location"]).text if answer.status_code == 303 else answer.text
    return answer.status_code, unescape(text)


def holder(world: World, case: UUID) -> UUID | None:
    return world.read(case)[0].assignee_id


def test_the_holder_gives_it_on_and_the_note_and_the_event_say_so(world: World, case: UUID) -> None:
    amina = world.browser(name=AMINA)
    amina.post(f"/desk/cases/{case}/take")
    epoch = world.read(case)[1].epoch
    said = amina.post(f"/desk/cases/{case}/reply", data={"text": "I am here.", "client_id": str(uuid4())})
    assert said.status_code == 303
    assert BASHIR in amina.get(f"/desk/cases/{case}").text
    assert "Auditor Example" not in amina.get(f"/desk/cases/{case}").text
    status, page = hand_on(amina, world, case, BASHIR)
    assert status == 303
    assert words().say("hand_on_done") in page
    assert holder(world, case) == world.user(BASHIR).id
    assert world.read(case)[1].epoch == epoch, "what was written before the change is still sent"
    with world.sessions.begin() as session:
        assert session.scalars(select(Note)).one().body == NOTE
        event = session.scalars(select(CaseEvent).where(CaseEvent.kind == "handed_on")).one()
        assert event.details == {"to": str(world.user(BASHIR).id)}
    refused = amina.post(f"/desk/cases/{case}/reply", data={"text": "One more.", "client_id": str(uuid4())})
    assert refused.status_code == 409, "only its new holder writes"


def test_a_supervisor_gives_a_case_that_nobody_took_and_the_person_hears_that_somebody_reads(
    world: World, case: UUID
) -> None:
    status, _ = hand_on(world.browser(name=SARA), world, case, BASHIR)
    assert status == 303
    assert holder(world, case) == world.user(BASHIR).id
    assert world.read(case)[1].owner == "desk"
    assert [row.key for row in world.messages(case)] == ["say_human_takes_over"]


def test_a_supervisor_takes_it_from_whoever_holds_it_and_the_person_hears_nothing_new(world: World, case: UUID) -> None:
    world.browser(name=AMINA).post(f"/desk/cases/{case}/take")
    before = len(world.messages(case))
    status, _ = hand_on(world.browser(name=SARA), world, case, BASHIR)
    assert (status, holder(world, case)) == (303, world.user(BASHIR).id)
    assert len(world.messages(case)) == before


def test_a_caseworker_who_does_not_hold_it_gives_it_to_nobody(world: World, case: UUID) -> None:
    bashir = world.browser(name=BASHIR)
    assert words().say("hand_on_title") not in unescape(bashir.get(f"/desk/cases/{case}").text)
    assert hand_on(bashir, world, case, AMINA)[0] == 409
    assert holder(world, case) is None


@pytest.mark.parametrize("to", ["Auditor Example", OTHER, AMINA])
def test_only_a_colleague_of_the_team_who_works_on_cases_and_does_not_hold_it_can_get_it(
    world: World, case: UUID, to: str
) -> None:
    other = world.caseworker(OTHER)
    with world.sessions.begin() as session:
        from cases.teams import set_teams

        set_teams(session, other.id, [])
    amina = world.browser(name=AMINA)
    amina.post(f"/desk/cases/{case}/take")
    status, page = hand_on(amina, world, case, to)
    assert (status, words().say("hand_on_who_needed") in page) == (422, True)
    assert NOTE in page, "what was typed is not lost"
    assert holder(world, case) == world.user(AMINA).id


def test_a_colleague_gets_no_case_without_a_word(world: World, case: UUID) -> None:
    amina = world.browser(name=AMINA)
    amina.post(f"/desk/cases/{case}/take")
    status, page = hand_on(amina, world, case, BASHIR, " \n ")
    assert (status, words().say("hand_on_note_needed") in page) == (422, True)
