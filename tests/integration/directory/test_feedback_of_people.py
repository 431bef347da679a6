"""What people say in the conversation reaches the directory without them: three people take an entry out, one person never does."""

from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.actions.live import LiveWorld
from bot.actions.world import Who
from cases.models import Conversation, Person
from core.catalogues import Catalogues
from core.languages import LOCALE
from core.settings import Settings
from directory.models import Service
from directory.records import AreaRecord
from tests.integration.directory.entries import entry, published

AREAS = (AreaRecord(country="BD"),)
CATALOGUES = Catalogues.load(LOCALE, ("en", "bn"))


def world(session: Session, person: Person, **values: object) -> LiveWorld:
    """The world of a new conversation of somebody."""
    conversation = Conversation(id=uuid4(), person_id=person.id, channel="sms", our_address=str(uuid4()))
    session.add(conversation)
    session.flush()
    settings = Settings.model_construct(countries=("BD",), directory_reports=3, on_call=True, **values)
    return LiveWorld(session, conversation.id, settings, CATALOGUES)


def people(session: Session, count: int) -> list[Person]:
    made = [Person(id=uuid4(), phone_hash=uuid4().bytes) for _ in range(count)]
    session.add_all(made)
    session.flush()
    return made


def test_three_people_take_an_entry_out_and_one_who_says_it_in_three_conversations_does_not(session: Session) -> None:
    service = published(session)
    first, second, third = people(session, 3)
    for kind in ("closed", "no_answer", "wrong_number"):
        world(session, first).report_place(str(service.id), kind)
    world(session, second).report_place(str(service.id), "closed")
    assert service.listing == "published"
    world(session, third).report_place(str(service.id), "turned_away")
    assert service.listing == "suspended"
    stored = session.execute(text("SELECT * FROM feedback")).all()
    assert len(stored) == 5
    told = repr(stored)
    conversations = session.execute(text("SELECT id FROM conversation")).scalars()
    ids = [*conversations, *(one.id for one in (first, second, third))]
    assert not any(one.hex in told.replace("-", "") for one in ids)
    assert all(one.created_at.hour == one.created_at.minute == 0 for one in stored), "not when somebody wrote"


def test_a_report_of_something_unknown_changes_nothing_and_stops_no_turn(session: Session) -> None:
    service = published(session)
    (person,) = people(session, 1)
    here = world(session, person)
    here.report_place(str(uuid4()), "closed")
    here.report_place(str(service.id), "nonsense")
    assert session.execute(text("SELECT count(*) FROM feedback")).scalar() == 0


def test_what_a_person_told_of_themselves_shuts_out_only_doors_that_would_not_take_them(session: Session) -> None:
    (person,) = people(session, 1)
    for name, values in {
        "For all": {}, "For men": {"eligible_sex": "male"}, "Without children": {"children_accompanying": False},
        "With papers": {"legal_status": "required"},
    }.items():  # fmt: skip
        published(session, entry(name, phones=(), areas=AREAS, **values))
    here = world(session, person, demonstration=True)

    def found(who: Who) -> set[str]:
        services = here.services("shelter", country="BD", place=None, language="en", who=who, limit=9)
        return {str(one.values["name"]) for one in services}

    everything = {"For all", "For men", "Without children", "With papers"}
    assert found(Who()) == everything
    assert found(Who(female=True)) == everything - {"For men"}
    assert found(Who(with_children=True)) == everything - {"Without children"}
    assert found(Who(has_papers=False)) == everything - {"With papers"}


def test_the_place_of_a_referral_is_known_by_its_id_and_nothing_else_is(session: Session) -> None:
    (person,) = people(session, 1)
    service: Service = published(session)
    here = world(session, person, demonstration=True)
    shown = here.service(str(service.id), "en")
    assert shown is not None
    assert shown.values["name"] == service.name
    assert here.service("nonsense", "en") is None
    assert here.service(str(uuid4()), "en") is None
