"""The real domain and rules in a real Rasa, with the real action server and directory: conversations from the first word to the last."""

import base64
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from app.data import load_data
from cases.models import Case
from cases.service import read_screening
from core.database import Sessions
from core.settings import PROJECT, Settings
from tests.databases import with_database
from tests.integration.actions.serving import SECRET as ACTIONS_SECRET
from tests.integration.actions.serving import ActionServer, a_conversation
from tests.integration.engine.running import FIXTURES, PYTHON, SECRET, Engine, run_python
from tests.ports import free_port

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not PYTHON.exists(), reason="Rasa's environment is not installed"),
]

WORDS = """
exact:
  greet: ["hello"]
  affirm: ["yes"]
  deny: ["no"]
  skip: ["skip"]
  thanks: ["thanks"]
  danger_now: ["they want to kill me"]
  self_harm: ["i want to die"]
  child_alone: ["i am a child alone"]
  need_shelter: ["nowhere to sleep"]
  need_health: ["need a doctor"]
  exploited_at_work: ["not paid"]
  documents_taken: ["took my passport"]
  where_am_i: ["where am i"]
  stop: ["that is enough"]
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our domain and rules with a small vocabulary: what is understood is tested elsewhere."""
    project = tmp_path_factory.mktemp("assistant")
    shutil.copytree(FIXTURES, project, dirs_exist_ok=True)
    shutil.copytree(PROJECT / "bot" / "domain", project / "bot" / "domain", dirs_exist_ok=True)
    shutil.copy(PROJECT / "bot" / "data" / "rules.yml", project / "bot" / "data" / "rules.yml")
    (project / "bot" / "data" / "en" / "lexicon.yml").write_text(WORDS, encoding="utf-8")
    out = project / "model.tar.gz"
    done = run_python("-m", "bot.engine.train", "--project", str(project), "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def engine(server: ActionServer, model: Path, postgres: str) -> Iterator[Engine]:
    name = f"engine_{os.urandom(4).hex()}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    running = Engine(
        {
            "WAYMARK_ENGINE_PORT": str(free_port()),
            "WAYMARK_ENGINE_SECRET": SECRET,
            "WAYMARK_ENGINE_KEY": base64.b64encode(os.urandom(32)).decode(),
            "WAYMARK_ENGINE_DATABASE_URL": with_database(postgres, name),
            "WAYMARK_ACTIONS_URL": f"{server.url}/webhook",
            "WAYMARK_ACTIONS_SECRET": ACTIONS_SECRET,
            "WAYMARK_MODEL": str(model),
        }
    )
    running.start()
    yield running
    if running.process.poll() is None:
        running.stop()


@dataclass
class Talk:
    """A conversation with the engine, as the gateway would hold it."""

    engine: Engine
    conversation_id: UUID
    language: str | None = "en"
    question: str | None = None
    last: list[dict[str, Any]] = field(default_factory=list)

    def write(self, text: str) -> list[str]:
        return self._turn(text=text)

    def pick(self, value: str, question: str | None = None) -> list[str]:
        return self.send("answer", question=question or self.question, value=value)

    def send(self, intent: str, **payload: str | None) -> list[str]:
        return self._turn(payload={"intent": intent, **payload})

    def _turn(self, **turn: Any) -> list[str]:
        reply = self.engine.turn(conversation_id=str(self.conversation_id), language=self.language, **turn)
        assert reply.status_code == 200, reply.text
        self.last = reply.json()["output"]
        self.question = next((item["question"] for item in self.last if item.get("question")), None)
        return [item.get("say") or item["do"] for item in self.last]


@pytest.fixture
def sessions(database_url: str, sessions: Sessions, settings: Settings) -> Sessions:
    load_data(sessions, settings)
    return sessions


@pytest.fixture
def cases(sessions: Sessions) -> Any:
    def of(conversation_id: UUID) -> list[Case]:
        with sessions.begin() as session:
            return list(session.scalars(select(Case).where(Case.conversation_id == conversation_id)))

    return of


def test_conversations_from_the_first_word_to_the_last(engine: Engine, sessions: Sessions, cases: Any) -> None:
    """One engine and one server for many conversations: starting them takes longer than all that is said."""
    _services_near_a_town(Talk(engine, a_conversation(sessions)), cases)
    _danger_in_the_first_words(Talk(engine, a_conversation(sessions)), cases)
    _leaving_and_coming_back(Talk(engine, a_conversation(sessions)), cases)
    _interrupts_inside_the_questions(Talk(engine, a_conversation(sessions)), cases)
    _two_misses(Talk(engine, a_conversation(sessions)), cases)
    _a_child(Talk(engine, a_conversation(sessions)), cases)
    _not_safe(Talk(engine, a_conversation(sessions)), cases)
    assert engine.stop() == 0
    assert "kill me" not in engine.printed


