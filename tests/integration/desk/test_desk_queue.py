"""The queue: most urgent first, then longest waiting; and every page hears of changes after they are committed, not before."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import event, text
from starlette.types import ASGIApp

from cases import service
from cases.models import Case, User
from core import person_keys
from core.database import notify
from desk import facets
from tests.ports import free_port

ROWS = re.compile(r'data-testid="case-row".*?<a class="row-link"[^>]*>(K\d+)</a>', re.DOTALL)


@pytest.fixture
def browser(world: Any) -> Any:
    world.caseworker()
    return world.browser(name="Amina Example")


def references(world: Any, *case_ids: Any) -> list[str]:
    return [world.read(case_id)[0].reference for case_id in case_ids]


def test_the_queue_is_ordered_by_level_and_then_by_waiting(world: Any, browser: Any) -> None:
    routine = world.case("R", minutes_ago=4000)
    urgent_new = world.case("U", minutes_ago=1)
    priority = world.case("P", minutes_ago=300)
    urgent_old = world.case("U", minutes_ago=50)
    emergency = world.case("E", minutes_ago=0)
    page = browser.get("/desk").text
    assert ROWS.findall(page) == references(world, emergency, urgent_old, urgent_new, priority, routine)


def test_a_case_says_how_long_it_waits_and_whether_it_is_late(world: Any, browser: Any) -> None:
    world.case("E", minutes_ago=7, reason="danger")
    world.case("U", minutes_ago=10, reason="asks_human", language="ar", channel="whatsapp", answers={"country": "MA"},
               needs=("shelter",))  # fmt: skip
    page = browser.get("/desk").text
    assert "Overdue by 2 minutes" in page
    assert "Waiting 7 minutes" in page
    assert "Says there is danger now" in page
    assert "49 minutes left" in page or "50 minutes left" in page
    assert "Arabic · WhatsApp · Morocco · Safe place tonight" in page
    assert len(re.findall(r'<li class="row[^"]* overdue"', page)) == 1


def test_a_held_case_says_whether_the_person_waits_for_an_answer(world: Any, browser: Any) -> None:
    case_id = world.case("P", minutes_ago=30)
    browser.post(f"/desk/cases/{case_id}/take")
    assert "No answer for 30 minutes" in browser.get("/desk").text
    form = {"text": "hello", "client_id": "7d9c3c0e-3a43-4c7e-9b39-1c5f0d3b7a10"}
    browser.post(f"/desk/cases/{case_id}/reply", data=form)
    assert "Answered" in browser.get("/desk").text
    world.write(case_id, "thank you")
    assert "No answer for less than a minute" in browser.get("/desk").text


def test_filters_show_what_they_say_and_count_it(world: Any, browser: Any) -> None:
    mine, free, closed = world.case("U"), world.case("P"), world.case("R")
    for case_id in (mine, closed):
        browser.post(f"/desk/cases/{case_id}/take")
    browser.post(f"/desk/cases/{closed}/close", data={"outcome": "helped"})
    shown = {name: ROWS.findall(browser.get(f"/desk?show={name}").text) for name in ("all", "mine", "unassigned", "x")}
    one, other = references(world, mine, free)
    assert shown == {"all": [one, other], "mine": [one], "unassigned": [other], "x": [one, other]}
    counts = re.findall(r'<span class="count">(\d+)</span>', browser.get("/desk").text)
    assert counts == ["2", "1", "1", "0", "0"]


def test_an_emergency_nobody_took_stands_on_every_page_until_somebody_does(world: Any, browser: Any) -> None:
    routine = world.case("R")
    emergency = world.case("E")
    (reference,) = references(world, emergency)
    for path in ("/desk?show=mine", f"/desk/cases/{routine}", "/desk/alerts"):
        assert f'data-emergencies="{reference} "' in browser.get(path).text
    browser.post(f"/desk/cases/{emergency}/take")
    assert 'data-emergencies=""' in browser.get("/desk/alerts").text


@contextmanager
def serving(desk: Any, web: Any) -> Iterator[str]:
    """The console in a real server, as the composition root starts it."""

    @asynccontextmanager
    async def lifespan(_app: ASGIApp) -> Any:
        async with desk.live.running():
            yield

    web.router.lifespan_context = lifespan
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(web, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started and desk.live.connected)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(15)
    assert not thread.is_alive()


def until(condition: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class Stream:
    """The events of one open page, read in a thread of their own."""

    def __init__(self, url: str, cookie: str) -> None:
        self.lines: list[str] = []
        self._client = httpx.Client(timeout=60)
        self._request = self._client.build_request("GET", url, headers={"Cookie": f"waymark_desk={cookie}"})
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            with_stream = self._client.send(self._request, stream=True)
            for line in with_stream.iter_lines():
                self.lines.append(line)
        except (httpx.HTTPError, OSError):
            self.lines.append("over")

    def count(self, event: str) -> int:
        return self.lines.count(f"event: {event}")

    def close(self) -> None:
        self._client.close()


def signed_in(world: Any) -> str:
    world.caseworker()
    return str(world.browser(name="Amina Example").cookies["waymark_desk"])


def test_a_page_hears_of_a_change_when_it_is_committed_and_only_of_its_own_case(world: Any) -> None:
    cookie = signed_in(world)
    mine, other = world.case("U"), world.case("P")
    with serving(world.desk, world.web) as base:
        stream = Stream(f"{base}/desk/live?case={mine}", cookie)
        until(lambda: stream.count("case") == 1)
        assert stream.count("queue") == 1
        with world.sessions.begin() as session:
            service.take(session, other, session.query(User).one())
            session.flush()
            time.sleep(0.8)
            assert stream.count("queue") == 1, "told before it was true"
        begun = time.monotonic()
        until(lambda: stream.count("queue") == 2)
        assert time.monotonic() - begun < 2
        assert stream.count("case") == 1, "told of somebody else's case"
        world.write(mine, "hello")
        until(lambda: stream.count("case") == 2)
        assert "hello" not in "".join(stream.lines)
        stream.close()


def test_many_changes_of_a_moment_are_one_refresh(world: Any) -> None:
    cookie = signed_in(world)
    with serving(world.desk, world.web) as base:
        stream = Stream(f"{base}/desk/live", cookie)
        until(lambda: stream.count("queue") == 1)
        for number in range(30):
            with world.sessions.begin() as session:
                notify(session, case=str(number))
        until(lambda: stream.count("queue") >= 2)
        time.sleep(1)
        assert stream.count("queue") <= 6
        stream.close()


def test_after_the_database_cut_the_line_pages_are_live_again_and_look_at_what_they_missed(world: Any) -> None:
    cookie = signed_in(world)
    with serving(world.desk, world.web) as base:
        stream = Stream(f"{base}/desk/live", cookie)
        until(lambda: stream.count("queue") == 1)
        with world.sessions.begin() as session:
            cut = session.execute(
                text(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
                )
            ).scalar_one()
        assert cut == 1
        until(lambda: not world.desk.live.connected)
        until(lambda: world.desk.live.connected)
        until(lambda: stream.count("queue") >= 2)
        before = stream.count("queue")
        world.case("E")
        until(lambda: stream.count("queue") > before)
        stream.close()


def test_nobody_hears_anything_without_signing_in(world: Any) -> None:
    with serving(world.desk, world.web) as base:
        answer = httpx.get(f"{base}/desk/live", follow_redirects=False)
        assert answer.status_code == 303


def test_an_open_page_does_not_keep_the_server_from_stopping(world: Any, database_url: str, tmp_path: Path) -> None:
    cookie = signed_in(world)
    script = tmp_path / "serve.py"
    script.write_text(
        "import importlib.util, sys\n"
        "from contextlib import asynccontextmanager\n"
        "import uvicorn\n"
        "from core.database import Sessions, make_engine\n"
        "from core.encryption import Cipher, use_cipher\n"
        "from core.settings import read_settings\n"
        "spec = importlib.util.spec_from_file_location('desk_conftest', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['desk_conftest'] = module\n"
        "spec.loader.exec_module(module)\n"
        "settings = read_settings()\n"
        "use_cipher(Cipher.from_settings(settings))\n"
        "desk, web = module.make_desk(settings, Sessions(make_engine(settings.database_url)))\n"
        "@asynccontextmanager\n"
        "async def lifespan(app):\n"
        "    async with desk.live.running():\n"
        "        yield\n"
        "web.router.lifespan_context = lifespan\n"
        "uvicorn.run(web, host='127.0.0.1', port=int(sys.argv[2]), log_config=None)\n"
    )
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
        "DATABASE_URL": database_url,
        "WAYMARK_ENCRYPTION_KEYS": world.settings.encryption_keys.get_secret_value(),
        "WAYMARK_HASH_KEY": world.settings.hash_key.get_secret_value(),
        "WAYMARK_DEMONSTRATION": "true",
    }
    conftest = str(Path(__file__).with_name("conftest.py"))
    process = subprocess.Popen(
        [sys.executable, str(script), conftest, str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: listening(port), 60)
        stream = Stream(f"http://127.0.0.1:{port}/desk/live", cookie)
        until(lambda: stream.count("queue") >= 1)
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        process.wait(15)
        assert time.monotonic() - begun < 5
        stream.close()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_queue_asks_the_database_as_often_for_thirty_cases_as_for_three(world: Any, browser: Any) -> None:
    """A query for each case would make a night with many of them the night in which the desk stands still."""
    asked: list[str] = []
    event.listen(world.sessions.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))

    def queries() -> int:
        asked.clear()
        page = browser.get("/desk?show=unassigned&level=U")
        assert len(ROWS.findall(page.text)) in (3, 30)
        return len(asked)

    for _ in range(3):
        world.case("U", needs=("shelter",), answers={"country": "MA"})
    few = queries()
    for _ in range(27):
        world.case("U", needs=("health",), answers={"country": "BD"})
    assert queries() == few


def test_a_filter_by_what_was_told_asks_as_often_for_thirty_cases_as_for_three_after_a_start(
    world: Any, browser: Any
) -> None:
    """Each person has a key of their own: asking for one after the other would be ten thousand queries on a bad night."""
    asked: list[str] = []
    event.listen(world.sessions.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))

    def queries(show: str, rows: int) -> int:
        asked.clear()
        person_keys.forget()
        facets.forget()
        assert len(ROWS.findall(browser.get(f"/desk?{show}").text)) == rows
        return len(asked)

    for _ in range(3):
        world.case("U", needs=("shelter",), answers={"country": "MA"})
    few = [queries("need=shelter", 3), queries("show=all", 3)]
    for number in range(27):
        world.case("U", needs=("shelter",), answers={"country": "BD" if number % 2 else "MA"})
    assert [queries("need=shelter", 30), queries("show=all", 30)] == few
    assert queries("country=BD&need=shelter", 13) == few[0]


def test_what_was_told_since_counts_at_once_although_what_was_told_before_is_remembered(
    world: Any, browser: Any
) -> None:
    case_id = world.case("U", needs=("shelter",), answers={"country": "MA"})
    other = world.case("U", needs=("health",), answers={"country": "MA"}, number="+15005550143")
    assert len(ROWS.findall(browser.get("/desk?need=shelter").text)) == 1
    with world.sessions.begin() as session:
        session.get_one(Case, case_id).screening = json.dumps({"needs": ["health"], "answers": {"country": "BD"}})
        session.get_one(Case, other).screening = None
    assert len(ROWS.findall(browser.get("/desk?need=shelter").text)) == 0
    assert len(ROWS.findall(browser.get("/desk?need=health&country=BD").text)) == 1
    assert len(ROWS.findall(browser.get("/desk?country=MA").text)) == 0, "erased, and remembered all the same"
