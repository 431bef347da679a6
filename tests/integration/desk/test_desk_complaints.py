"""Complaints at the desk: their reader alone sees them, whoever that is; the mail about one says nothing of it."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from cases import complaint_notice, complaints
from cases.models import Complaint, ComplaintEvent, User
from core.settings import read_settings
from desk.models import AuditEntry
from directory.review.sending import Letter, SendError
from tests.integration.desk.conftest import World

WORDS = "your man wanted money"
AUDITOR, BOSS, WORKER = "Ines Example", "Sara Example", "Amina Example"


@pytest.fixture
def complaint(world: World) -> str:
    world.caseworker(BOSS, "supervisor")
    world.caseworker(WORKER)
    conversation = world.conversation()
    with world.sessions.begin() as session:
        from cases.models import Conversation

        kept = complaints.add(session, session.get_one(Conversation, conversation), uuid4(), WORDS)
    return f"/desk/complaints/{kept.id}"


def test_the_auditor_reads_and_closes_it_and_the_supervisor_finds_nothing(world: World, complaint: str) -> None:
    world.caseworker(AUDITOR, "auditor")
    boss = world.browser(name=BOSS)
    assert AUDITOR in boss.get("/desk/complaints").text
    for answer in (boss.get(complaint), boss.post(f"{complaint}/close")):
        assert answer.status_code == 404
        assert WORDS not in answer.text
    ines = world.browser(name=AUDITOR)
    listed = ines.get("/desk/complaints").text
    assert "C11" in listed
    assert WORDS not in listed, "a list over a shoulder tells nothing"
    read = ines.get(complaint).text
    assert WORDS in read
    assert "+15005550142" in read
    assert ines.post(f"{complaint}/close").status_code == 303
    assert "C11" not in ines.get("/desk/complaints").text
    with world.sessions.begin() as session:
        readers = set(session.scalars(select(ComplaintEvent.user_id).where(ComplaintEvent.kind == "read")))
        done = session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()
    assert readers == {world.user(AUDITOR).id}
    assert [action for action in done if action.startswith("complaint_")] == ["complaint_read", "complaint_closed"]


def test_without_an_auditor_a_supervisor_reads_and_whoever_is_named_reads_alone(world: World, complaint: str) -> None:
    assert WORDS in world.browser(name=BOSS).get(complaint).text
    world.caseworker("Dora Example", "administrator")
    named = world.with_settings(world.settings.model_copy(update={"complaints_reader": "Dora Example"}))
    assert named.browser(name=BOSS).get(complaint).status_code == 404
    assert WORDS in named.browser(name="Dora Example").get(complaint).text
    assert named.browser(name=WORKER).get(complaint).status_code == 403


class Post:
    """A mail server that fails as often as it is told to."""

    def __init__(self, *, fails: int = 0) -> None:
        self.fails, self.sent = fails, list[Letter]()

    def send(self, letter: Letter) -> None:
        if self.fails:
            self.fails -= 1
            raise SendError("unreachable", again=True)
        self.sent.append(letter)


def test_an_address_outside_the_team_hears_once_that_one_waits_and_no_word_of_it(world: World, complaint: str) -> None:
    settings = world.settings.model_copy(update={"complaints_address": "outside@trust.example"})
    post = Post(fails=1)
    heard = []
    for _ in range(3):
        with world.sessions.begin() as session:
            heard.append(complaint_notice.tell(session, settings, {"email": post}))
    assert heard == [0, 1, 0], "what failed is tried again, what arrived is not"
    (letter,) = post.sent
    assert letter.address == "outside@trust.example"
    assert "C11" in letter.body
    for told in (WORDS, "money", "+1500"):
        assert told not in letter.body + letter.subject
    with world.sessions.begin() as session:
        reader = session.scalars(select(User).where(User.name == BOSS)).one()
        kept = complaints.read(session, 11, reader, settings)
        assert kept.conversation is not None
        complaints.add(session, kept.conversation, uuid4(), "and he came back")
        assert session.scalars(select(Complaint)).one().noticed_at is None, "new words are news"
    with world.sessions.begin() as session:
        assert complaint_notice.tell(session, read_settings(), {"email": post}) == 0, (
            "nobody is told without an address"
        )