def _services_near_a_town(talk: Talk, cases: Any) -> None:
    assert talk.write("hello") == ["say_intro", "ask_safe"]
    assert talk.write("yes") == ["ask_danger"]
    assert talk.write("no") == ["ask_consent"]
    assert talk.send("help") == ["say_help", "ask_consent"]
    assert talk.write("took my passport") == ["ask_consent"]
    for value in ("agree", "no", "me", "no", "no", "BR"):
        talk.pick(value)
    assert talk.question == "place"
    talk.write("Campinas")
    assert talk.question == "place_confirm"
    talk.pick(talk.last[-1]["choices"][0]["value"])
    assert talk.question == "needs"
    said = talk.pick("health,shelter")
    assert said[0] == "say_services_intro"
    assert said[-2:] == ["say_example_note", "ask_stranded"]
    services = [item["values"] for item in talk.last if item.get("say") == "say_service"]
    assert services
    fields = {"name", "need", "distance_km", "hours", "notes", "phones", "address", "languages"}
    assert [set(values) for values in services] == [fields] * len(services)
    for value in ("no", "none", "yes", "yes", "no", "yes", "both", "no", "no", "no", "no"):
        talk.pick(value)
    assert talk.question == "contact"
    assert talk.pick("write_here") == ["say_person_will_write", "hand_over"], (
        "what is urgent waits for no other question"
    )
    (case,) = cases(talk.conversation_id)
    assert (case.level, case.contact) == ("U", "write_here")
    screening = read_screening(case)
    assert {"U5", "U8", "U11", "P1"} <= set(screening.rules)
    assert set(screening.needs) == {"health", "shelter"}
    assert talk.last[0]["values"]["reference"] == case.reference
    assert talk.send("resume") == ["ask_anything_else"]
    assert talk.pick("finish") == ["say_goodbye", "close"]
    assert talk.write("hello") == ["say_intro", "ask_safe"], "after the end the next words begin anew"


def _danger_in_the_first_words(talk: Talk, cases: Any) -> None:
    assert talk.write("they want to kill me") == ["say_emergency", "hand_over"]
    assert talk.last[-1] == {"do": "hand_over", "reason": "emergency", "level": "E"}
    assert talk.send("resume") == ["say_intro", "ask_safe"]
    assert talk.pick("yes") == ["ask_consent"]
    assert talk.write("they want to kill me") == ["say_emergency", "hand_over"]
    (case,) = cases(talk.conversation_id)
    assert case.level == "E"
    assert set(read_screening(case).rules) == {"E1", "E4"}


def _leaving_and_coming_back(talk: Talk, cases: Any) -> None:
    assert talk.send("stop") == ["say_stopped", "close"]
    assert talk.write("hello") == ["say_intro", "ask_safe"]
    assert talk.pick("yes") == ["ask_danger"]
    assert talk.write("that is enough") == ["say_stopped", "close"]
    assert talk.write("hello") == ["say_intro", "ask_safe"]
    assert talk.send("erase_data") == ["erase", "say_erased", "close"]
    assert talk.write("hello") == ["say_intro", "ask_safe"]
    assert cases(talk.conversation_id) == []


def _interrupts_inside_the_questions(talk: Talk, cases: Any) -> None:
    assert talk.send("attachment", value="audio") == ["say_attachment", "say_intro", "ask_safe"]
    assert talk.send("change_language") == ["ask_language"]
    assert talk.pick("fr") == ["set_language", "say_language_changed", "ask_safe"]
    assert talk.write("nowhere to sleep") == ["ask_safe"]
    assert talk.write("where am i") == ["say_where_am_i", "ask_safe"]
    assert talk.write("i want to die") == ["say_self_harm", "hand_over"]
    assert talk.send("resume") == ["ask_safe"]
    assert talk.send("ask_human") == ["say_person_coming", "hand_over"]
    (case,) = cases(talk.conversation_id)
    assert {"U4", "U11", "U12", "U13"} <= set(read_screening(case).rules)


def _two_misses(talk: Talk, cases: Any) -> None:
    talk.write("hello")
    assert talk.pick("perhaps") == ["say_not_understood", "ask_safe"]
    assert talk.pick("perhaps") == ["say_person_coming", "hand_over"]
    assert [case.reason for case in cases(talk.conversation_id)] == ["misses"]


def _a_child(talk: Talk, cases: Any) -> None:
    assert talk.write("i am a child alone") == ["say_child", "hand_over"]
    talk.send("resume")
    assert talk.write("nowhere to sleep") == ["say_emergency", "hand_over"]
    assert [case.level for case in cases(talk.conversation_id)] == ["E"]


def _not_safe(talk: Talk, cases: Any) -> None:
    talk.language = None
    assert talk.write("hello") == ["ask_language"]
    assert talk.pick("bn") == ["set_language", "ask_safe"]
    talk.language = "bn"
    assert talk.write("no") == ["say_neutral_goodbye", "close"]
    assert cases(talk.conversation_id) == []
