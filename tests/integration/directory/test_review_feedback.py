"""What is wrong stops being told; nobody can be found by having said so."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.encryption import use_cipher
from directory.review import feedback, listing
from directory.review.models import FEEDBACK_KINDS, Feedback
from directory.review.todo import open_tasks
from tests.integration.directory.entries import EDITOR, Clock, entry, published


def say(session: Session, service: object, who: str, kind: str = "closed", **values: object) -> bool:
    plain: dict[str, object] = {"reporter": "person", "suspend_after": 3}
    return feedback.report(session, service.id, kind, reporter_key=who, **(plain | values))  # type: ignore[arg-type, attr-defined]


def test_three_different_reporters_take_an_entry_out_and_open_one_task(session: Session) -> None:
    service, clock = published(session), Clock()
    assert not say(session, service, "a", at=clock())
    assert not say(session, service, "b", "no_answer", at=clock())
    assert not say(session, service, "b", "wrong_number", at=clock()), "one reporter is one, whatever they say"
    assert not say(session, service, "a", at=clock()), "the same report again is no second one"
    assert service.listing == "published"
    assert say(session, service, "c", at=clock())
    assert (service.listing, service.listing_reason) == ("suspended", feedback.REPORTS)
    (task,) = open_tasks(session)
    assert (task.kind, task.note) == ("feedback", "closed: 2, no_answer: 1, wrong_number: 1")
    say(session, service, "d", at=clock())
    assert len(open_tasks(session)) == 1


@pytest.mark.parametrize("kind", FEEDBACK_KINDS)
def test_only_not_safe_takes_an_entry_out_alone(session: Session, kind: str) -> None:
    service = published(session)
    assert say(session, service, "a", kind) == (kind == "not_safe") == (service.listing == "suspended")
    assert [task.kind for task in open_tasks(session)] == (["not_safe"] if kind == "not_safe" else [])


def test_not_safe_comes_first_in_the_list_of_tasks(session: Session) -> None:
    first = published(session)
    second = published(session, entry("Other", phones=()))
    for who in "abc":
        say(session, first, who)
    say(session, second, "a", "not_safe")
    assert [task.kind for task in open_tasks(session)] == ["not_safe", "feedback"]


def test_handled_reports_count_no_more_and_new_ones_count_anew(session: Session) -> None:
    service, clock = published(session), Clock()
    for who in "abc":
        say(session, service, who, at=clock())
    assert feedback.handle(session, service.id, by=EDITOR, at=clock()) == 3
    listing.publish(session, service.id, by=EDITOR, at=clock())
    assert not say(session, service, "a", at=clock())
    assert feedback.counts(session, service.id) == {"closed": 1}
    assert not say(session, service, "b", at=clock())
    assert say(session, service, "a2", at=clock())


def test_the_setting_says_how_many(session: Session) -> None:
    service = published(session)
    assert say(session, service, "a", suspend_after=1)


def test_an_entry_that_nobody_is_told_of_is_reported_without_moving(session: Session) -> None:
    service = published(session)
    listing.archive(session, service.id, by=EDITOR, reason="ended")
    assert not say(session, service, "a", "not_safe")
    assert (service.listing, [task.kind for task in open_tasks(session)]) == ("archived", ["not_safe"])


def test_nobody_is_found_by_a_report_and_two_entries_do_not_tell_that_one_person_reported_both(
    session: Session,
) -> None:
    one, other, clock = published(session), published(session, entry("Other", phones=())), Clock()
    person = "8a0f6a8e-0000-4000-8000-000000000001"
    say(session, one, person, at=clock())
    say(session, other, person, at=clock())
    first, second = session.query(Feedback)
    assert first.reporter_hash != second.reporter_hash
    assert first.created_at == second.created_at == clock.now.replace(hour=0, minute=0), (
        "the minute would tell who wrote"
    )
    stored = str(session.execute(text("SELECT * FROM feedback")).all())
    assert person not in stored
    from core.encryption import Cipher, StaticKeys, cipher

    mine = cipher()
    use_cipher(Cipher(StaticKeys({"x": b"0" * 32}, "x"), b"1" * 32))
    say(session, one, person, at=clock())
    use_cipher(mine)
    assert session.query(Feedback).count() == 3, "without the key a guess cannot be checked"
