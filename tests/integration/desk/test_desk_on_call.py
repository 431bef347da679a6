"""Who is called when a case waits, what they are told outside the desk, and what one shift leaves to the next."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import apprise
import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from cases import rota
from cases.models import Case, CaseEvent, Duty, Team
from cases.service import take
from cases.teams import default_team, set_teams
from core.database import now
from desk import handover
from desk.models import HandoverNote, StaffAddress, StaffNotice
from desk.notices import MOST_TRIES, StaffTeller, is_quiet, tell_waiting
from gateway.waiting import escalate

WORDS = "A case waits. http://testserver/desk"


class Heard:
    """A way to tell that remembers; `takes` False: nothing gets through."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.takes = True

    def tell(self, channel: str, address: str, text: str) -> bool:
        self.told.append((channel, address, text))
        return self.takes

    def to(self) -> list[str]:
        return sorted(address for _, address, _ in self.told)


def on_call(world: Any, name: str, rank: int, *, quiet: bool = False, **values: Any) -> None:
    """A colleague of this rank, on duty all day, with a mail address."""
    user = world.caseworker(name)
    with world.sessions.begin() as session:
        session.add(
            Duty(
                user_id=user.id, team_id=values.get("team") or default_team(session).id, weekdays=list(range(7)),
                starts=time(0), ends=time(0), time_zone="UTC", first_day=now().date() - timedelta(days=2), rank=rank,
                languages=values.get("languages", []),
            )
        )  # fmt: skip
        address = StaffAddress(user_id=user.id, channel="email", time_zone="UTC")
        address.address = f"{name.split(maxsplit=1)[0].lower()}@desk.example"
        address.quiet_from, address.quiet_until = (time(0), time(23, 59, 59)) if quiet else (None, None)
        session.add(address)


@pytest.fixture
def team(world: Any) -> Heard:
    on_call(world, "First Example", 1)
    on_call(world, "Second Example", 2)
    on_call(world, "Chief Example", 3)
    return Heard()


def test_the_first_is_told_then_the_second_then_the_manager_each_once_and_nothing_of_the_person(
    world: Any, team: Heard
) -> None:
    case_id = world.case("U", language="ar", minutes_ago=1)
    heard = []
    for minutes in (0, 1, 61, 121, 122):
        escalate(world.desk.gateway, at=now() + timedelta(minutes=minutes))
        tell_waiting(world.sessions, world.settings, team)
        heard.append(team.to())
    first, second, chief = "first@desk.example", "second@desk.example", "chief@desk.example"
    assert heard == [[first], [first], [first, second], sorted([chief, first, second]), sorted([chief, first, second])]
    assert {told for _, _, told in team.told} == {WORDS}
    with world.sessions.begin() as session:
        events = session.execute(
            select(CaseEvent).where(CaseEvent.kind == "escalated").order_by(CaseEvent.at)
        ).scalars()
        assert [event.details["called"] for event in events] == ["Second Example", "Chief Example"]
    world.caseworker()
    page = world.browser(name="Amina Example").get(f"/desk/cases/{case_id}").text
    assert "the second on call is called: Second Example" in page


def test_a_case_that_somebody_took_is_told_to_nobody(world: Any, team: Heard) -> None:
    case_id = world.case("E")
    with world.sessions.begin() as session:
        take(session, case_id, session.merge(world.user("First Example")))
    assert tell_waiting(world.sessions, world.settings, team) == 0


def test_quiet_hours_hold_back_everything_but_an_emergency_until_they_end(world: Any) -> None:
    on_call(world, "Night Example", 1, quiet=True)
    heard = Heard()
    routine = world.case("R")
    assert tell_waiting(world.sessions, world.settings, heard) == 0
    world.case("E", number="+15005550143")
    assert tell_waiting(world.sessions, world.settings, heard) == 1
    with world.sessions.begin() as session:
        session.execute(select(StaffAddress)).scalar_one().quiet_from = None
        assert session.get_one(Case, routine).level == "R"
    assert tell_waiting(world.sessions, world.settings, heard) == 1


@pytest.mark.parametrize(
    ("start", "end", "zone", "clock", "quiet"),
    [
        ("22:00", "07:00", "UTC", "23:30", True), ("22:00", "07:00", "UTC", "06:59", True),
        ("22:00", "07:00", "UTC", "07:00", False), ("09:00", "17:00", "UTC", "12:00", True),
        ("09:00", "17:00", "UTC", "08:59", False), ("22:00", "07:00", "Asia/Dhaka", "17:00", True),
    ],
)  # fmt: skip
def test_quiet_hours_pass_midnight_and_have_a_zone(start: str, end: str, zone: str, clock: str, *, quiet: bool) -> None:
    address = StaffAddress(
        channel="email", quiet_from=time.fromisoformat(start), quiet_until=time.fromisoformat(end), time_zone=zone
    )
    assert is_quiet(address, datetime.fromisoformat(f"2026-03-02T{clock}").replace(tzinfo=UTC)) == quiet


