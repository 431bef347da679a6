"""The key by which numbers and words are found is exchanged while people write: nobody becomes a stranger, and nobody two people."""

import base64
import io
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

import app.tables
from app import doctor, rehashing
from app.degraded import look
from app.keys import let_go, rotate_all, standing
from cases.models import Conversation, Person, User
from cases.referrals import links
from core import hash_keys
from core.database import Sessions, now
from core.encryption import Cipher, use_cipher
from core.hash_keys import HashKeyMissing, HashKeys, needed
from core.links import digest_of
from core.settings import Settings, read_settings
from desk import factors
from desk.counting import move_marks, span_of
from desk.models import StaffAddress, StatisticMark
from directory import confidential
from directory.confidential import ConfidentialAddress, TrueDetails
from directory.models import Location
from directory.review import asking, feedback
from directory.review.models import Feedback, FocalPoint, VerificationRequest
from gateway import secret_answers
from gateway.addresses import Address
from gateway.fixed_wording import FixedWording
from gateway.form import Form
from gateway.receive import store, understand
from gateway.signature import SignatureCheck
from gateway.webhooks import handle
from tests.integration.directory.entries import published

assert app.tables.metadata
OLD, NEW, NEWEST = (base64.b64encode(os.urandom(32)).decode() for _ in range(3))
WORDING = FixedWording({"en": {}})
SID = count(1)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_keys, "LOOK_SECONDS", 0.0)


@pytest.fixture
def knows(settings: Settings) -> Iterator[Callable[..., Settings]]:
    """A process is started with these keys, the newest first."""

    def start(*keys: str) -> Settings:
        made = read_settings(**(settings.model_dump() | {"hash_key": ",".join(keys)}))
        use_cipher(Cipher.from_settings(made))
        return made

    yield start
    use_cipher(None)


def writes(sessions: Sessions, settings: Settings, number: str, *, channel: str = "") -> UUID:
    """Somebody writes; the id of their conversation."""
    with sessions.begin() as session:
        return taken_in(session, settings, number, channel=channel)


def taken_in(session: Session, settings: Settings, number: str, *, channel: str = "") -> UUID:
    form = {
        "MessageSid": f"SM{next(SID):032x}",
        "From": channel + number,
        "To": f"{channel}+15005550006",
        "Body": "hello",
    }
    stored = store(session, understand(Form.parse(urlencode(form).encode())), settings)
    assert stored is not None
    row = session.execute(text("SELECT conversation_id FROM message WHERE id = :id"), {"id": stored})
    return UUID(str(row.scalar_one()))


def people(sessions: Sessions) -> list[Person]:
    with sessions.begin() as session:
        return list(session.scalars(select(Person).order_by(Person.created_at)))


def under(key: str, number: str) -> bytes:
    return HashKeys.parse(key).make(number, "phone")


def rotated(sessions: Sessions, settings: Settings) -> tuple[int, str]:
    out = io.StringIO()
    return rotate_all(sessions, settings, out), out.getvalue()


def test_who_wrote_before_is_known_during_and_after(sessions: Sessions, knows: Callable[..., Settings]) -> None:
    settings = knows(OLD)
    numbers = [f"+1500555{number:04d}" for number in range(5)]
    before = {number: writes(sessions, settings, number) for number in numbers}
    settings = knows(NEW, OLD)
    assert writes(sessions, settings, numbers[0]) == before[numbers[0]]
    late = writes(sessions, settings, "+15005559999")
    assert {bytes(person.phone_hash) for person in people(sessions)} == {
        under(OLD, number) for number in [*numbers, "+15005559999"]
    }, "a process that does not know the new key yet must find everybody"
    with sessions.begin() as session:
        hash_keys.switch(session, Cipher.from_settings(settings).hash_keys)
    assert writes(sessions, settings, numbers[1]) == before[numbers[1]], "found under the old key"
    assert writes(sessions, settings, numbers[2], channel="whatsapp:") != before[numbers[2]], "another channel"
    moved = {bytes(person.phone_hash) for person in people(sessions)} & {under(NEW, number) for number in numbers}
    assert len(moved) == 2, "and moved to the new one, on the same channel and on another"
    code, said = rotated(sessions, settings)
    assert code == 0, said
    assert "people: 4 hashed anew" in said
    settings = knows(NEW)
    for number in numbers:
        assert writes(sessions, settings, number) == before[number]
    assert writes(sessions, settings, "+15005559999") == late
    assert len(people(sessions)) == 6


