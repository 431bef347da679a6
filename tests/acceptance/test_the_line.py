"""The line starts, says truthfully what is ready, and its commands work."""

import json
import subprocess
from pathlib import Path

import httpx

from core.settings import PROJECT
from tests.acceptance.conftest import WAYMARK, Line
from tests.acceptance.phone import Person


def test_the_health_page_names_every_part_as_ready(line: Line) -> None:
    answer = line.health()
    assert answer.status_code == 200
    parts = answer.json()["parts"]
    assert set(parts) == {"database", "worker", "engine", "actions", "desk", "phone"}
    assert all(part["ready"] for part in parts.values())


def test_the_addresses_are_printed(line: Line) -> None:
    assert line.phone_page in line.printed
    assert f"{line.web}/desk/sign-in/" in line.printed
    assert f"{line.web}/health" in line.printed


def test_a_second_copy_on_the_same_folder_is_refused_in_one_line(line: Line) -> None:
    done = subprocess.run([str(WAYMARK), "up"], env=line.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "another copy runs" in done.stderr


def test_a_taken_port_is_named_in_one_line(line: Line, tmp_path: Path) -> None:
    environment = {**line.environment, "WAYMARK_DATA_DIR": str(tmp_path)}
    done = subprocess.run([str(WAYMARK), "up"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"waymark: port {line.port} (web): Address already in use" in done.stderr


def test_the_doctor_finds_nothing_wrong(line: Line) -> None:
    done = subprocess.run([str(WAYMARK), "doctor"], env=line.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout


def test_understand_answers_every_line_as_the_bot_would(line: Line, tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    messages = [
        {"text": "they want to kill me, they are at the door"},
        {"text": "je veux parler à quelqu'un", "language": "fr"},
        {"text": "لا أريد أن أعيش بعد الآن"},
        {"text": "আমার থাকার জায়গা নেই"},
        {"text": ""},
        {"text": "a" * 10_000},
        {"text": "\ud800 \x00"},
    ]
    file.write_text("\n".join(json.dumps(message) for message in messages))
    done = subprocess.run(
        [str(WAYMARK), "understand", str(file)], env=line.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(row) for row in done.stdout.splitlines()]
    assert len(answers) == len(messages)
    assert [answer["intent"] for answer in answers[:4]] == ["danger_now", "ask_human", "self_harm", "need_shelter"]
    assert [answer["language"] for answer in answers[:4]] == ["en", "fr", "ar", "bn"]
    assert all(0 <= answer["confidence"] <= 1 for answer in answers)


def test_rasa_answers_nobody_without_the_secret(line: Line) -> None:
    engine = f"http://127.0.0.1:{line.port + 2}"
    assert httpx.post(f"{engine}/webhooks/waymark/turn", json={}).status_code == 403
    for path in ("/status", "/model/parse", "/webhooks/rest/webhook", "/conversations/x/tracker"):
        assert httpx.get(f"{engine}{path}").status_code == 404
        assert httpx.post(f"{engine}{path}", json={}).status_code in {404, 405}


def test_a_first_message_gets_an_answer_in_seconds(line: Line, number: str) -> None:
    person = Person(line, number)
    replies = person.turn("hello")
    assert replies, "nobody may be left without an answer"


def test_no_folder_of_this_machine_and_no_registry_is_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    assert not {"uv.lock", "pylock.toml"} & set(listed)
    for name in listed:
        if name.endswith((".txt", ".in", ".toml")) and not name.endswith("OFL.txt"):  # a licence names its own home
            assert "://" not in (PROJECT / name).read_text(), name
