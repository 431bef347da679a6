"""An entry is confirmed by whom it belongs to, in time, or people are not told of it any more."""

import ast
from datetime import date, timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.encryption import use_cipher
from core.links import digest_of
from core.settings import PROJECT, SettingsError
from directory.errors import DeadLinkError, NoFocalPointError, ReasonNeededError, VerificationDateError
from directory.models import Service
from directory.records import PhoneRecord, ScheduleRecord
from directory.review import answering, cycle, drafts, listing
from directory.review.answering import Corrections
from directory.review.asking import ask, hand_over, link_of, token_of
from directory.review.history import history
from directory.review.models import FocalPoint, VerificationRequest
from directory.review.policy import Policy, read_policy
from directory.review.todo import finish, open_tasks
from directory.review.verification import due, freshness, overdue, verifications, verify
from directory.writing import read
from tests.integration.directory.entries import APPROVER, EDITOR, START, Clock, entry, published

POLICY = read_policy(PROJECT / "directory" / "data" / "review.yml")
BASE = "https://directory.example"


def focal_point(session: Session, service: Service, **values: object) -> FocalPoint:
    plain = {"organization_id": service.organization_id, "channel": "email", "address": "focal@house.example"}
    one = FocalPoint(**(plain | values))
    session.add(one)
    session.flush()
    return one


def asked(session: Session, clock: Clock, **values: object) -> tuple[Service, str]:
    service = published(session, entry(**values))
    focal_point(session, service)
    (request,) = ask(session, service.id, policy=POLICY, at=clock())
    return service, token_of(request)


def jobs(session: Session) -> int:
    return int(
        session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'directory.send_request'")) or 0
    )


# The date


def test_a_verification_moves_the_date_and_the_history_says_who(session: Session) -> None:
    service, clock = published(session), Clock()
    verify(session, service.id, by=EDITOR, method="phone", on=date(2026, 11, 1), at=clock())
    assert (service.assured_date, service.assured_by) == (date(2026, 11, 1), EDITOR)
    verify(session, service.id, by=EDITOR, method="visit", on=date(2026, 10, 1), note="entered late", at=clock())
    assert service.assured_date == date(2026, 11, 1), "an old visit makes nothing older"
    assert [one.verified_on.day for one in verifications(session, service.id)] == [1, 1]
    (row,) = history(session, service.id, path="assured_date")
    assert (row.before, row.after, row.by) == ("", "2026-11-01", EDITOR)
    with pytest.raises(VerificationDateError):
        verify(session, service.id, by=EDITOR, method="phone", on=clock().date() + timedelta(days=1), at=clock())


def test_no_edit_approval_or_publication_moves_the_date(session: Session) -> None:
    service, clock = published(session), Clock()
    verify(session, service.id, by=EDITOR, method="phone", at=clock())
    before = service.assured_date
    record = read(session, service.id).model_copy(update={"description": "Other"})
    revision = drafts.save_draft(session, record, by=EDITOR, at=clock(days=9))
    drafts.submit(session, revision.id, by=EDITOR, at=clock())
    drafts.approve(session, revision.id, by=APPROVER, four_eyes=True, at=clock())
    listing.suspend(session, service.id, by=EDITOR, reason="x", at=clock())
    listing.publish(session, service.id, by=EDITOR, at=clock())
    listing.close_temporarily(session, service.id, by=EDITOR, reason="x", at=clock())
    listing.reopen(session, service.id, by=EDITOR, at=clock())
    session.refresh(service)
    assert service.assured_date == before


def test_the_database_refuses_a_date_without_its_verification(session: Session) -> None:
    service = published(session)
    for act in (
        lambda: (setattr(service, "assured_date", date(2026, 11, 1)), session.flush()),
        lambda: session.execute(update(Service).values(assured_date=date(2026, 11, 1))),
        lambda: session.execute(text("UPDATE service SET assured_date = '2026-11-01'")),
    ):
        place = session.begin_nested()
        with pytest.raises(IntegrityError, match="with a verification only"):
            act()
        place.rollback()


def test_one_module_assigns_the_date() -> None:
    rooms = ("app", "bot", "cases", "core", "desk", "directory", "gateway", "screening")
    paths = [path for room in rooms for path in (PROJECT / room).rglob("*.py")]
    assigning = {
        str(path.relative_to(PROJECT))
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "assured_date" and isinstance(node.ctx, ast.Store)
    }
    assert assigning == {"directory/review/assuring.py"}


