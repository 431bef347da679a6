"""The page of the commands and the command line say the same; commands answer bad input clearly."""

import argparse
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import parser
from core.settings import PROJECT
from screening.cli import triage_lines


def commands() -> set[str]:
    (action,) = (item for item in parser()._actions if isinstance(item, argparse._SubParsersAction))
    return set(action.choices)


def test_every_command_stands_in_the_reference_and_no_other() -> None:
    page = (PROJECT / "docs/reference/commands.md").read_text()
    assert set(re.findall(r"^\| `waymark ([a-z-]+)", page, re.MULTILINE)) == commands()


def test_the_commands_that_others_script_against_are_there() -> None:
    promised = {"up", "migrate", "train", "seed", "create-user", "doctor", "chat", "understand", "triage"}
    assert promised <= commands()


def test_a_wrong_setting_ends_a_command_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "migrate"],
        env={"WAYMARK_PORT": "many"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("waymark: WAYMARK_PORT: ")


def test_triage_reads_lines_and_answers_each_one(tmp_path: Path) -> None:
    out = io.StringIO()
    lines = ['{"danger": "yes"}', '{"papers": "yes", "debt_or_pay": "yes"}', "{}"]
    assert triage_lines(lines, out) == 0
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [answer["level"] for answer in answers] == ["E", "U", "I"]
    assert answers[0]["rules"] == ["E1"]
    assert answers[1]["rules"] == ["U8", "P1", "P2"]
    assert answers[2]["rules"] == ["I"]


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", '{"danger": "maybe"}', '{"dangre": "yes"}', '{"asks_human": "yes"}']
)
def test_triage_says_what_is_wrong_with_a_line_and_goes_on(line: str) -> None:
    out = io.StringIO()
    assert triage_lines([line, '{"danger": "yes"}'], out) == 1
    first, second = (json.loads(item) for item in out.getvalue().splitlines())
    assert first["line"] == 1
    assert first["error"]
    assert second["level"] == "E"
