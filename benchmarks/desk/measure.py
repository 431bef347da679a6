"""Times of the queue's pages: at the server, with every query that they take, and in a browser, by its own clock."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine, event

from benchmarks.desk.serve import Served
from core import person_keys
from desk import facets

ROUNDS, BROWSERS = 10, 9
PAGES = {
    "all cases": "/desk",
    "nobody's yet": "/desk?show=unassigned",
    "by level": "/desk?level=U",
    "by language": "/desk?language=ar",
    "overdue": "/desk?overdue=yes",
    "waiting for an answer": "/desk?waiting=yes",
    "by need, which is encrypted": "/desk?need=shelter",
    "by country, which is encrypted": "/desk?country=MA",
    "the part that keeps itself fresh": "/desk/queue?show=all",
}
NOTHING = "two lines of text, for comparison"
PAINTED = {NOTHING: "/health", "all cases": "/desk", "by need, which is encrypted": "/desk?need=shelter"}
ROW = 'data-testid="case-row"'
PAINT = """() => {
  const first = performance.getEntriesByName('first-contentful-paint')[0];
  return first && window.largestPaint ? [first.startTime, window.largestPaint] : null;
}"""
WATCH = """new PerformanceObserver((list) => { window.largestPaint = list.getEntries().at(-1).startTime; })
  .observe({ type: 'largest-contentful-paint', buffered: true });"""


@contextmanager
def heard(engine: Engine) -> Iterator[list[float]]:
    """Seconds of every statement that is sent meanwhile, by whichever thread."""
    taken: list[float] = []

    def begins(connection: Any, *_rest: Any) -> None:
        connection.info["bench_began"] = time.perf_counter()

    def ends(connection: Any, *_rest: Any) -> None:
        taken.append(time.perf_counter() - connection.info["bench_began"])

    event.listen(engine, "before_cursor_execute", begins)
    event.listen(engine, "after_cursor_execute", ends)
    try:
        yield taken
    finally:
        event.remove(engine, "before_cursor_execute", begins)
        event.remove(engine, "after_cursor_execute", ends)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: milliseconds to the last byte, milliseconds that processors worked on it, seconds of each query, and the page."""

    took: float
    worked: float
    said: list[float]
    text: str


def pages(desk: Served, rounds: int = ROUNDS) -> dict[str, Any]:
    """By page: milliseconds from asking to the last byte, and how many queries with how many milliseconds of them."""
    found = {}
    with httpx.Client(base_url=desk.base, cookies=desk.cookies, timeout=120) as client:
        for name, path in PAGES.items():
            person_keys.forget()
            facets.forget()
            first = _asked(client, desk, path)
            measured = [_asked(client, desk, path) for _ in range(rounds)]
            times, work = sorted(one.took for one in measured), sorted(one.worked for one in measured)
            found[name] = {
                "first": first.took,
                "first_processor": first.worked,
                "p50": times[rounds // 2],
                "p95": times[max(0, int(rounds * 0.95) - 1)],
                "quietest": times[0],
                "processor": work[rounds // 2],
                "queries": sum(len(one.said) for one in measured) / rounds,
                "query_ms": round(1000 * sum(sum(one.said) for one in measured) / rounds, 1),
                "rows": measured[-1].text.count(ROW),
                "kilobytes": round(len(measured[-1].text) / 1000),
            }
    return found


def _asked(client: httpx.Client, desk: Served, path: str) -> Asked:
    with heard(desk.engine) as said:
        before = _worked(desk)
        began = time.perf_counter()
        answer = client.get(path)
        took = time.perf_counter() - began
        worked = _worked(desk) - before
    if answer.status_code != 200 or ROW not in answer.text:
        raise RuntimeError(f"{path} shows no case: nothing would be measured ({answer.status_code})")
    return Asked(round(1000 * took, 1), round(1000 * worked, 1), said, answer.text)


def _worked(desk: Served) -> float:
    """Seconds that processors worked so far for this process and for those of the database that are there."""
    children = Path(f"/proc/{desk.postmaster}/task/{desk.postmaster}/children").read_text(encoding="ascii").split()
    files = (Path(f"/proc/{pid}/schedstat") for pid in children)
    return time.process_time() + sum(int(file.read_text("ascii").split()[0]) for file in files if file.exists()) / 1e9


def paints(desk: Served, browsers: int = BROWSERS) -> dict[str, Any]:
    """By page: milliseconds until Chromium painted something, and until it painted the largest piece; a new browser each time."""
    found = {}
    with sync_playwright() as playwright:
        for name, path in PAINTED.items():
            measured = []
            for _ in range(browsers):
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("WAYMARK_CHROMIUM") or shutil.which("chromium"),
                    args=["--no-sandbox", "--disable-gpu", "--no-first-run"],
                )
                measured.append(_painted(browser, desk, path))
                browser.close()
            found[name] = {
                kind: {"p50": sorted(times)[len(times) // 2], "quietest": min(times), "worst": max(times)}
                for kind, times in zip(("first", "largest"), zip(*measured, strict=True), strict=True)
            }
    return found


def _painted(browser: Browser, desk: Served, path: str) -> tuple[float, float]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": name, "value": value, "url": desk.base} for name, value in desk.cookies.items()])
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(f"{desk.base}{path}", timeout=120_000)
    first, largest = page.wait_for_function(PAINT, timeout=120_000).json_value()
    return round(first, 1), round(largest, 1)