def test_numbers_that_were_rung_may_be_told_from_then_on(session: Session) -> None:
    service = published(session, entry(phones=(PhoneRecord(number="+15005550100"), PhoneRecord(number="+15005550101"))))
    _, second = read(session, service.id).phones
    verify(session, service.id, by=EDITOR, method="phone", phones=[second.id], at=Clock()())  # type: ignore[list-item]
    assert [phone.verified_by for phone in read(session, service.id).phones] == [None, EDITOR]


# The policy


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({"needs": ("legal",)}, 90),
        ({"needs": ("legal", "shelter")}, 30),
        ({"needs": ("talk",), "is_hotline": True}, 30),
    ],
)
def test_the_shortest_interval_of_an_entry_counts_in_python_and_in_the_database(
    session: Session, values: dict[str, object], days: int
) -> None:
    service = published(session, entry(**values))
    assert POLICY.due_on(service) == START.date()
    verify(session, service.id, by=EDITOR, method="phone", at=START)
    session.expire(service)
    expected = START.date() + timedelta(days=days)
    assert POLICY.due_on(service) == expected
    assert session.scalar(session.query(POLICY.due_on_column()).statement) == expected


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reminders_after": (14, 7)}, "two reminders"),
        ({"reminders_after": (7, 40)}, "two reminders"),
        ({"withdraw_after": 14}, "before the withdrawal"),
        ({"link": 20}, "until the withdrawal"),
        ({"link": 0}, "greater than"),
        ({"interval_days": {"default": 90, "hotline": 30, "needs": {"food": 3}}}, "not a need"),
    ],
)
def test_a_cycle_that_helps_nobody_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Policy.model_validate(POLICY.model_dump() | change)


def test_a_file_that_cannot_be_read_names_the_setting(tmp_path: object) -> None:
    with pytest.raises(SettingsError, match="WAYMARK_DIRECTORY_REVIEW"):
        read_policy(PROJECT / "directory" / "data" / "nothing.yml")


def test_due_and_overdue_are_listed_by_their_day(session: Session) -> None:
    services = {}
    for number, days in enumerate((0, 80, 100)):
        service = published(
            session, entry(f"S{days}", needs=("legal",), phones=(PhoneRecord(number=f"50055501{number}"),))
        )
        verify(session, service.id, by=EDITOR, method="phone", on=START.date() - timedelta(days=days), at=START)
        services[days] = service
    at = START + timedelta(days=5)
    assert [one.service_id for one in due(session, POLICY, at=at)] == [services[80].id]
    assert [(one.name, one.due_on) for one in overdue(session, POLICY, at=at)] == [
        ("S100", START.date() - timedelta(days=10))
    ]
    assert [freshness(services[days], POLICY, at=at) for days in (0, 80, 100)] == ["fresh", "due", "overdue"]


# Asking


def test_only_the_digest_of_a_link_is_kept_and_a_reminder_carries_the_same(session: Session) -> None:
    service, token = asked(session, Clock())
    (request,) = session.query(VerificationRequest)
    assert request.token_hash == digest_of(token)
    for table in ("verification_request", "focal_point", "procrastinate_jobs", "metadata"):
        for row in session.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608
            assert token not in str(row)
    again = ask(session, service.id, policy=POLICY, at=Clock()(days=1))
    assert (again, token_of(again[0])) == ([request], token)
    assert len(token) == 32


def test_a_link_cannot_be_made_without_the_key(session: Session, settings: object) -> None:
    from core.encryption import Cipher, StaticKeys, cipher

    _, token = asked(session, Clock())
    (request,) = session.query(VerificationRequest)
    mine = cipher()
    use_cipher(Cipher(StaticKeys({"x": b"0" * 32}, "x"), b"1" * 32))
    assert token_of(request) != token
    use_cipher(mine)


def test_those_named_for_the_entry_are_asked_else_those_of_the_organization(session: Session) -> None:
    service, clock = published(session), Clock()
    with pytest.raises(NoFocalPointError):
        ask(session, service.id, policy=POLICY, at=clock())
    general = focal_point(session, service)
    focal_point(session, service, is_active=False)
    assert [one.focal_point_id for one in ask(session, service.id, policy=POLICY, at=clock())] == [general.id]
    own = focal_point(session, service, service_id=service.id)
    assert [one.focal_point_id for one in ask(session, service.id, policy=POLICY, at=clock())] == [own.id]


