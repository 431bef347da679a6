"""Jobs are written in the transaction that makes them necessary."""

import asyncio
import itertools
import time

from sqlalchemy import text

from core.database import Sessions
from core.jobs import TURNS, defer, make_app


def test_a_job_is_gone_when_its_transaction_is_rolled_back(sessions: Sessions) -> None:
    class Changed(Exception):  # noqa: N818
        pass

    try:
        with sessions.begin() as session:
            defer(session, "gateway.turn", queue=TURNS, lock="a", message_id="1")
            raise Changed
    except Changed:
        pass
    with sessions.begin() as session:
        assert session.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 0


def test_a_job_is_there_when_its_transaction_commits(sessions: Sessions) -> None:
    with sessions.begin() as session:
        job = defer(session, "gateway.turn", queue=TURNS, lock="a", message_id="1")
    with sessions.begin() as session:
        row = session.execute(text("SELECT id, task_name, lock, args FROM procrastinate_jobs")).one()
        assert (row.id, row.task_name, row.lock, row.args) == (job, "gateway.turn", "a", {"message_id": "1"})


def test_a_job_that_waited_for_another_of_its_lock_is_taken_soon_after_it(sessions: Sessions) -> None:
    """A reply of four messages took six seconds: each waited for the next unasked look at the queue."""
    begun: list[float] = []
    app = make_app(sessions.engine.url.render_as_string(hide_password=False))
    with sessions.begin() as session:
        for number in range(4):
            defer(session, "gateway.turn", queue=TURNS, lock="a", message_id=str(number))

    async def work() -> None:
        all_done, loop = asyncio.Event(), asyncio.get_running_loop()

        @app.task(name="gateway.turn", queue=TURNS)
        def turn(message_id: str) -> None:
            begun.append(time.monotonic())
            time.sleep(0.05)  # long enough for the next to be looked for in vain while this one holds the lock
            if message_id == "3":
                loop.call_soon_threadsafe(all_done.set)

        async with app.open_async():
            worker = asyncio.create_task(
                app.run_worker_async(queues=[TURNS], concurrency=4, install_signal_handlers=False)
            )
            await asyncio.wait_for(all_done.wait(), 60)
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    asyncio.run(work())
    waited = sorted(later - earlier for earlier, later in itertools.pairwise(begun))
    assert waited[1] < 1.0, waited
