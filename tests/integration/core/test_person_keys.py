"""Every person has a key of their own: it goes with them, is exchanged while all runs, and nothing is sealed with one that is gone."""

import base64
import os
import time
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import app.tables
from cases.erasure import erase
from cases.models import Conversation, Person
from core import key_providers, person_keys
from core.database import Sessions
from core.encryption import Cipher, DecryptionError, StaticKeys, use_cipher
from core.key_providers import ReloadedKeys, provider_of
from core.resealing import left, renew, rotate, sealed_attributes
from core.settings import Settings, SettingsError, read_settings
from gateway.models import Message, RejectedRequest
from tests.integration.core.somebody import somebody

assert app.tables.metadata


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def envelopes(session: Session) -> list[bytes]:
    return [
        bytes(row)
        for (row,) in session.execute(text("SELECT body_encrypted FROM message WHERE body_encrypted IS NOT NULL"))
    ]


def test_what_a_person_writes_is_sealed_with_their_own_key_and_another_copy_reads_it(sessions: Sessions) -> None:
    with sessions.begin() as session:
        somebody(session, "one")
        somebody(session, "two")
        assert {row[0] for row in envelopes(session)} == {2}
        assert len({row[1:17] for row in envelopes(session)}) == 2
    person_keys._opened.clear()
    with sessions.begin() as session:
        assert {row.body for row in session.query(Message)} == {"one", "two"}
        assert session.query(Person).first().phone == "+15005550100"  # type: ignore[union-attr]


def test_without_the_persons_key_an_old_backup_says_nothing(sessions: Sessions) -> None:
    with sessions.begin() as session:
        conversation = somebody(session, "what I told you")
        backup = [(row.id, row.body_encrypted) for row in session.query(Message)]
    with sessions.begin() as session:
        renew(session, conversation.person_id)
    person_keys._opened.clear()
    with sessions.begin() as session:
        (message_id, envelope), (now,) = backup[0], session.query(Message).all()
        assert now.body == "what I told you", "what is to stay was sealed anew"
        now.body_encrypted = envelope
        with pytest.raises(DecryptionError, match="destroyed"):
            _ = now.body
        assert now.id == message_id
        session.rollback()


def test_a_wish_to_be_forgotten_destroys_the_key_at_once(sessions: Sessions) -> None:
    with sessions.begin() as session:
        conversation = somebody(session)
        before = session.execute(text("SELECT id FROM person_key")).scalar_one()
        erase(session, session.get_one(Conversation, conversation.id))
        assert session.execute(text("SELECT count(*) FROM person_key WHERE id = :id"), {"id": before}).scalar_one() == 0


def test_nothing_is_sealed_with_a_key_that_was_made_in_vain(sessions: Sessions) -> None:
    with sessions.begin() as session:
        conversation = somebody(session)
        session.execute(text("DELETE FROM person_key"))
        session.info.clear()
        savepoint = session.begin_nested()
        conversation.other_number = "+15005550101"
        savepoint.rollback()
        conversation.other_number = "+15005550102"
    person_keys._opened.clear()
    with sessions.begin() as session:
        assert session.get_one(Conversation, conversation.id).other_number == "+15005550102"


def test_of_somebody_who_is_not_stored_yet_the_keys_of_the_copy_seal(sessions: Sessions) -> None:
    message = Message(conversation_id=uuid4(), direction="inbound", author="person", state="handled", body="hello")
    assert (bytes(message.body_encrypted or b"")[0], message.body) == (1, "hello")