def test_a_rotation_goes_on_where_it_was_broken_off(
    sessions: Sessions, knows: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehashing, "BATCH", 2)
    settings = knows(OLD)
    for number in range(5):
        writes(sessions, settings, f"+1500555{number:04d}")
    settings = knows(NEW, OLD)
    broken_off = rehashing.rehash(sessions)
    assert (step := next(broken_off)).done == 2
    assert step.left == 3
    broken_off.close()
    with sessions.begin() as session:
        assert rehashing.standing(session).again["people"] == 3
        assert len(needed(session)) == 2
    # One is being worked with meanwhile: passed over, and told.
    with sessions.begin() as session:
        held = session.scalars(select(Person).where(Person.phone_hash == _still(session)).with_for_update()).one()
        code, said = rotated(sessions, settings)
        assert code == 1
        assert "1 people" in said
        assert held.phone
    code, said = rotated(sessions, settings)
    assert code == 0
    assert "people: 1 hashed anew" in said
    with sessions.begin() as session:
        assert len(needed(session)) == 1


def _still(session: Session) -> bytes:
    numbers = [f"+1500555{number:04d}" for number in range(5)]
    known = Person.phone_hash.in_([under(OLD, number) for number in numbers])
    return bytes(session.scalars(select(Person.phone_hash).where(known).limit(1)).one())


