"""Nobody takes a case in its time: the person hears the truth once, and each step to the next colleague is on record."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from cases.models import Case, CaseEvent
from cases.service import open_or_update, set_hold, take
from core.database import now
from core.settings import read_settings
from gateway.waiting import STILL_WAITING, escalate, limits
from tests.integration.gateway.doubles import Line

pytestmark = pytest.mark.anyio


async def opened(line: Line, level: str = "E", **values: Any) -> Case:
    """A case that waits for somebody."""
    await line.write("hello")
    await line.work()
    with line.sessions.begin() as session:
        open_or_update(
            session, line.conversation().id, level=level, rules=["E1"], needs=[], answers=values, reason="danger"
        )
    (case,) = line.cases()
    return case


def steps(line: Line) -> list[str]:
    with line.sessions.begin() as session:
        rows = session.scalars(select(CaseEvent).where(CaseEvent.kind == "escalated").order_by(CaseEvent.at))
        return [row.details["step"] for row in rows]


def told(line: Line) -> int:
    return sum(row.key == STILL_WAITING for row in line.rows("outbound"))


async def test_an_emergency_goes_to_the_second_on_call_and_then_to_the_duty_manager_and_the_person_hears_it_once(
    line: Line,
) -> None:
    case = await opened(line)
    waits = {minutes: case.opened_at + timedelta(minutes=minutes) for minutes in (9, 10.1, 12, 20.1, 60)}
    heard = []
    for moment in waits.values():
        escalate(line.gateway, at=moment)
        heard.append((steps(line), told(line)))
    assert heard == [
        ([], 0), (["second"], 1), (["second"], 1), (["second", "manager"], 1), (["second", "manager"], 1)
    ]  # fmt: skip


async def test_a_case_that_somebody_took_is_left_alone(line: Line) -> None:
    case = await opened(line)
    user = line.caseworker()
    with line.sessions.begin() as session:
        take(session, case.id, user)
    assert escalate(line.gateway, at=now() + timedelta(days=1)) == 0
    assert told(line) == 0


async def test_who_may_not_be_written_to_hears_nothing_but_the_colleagues_are_called(line: Line) -> None:
    await opened(line)
    with line.sessions.begin() as session:
        set_hold(session, line.conversation().id, "duress")
    escalate(line.gateway, at=now() + timedelta(minutes=11))
    assert (steps(line), told(line)) == (["second"], 0)


async def test_who_said_that_it_is_not_safe_hears_nothing(line: Line) -> None:
    await opened(line, safe="no")
    escalate(line.gateway, at=now() + timedelta(minutes=11))
    assert (steps(line), told(line)) == (["second"], 0)


async def test_a_case_that_was_raised_waits_as_an_emergency_from_then_on(line: Line) -> None:
    case = await opened(line, level="R")
    with line.sessions.begin() as session:
        kept = session.get_one(Case, case.id)
        kept.opened_at -= timedelta(days=1)
        open_or_update(session, kept.conversation_id, level="E", rules=["E1"], needs=[], answers={}, reason="danger")
    assert escalate(line.gateway, at=now() + timedelta(minutes=9)) == 0
    assert escalate(line.gateway, at=now() + timedelta(minutes=11)) == 1


@given(level=st.sampled_from(["E", "U", "P", "R"]))
def test_the_second_step_comes_after_the_first_and_neither_before_the_target(level: Any) -> None:
    settings = read_settings()
    first, last = limits(level, settings)
    assert settings.target(level) <= first < last
