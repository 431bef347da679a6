"""The cycle as it runs: the schedule's job from the queue, letters as jobs of their own, and a failure that is tried again."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database import Sessions, now
from core.jobs import UPKEEP, make_app
from core.settings import Settings
from directory.models import Service
from directory.review import verification
from directory.review.models import VerificationRequest
from directory.review.sending import Letter, SendError
from directory.review.tasks import CYCLE, REOPEN, add_tasks
from directory.review.todo import open_tasks
from tests.integration.directory.entries import EDITOR, entry, published
from tests.integration.directory.test_review_verification import focal_point


class Post:
    """A way to send that keeps what it was given, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.failures = 0

    def send(self, letter: Letter) -> None:
        if self.failures:
            self.failures -= 1
            raise SendError("unreachable", again=True)
        self.letters.append(letter)


def confirmed(sessions: Sessions, days: int) -> UUID:
    """A house with a focal point that somebody confirmed so many days ago; it holds for thirty."""
    at = now() - timedelta(days=days)
    with sessions.begin() as session:
        service = published(session, entry(f"House of {days} days", phones=()), at=at)
        focal_point(session, service, service_id=service.id)
        verification.verify(session, service.id, by=EDITOR, method="phone", on=at.date(), at=at)
        return service.id


def ready(sessions: Sessions) -> int:
    """Jobs that could run now; what failed waits for its time."""
    query = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()"
    with sessions.begin() as session:
        return int(session.execute(text(query)).scalar_one())


def run(database_url: str, sessions: Sessions, settings: Settings, post: Post) -> dict[str, str]:
    """One tick of the clock: the schedule's job, and a real worker until nothing is left to do now. The schedules there are, by task."""
    app = make_app(database_url)
    add_tasks(app, sessions, settings, {"email": post})
    schedules = {one.task.name: one.cron for one in app.periodic_registry.periodic_tasks.values()}
    app.periodic_registry.periodic_tasks.clear()  # the clock of this machine must not come in between

    async def work() -> None:
        async with app.open_async():
            await app.configure_task(CYCLE).defer_async(timestamp=0)
            while ready(sessions):  # a job may bring others about after the worker last looked
                await app.run_worker_async(
                    queues=[UPKEEP], wait=False, install_signal_handlers=False, listen_notify=False, concurrency=2
                )

    asyncio.run(work())
    return schedules


def later(sessions: Sessions, days: int) -> None:
    """So many days pass for what was asked."""
    with sessions.begin() as session:
        session.execute(
            text("UPDATE verification_request SET created_at = created_at - :span, last_reminder_at = last_reminder_at - :span"),
            {"span": timedelta(days=days)},
        )  # fmt: skip


@pytest.mark.usefixtures("cipher")
def test_the_worker_asks_reminds_twice_gives_a_task_and_withdraws(
    database_url: str, sessions: Sessions, settings: Settings
) -> None:
    post = Post()
    soon, late, gone = (confirmed(sessions, days) for days in (25, 50, 65))
    schedules = run(database_url, sessions, settings, post)
    assert schedules == {CYCLE: "7 * * * *", REOPEN: "23 * * * *"}
    with sessions.begin() as session:
        assert session.get_one(Service, gone).listing == "withdrawn"
        assert {task.service_id for task in open_tasks(session)} == {late, gone}
        assert session.get_one(Service, late).listing == "published"
        (request,) = session.query(VerificationRequest).filter_by(service_id=soon)
        assert request.sent_at is not None
    counts = [len(post.letters)]
    assert counts == [1]
    for _ in range(3):
        run(database_url, sessions, settings, post)  # again within the hour: nothing twice
        later(sessions, 8)
        run(database_url, sessions, settings, post)
        counts.append(len(post.letters))
    assert counts == [1, 2, 3, 3], "two reminders, and no third"
    link = post.letters[0].body.split("/confirm/")[1].split()[0]
    assert all(link in letter.body for letter in post.letters)


@pytest.mark.usefixtures("cipher")
def test_a_letter_that_could_not_leave_waits_in_the_queue_to_be_tried_again(
    database_url: str, sessions: Sessions, settings: Settings
) -> None:
    post = Post()
    post.failures = 1
    asked = confirmed(sessions, 25)
    run(database_url, sessions, settings, post)
    with sessions.begin() as session:
        (request,) = session.query(VerificationRequest).filter_by(service_id=asked)
        assert (request.sent_at, request.send_error) == (None, "unreachable")
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"))
    run(database_url, sessions, settings, post)
    assert len(post.letters) == 1
    with sessions.begin() as session:
        (request,) = session.query(VerificationRequest).filter_by(service_id=asked)
        assert request.send_error is None