def test_whoever_is_handed_a_link_stands_in_the_history(session: Session) -> None:
    service, token = asked(session, Clock())
    (request,) = session.query(VerificationRequest)
    assert hand_over(session, request, base=BASE, by=EDITOR) == f"{BASE}/confirm/{token}" == link_of(request, BASE)
    (row,) = history(session, service.id, path="verification_link")
    assert (row.by, token in repr(row)) == (EDITOR, False)


# Answering


def test_a_confirmation_counts_once_and_the_link_is_dead_after(session: Session) -> None:
    clock = Clock()
    service, token = asked(session, clock)
    answering.confirm(session, token, at=clock())
    assert service.assured_date == clock.now.date()
    assert verifications(session, service.id)[0].method == "focal_point"
    for act in (
        lambda: answering.confirm(session, token, at=clock()),
        lambda: answering.correct(session, token, Corrections(message="x"), at=clock()),
        lambda: answering.close(session, token, "for_good", reason="x", at=clock()),
        lambda: answering.open_link(session, token, at=clock()),
    ):
        with pytest.raises(DeadLinkError):
            act()


def test_dead_links_are_all_alike(session: Session) -> None:
    clock = Clock()
    service, token = asked(session, clock)
    said = []
    for wrong in ("", "x", token[:-1], token.swapcase(), "\x00", "\udcff", token + "="):
        with pytest.raises(DeadLinkError) as caught:
            answering.open_link(session, wrong, at=clock())
        said.append(str(caught.value))
    late = clock.now + timedelta(days=POLICY.link)
    with pytest.raises(DeadLinkError) as caught:
        answering.open_link(session, token, at=late)
    said.append(str(caught.value))
    listing.do_not_list(session, service.id, by=EDITOR, reason="x")
    with pytest.raises(DeadLinkError) as caught:
        answering.open_link(session, token, at=clock())
    assert len({*said, str(caught.value)}) == 1


def test_a_correction_waits_and_confirms_from_the_day_it_was_given(session: Session) -> None:
    clock = Clock()
    service, token = asked(session, clock)
    hours = (ScheduleRecord(kind="weekly", timezone="Asia/Dhaka", byday="MO", opens_at="09:00", closes_at="17:00"),)  # type: ignore[arg-type]
    phones = ("+1 500 555 0100", "+15005550177")
    said = Corrections(phones=phones, description="Two nights.", hours=hours, message="We moved up a floor")
    answering.correct(session, token, said, at=clock())
    given = clock.now.date()
    assert (read(session, service.id).description, service.assured_date) == ("A bed for a night.", None)
    (revision,) = drafts.waiting(session)
    assert (revision.note, revision.source) == ("We moved up a floor", "focal_point")
    record = drafts.record_of(revision)
    assert [(phone.number, phone.verified_by) for phone in record.phones] == [
        ("+15005550100", "tester"), ("+15005550177", None),
    ]  # fmt: skip
    assert [rule.kind for rule in record.schedules] == ["weekly"]
    drafts.approve(session, revision.id, by=EDITOR, four_eyes=True, at=clock(days=3))
    assert (service.assured_date, read(session, service.id).description) == (given, "Two nights.")


def test_a_remark_alone_is_a_task_and_a_number_that_is_none_is_refused(session: Session) -> None:
    clock = Clock()
    service, token = asked(session, clock)
    with pytest.raises(ValueError, match="telephone"):
        answering.correct(session, token, Corrections(phones=("ring us",)), at=clock())
    answering.correct(session, token, Corrections(message="The door is blue"), at=clock())
    (task,) = open_tasks(session)
    assert (task.kind, task.note, service.assured_date) == ("correction", "The door is blue", None)
    finish(session, task.id, by=EDITOR)
    assert open_tasks(session) == []


def test_the_newest_correction_replaces_the_one_that_waits(session: Session) -> None:
    clock = Clock()
    service, token = asked(session, clock)
    answering.correct(session, token, Corrections(description="One"), at=clock())
    focal_point(session, service, service_id=service.id)
    (request,) = ask(session, service.id, policy=POLICY, at=clock())
    answering.correct(session, token_of(request), Corrections(description="Two"), at=clock())
    assert [drafts.record_of(one).description for one in drafts.waiting(session)] == ["Two"]


