"""The key of what Rasa remembers is exchanged while Rasa goes on: nothing is lost, and no later turn is taken back."""

import base64
import io
import json
import os
from pathlib import Path

import pytest
from sqlalchemy import text

from app import tracker_keys
from app.keys import BOT, NUMBERS, add_key, standing
from bot.engine.sealing import Seal
from core.database import Sessions
from core.encryption import Cipher
from core.hash_keys import HashKeys
from core.settings import Settings, SettingsError, read_settings


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_what_the_bot_remembers_comes_under_the_newest_key(
    sessions: Sessions, engine_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker_keys, "BATCH", 2)
    old, new = a_key(), a_key()
    before, both, after = Seal(old), Seal(f"{new},{old}"), Seal(new)
    rows = {f"c{number}": before.close(f"c{number}", b"words") for number in range(5)} | {"c9": b"\x01nothing"}
    with sessions.begin() as session:
        for key, sealed in rows.items():
            session.execute(text("INSERT INTO engine.tracker VALUES (:key, :sealed)"), {"key": key, "sealed": sealed})
        times = session.execute(text("SELECT updated_at FROM engine.tracker ORDER BY 1")).all()
    made = read_settings(**(settings.model_dump() | {"engine_key": f"{new},{old}", "engine_database_url": engine_url}))
    out = io.StringIO()
    assert standing(sessions, made, out) == 1, "one opens with no key"
    assert "5 conversations need an older key" in out.getvalue()
    assert "1 conversations open with no key" in out.getvalue()
    broken_off = tracker_keys.reseal(engine_url, both)
    assert next(broken_off) == (tracker_keys.Progress(tracker_keys.LABEL, 2, 4))
    broken_off.close()
    assert tracker_keys.left(engine_url, both) == tracker_keys.Left(older=3, unopened=1)
    assert [step.done for step in tracker_keys.reseal(engine_url, both)] == [2, 3]
    with sessions.begin() as session:
        found = session.execute(text("SELECT conversation_id, sealed FROM engine.tracker WHERE conversation_id < 'c9'"))
        assert [after.open(key, bytes(sealed)) for key, sealed in found] == [b"words"] * 5
        # Rasa compares it: a turn that is under way can be stored.
        assert session.execute(text("SELECT updated_at FROM engine.tracker ORDER BY 1")).all() == times
    assert tracker_keys.left(engine_url, both).older == 0


def test_a_turn_that_was_stored_meanwhile_stays(
    sessions: Sessions, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = a_key(), a_key()
    both = Seal(f"{new},{old}")
    with sessions.begin() as session:
        insert = text("INSERT INTO engine.tracker VALUES ('a', :sealed)")
        session.execute(insert, {"sealed": Seal(old).close("a", b"earlier")})
    renewed = both.renewed

    def meanwhile(conversation_id: str, sealed: bytes) -> bytes | None:
        with sessions.begin() as session:
            session.execute(text("UPDATE engine.tracker SET sealed = :it"), {"it": both.close("a", b"later")})
        return bytes(renewed(conversation_id, sealed))

    monkeypatch.setattr(both, "renewed", meanwhile)
    list(tracker_keys.reseal(engine_url, both))
    with sessions.begin() as session:
        assert (
            both.open("a", bytes(session.execute(text("SELECT sealed FROM engine.tracker")).scalar_one())) == b"later"
        )


def test_before_rasa_has_run_there_is_nothing_to_do(sessions: Sessions) -> None:
    url = sessions.engine.url.render_as_string(hide_password=False)
    assert list(tracker_keys.reseal(url, Seal(a_key()))) == []
    assert tracker_keys.left(url, Seal(a_key())) == tracker_keys.Left(0, 0)


@pytest.mark.parametrize(("kind", "name"), [(NUMBERS, "hash_key"), (BOT, "engine_key")])
def test_a_new_key_is_written_before_the_others(tmp_path: Path, kind: str, name: str) -> None:
    path, first = tmp_path / "secrets.json", a_key()
    path.write_text(json.dumps({name: first, "other": "x"}))
    settings = read_settings(data_dir=tmp_path)
    told, where = add_key(settings, kind)
    new, kept = json.loads(path.read_text())[name].split(",")
    assert (kept, where, path.stat().st_mode & 0o077) == (first, path, 0)
    assert new not in told
    if kind == NUMBERS:
        assert told == HashKeys.parse(new).names[0]
    made = read_settings(**{name: f"{new},{kept}"}, encryption_keys=f"k:{a_key()}")
    assert getattr(made, name).get_secret_value() == f"{new},{kept}"
    if kind == NUMBERS:
        assert Cipher.from_settings(made).hash_keys.several
    with pytest.raises(SettingsError, match="comes from the environment"):
        add_key(read_settings(data_dir=tmp_path, **{name: first}), kind)
    with pytest.raises(SettingsError, match="twice"):
        read_settings(**{name: f"{new},{new}"})
