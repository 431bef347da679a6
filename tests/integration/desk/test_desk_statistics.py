"""Statistics without people: counted from what is there, published once, small groups left out, and nothing that leads to anybody."""

import csv
import io
import re
from datetime import UTC, datetime, time, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, select

from cases.models import Case, Conversation, Person, User
from cases.referrals.models import FollowUp, Referral
from cases.teams import default_team
from core.database import now
from desk import counting, releases
from desk.counting import SPAN, span_of
from desk.models import StatisticMark, StatisticRelease
from desk.releases import SETTLED
from gateway.models import Message

FIRST = span_of(datetime(2026, 3, 4, tzinfo=UTC).date())
MONDAY = datetime.combine(FIRST, time.min, UTC)
DUE = MONDAY + SPAN + SETTLED
HOUR = timedelta(hours=1)


def person(session: Any, language: str | None, at: datetime) -> Conversation:
    someone = Person(phone_hash=uuid4().bytes, phone="+15005550100")
    session.add(someone)
    session.flush()
    conversation = Conversation(
        person_id=someone.id, channel="sms", our_address="+15005550006", language=language, last_inbound_at=at
    )
    session.add(conversation)
    session.flush()
    return conversation


def said(session: Any, of: Conversation, at: datetime, **values: Any) -> UUID:
    inbound = values.pop("inbound", False)
    row = Message(
        conversation_id=of.id, direction="inbound" if inbound else "outbound", author=values.pop("author", "bot"),
        state="handled" if inbound else "sent", created_at=at, body="what a person wrote", **values,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def cases(
    world: Any, number: int, level: str, language: str, *, answered: timedelta | None = HOUR, **values: Any
) -> None:
    """So many people with a case each, answered by a caseworker after a time."""
    with world.sessions.begin() as session:
        team = default_team(session).id
        for _ in range(number):
            of = person(session, language, MONDAY)
            at = MONDAY + timedelta(days=2)
            case = Case(
                conversation_id=of.id, team_id=team, level=level, reason="danger", opened_at=at, due_at=at + 2 * HOUR,
                state="closed" if "outcome" in values else "open", **values,
            )  # fmt: skip
            case.screening = '{"needs": ["shelter"], "answers": {"country": "BD"}}'
            session.add(case)
            if answered:
                said(session, of, at + answered, author="caseworker")


def mixed(world: Any) -> None:
    """Eighty people: forty of every second level, of two languages and two outcomes, answered in time and late."""
    for level, language in product(("U", "P"), ("en", "fr")):
        cases(world, 10, level, language, outcome="referred")
        cases(world, 10, level, language, outcome="helped", answered=3 * HOUR)


def publish(world: Any, at: datetime = DUE) -> releases.Release:
    with world.sessions.begin() as session:
        releases.publish_due(session, world.settings, at)
        return releases.releases(session)[0]


def test_four_weeks_are_published_once_when_they_have_settled_and_never_change(world: Any) -> None:
    mixed(world)
    with world.sessions.begin() as session:
        assert releases.publish_due(session, world.settings, DUE - HOUR) == []
        assert releases.next_day(session, DUE) == DUE.date()
    release = publish(world)
    assert release.rows("people") == {"": 80}
    assert release.rows("level")["U"] == 40
    assert release.rows("need")["shelter"] is None, "everybody has it: that nobody is without would be told"
    cases(world, 20, "U", "fr")
    with world.sessions.begin() as session:
        releases.publish_due(session, world.settings, DUE + timedelta(days=1))
        assert [one.rows("people") for one in releases.releases(session)] == [{"": 80}]


def test_one_person_with_many_cases_is_one_person_and_nine_people_are_nobody(world: Any) -> None:
    with world.sessions.begin() as session:
        of, team = person(session, "en", MONDAY), default_team(session).id
        for number in range(12):
            at = MONDAY + HOUR * number
            closed = number < 11
            case = Case(conversation_id=of.id, team_id=team, level="R", reason="danger", opened_at=at, due_at=at)
            case.state, case.outcome = ("closed", "helped") if closed else ("open", None)
            session.add(case)
    cases(world, 8, "R", "en")
    assert set(publish(world).cells.values()) == {None}


def test_questions_that_were_left_and_people_who_were_not_understood_count_once_each(world: Any) -> None:
    with world.sessions.begin() as session:
        for number in range(25):
            of = person(session, "ar", MONDAY)
            at = MONDAY + HOUR
            for again in range(2):
                asked = at + again * HOUR
                said(session, of, asked, question="danger", key="ask_danger")
                if number < 12:
                    turn = said(session, of, asked + HOUR / 2, inbound=True, author="person")
                    said(session, of, asked + HOUR / 2, key="say_not_understood", turn_id=turn)
    for hours in (15, 16, 40):
        with world.sessions.begin() as session:
            counting.note(session, MONDAY + HOUR * hours)
    with world.sessions.begin() as session:
        session.execute(delete(Conversation))
    release = publish(world)
    kinds = {kind: release.cells["question", "danger", kind] for kind in ("asked", "left", "rest")}
    assert kinds == {"asked": 25, "left": 13, "rest": 12}
    assert release.cells["understanding", "ar", "heard"] == 12
    assert release.cells["understanding", "ar", "not_heard"] is None, (
        "that all twelve were not understood would be told"
    )
    with world.sessions.begin() as session:
        assert session.execute(select(func.count()).select_from(StatisticMark)).scalar_one() == 0


def test_referrals_count_by_how_far_they_came_by_need_and_by_what_people_said_later(world: Any) -> None:
    cases(world, 30, "U", "en")
    cases(world, 40, "P", "fr")
    with world.sessions.begin() as session:
        staff = User(name="Referring Example")
        session.add(staff)
        session.flush()
        for number, case in enumerate(session.scalars(select(Case).order_by(Case.level.desc(), Case.id))):
            # Half of them have another need; a declined one before an accepted one is an accepted one; a team is no service.
            case.screening = f'{{"needs": ["{"health" if number % 2 else "shelter"}"], "answers": {{"country": "BD"}}}}'
            stands = [(), ("declined", "accepted"), ("refused",), ("expired",)][number % 4]
            for stand in (*stands, "team") if number % 8 else stands:
                referral = Referral(
                    case_id=case.id, conversation_id=case.conversation_id, created_by=staff.id,
                    state="accepted" if stand == "team" else stand,
                    team_id=default_team(session).id if stand == "team" else None,
                )  # fmt: skip
                session.add(referral)
                session.flush()
                if stand == "accepted":
                    session.add(
                        FollowUp(referral_id=referral.id, conversation_id=case.conversation_id, state="answered",
                                 answer="yes", due_at=MONDAY)
                    )  # fmt: skip
    with world.sessions.begin() as session:
        tables = counting.read_tables(session, FIRST, world.settings)
    stands = {stand: tables.counts["referral", stand, ""] for stand in counting.REFERRAL_ROWS}
    assert stands == {
        "none": 18,
        "refused": 17,
        "withdrawn": 0,
        "expired": 17,
        "declined": 0,
        "waiting": 0,
        "accepted": 18,
    }
    assert {said: tables.counts["follow_up", said, ""] for said in counting.FOLLOW_UP_ROWS} == {
        "yes": 18, "not_yet": 0, "no": 0, "not_reached": 0, "none": 17, "unsent": 35,
    }  # fmt: skip
    assert tables.counts["referral:need", "accepted", "health"] == 18
    assert tables.counts["referral:need", "accepted", "shelter"] == 0
    release = publish(world)
    assert release.rows("referral")["accepted"] == 18
    assert all(count is None or count >= 10 for count in release.cells.values())


@pytest.fixture
def reader(world: Any) -> Any:
    world.caseworker("Sira Example", "supervisor")
    return world.browser(name="Sira Example")


def test_the_page_has_a_table_beside_each_chart_and_leads_to_nobody(world: Any, reader: Any) -> None:
    assert "No numbers have been published yet" in reader.get("/desk/statistics").text
    mixed(world)
    cases(world, 3, "U", "ar", outcome="referred")
    release = publish(world)
    page = reader.get("/desk/statistics").text
    assert page.count("<svg") == page.count("<table") == page.count("</desc>")
    main = page.split("<main", 1)[1]
    addresses = set(re.findall(r'href="([^"]+)"', main))
    assert addresses == {f"/desk/statistics/{release.first_day}.csv"}
    assert "83 people with a case" in page
    assert not re.search(r">3<", page)
    only = reader.get("/desk/statistics", params={"level": "U", "from": release.first_day.isoformat()}).text
    assert 'value="U" selected' in only
    assert reader.get("/desk/statistics", params={"level": "x", "from": "nonsense"}).status_code == 200


def test_the_file_says_the_same_as_the_page_and_no_cell_is_a_formula(world: Any, reader: Any) -> None:
    mixed(world)
    release = publish(world)
    answer = reader.get(f"/desk/statistics/{release.first_day}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert {"80"} <= {row["number"] for row in rows if row["number"]}
    assert all(int(row["number"]) >= 10 for row in rows if row["number"])
    assert not any(cell[:1] in {"=", "+", "-", "@"} for row in rows for cell in row.values())
    assert reader.get("/desk/statistics/2001-01-01.csv").status_code == 404
    assert reader.get("/desk/statistics/nonsense.csv").status_code == 404


def test_a_row_of_a_language_that_is_not_offered_is_no_row_of_its_own(world: Any) -> None:
    mixed(world)
    cases(world, 25, "P", "tlh", outcome="helped")
    release = publish(world)
    assert all("tlh" not in cell for cell in release.cells)
    assert set(release.rows("language")) == {*world.settings.languages, "other"}


def test_the_schedule_notes_and_publishes(world: Any, database_url: str) -> None:
    from core.jobs import make_app

    app = make_app(database_url)
    releases.add_tasks(app, world.sessions, world.settings)
    cases(world, 10, "P", "en")
    app.tasks[releases.COUNT].func(int(now().timestamp()))
    with world.sessions.begin() as session:
        assert session.execute(select(func.count()).select_from(StatisticRelease)).scalar_one() > 0
