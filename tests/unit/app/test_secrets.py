"""Keys are made once for a demonstration and never invented for real people's data."""

from pathlib import Path

import pytest

from app.secrets import FILE, ensure_secrets
from core.settings import SettingsError, read_settings


def test_a_demonstration_makes_its_keys_once(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path, demonstration=True)
    made = ensure_secrets(settings)
    assert {"WAYMARK_ENCRYPTION_KEYS", "WAYMARK_HASH_KEY", "TWILIO_AUTH_TOKEN"} <= made.keys()
    assert ensure_secrets(settings) == made
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_what_is_given_is_not_made(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path, demonstration=True, twilio_auth_token="given")
    assert "TWILIO_AUTH_TOKEN" not in ensure_secrets(settings)


def test_a_copy_for_real_people_needs_its_account_from_the_operator(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path, demonstration=False)
    with pytest.raises(SettingsError, match="PUBLIC_URL, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN: missing"):
        ensure_secrets(settings)


def test_no_key_is_invented_beside_a_database_that_lives_elsewhere(tmp_path: Path) -> None:
    settings = read_settings(
        data_dir=tmp_path,
        demonstration=False,
        database_url="postgresql://db.invalid/waymark",
        public_url="https://waymark.invalid",
        twilio_account_sid="AC1",
        twilio_auth_token="t",
    )
    with pytest.raises(SettingsError, match="WAYMARK_ENCRYPTION_KEYS, WAYMARK_HASH_KEY, WAYMARK_ENGINE_DATABASE_URL"):
        ensure_secrets(settings)
    assert not (tmp_path / FILE).exists()
