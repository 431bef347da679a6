"""What happens to a case: levels never fall by themselves, one case is open, the epoch rises, one caseworker wins."""

import threading
from collections.abc import Callable
from functools import partial
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from cases import service
from cases.errors import CaseClosed, LevelFalls, NotTheOwner
from cases.models import LEVELS, Case, CaseEvent, Conversation, Note, Person, User
from cases.ownership import lock_conversation
from core.database import Sessions, now
from core.settings import Settings


def a_conversation(session: Session) -> UUID:
    person = Person(phone_hash=uuid4().bytes, phone="+15005550142")
    session.add(person)
    session.flush()
    conversation = Conversation(person_id=person.id, channel="sms", our_address="+15005550006", language="en")
    session.add(conversation)
    session.flush()
    return conversation.id


def a_user(session: Session, name: str) -> User:
    user = User(name=name)
    session.add(user)
    session.flush()
    return user


def a_case(session: Session, level: str, settings: Settings, conversation: UUID | None = None, **told: object) -> Case:
    conversation = conversation or a_conversation(session)
    service.open_or_update(
        session,
        conversation,
        level=level,
        rules=told.get("rules", ()),  # type: ignore[arg-type]
        needs=told.get("needs", ()),  # type: ignore[arg-type]
        answers=told.get("answers", {}),  # type: ignore[arg-type]
        reason=str(told.get("reason", "asks_human")),
        contact=told.get("contact"),  # type: ignore[arg-type]
        settings=settings,
    )
    case = service.open_case_of(session, conversation)
    assert case is not None
    return case


def kinds(session: Session, case: Case) -> list[str]:
    events = select(CaseEvent.kind).where(CaseEvent.case_id == case.id).order_by(CaseEvent.at)
    return list(session.execute(events).scalars())


