"""The action server over HTTP: who may call it, what it does to the cases, what it logs, how it stops."""

import subprocess
import sys
from datetime import datetime

import pytest
from sqlalchemy import select, text

from cases.models import Case, Consent
from cases.service import read_screening
from core.database import Sessions
from core.settings import PROJECT, Settings
from tests.integration.actions.serving import ActionServer, Tracker, a_call, environment


def test_nothing_is_answered_without_the_secret(server: ActionServer, tracker: Tracker) -> None:
    for secret in (None, "", "wrong", "actions-secre", "actions-secret2"):
        for path in ("/health", "/actions", "/", "/webhook", "/nowhere"):
            refused = server.get(path, secret)
            assert (refused.status_code, refused.json()) == (403, {"error": "forbidden"}), (secret, path)
        call = a_call("action_ask_human", tracker.conversation_id, {}, "ask_human")
        assert server.post(call, secret).status_code == 403, secret
        assert server.post(b"{", secret).status_code == 403, secret


def test_with_the_secret_it_is_ready_and_names_its_actions(server: ActionServer) -> None:
    assert server.get("/health").json() == {"ready": True}
    names = {action["name"] for action in server.get("/actions").json()}
    assert {"validate_screening_form", "action_ask_answer", "action_danger_now", "action_finish"} <= names


def test_what_is_no_action_call_is_refused_without_being_repeated(server: ActionServer) -> None:
    for body in (b"", b"{", b"[]", b"{}", b'{"next_action": "action_help", "tracker": []}', b"\xff\xfe"):
        refused = server.post(body)
        assert refused.status_code == 400, body
        assert set(refused.json()) == {"error"}, body


def test_an_unknown_action_and_a_failing_one_tell_no_words(server: ActionServer) -> None:
    call = a_call("action_unknown", "00000000-0000-4000-8000-000000000000", {}, "other", text="my name is Secret")
    assert server.post(call).status_code == 404
    # No such conversation: the case cannot be opened, the engine hears of it and the desk is called by the gateway.
    call = a_call("action_ask_human", "00000000-0000-4000-8000-000000000000", {}, "ask_human", text="I am Secret")
    failed = server.post(call)
    assert failed.status_code == 500
    assert failed.json() == {"error": "failed"}
    server.stop()
    assert "action failed" in server.printed
    assert "Secret" not in server.printed


def test_a_conversation_opens_a_case_with_consent_and_keeps_answers_encrypted(
    server: ActionServer, tracker: Tracker, sessions: Sessions
) -> None:
    asked = tracker.call("validate_screening_form", "greet", text="hello")
    asked += tracker.call("action_ask_answer", "greet", text="hello")
    assert [item["say"] for item in asked] == ["say_intro", "ask_safe"]
    for question, value in {
        "safe": "yes", "danger": "no", "consent": "agree", "shared_phone": "no", "for_whom": "me", "under_18": "no",
        "medical": "no", "country": "BR", "place": "skip", "needs": "health", "special": "none", "block_2": "yes", "can_leave": "no",
    }.items():  # fmt: skip
        tracker.answer(question, value)
    with sessions.begin() as session:
        case = session.scalars(select(Case)).one()
        screening = read_screening(case)
        assert (case.level, case.reason, case.state) == ("U", "screening", "open")
        assert set(screening.rules) == {"U5", "P2", "P3", "R1"}
        assert screening.needs == ["health"]
        assert screening.answers["can_leave"] == "no"
        consent = session.scalars(select(Consent)).one()
        assert (consent.kind, consent.given, consent.language) == ("talk", True, "en")
        assert consent.text_version
        stored = session.execute(text('SELECT screening_encrypted FROM "case"')).scalar_one()
        assert b"can_leave" not in bytes(stored)


def test_danger_opens_one_case_however_often_it_is_said(tracker: Tracker, sessions: Sessions) -> None:
    for _ in range(2):
        items = tracker.call("action_danger_now", "danger_now", text="they want to kill me")
        assert [item.get("say") or item["do"] for item in items] == ["say_emergency", "hand_over"]
    with sessions.begin() as session:
        case = session.scalars(select(Case)).one()
        assert case.level == "E"
        told = items[0]["values"]
        assert told["reference"] == case.reference
        assert datetime.fromisoformat(told["time"]) == case.due_at


def test_what_people_write_is_in_no_log_line(server: ActionServer, tracker: Tracker) -> None:
    tracker.call("validate_screening_form", "other", text="my name is Amal Invented")
    tracker.call("action_danger_now", "danger_now", text="Amal Invented is beaten")
    tracker.answer("country", "Amal-Invented")
    server.stop()
    assert str(tracker.conversation_id) in server.printed
    assert "Amal" not in server.printed


def test_it_stops_cleanly_when_asked(server: ActionServer) -> None:
    assert server.stop() == 0
    assert "stopped" in server.printed
    assert "Traceback" not in server.printed


@pytest.mark.parametrize("missing", ["WAYMARK_ACTIONS_SECRET", "DATABASE_URL", "WAYMARK_ENCRYPTION_KEYS"])
def test_without_a_setting_it_says_which_in_one_line(settings: Settings, database_url: str, missing: str) -> None:
    variables = environment(settings, database_url, 9)
    del variables[missing]
    ended = subprocess.run(
        [sys.executable, "-m", "bot.actions.server"],
        check=False,
        cwd=PROJECT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(f"{missing}: missing")
    assert "Traceback" not in ended.stderr
