"""`waymark languages` says how far each language is, and writes down who has read it; nothing starts with drafts for real people."""

import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from app.languages_page import mark, standings, table
from core.languages import LOCALE
from core.reviews import SAFETY, ReviewError, read_reviews
from core.settings import PROJECT, read_settings


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for code in ("en", "fr", "sw"):
        shutil.copytree(LOCALE / code, tmp_path / code)
    return tmp_path


def test_every_language_is_told_the_offered_ones_first(copy: Path) -> None:
    found = standings(read_settings(languages=("fr", "en")), copy)
    assert [(each.code, each.offered) for each in found] == [("fr", True), ("en", True), ("sw", False)]
    assert len({each.all_texts for each in found}) == 1
    for each in found:
        assert each.texts == each.all_texts
        assert each.mean_segments is not None
        assert 1 <= each.mean_segments < 2
        assert each.over_budget == 0


def test_a_text_too_long_a_missing_one_and_a_reviewed_one_are_counted(copy: Path) -> None:
    for code, key, text in (("fr", "say_later", "bla " * 200), ("sw", "say_later", "")):
        catalogue = polib.pofile(str(copy / code / "messages.po"), wrapwidth=0)
        catalogue.find(key).msgstr = text
        catalogue.save()
    english = mark("en", ["safety", "ask_safe", "choice_man"], by="A. Person", folder=copy)
    en, fr, sw = standings(read_settings(languages=("en", "fr")), copy)
    assert english == len(SAFETY) + 1
    assert (en.reviewed, en.safety_reviewed) == (len(SAFETY) + 1, len(SAFETY))
    assert fr.over_budget == 1
    assert (sw.texts, sw.mean_segments, sw.over_budget) == (sw.all_texts - 1, None, None)
    lines = table([en, fr, sw]).splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("en English  ")
    assert lines[3].endswith("-")


def test_a_word_for_all_texts_marks_all_and_no_text_marks_none(copy: Path) -> None:
    assert mark("sw", ["all"], by="A. Person", folder=copy) == len(read_reviews("sw", copy))
    assert None not in read_reviews("sw", copy).values()
    with pytest.raises(ReviewError, match="fr: name the texts"):
        mark("fr", [], by="A. Person", folder=copy)


def test_the_command_refuses_a_mark_without_a_name_in_one_line() -> None:
    done = run("app.cli", "languages", "--mark-reviewed", "fr", "ask_safe")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("waymark: fr: a mark needs the name")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("program", [("app.cli", "up"), ("app.web",), ("app.worker",), ("bot.actions.server",)])
def test_no_process_starts_for_real_people_in_a_language_whose_safety_texts_nobody_has_read(
    program: tuple[str, ...], tmp_path: Path
) -> None:
    drafts = [code for code in read_settings().languages if None in {read_reviews(code).get(key) for key in SAFETY}]
    if not drafts:
        pytest.skip("every language that is offered has been read")
    keys = {"WAYMARK_ENCRYPTION_KEYS": "k:" + "A" * 43 + "=", "WAYMARK_HASH_KEY": "A" * 43 + "="}
    done = run(*program, WAYMARK_LANGUAGES=drafts[0], WAYMARK_DATA_DIR=str(tmp_path / "data"), **keys)
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()[-1]
    assert f"{drafts[0]} (" in said
    assert "safety messages" in said
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def run(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
