"""The parts that live inside Rasa: the check of replies, the tracker store, the endpoints, the commands."""

import io
import json
import os
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.databases import with_database
from tests.integration.engine.running import ACTIONS_SECRET, FIXTURES, needs_engine, run_python

pytestmark = [needs_engine, pytest.mark.engine]


@pytest.fixture(scope="module")
def seen(postgres: str, engine_environment: dict[str, str]) -> dict[str, Any]:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE engine_store_tests")
    environment = engine_environment | {"WAYMARK_ENGINE_DATABASE_URL": with_database(postgres, "engine_store_tests")}
    done = run_python("-m", "tests.integration.engine.inside_rasa", environment=environment)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_our_check_of_replies_says_what_rasas_schema_says(seen: dict[str, Any]) -> None:
    assert seen["verdicts"]["ours"] == seen["verdicts"]["theirs"]
    assert seen["verdicts"]["ours"].count(False) >= 12
    assert seen["verdicts"]["ours"].count(True) >= 4


def test_forms_use_our_check_too(seen: dict[str, Any]) -> None:
    assert seen["installed"]


def test_engines_that_start_together_create_the_table_once(seen: dict[str, Any]) -> None:
    assert seen["store"]["errors_of_a_race"] == []


def test_a_conversation_comes_back_as_it_was_current_session_only(seen: dict[str, Any]) -> None:
    assert seen["store"]["not_stored_before_it_is_saved"]
    assert seen["store"]["same_events"]
    assert seen["store"]["same_slots"]


def test_old_conversations_are_forgotten_and_others_stay(seen: dict[str, Any]) -> None:
    assert seen["store"]["forgotten"] == [1, 0]
    assert seen["store"]["left"] == ["b"]
    assert seen["store"]["deleted"]


def test_of_a_long_conversation_the_last_turns_are_kept_and_of_the_others_no_word(seen: dict[str, Any]) -> None:
    assert seen["store"]["words_kept"] == [f"some words of turn {number}" for number in (397, 398, 399)]
    assert seen["store"]["events_kept"] < 20
    assert seen["store"]["counts_on"]
    assert seen["store"]["keeps_the_same_again"]


def test_a_long_conversation_is_stored_and_read_quickly(seen: dict[str, Any]) -> None:
    # 400 messages in one session; measured 8 and 25 ms. The bound only catches a return to seconds.
    assert seen["store"]["save_ms"] < 200
    assert seen["store"]["retrieve_ms"] < 400


def test_a_database_that_is_away_is_an_error_and_not_a_fresh_conversation(seen: dict[str, Any]) -> None:
    assert seen["store"]["unreachable"] == "refused"


def test_what_an_older_key_sealed_comes_under_the_newest_at_the_next_turn(seen: dict[str, Any]) -> None:
    assert seen["store"]["sealed_with_the_newest"]


def test_of_two_processes_the_slower_one_does_not_take_the_others_turn_away(seen: dict[str, Any]) -> None:
    assert seen["store"]["overtaken"] == "refused"
    assert seen["store"]["kept"] == ["later"]
    assert seen["store"]["forgets_what_it_read"]


def test_a_dead_action_server_is_passed_over(seen: dict[str, Any]) -> None:
    assert seen["fail_over"] == {"said": ["echo"] * 4, "both_dead": "ClientConnectorError"}


def test_endpoints_take_their_values_from_the_environment(
    seen: dict[str, Any], engine_environment: dict[str, str]
) -> None:
    assert seen["endpoints"]["url"] == engine_environment["WAYMARK_ACTIONS_URL"]
    assert seen["endpoints"]["headers"] == {"X-Waymark-Secret": ACTIONS_SECRET}
    assert seen["endpoints"]["store"] == "EncryptedTrackerStore"
    assert seen["endpoints"]["keys"] == 2
    assert seen["endpoints"]["keep_days"] == 30
    assert seen["endpoints"]["unset"] != "accepted"


def test_the_endpoints_file_holds_no_secret() -> None:
    text = Path("endpoints.yml").read_text()
    values = re.findall(r"^\s+(?:url|key|X-Waymark-Secret): (.+)$", text, re.MULTILINE)
    assert len(values) == 4
    assert all(re.fullmatch(r"\$\{WAYMARK_[A-Z_]+\}", value) for value in values)


TEXTS: list[Any] = [
    "yes",
    "OUI!",
    "they will kill me",
    "",
    "/yes",
    "\ud800\udfff \ud800 \x00",
    "x" * 10_000,
    "কে আপনি",
    "I have no bed for tonight",
]
STORY = "We came here by bus and it was a long way and the weather was cold. " * 13


