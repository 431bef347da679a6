"""Writes down what a release says to its database, as a plugin of pytest: `make record-release`, once for each release.

Every statement that succeeds while STORIES run is kept as it reached PostgreSQL, values and all, with its connection and the number of
rows it touched; of questions that differ in their values only, the first. `test_old_code_on_the_new_schema.py` says the same again while a
newer version migrates the database. What Procrastinate says is not among it: its tables are its own, and its own migrations keep older
workers running.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import psycopg.sql
import pytest
from sqlalchemy import Connection, Engine, event

HERE = Path(__file__).parent
STORIES = (
    "tests/integration/gateway/test_gateway_turns.py::test_the_bot_answers_in_order_and_the_next_message_answers_its_question",
    "tests/integration/gateway/test_gateway_turns.py::test_a_hand_over_opens_a_case_and_its_last_words_are_sent",
    "tests/integration/gateway/test_gateway_turns.py::test_erasing_leaves_no_word_behind",
    "tests/integration/gateway/test_gateway_outbox.py::test_a_status_settles_what_was_uncertain",
    "tests/integration/gateway/test_gateway_outbox.py::test_a_failed_delivery_on_an_urgent_case_is_told_to_the_desk",
    "tests/integration/gateway/test_gateway_complaints.py::test_every_reading_leaves_a_row",
    "tests/integration/desk/test_desk_case.py::test_a_reply_sent_twice_is_one_message",
    "tests/integration/desk/test_desk_case.py::test_closing_needs_an_outcome_and_tells_the_person",
    "tests/integration/desk/test_desk_hand_on.py::test_the_holder_gives_it_on_and_the_note_and_the_event_say_so",
    "tests/integration/desk/test_desk_people.py::test_roles_and_teams_hold_from_the_next_click_and_cases_no_longer_seen_go_back",
    "tests/integration/desk/test_desk_referral.py::test_a_whole_referral_from_the_first_field_to_the_answer",
    "tests/integration/desk/test_desk_export.py::test_one_asks_another_agrees_and_the_first_sees_it_once",
    "tests/integration/desk/test_desk_rota.py::test_a_supervisor_plans_a_shift_and_everybody_sees_who_is_on_duty",
    "tests/integration/desk/test_partner_page.py::test_a_question_goes_to_the_team_and_its_answer_is_behind_a_new_link",
    "tests/integration/desk/test_directory_pages.py::test_an_approver_approves_what_they_read_and_rejects_with_a_reason",
    "tests/integration/directory/test_review_verification.py::test_a_correction_waits_and_confirms_from_the_day_it_was_given",
    "tests/integration/cases/test_retention.py::test_an_open_case_is_never_deleted",
)
"""What people and staff do, in the words of other tests. One that does not fit a release is left out of its recording."""


def filled(info: psycopg.ConnectionInfo) -> dict[str, Any]:
    """What an empty database of the release holds."""
    with psycopg.connect(host=info.host, port=info.port, user=info.user, dbname=info.dbname) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public' AND relname NOT LIKE 'procrastinate%'"
        ).fetchall()
        rows = {
            name: connection.execute(
                psycopg.sql.SQL("SELECT json_agg(t) FROM {} AS t").format(psycopg.sql.Identifier(name))
            ).fetchone()
            for (name,) in tables
        }
    return {name: row[0] for name, row in rows.items() if row and row[0] and name != "alembic_version"}


class Recording:
    """What was said since the story began."""

    def __init__(self) -> None:
        self.stories: dict[str, list[list[Any]]] = {}
        self.said: list[list[Any]] | None = None
        self._connections: dict[int, int] = {}
        self._asked: set[str] = set()
        self.filled: dict[str, Any] = {}
        """Rows that the migrations made, by table: their ids are chance, and the stories name them."""

    def note(self, connection: Connection, kind: str, text: str = "", rows: int = -1) -> None:
        """Keep one thing: which connection, `say`, `commit`, `rollback` or a savepoint, the statement, its rows."""
        driver = connection.connection.driver_connection
        # What the fixtures say to the template is no story.
        if self.said is None or driver is None or not driver.info.dbname.startswith("test_"):
            return
        self.filled = self.filled or filled(driver.info)
        self.said.append([self._connections.setdefault(id(driver), len(self._connections)), kind, text, rows])

    def listen(self) -> None:
        """From now on."""

        @event.listens_for(Engine, "after_cursor_execute")
        def statement(connection: Connection, cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:  # noqa: FBT001
            question = text.lstrip()[:7].upper() == "SELECT " and "FOR UPDATE" not in text
            if question and (text in self._asked or self.said is None):
                return
            self._asked.add(text)
            maker = psycopg.ClientCursor(cursor.connection)
            for each in values if many else [values]:
                self.note(connection, "say", maker.mogrify(text, each or None), -1 if many else cursor.rowcount)

        for name in ("commit", "rollback"):
            event.listen(Engine, name, lambda connection, kind=name: self.note(connection, kind))


recording = Recording()


def pytest_configure() -> None:
    recording.listen()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    recording.said = []
    recording._connections.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    if recording.said is not None:
        recording.stories[item.name] = recording.said
    recording.said = None
    return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(Config("alembic.ini")).get_current_head()
    if session.testsfailed:
        raise SystemExit("nothing is recorded of a release whose stories fail")
    lines = [json.dumps([head, recording.filled], ensure_ascii=False)]
    lines += [
        json.dumps([name.removeprefix("test_"), *each], ensure_ascii=False)
        for name, said in recording.stories.items()
        for each in said
    ]
    (HERE / "last.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
