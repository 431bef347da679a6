"""Practice on invented cases: it looks like a case, reaches nobody, and what was answered is the learner's alone."""

import ast
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import desk.practice
from app.scripts import load
from core.database import now
from core.languages import load_languages
from core.settings import PROJECT
from desk import web_practice
from desk.bubbles import Meanings
from desk.permissions import PERMISSIONS
from desk.practice import show
from desk.practice.lessons import CONVERSATIONS, FOLDER, lessons
from desk.words import LANGUAGES, speaking, words
from gateway.wording import CatalogueWording
from tests.acceptance.record import FOLDER as SCRIPTS
from tests.integration.desk.conftest import loaded

AMINA, SARA = "Amina Example", "Sara Example"
MINE = {"practice_result", "staff_session"}
"""What a learner's own work may write: the answer, and when their session was used last."""
MAY_IMPORT = ("cases.models", "cases.service", "core.", "desk", "gateway.check", "gateway.numerals", "gateway.segments",
              "gateway.wording", "screening.")  # fmt: skip


def filled(lesson: str, **other: str) -> dict[str, str]:
    found = lessons()[lesson]
    return {"level": found.result.level, "first": found.right[0], "text": "Can you write now? Yes or no."} | other


def tables(world: Any) -> dict[str, list[str]]:
    """Every row of every table, the queue of jobs among them, as text."""
    with world.sessions.begin() as session:
        names = session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        return {
            name: sorted(session.execute(text(f'SELECT t::text FROM "{name}" t')).scalars())  # noqa: S608
            for name in names
            if name not in MINE
        }


def test_the_cases_are_the_scripted_conversations_and_the_triage_of_today_says_what_they_say() -> None:
    assert len(lessons()) >= 8
    for lesson, path in zip(lessons().values(), _paths(), strict=True):
        assert (CONVERSATIONS / path).read_bytes() == (SCRIPTS / path).read_bytes(), f"copy {path} again"
        script = load(SCRIPTS / path)
        assert script.case is None or (lesson.result.level, set(script.case.rules) - set(lesson.result.rules)) == (
            script.case.level,
            set(),
        ), lesson.id
        assert set(lesson.right).isdisjoint(lesson.other)
    assert {lesson.result.level for lesson in lessons().values()} >= {"E", "U", "P"}
    assert {lesson.language for lesson in lessons().values()} >= set(LANGUAGES)
    assert sorted(path.relative_to(CONVERSATIONS).as_posix() for path in CONVERSATIONS.rglob("*.yml")) == sorted(
        _paths()
    )


def _paths() -> list[str]:
    import yaml

    entries = yaml.safe_load((FOLDER / "lessons.yml").read_text(encoding="utf-8"))
    return [f"{entry['conversation']}.yml" for entry in entries]


@pytest.mark.parametrize("code", LANGUAGES)
def test_everything_a_lesson_names_has_words(code: str) -> None:
    said = words(code)
    keys = {f"practice_do_{one}" for lesson in lessons().values() for one in lesson.choices}
    keys |= {f"practice_way_{one}" for lesson in lessons().values() for one in lesson.ways}
    assert sorted(key for key in keys if key not in said) == []
    idle = {key for key in said.keys() if key.startswith(("practice_do_", "practice_way_"))} - keys  # noqa: SIM118
    assert sorted(idle) == []


def test_the_page_is_that_of_a_case_and_keeps_level_and_rules_until_the_answer(world: Any) -> None:
    world.caseworker(AMINA)
    browser = world.browser(name=AMINA)
    for lesson in lessons().values():
        page = unescape(browser.get(f"/desk/practice/{lesson.id}").text)
        shown = [turn.person for turn in lesson.turns if turn.person]
        assert page.count('data-testid="thread-message"') == len(shown) + sum(len(turn.bot) for turn in lesson.turns)
        assert all(said in page for said in shown), lesson.id
        assert words().say("level_hidden") in page
        assert words().find(f"rule_{lesson.result.rules[0]}", "?") not in page, "the answer stood on the question"
        assert "/desk/cases/" not in page, "a way to a real case"
        answer = browser.post(f"/desk/practice/{lesson.id}", data=filled(lesson.id))
        page = unescape(browser.get(answer.headers["location"]).text)
        assert words().say("practice_level_right") in page
        assert words().say("practice_first_right") in page
        assert all(words().find(f"rule_{rule}", "?") in page for rule in lesson.result.rules)
        assert all(service in page for service in lesson.services)
    assert browser.get("/desk/practice/no-such-case").status_code == 404


