"""Jobs are written in the transaction that makes them necessary."""

from sqlalchemy import text

from core.database import Sessions
from core.jobs import TURNS, defer


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