@given(levels=st.lists(st.sampled_from(LEVELS), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_level_never_falls_and_the_time_until_somebody_writes_never_grows(
    session: Session, settings: Settings, levels: list[str]
) -> None:
    conversation = a_conversation(session)
    worst, due = levels[0], None
    for level in levels:
        case = a_case(session, level, settings, conversation)
        worst = min(worst, level, key=LEVELS.index)
        assert case.level == worst
        assert due is None or case.due_at <= due
        due = case.due_at
    opened = select(func.count()).select_from(Case).where(Case.conversation_id == conversation)
    assert session.execute(opened).scalar_one() == 1


def test_a_level_that_is_none_of_the_four_stores_no_case(session: Session, settings: Settings) -> None:
    for level in ("I", "e", ""):
        with pytest.raises(ValueError, match="level"):
            a_case(session, level, settings)


def test_what_a_person_tells_later_is_added_and_corrections_replace(session: Session, settings: Settings) -> None:
    case = a_case(session, "P", settings, rules=["P1"], needs=["health"], answers={"safe": "yes", "danger": "no"})
    a_case(
        session, "P", settings, case.conversation_id, rules=["P1", "P3"], needs=["legal"], answers={"danger": "unsure"}
    )
    told = service.read_screening(case)
    assert told.rules == ["P1", "P3"]
    assert told.needs == ["health", "legal"]
    assert told.answers == {"safe": "yes", "danger": "unsure"}
    assert b"unsure" not in bytes(case.screening_encrypted or b"")


def test_a_reason_that_says_more_than_the_answers_is_what_the_desk_reads(session: Session, settings: Settings) -> None:
    case = a_case(session, "U", settings, reason="screening")
    a_case(session, "U", settings, case.conversation_id, reason="child")
    assert case.reason == "child"
    a_case(session, "U", settings, case.conversation_id, reason="asks_human")
    assert case.reason == "child", "the first such reason stays at the same level"


def test_a_failing_bot_opens_one_case_however_often_it_fails(session: Session, settings: Settings) -> None:
    conversation = a_conversation(session)
    first = service.open_for_bot_failure(session, conversation, reason="bot_failure")
    second = service.open_for_bot_failure(session, conversation, reason="bot_failure")
    assert first.reference == second.reference
    assert first.level == "U"


def test_taking_giving_back_and_closing_each_raise_the_epoch(session: Session, settings: Settings) -> None:
    case, user = a_case(session, "U", settings), a_user(session, "Amina Example")
    conversation = session.get_one(Conversation, case.conversation_id)
    seen = [(conversation.owner, conversation.epoch)]
    for step in (
        lambda: service.take(session, case.id, user),
        lambda: service.give_back(session, case.id, user),
        lambda: service.take(session, case.id, user),
        lambda: service.close(session, case.id, user, outcome="helped"),
    ):
        step()
        session.refresh(conversation)
        seen.append((conversation.owner, conversation.epoch))
    assert seen == [("bot", 0), ("desk", 1), ("bot", 2), ("desk", 3), ("closed", 4)]
    assert conversation.new_session is True
    assert kinds(session, case) == ["opened", "taken", "given_back", "taken", "closed"]


def test_taking_again_what_one_holds_changes_nothing(session: Session, settings: Settings) -> None:
    case, user = a_case(session, "U", settings), a_user(session, "Amina Example")
    service.take(session, case.id, user)
    taken_at, epoch = case.taken_at, session.get_one(Conversation, case.conversation_id).epoch
    service.take(session, case.id, user)
    assert (case.taken_at, session.get_one(Conversation, case.conversation_id).epoch) == (taken_at, epoch)
    assert kinds(session, case) == ["opened", "taken"]


def test_only_who_holds_a_case_changes_it_and_hears_who_does(session: Session, settings: Settings) -> None:
    case, holder, other = (
        a_case(session, "U", settings),
        a_user(session, "Amina Example"),
        a_user(session, "Jonas Example"),
    )
    with pytest.raises(NotTheOwner) as nobody:
        service.give_back(session, case.id, other)
    assert nobody.value.holder is None
    service.take(session, case.id, holder)
    changes: list[Callable[[], object]] = [
        lambda: service.take(session, case.id, other),
        lambda: service.give_back(session, case.id, other),
        lambda: service.close(session, case.id, other, outcome="helped"),
        lambda: service.change_level(session, case.id, other, level="E", reason="I think so"),
    ]
    for change in changes:
        with pytest.raises(NotTheOwner) as held:
            change()
        assert held.value.holder == "Amina Example"


def test_a_closed_case_stays_closed_and_the_next_message_opens_another(session: Session, settings: Settings) -> None:
    case, user = a_case(session, "U", settings), a_user(session, "Amina Example")
    service.take(session, case.id, user)
    service.close(session, case.id, user, outcome="helped")
    for change in (
        lambda: service.take(session, case.id, user),
        lambda: service.close(session, case.id, user, outcome="helped"),
    ):
        with pytest.raises(CaseClosed):
            change()
    again = a_case(session, "R", settings, case.conversation_id)
    assert again.id != case.id
    assert again.level == "R"


def test_a_person_lowers_a_level_with_a_reason_only_and_the_reason_is_kept_encrypted(
    session: Session, settings: Settings
) -> None:
    case, user = a_case(session, "E", settings), a_user(session, "Amina Example")
    service.take(session, case.id, user)
    for reason in ("", "  \n"):
        with pytest.raises(LevelFalls):
            service.change_level(session, case.id, user, level="P", reason=reason)
    service.change_level(session, case.id, user, level="P", reason="Spoke with them, they are with family")
    assert case.level == "P"
    (note,) = session.execute(select(Note).where(Note.case_id == case.id)).scalars()
    assert note.body == "Spoke with them, they are with family"
    assert b"family" not in bytes(note.body_encrypted or b"")
    events = session.execute(select(CaseEvent).where(CaseEvent.case_id == case.id)).scalars().all()
    assert "family" not in repr([event.details for event in events])


def test_a_case_that_does_not_exist_is_nobodys(session: Session) -> None:
    with pytest.raises(NoResultFound):
        service.take(session, uuid4(), a_user(session, "Amina Example"))


def test_of_two_caseworkers_at_once_one_wins_and_the_other_hears_who(sessions: Sessions, settings: Settings) -> None:
    for _ in range(5):
        with sessions.begin() as session:
            case = a_case(session, "U", settings)
            users = [a_user(session, f"{name} {case.id}") for name in ("Amina", "Jonas", "Lina", "Tariq")]
        won, lost = all_grab(sessions, case.id, users)
        assert len(won) == 1
        assert lost == won * 3
        with sessions.begin() as session:
            assert session.get_one(Conversation, case.conversation_id).epoch == 1


def all_grab(sessions: Sessions, case_id: UUID, users: list[User]) -> tuple[list[str], list[str | None]]:
    """Who got the case, and whom each of the others was told."""
    start = threading.Barrier(len(users))
    won: list[str] = []
    lost: list[str | None] = []

    def grab(user: User) -> None:
        start.wait()
        try:
            with sessions.begin() as session:
                service.take(session, case_id, user)
            won.append(user.name)
        except NotTheOwner as error:
            lost.append(error.holder)

    run_together([partial(grab, user) for user in users])
    return won, lost


def test_a_bot_that_updates_a_case_while_it_is_taken_does_not_deadlock_with_the_caseworker(
    sessions: Sessions, settings: Settings
) -> None:
    with sessions.begin() as session:
        case = a_case(session, "P", settings)
        user = a_user(session, "Amina Example")
    bot_has_it, failures = threading.Event(), list[BaseException]()

    def bot() -> None:
        with sessions.begin() as session:
            lock_conversation(session, case.conversation_id)
            bot_has_it.set()
            # The caseworker clicks now, and waits for the conversation or for the case.
            session.connection().exec_driver_sql("SELECT pg_sleep(0.5)")
            a_case(session, "E", settings, case.conversation_id)

    def caseworker() -> None:
        bot_has_it.wait()
        with sessions.begin() as session:
            service.take(session, case.id, user)

    run_together([bot, caseworker], failures)
    assert failures == []
    with sessions.begin() as session:
        taken = session.get_one(Case, case.id)
        assert (taken.level, taken.assignee_id) == ("E", user.id)
        assert taken.due_at - now() <= settings.target_e


def run_together(work: list[Callable[[], None]], failures: list[BaseException] | None = None) -> None:
    def run(one: Callable[[], None]) -> None:
        try:
            one()
        except BaseException as error:
            if failures is None:
                raise
            failures.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_a_level_that_a_caseworker_raises_brings_the_target_nearer(session: Session, settings: Settings) -> None:
    case, user = a_case(session, "R", settings), a_user(session, "Amina Example")
    service.take(session, case.id, user)
    before = case.due_at
    service.change_level(session, case.id, user, level="E", reason="Somebody is at the door", settings=settings)
    assert case.due_at < before
    assert case.due_at - now() <= settings.target("E")
    nearer = case.due_at
    service.change_level(session, case.id, user, level="R", reason="It was a neighbour", settings=settings)
    assert case.due_at == nearer, "a promise that was made is not taken back"


@pytest.mark.parametrize(("level", "hours"), [("U", 4), ("E", 5 / 60), ("P", 24)])
def test_while_nobody_is_on_duty_an_urgent_case_is_promised_no_hour_that_nobody_keeps(
    session: Session, settings: Settings, level: str, hours: float
) -> None:
    case = a_case(session, level, settings.model_copy(update={"on_call": False}))
    assert abs((case.due_at - now()).total_seconds() - hours * 3600) < 60