def test_questions_and_digits_of_a_language_the_learner_does_not_read_are_told_in_theirs() -> None:
    codes = ("en", "ar")
    meanings = Meanings(CatalogueWording(load_languages(codes), loaded(codes)))
    with speaking("en"):
        bubbles = show.view(lessons()["cook-without-pay"], meanings, now(), solved=False).thread.bubbles
    questions = [bubble.meaning for bubble in bubbles if bubble.meaning]
    assert any("passport or papers" in said for said in questions)
    assert len(questions) >= 15
    picked = [bubble.picked for bubble in bubbles if bubble.picked]
    assert {"Pay is missing", "Call this number"} <= set(picked)


def test_a_beginner_reads_what_was_too_low_and_which_words_would_have_harmed(world: Any) -> None:
    world.caseworker(AMINA)
    browser = world.browser(name=AMINA)
    lesson = lessons()["locked-in"]
    given = filled(lesson.id, level="R", first=lesson.other[0], text="Call +15005550142, see https://example.org/help")
    answer = browser.post(f"/desk/practice/{lesson.id}", data=given)
    page = unescape(browser.get(answer.headers["location"]).text)
    assert words().say("practice_level_low") in page
    assert words().say("practice_first_other") in page
    assert words().say("check_rule_link") in page
    assert words().say("check_rule_phone_number") in page
    refused = browser.post(f"/desk/practice/{lesson.id}", data=given | {"first": "no-such-choice"})
    assert refused.status_code == 422
    assert "https://example.org/help" in refused.text, "what was typed is lost"


def test_nothing_of_practice_reaches_a_person_a_case_a_job_or_a_statistic(world: Any) -> None:
    world.caseworker(AMINA)
    world.case("E")
    browser = world.browser(name=AMINA)
    before = tables(world)
    assert {"message", "case", "procrastinate_jobs", "statistic_mark", "audit_entry"} <= set(before)
    browser.get("/desk/practice")
    for lesson in lessons():
        browser.get(f"/desk/practice/{lesson}")
        assert browser.post(f"/desk/practice/{lesson}", data=filled(lesson)).status_code == 303
        browser.get(f"/desk/practice/{lesson}?answered=yes")
    after = tables(world)
    lines = sorted(set(after.pop("audit_entry")) - set(before.pop("audit_entry")))
    assert after == before
    assert len(lines) == len(lessons())
    assert [line for line in lines if any(lesson in line for lesson in lessons())] == [], "the log says on what"


def test_the_modules_of_practice_know_no_way_to_send() -> None:
    """By construction: what cannot be imported cannot be called by a change that nobody thought through."""
    package = sorted(Path(desk.practice.__file__).parent.glob("*.py"))
    for path in [*package, Path(web_practice.__file__)]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            ours = [name for name in names if name.split(".")[0] in {"app", "bot", "cases", "gateway", "directory"}]
            assert [name for name in ours if not name.startswith(MAY_IMPORT)] == [], path.name
            assert "gateway.gateway" not in names


def test_answers_are_the_learners_alone_encrypted_and_gone_when_they_say_so(world: Any) -> None:
    world.caseworker(AMINA)
    world.caseworker(SARA, "supervisor")
    browser, supervisor = world.browser(name=AMINA), world.browser(name=SARA)
    secret = "a sentence of a beginner"
    browser.post("/desk/practice/maid-next-door", data=filled("maid-next-door", text=secret))
    assert secret in browser.get("/desk/practice/maid-next-door?answered=yes").text
    assert secret not in supervisor.get("/desk/practice/maid-next-door?answered=yes").text
    assert words().say("practice_again") not in unescape(supervisor.get("/desk/practice").text)
    with world.sessions.begin() as session:
        stored = session.execute(text("SELECT practice_result::text FROM practice_result")).scalars().all()
    assert len(stored) == 1
    assert secret.encode().hex() not in stored[0]
    assert secret not in stored[0]
    again = filled("maid-next-door", text="another try")
    browser.post("/desk/practice/maid-next-door", data=again)
    assert secret not in browser.get("/desk/practice/maid-next-door?answered=yes").text
    supervisor.post("/desk/practice/results/forget")
    assert "another try" in browser.get("/desk/practice/maid-next-door?answered=yes").text
    browser.post("/desk/practice/results/forget")
    with world.sessions.begin() as session:
        assert session.execute(text("SELECT count(*) FROM practice_result")).scalar_one() == 0


def test_who_works_on_no_cases_has_no_practice() -> None:
    assert PERMISSIONS["practice.use"] == {"caseworker", "supervisor"}


def test_the_manual_is_there() -> None:
    manual = (PROJECT / "docs" / "how-to" / "learn-the-desk.md").read_text(encoding="utf-8")
    assert "desk/practice/lessons.yml" in manual