def test_closed_for_a_while_counts_at_once_and_reopens_on_the_day(session: Session) -> None:
    clock = Clock()
    service, token = asked(session, clock)
    with pytest.raises(ReasonNeededError):
        answering.close(session, token, "for_a_while", reason=" ", at=clock())
    session.rollback()
    service, token = asked(session, clock)
    until = clock.now.date() + timedelta(days=5)
    answering.close(session, token, "for_a_while", reason="Flood", until=until, at=clock())
    record = read(session, service.id)
    assert (record.status, record.closed_until, service.listing) == ("temporarily_closed", until, "published")
    assert service.assured_date == clock.now.date()
    assert listing.reopen_due(session, at=clock(days=5)) == [service.id]


def test_closed_for_good_is_told_to_nobody_and_a_colleague_archives_it(session: Session) -> None:
    clock = Clock()
    service, token = asked(session, clock)
    answering.close(session, token, "for_good", reason="No money", at=clock())
    assert service.listing == "suspended"
    (task,) = open_tasks(session)
    assert (task.kind, task.note) == ("closed", "No money")


# The cycle


def walk(session: Session, service: Service, clock: Clock, days: int) -> list[tuple[int, str]]:
    """Run the cycle three times a day and say on which day something happened."""
    happened = []
    for day in range(days):
        for _ in range(3):
            done = cycle.run(session, POLICY, at=clock(hours=8))
            happened += [(day, step) for step in ("asked", "reminded", "tasks", "withdrawn") if getattr(done, step)]
    return happened


def test_asked_reminded_twice_a_task_then_withdrawn_each_once(session: Session) -> None:
    service = published(session)
    focal_point(session, service)
    verify(session, service.id, by=EDITOR, method="phone", at=START)
    clock = Clock(START)
    happened = walk(session, service, clock, 70)
    assert [step for _, step in happened] == ["asked", "reminded", "reminded", "tasks", "withdrawn"]
    days = [day for day, _ in happened]
    # Confirmed for 30 days: asked a week before, reminded a week and two after that, task and withdrawal 14 and 30 days late.
    assert days == pytest.approx([23, 30, 37, 44, 60], abs=1)
    assert jobs(session) == 3
    assert (service.listing, service.listing_reason) == ("withdrawn", "unconfirmed")
    assert freshness(service, POLICY, at=clock()) == "withdrawn"


def test_a_late_confirmation_brings_the_entry_back_and_ends_the_task(session: Session) -> None:
    service = published(session)
    focal_point(session, service)
    verify(session, service.id, by=EDITOR, method="phone", at=START)
    clock = Clock(START)
    walk(session, service, clock, 64)
    assert service.listing == "withdrawn"
    (request,) = session.query(VerificationRequest)
    answering.confirm(session, token_of(request), at=clock())
    assert (service.listing, open_tasks(session)) == ("published", [])
    assert walk(session, service, clock, 20) == [], "nothing is due for a while"


def test_what_a_colleague_withdrew_a_confirmation_does_not_bring_back(session: Session) -> None:
    clock = Clock()
    service, token = asked(session, clock)
    listing.withdraw(session, service.id, by=EDITOR, reason="we are not sure about them", at=clock())
    answering.confirm(session, token, at=clock())
    assert (service.listing, service.assured_date) == ("withdrawn", clock.now.date())


def test_without_anybody_to_ask_a_colleague_gets_the_task_at_once(session: Session) -> None:
    service, clock = published(session), Clock()
    assert cycle.run(session, POLICY, at=clock()).asked == 1
    assert [task.kind for task in open_tasks(session, service_id=service.id)] == ["unconfirmed"]
    assert cycle.run(session, POLICY, at=clock()) == cycle.Done()


def test_a_confirmed_entry_is_not_reminded_of(session: Session) -> None:
    clock = Clock()
    service, _ = asked(session, clock)
    verify(session, service.id, by=EDITOR, method="phone", at=clock())
    assert walk(session, service, clock, 20) == []


def test_invented_entries_are_left_alone(session: Session) -> None:
    service = published(session)
    service.is_example = True
    session.flush()
    assert cycle.run(session, POLICY, at=START + timedelta(days=300)) == cycle.Done()