@pytest.fixture(scope="module")
def understood(model: Path) -> list[dict[str, Any]]:
    """What the command answers to `TEXTS`, to three more lines and to a long story with a cry at its end."""
    lines = [json.dumps({"text": text}) for text in TEXTS]
    lines += [
        "no json",
        '{"text": 5}',
        '{"text": "non", "language": "fr"}',
        json.dumps({"text": STORY + "Armed men are holding me here."}),
    ]
    done = run_python(
        "-m", "bot.engine.understand", stdin="\n".join(lines) + "\n", environment={"WAYMARK_MODEL": str(model)}
    )
    assert done.returncode == 0, done.stderr
    assert "holding me" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_understanding_answers_every_line(understood: list[dict[str, Any]]) -> None:
    results = understood[: len(TEXTS)]
    assert [result["intent"] for result in results[:5]] == ["affirm", "affirm", "danger_now", "other", "affirm"]
    assert all(set(result) == {"intent", "confidence"} and 0 <= result["confidence"] <= 1 for result in results)
    assert results[8]["intent"] == "need_shelter"
    assert understood[len(TEXTS) : -1] == [{"error": "line"}, {"error": "line"}, {"intent": "deny", "confidence": 1.0}]


def test_the_cry_at_the_end_of_a_long_message_is_heard(understood: list[dict[str, Any]]) -> None:
    assert understood[-1]["intent"] == "danger_now"


def arrays(model: Path) -> dict[str, bytes]:
    """The trained numbers of a model: every array of its components."""
    found: dict[str, bytes] = {}
    with tarfile.open(model) as archive:
        for member in archive.getmembers():
            if member.name.endswith(".npz"):
                file = archive.extractfile(member)
                assert file is not None
                with zipfile.ZipFile(io.BytesIO(file.read())) as arrays_:
                    found |= {f"{member.name}/{name}": arrays_.read(name) for name in arrays_.namelist()}
    return found


def test_training_twice_gives_the_same_numbers(model: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tar.gz"
    done = run_python("-m", "bot.engine.train", "--project", str(FIXTURES), "--out", str(again))
    assert done.returncode == 0
    assert len(done.stdout.splitlines() + done.stderr.splitlines()) == 1  # one line, no progress bars
    assert len(arrays(model)) == 6
    assert arrays(again) == arrays(model)


def test_a_failed_training_keeps_the_old_model(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.tar.gz"
    out.write_bytes(b"old")
    done = run_python("-m", "bot.engine.train", "--project", str(tmp_path), "--out", str(out))
    assert done.returncode == 1
    assert "training failed" in done.stderr
    assert out.read_bytes() == b"old"


@pytest.mark.parametrize("command", ["server", "understand"])
def test_without_its_own_model_nothing_starts(
    command: str, model: Path, tmp_path: Path, engine_environment: dict[str, str]
) -> None:
    missing = run_python(
        "-m", f"bot.engine.{command}", environment=engine_environment | {"WAYMARK_MODEL": str(tmp_path / "none.tar.gz")}
    )
    assert (missing.returncode, len(missing.stderr.splitlines())) == (3, 1)
    assert "no model at" in missing.stderr
    changed = tmp_path / model.name
    changed.write_bytes(model.read_bytes() + b"x")
    changed.with_name(changed.name + ".sha256").write_text(model.with_name(model.name + ".sha256").read_text())
    refused = run_python(
        "-m", f"bot.engine.{command}", environment=engine_environment | {"WAYMARK_MODEL": str(changed)}
    )
    assert refused.returncode == 3
    assert "not the one" in refused.stderr


def test_the_server_names_what_is_not_set_and_no_value(engine_environment: dict[str, str]) -> None:
    environment = engine_environment | {"WAYMARK_ENGINE_KEY": "", "WAYMARK_ENGINE_PORT": ""}
    done = run_python("-m", "bot.engine.server", environment=environment)
    assert (done.returncode, done.stderr) == (
        2,
        "engine not started: not set: WAYMARK_ENGINE_PORT, WAYMARK_ENGINE_KEY\n",
    )


def test_the_server_refuses_a_key_that_is_no_key(engine_environment: dict[str, str]) -> None:
    done = run_python("-m", "bot.engine.server", environment=engine_environment | {"WAYMARK_ENGINE_KEY": "c2hvcnQ="})
    assert done.returncode == 2
    assert "c2hvcnQ=" not in done.stderr + done.stdout


def test_the_environment_of_the_tests_is_left_alone() -> None:
    assert "WAYMARK_ENGINE_SECRET" not in os.environ