def test_a_rotation_goes_on_where_it_was_broken_off_and_ends_with_the_new_key_alone(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.resealing.BATCH", 2)
    old, new, hashing = os.urandom(32), os.urandom(32), os.urandom(32)
    use_cipher(Cipher(StaticKeys({"old": old}, "old"), hashing))
    with sessions.begin() as session:
        for number in range(5):
            somebody(session, f"words {number}")
        damaged = RejectedRequest(path="/x", reason="wrong_signature")
        damaged.request = "kept"
        session.add_all([damaged, *(_refused(number) for number in range(4))])
        session.flush()
        session.execute(
            text("UPDATE rejected_request SET request_encrypted = request_encrypted || 'x' WHERE id = :id"),
            {"id": damaged.id},
        )
    both = Cipher(StaticKeys({"new": new, "old": old}, "new"), hashing)
    use_cipher(both)
    broken_off = rotate(sessions, both)
    assert next(broken_off).left == 3
    broken_off.close()
    steps = list(rotate(sessions, both))
    assert ("person_key", 3, 0) in [(step.label, step.done, step.left) for step in steps]
    with sessions.begin() as session:
        assert left(session, both) == 1, "what cannot be opened stays, and is told"
        session.delete(session.get_one(RejectedRequest, damaged.id))
    person_keys._opened.clear()
    use_cipher(Cipher(StaticKeys({"new": new}, "new"), hashing))
    with sessions.begin() as session:
        assert {row.body for row in session.query(Message)} == {f"words {number}" for number in range(5)}
        assert {row.request for row in session.query(RejectedRequest)} == {f"request {number}" for number in range(4)}


def _refused(number: int) -> RejectedRequest:
    row = RejectedRequest(path="/x", reason="wrong_signature")
    row.request = f"request {number}"
    return row


def test_every_encrypted_attribute_of_the_project_is_rotated() -> None:
    labels = {sealed.label for sealed in sealed_attributes()}
    assert {
        "message.body",
        "message.extra",
        "person.phone",
        "note.body",
        "case.screening",
        "rejected_request.request",
    } <= labels
    columns = {
        f"{table.name}.{column.name.removesuffix('_encrypted')}"
        for table in app.tables.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_encrypted")
    }
    assert columns == labels


def test_a_key_file_is_taken_up_while_the_process_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    path.write_text(f"k1:{key()}\n")
    path.chmod(0o600)
    provider = provider_of(read_settings(encryption_keys_file=path))
    assert isinstance(provider, ReloadedKeys)
    assert provider.primary()[0] == "k1"
    first = path.read_text()
    path.write_text(f"k2:{key()}\n{first}")
    monkeypatch.setattr(key_providers, "LOOK_SECONDS", 0.0)
    assert provider.key("k2") is not None, "another process has sealed with it a moment ago"
    assert provider.primary()[0] == "k2"
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        provider_of(read_settings(encryption_keys_file=path))


def test_a_key_service_is_a_command_whose_words_are_never_shown() -> None:
    secret = key()
    provider = provider_of(read_settings(encryption_keys_command=f"echo k7:{secret}"))
    assert provider.primary()[0] == "k7"
    with pytest.raises(SettingsError) as caught:
        provider_of(read_settings(encryption_keys_command=f"echo {secret} >&2; exit 3"))
    assert secret not in str(caught.value)


def test_a_source_of_keys_that_fails_does_not_take_away_the_keys_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"k1:{key()}\n")
    path.chmod(0o600)
    provider = provider_of(read_settings(encryption_keys_file=path))
    monkeypatch.setattr(key_providers, "LOOK_SECONDS", 0.0)
    time.sleep(0)
    path.write_text("half a fi")
    assert provider.primary()[0] == "k1"
    path.unlink()
    assert provider.primary()[0] == "k1"


def test_a_new_key_is_written_before_the_others(settings: Settings, tmp_path: Path) -> None:
    from app.keys import add_key

    path = tmp_path / "keys"
    path.write_text(f"k1:{key()}\n")
    path.chmod(0o600)
    key_id, where = add_key(read_settings(**(settings.model_dump() | {"encryption_keys_file": path})))
    assert (key_id, where) == ("k2", path)
    assert list(StaticKeys.parse(",".join(path.read_text().split())).keys) == ["k2", "k1"]
    assert path.stat().st_mode & 0o077 == 0
