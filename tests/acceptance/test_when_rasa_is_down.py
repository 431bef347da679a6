"""A dead bot is not a dead line: one honest message, the desk with the reason, nothing answered twice."""

import os
import signal

import psutil

from benchmarks.chaos.line import Line as Stormy
from benchmarks.chaos.run import Size, broken, run
from core.catalogues import Catalogues
from core.settings import PROJECT
from tests.acceptance.conftest import Line, wait_for
from tests.acceptance.phone import Person


def process_of(line: Line, module: str) -> psutil.Process:
    for child in psutil.Process(line.process.pid).children(recursive=True):
        if module in child.cmdline():
            return child
    raise AssertionError(f"{module} does not run")


def cases(person: Person) -> list[tuple[object, ...]]:
    first = next(item["id"] for item in person.entries() if item["from"] == "person")
    return person.line.rows(
        'SELECT c.level, c.reason FROM "case" c JOIN message m USING (conversation_id) WHERE m.provider_sid = %s', first
    )


def test_a_bot_that_hangs_is_replaced_by_one_honest_message_and_the_desk(breakable_line: Line) -> None:
    line = breakable_line
    person = Person(line, "+15005557901")
    person.turn("hello")
    engine = process_of(line, "bot.engine.server")
    engine.send_signal(signal.SIGSTOP)
    try:
        replies = person.turn("2")
        assert len(replies) == 1
        ((level, reason),) = cases(person)
        assert level == "U"
        assert str(reason).startswith("bot_")
        heard = person.turn("are you there")
        assert heard == [Catalogues.load(PROJECT / "locale", ("en",)).template("say_received", "en")], (
            "nobody has taken the case: one word that it arrived"
        )
        assert person.turn("hello?") == [], "and no more"
        assert len(cases(person)) == 1
    finally:
        engine.send_signal(signal.SIGCONT)
    assert person.quiet(4) == [], "what the bot says too late is dropped"
    wait_for(lambda: line.health().status_code == 200, because="the engine did not come to itself")


def test_a_bot_that_dies_is_started_again_and_answers(breakable_line: Line) -> None:
    line = breakable_line
    engine = process_of(line, "bot.engine.server")
    engine.kill()
    wait_for(lambda: line.health().status_code == 503, seconds=10, because="the health page did not notice")
    assert not line.health().json()["parts"]["engine"]["ready"]
    first = Person(line, "+15005557902")
    assert len(first.turn("hello")) == 1
    wait_for(lambda: line.health().status_code == 200, seconds=120, because="the engine did not come back")
    assert Person(line, "+15005557903").turn("hello"), "the next person meets the bot again"


def test_a_worker_killed_in_the_middle_of_a_turn_leaves_nobody_without_an_answer(breakable_line: Line) -> None:
    line = breakable_line
    person = Person(line, "+15005557904")
    person.turn("hello")
    engine = process_of(line, "bot.engine.server")
    engine.send_signal(signal.SIGSTOP)
    sid = person.send("1")
    wait_for(
        lambda: line.rows("SELECT 1 FROM procrastinate_jobs WHERE status = 'doing' LIMIT 1"), because="no turn began"
    )
    process_of(line, "app.worker").kill()
    engine.send_signal(signal.SIGCONT)
    wait_for(lambda: person.settled(sid), seconds=150, because="the turn was lost with its worker")
    replies = person.new()
    assert replies
    assert len(replies) == len(set(replies)), "said once"


def test_in_a_short_storm_nothing_is_lost_doubled_or_out_of_order(breakable_line: Line) -> None:
    """`make chaos` in small. The seed is new each time, and shown when it fails: `make chaos SEED=…` blows it again."""
    line = breakable_line
    seed = int.from_bytes(os.urandom(3))
    result = run(Stormy(line.port, line.data_dir, line.process.pid), Size(150, 12, 6, 90, 150), seed)
    assert not broken(result), result
    assert result["kills"] == 6
    assert result["messages_written"] == 150