def test_what_does_not_get_through_is_tried_a_few_times_and_not_for_ever(world: Any) -> None:
    on_call(world, "First Example", 1)
    heard = Heard()
    heard.takes = False
    world.case("E")
    for _ in range(MOST_TRIES + 3):
        tell_waiting(world.sessions, world.settings, heard)
    assert len(heard.told) == MOST_TRIES
    with world.sessions.begin() as session:
        assert session.execute(select(StaffNotice)).scalar_one().sent_at is None


def test_who_would_only_be_called_does_not_read_now(world: Any) -> None:
    on_call(world, "Second Example", 2)
    conversation = world.conversation()
    settings = world.settings.model_copy(update={"demonstration": False})
    with world.sessions.begin() as session:
        assert not rota.is_staffed(session, conversation, settings)
    on_call(world, "First Example", 1)
    with world.sessions.begin() as session:
        assert rota.is_staffed(session, conversation, settings)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # a module of Apprise that is not ours to use
def test_addresses_are_built_that_apprise_takes_and_nothing_is_sent_that_is_not_set_up(world: Any) -> None:
    none = StaffTeller(world.settings)
    assert none.url_of("email", "a@desk.example") is None
    assert not none.tell("sms", "+15005550100", WORDS)
    for security in ("starttls", "tls", "none"):
        settings = world.settings.model_copy(
            update={"smtp_host": "mail.example", "smtp_from": "desk@desk.example", "smtp_user": "u@x", "smtp_security": security,
                    "smtp_password": SecretStr("p/w?&"), "staff_sms_from": "+15005550006", "twilio_auth_token": SecretStr("0" * 32)}
        )  # fmt: skip
        teller = StaffTeller(settings)
        mail = apprise.Apprise.instantiate(teller.url_of("email", "a+b@desk.example"))
        assert (mail.password, mail.targets[0][1], mail.port) == ("p/w?&", "a+b@desk.example", 587)
    sms = apprise.Apprise.instantiate(teller.url_of("sms", "+15005550100"))
    assert sms.targets[0][-1] == "+15005550100"


@pytest.fixture
def caseworker(world: Any) -> Any:
    world.caseworker()
    return world.browser(name="Amina Example")


def test_somebody_says_where_and_when_not_and_takes_it_back(world: Any, caseworker: Any) -> None:
    here = "/desk/account/notices"
    assert "cannot send this yet" in caseworker.get(here).text
    wrong = [
        ("email", {"address": "nobody"}), ("email", {"address": "a@b.example,c@d.example"}), ("sms", {"address": "0123"}),
        ("sms", {"address": "+15005550100", "quiet_from": "22:00"}), ("pigeon", {"address": "x"}),
        ("sms", {"address": "+15005550100", "quiet_from": "22:00", "quiet_until": "7", "time_zone": "Mars/Base"}),
    ]  # fmt: skip
    for channel, form in wrong:
        assert caseworker.post(f"{here}/{channel}", data=form).status_code == 422, form
    form = {"address": "+1 500 555 0100", "quiet_from": "22:00", "quiet_until": "07:00", "time_zone": "Asia/Dhaka"}
    assert caseworker.post(f"{here}/sms", data=form).status_code == 303
    page = caseworker.get(here).text
    assert 'value="+15005550100"' in page
    assert 'value="22:00"' in page
    with world.sessions.begin() as session:
        stored = session.execute(text("SELECT staff_address::text FROM staff_address")).scalar_one()
        assert "5550100" not in stored
    caseworker.post(f"{here}/sms", data={"address": ""})
    with world.sessions.begin() as session:
        assert session.execute(select(StaffAddress)).first() is None


def test_a_shift_leaves_a_note_to_its_team_for_a_week(world: Any, caseworker: Any) -> None:
    with world.sessions.begin() as session:
        team, other = str(default_team(session).id), Team(name="Other")
        session.add(other)
    assert caseworker.post("/desk/rota/handover", data={"team": team, "text": "K47 wants a call."}).status_code == 303
    assert "K47 wants a call." in caseworker.get("/desk/rota").text
    assert caseworker.post("/desk/rota/handover", data={"team": str(other.id), "text": "x"}).status_code == 404
    assert caseworker.post("/desk/rota/handover", data={"team": team, "text": " "}).status_code == 422
    world.caseworker("Root Example", "administrator")
    assert "wants a call" not in world.browser(name="Root Example").get("/desk/rota").text, (
        "administrators plan, and read nothing"
    )
    world.caseworker("Far Example")
    with world.sessions.begin() as session:
        set_teams(session, world.user("Far Example").id, [other.id])
        assert "wants a call" not in session.execute(text("SELECT handover_note::text FROM handover_note")).scalar_one()
    assert "wants a call" not in world.browser(name="Far Example").get("/desk/rota").text
    with world.sessions.begin() as session:
        session.execute(select(HandoverNote)).scalar_one().created_at -= handover.KEPT
        session.flush()
        assert handover.forget(session) == 1
