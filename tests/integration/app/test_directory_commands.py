"""`waymark directory` in a pipe: documents on standard output, words on standard error, an exit code that says how it went."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import parser
from app.directory_commands import FOUND, UNREADABLE
from core.database import Sessions
from core.settings import PROJECT
from directory.writing import write
from tests.integration.directory.test_writing import everything


def run(*arguments: str, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "directory", *arguments],
        cwd=PROJECT, input=given, capture_output=True, check=False, env={"PATH": os.environ["PATH"], **environment},
    )  # fmt: skip


def test_an_export_goes_through_a_pipe_into_the_check(sessions: Sessions, database_url: str, tmp_path: Path) -> None:
    with sessions.begin() as session:
        write(session, everything(), by="t", source="form").service.listing = "published"
    exported = run(
        "export", "--format", "hsds-3.1", "--json", "-", DATABASE_URL=database_url, WAYMARK_DATA_DIR=str(tmp_path),
        WAYMARK_DEMONSTRATION="true", WAYMARK_ENGINE_DATABASE_URL=database_url,
    )  # fmt: skip
    assert exported.returncode == 0, exported.stderr
    assert json.loads(exported.stderr) == {"format": "hsds-3.1", "written": {"service": 1}}
    checked = run("check", "--json", "-", given=exported.stdout)
    assert (checked.returncode, checked.stdout, json.loads(checked.stderr)) == (0, b"", {"errors": 0, "warnings": 0})


@pytest.mark.parametrize(
    ("content", "code"), [("[]", 0), ('[{"id": "17"}]', FOUND), ("nonsense", UNREADABLE), (None, UNREADABLE)]
)
def test_the_check_of_a_file_tells_by_its_exit_code(
    content: str | None, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    arguments = parser().parse_args(["directory", "check", "--json", str(path)])
    assert arguments.run(arguments) == code
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["severity"] for line in lines} == ({"error"} if code == FOUND else set())


def test_half_an_export_is_no_file(tmp_path: Path) -> None:
    from app.directory_commands import _output

    path = tmp_path / "out.json"

    def fail() -> None:
        with _output(str(path)) as out:
            out.write(b"[")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []
    with _output(str(path)) as out:
        out.write(b"[]")
    assert path.read_bytes() == b"[]"