def waits(sessions: Sessions, how_many: int) -> None:
    """Until so many wait for a lock."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with sessions.begin() as session:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if session.execute(text(query)).scalar_one() >= how_many:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waited")


def test_two_messages_at_once_while_the_key_changes_make_one_person(
    sessions: Sessions, knows: Callable[..., Settings]
) -> None:
    settings = knows(OLD)
    writes(sessions, settings, "+15005550000")

    def switches(settings: Settings) -> None:
        with sessions.begin() as session:
            hash_keys.switch(session, Cipher.from_settings(settings).hash_keys)

    with ThreadPoolExecutor(3) as threads:
        # The second message comes just before the key changes.
        settings = knows(NEW, OLD)
        with sessions.begin() as session:
            first = taken_in(session, settings, "+15005550001")
            other = threads.submit(writes, sessions, settings, "+15005550001")
            waits(sessions, 1)
            switched = threads.submit(switches, settings)
            waits(sessions, 2)
        assert other.result(30) == first
        switched.result(30)
        # And just after: it is known under the older key that it was stored with a moment ago.
        settings = knows(NEWEST, NEW, OLD)
        with sessions.begin() as session:
            second = taken_in(session, settings, "+15005550002")
            switched = threads.submit(switches, settings)
            waits(sessions, 1)
            other = threads.submit(writes, sessions, settings, "+15005550002")
            waits(sessions, 2)
        assert other.result(30) == second
        switched.result(30)
    assert len(people(sessions)) == 3
    with sessions.begin() as session:
        assert needed(session)[0] == HashKeys.parse(NEWEST).names[0]


def test_a_process_that_lacks_a_key_takes_nothing_in_and_says_so(
    sessions: Sessions, knows: Callable[..., Settings], database_url: str
) -> None:
    settings = knows(OLD)
    before = writes(sessions, settings, "+15005550000")
    settings = knows(NEW)
    with pytest.raises(HashKeyMissing, match="WAYMARK_HASH_KEY"):
        writes(sessions, settings, "+15005550000")
    assert _posted(sessions, settings) == (503, "key_missing")
    assert len(people(sessions)) == 1
    with sessions.begin() as session:
        assert [one.part for one in look(session, settings)] == ["numbers"]
    code, said = rotated(sessions, settings)
    assert code == 1
    assert HashKeys.parse(OLD).names[0] in said
    assert OLD not in said
    full = read_settings(**(settings.model_dump() | {"database_url": database_url}))
    (numbers,) = [one for one in doctor.examine(full) if one.part == "numbers"]
    assert (numbers.well, HashKeys.parse(OLD).names[0] in numbers.says) == (False, True)
    settings = knows(NEW, OLD)
    assert writes(sessions, settings, "+15005550000") == before, "it was put back"
    with sessions.begin() as session:
        assert look(session, settings) == []


def _posted(sessions: Sessions, settings: Settings) -> tuple[int, str]:
    from core.pace import Pace
    from gateway.gateway import Gateway
    from gateway.rejected import Request
    from gateway.scripted_engine import ScriptedEngine
    from gateway.twilio_client import TwilioProvider
    from tests.integration.gateway.doubles import sign

    form = [("MessageSid", f"SM{next(SID):032x}"), ("From", "+15005550000"), ("To", "+15005550006"), ("Body", "hello")]
    signature = sign("http://testserver/twilio/messages", form, "twilio-token")
    request = Request(path="/twilio/messages", query="", body=urlencode(form).encode(), signature=signature)
    gateway = Gateway(
        settings=settings,
        sessions=sessions,
        wording=WORDING,
        engine=ScriptedEngine(),
        provider=TwilioProvider(settings),
    )
    try:
        return handle(gateway, SignatureCheck(settings), request, pace=Pace(9), address=None)
    finally:
        gateway.close()


def test_without_a_key_that_is_lost_people_are_known_by_their_sealed_numbers(
    sessions: Sessions, knows: Callable[..., Settings]
) -> None:
    settings = knows(OLD)
    before = writes(sessions, settings, "+15005550000")
    settings, out = knows(NEW), io.StringIO()
    assert let_go(sessions, out) == 1, "it could be there after all"
    assert let_go(sessions, out, lost=True) == 0
    assert writes(sessions, settings, "+15005550000") == before


def test_retired_people_stay_retired(sessions: Sessions, knows: Callable[..., Settings]) -> None:
    settings = knows(OLD)
    before = writes(sessions, settings, "+15005550000")
    with sessions.begin() as session:
        session.execute(update(Conversation).values(last_inbound_at=now() - timedelta(days=31)))
    settings = knows(NEW, OLD)
    after = writes(sessions, settings, "+15005550000")
    assert after != before
    assert rotated(sessions, settings)[0] == 0
    old, new = people(sessions)
    assert (old.retired_at is not None, bytes(new.phone_hash)) == (True, under(NEW, "+15005550000"))
    assert bytes(old.phone_hash) not in (under(NEW, "+15005550000"), under(OLD, "+15005550000"))


def test_of_two_rows_of_one_number_the_newer_key_counts_and_neither_is_lost(
    sessions: Sessions, knows: Callable[..., Settings]
) -> None:
    """A process lacked a key once, and nobody noticed."""
    writes(sessions, knows(OLD), "+15005550000")
    with sessions.begin() as session:
        session.execute(text("DELETE FROM hash_key"))
    second = writes(sessions, knows(NEW), "+15005550000")
    settings = knows(NEW, OLD)
    assert writes(sessions, settings, "+15005550000") == second
    code, said = rotated(sessions, settings)
    assert code == 0
    assert "1 second entries of a number" in said
    assert len(people(sessions)) == 2


def test_after_a_long_silence_both_rows_of_one_number_are_somebody_elses(
    sessions: Sessions, knows: Callable[..., Settings]
) -> None:
    writes(sessions, knows(OLD), "+15005550000")
    with sessions.begin() as session:
        session.execute(text("DELETE FROM hash_key"))
    writes(sessions, knows(NEW), "+15005550000")
    with sessions.begin() as session:
        session.execute(update(Conversation).values(last_inbound_at=now() - timedelta(days=31)))
    writes(sessions, knows(NEW, OLD), "+15005550000")
    assert [person.retired_at is not None for person in people(sessions)] == [True, True, False]


def test_words_codes_and_reports_hold_under_the_older_key_and_are_counted(
    sessions: Sessions, knows: Callable[..., Settings]
) -> None:
    settings = knows(OLD)
    conversation_id = writes(sessions, settings, "+15005550000")
    with sessions.begin() as session:
        conversation = session.get_one(Conversation, conversation_id)
        assert secret_answers.keep(conversation, secret_answers.SAFE, "lighthouse", WORDING) == "set"
        user = User(name="Nadia")
        session.add(user)
        session.flush()
        codes = factors.new_recovery_codes(session, user)
        service = published(session)
        feedback.report(session, service.id, "closed", reporter="person", reporter_key="a", suspend_after=2)
    settings = knows(NEW, OLD)
    code, said = rotated(sessions, settings)
    assert (code, "1 words, 10 recovery codes, 1 reports of entries" in said) == (0, True), said
    assert "let-go" in said
    with sessions.begin() as session:
        conversation = session.get_one(Conversation, conversation_id)
        assert secret_answers.recognise(conversation, "something") is None
        assert secret_answers.recognise(conversation, "Lighthouse") == "unlock"
        user = session.scalars(select(User)).one()
        assert factors.check(session, user, codes[0]) is None
        again = feedback.report(session, service.id, "no_answer", reporter="person", reporter_key="a", suspend_after=2)
        assert not again, "the same reporter is no second one"
        assert len(set(session.scalars(select(Feedback.reporter_hash)))) == 1
    _, said = rotated(sessions, settings)
    assert "words" not in said.rpartition("finds numbers and words; ")[2].partition(" need")[0]
    assert "9 recovery codes need" in said
    with sessions.begin() as session:
        factors.new_recovery_codes(session, session.scalars(select(User)).one())
    _, said = rotated(sessions, settings)
    assert "may stand alone" in said
    settings = knows(NEW)
    with sessions.begin() as session:
        assert secret_answers.recognise(session.get_one(Conversation, conversation_id), "lighthouse") == "unlock"
        again = feedback.report(session, service.id, "closed", reporter="person", reporter_key="a", suspend_after=2)
        assert not again
    out = io.StringIO()
    assert standing(sessions, settings, out) == 0
    assert "nothing needs an older key" in out.getvalue()


def test_a_key_is_let_go_although_a_word_needs_it_and_the_word_is_told_as_lost(
    sessions: Sessions, knows: Callable[..., Settings]
) -> None:
    settings = knows(OLD)
    conversation_id = writes(sessions, settings, "+15005550000")
    settings = knows(NEW, OLD)
    with sessions.begin() as session:
        conversation = session.get_one(Conversation, conversation_id)
        secret_answers.keep(conversation, secret_answers.SAFE, "lighthouse", WORDING)
    out = io.StringIO()
    assert let_go(sessions, out) == 1
    assert "not now" in out.getvalue(), "they can still be hashed anew"
    rotated(sessions, settings)
    assert let_go(sessions, out) == 0
    assert "1 words" in out.getvalue()
    settings, out = knows(NEW), io.StringIO()
    writes(sessions, settings, "+15005550000")
    with sessions.begin() as session:
        assert secret_answers.recognise(session.get_one(Conversation, conversation_id), "lighthouse") is None
    assert standing(sessions, settings, out) == 1
    assert "1 words of those looked at are found by no key" in out.getvalue()


def test_browsers_hidden_addresses_marks_and_links_come_along(
    sessions: Sessions, knows: Callable[..., Settings]
) -> None:
    settings = knows(OLD)
    conversation_id = writes(sessions, settings, "+15005550000")
    day = span_of(now().date())
    with sessions.begin() as session:
        person_id = session.get_one(Conversation, conversation_id).person_id
        old = HashKeys.parse(OLD)
        mark = old.make(f"{day} {person_id}", "statistics")
        session.add(StatisticMark(first_day=day, kind="asked", about="safe", mark=mark))
        user = User(name="Nadia")
        service = published(session)
        location = Location(organization_id=service.organization_id, country="BD", is_confidential=True)
        session.add_all([user, location])
        session.flush()
        row = StaffAddress(id=uuid4(), user_id=user.id, channel="push", endpoint_hash=old.make("https://x/1", "push"))
        row.address = '{"endpoint": "https://x/1"}'
        session.add(row)
        confidential.keep(session, location.id, TrueDetails("12 Hidden Street", None, ("+15005557777",)))
        point = FocalPoint(id=uuid4(), organization_id=service.organization_id, channel="email")
        request = VerificationRequest(
            id=uuid4(),
            service_id=service.id,
            focal_point_id=point.id,
            token_hash=b"",
            expires_at=now() + timedelta(days=1),
        )
        token = asking.token_of(request)
        request.token_hash = digest_of(token)
        session.add(point)
        session.flush()
        session.add(request)
    settings = knows(NEW, OLD)
    with sessions.begin() as session:
        found = confidential.hashes_of_number("+15005557777") & confidential.all_hashes(session)
        assert found, "an import that brings the number back is refused on this day too"
    code, said = rotated(sessions, settings)
    assert code == 0, said
    assert "browsers: 1 hashed anew" in said
    assert "hidden addresses: 1 hashed anew" in said
    assert "1 links that are out need" in said
    new = HashKeys.parse(NEW)
    with sessions.begin() as session:
        assert bytes(session.scalars(select(StaffAddress.endpoint_hash)).one() or b"") == new.make(
            "https://x/1", "push"
        )
        assert bytes(session.scalars(select(StatisticMark.mark)).one()) == new.make(f"{day} {person_id}", "statistics")
        assert move_marks(session, [person_id]) == 0
        request = session.scalars(select(VerificationRequest)).one()
        assert asking.link_of(request, "").endswith(token), "a reminder repeats the link that is out"
        assert links.older_links(session) == 0
        request.expires_at = now()
    assert "may stand alone" in rotated(sessions, settings)[1]
    knows(NEW)
    with sessions.begin() as session:
        assert confidential.hashes_of_number("+15005557777") & confidential.all_hashes(session)
        assert len(session.scalars(select(ConfidentialAddress)).one().hashes) == 2


def test_a_second_rotation_counts_from_the_first(sessions: Sessions, knows: Callable[..., Settings]) -> None:
    before = writes(sessions, knows(OLD), "+15005550000")
    rotated(sessions, knows(NEW, OLD))
    settings = knows(NEWEST, NEW)
    assert rotated(sessions, settings)[0] == 0
    assert writes(sessions, knows(NEWEST), "+15005550000") == before
    assert Address("sms", "+15005550000").find_hashes() == [under(NEWEST, "+15005550000")]
