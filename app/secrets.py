"""Keys and secrets of a copy on one machine: made once, kept in the data folder, readable by its owner only.

A deployment gives them in the environment instead, and backs up the encryption keys apart from the database.
"""

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from core.settings import Settings, SettingsError, variable_of

FILE = "secrets.json"


def _key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


# What a demonstration may invent for itself. The account of Twilio is invented too: the stand-in knows it.
_MADE: dict[str, Callable[[], str]] = {
    "encryption_keys": lambda: f"k1:{_key()}",
    "hash_key": _key,
    "engine_key": _key,
    "engine_secret": lambda: secrets.token_urlsafe(32),
    "actions_secret": lambda: secrets.token_urlsafe(32),
    "push_key": _key,
}
_DEMONSTRATION: dict[str, Callable[[], str]] = {
    "twilio_account_sid": lambda: "AC" + secrets.token_hex(16),
    "twilio_auth_token": lambda: secrets.token_hex(16),
}


def ensure_secrets(settings: Settings) -> dict[str, str]:
    """Environment variables for every secret the settings lack: read from the data folder, or made and written there.

    Raises SettingsError when something is missing that only an operator can give: with real people no key is invented
    beside a database that lives elsewhere, because losing that file would lose every message.
    """
    missing = [name for name in _MADE if getattr(settings, name) is None and not _given_otherwise(settings, name)]
    if settings.demonstration:
        missing += [name for name in _DEMONSTRATION if getattr(settings, name) is None]
    else:
        needed = ["public_url", "twilio_account_sid", "twilio_auth_token"]
        if settings.database_url is not None:
            needed += ["encryption_keys", "hash_key", "engine_database_url"]
        absent = [
            variable_of(name)
            for name in needed
            if getattr(settings, name) is None and not _given_otherwise(settings, name)
        ]
        if absent:
            raise SettingsError(
                f"{', '.join(absent)}: missing; only a demonstration (WAYMARK_DEMONSTRATION=true) runs without"
            )
    if not missing:
        return {}
    path = settings.data_dir / FILE
    known: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    makers = {**_MADE, **_DEMONSTRATION}
    fresh = {name: makers[name]() for name in missing if name not in known}
    if fresh:
        known |= fresh
        write_secrets(path, known)
    return {variable_of(name): known[name] for name in missing}


def _given_otherwise(settings: Settings, name: str) -> bool:
    return name == "encryption_keys" and bool(settings.encryption_keys_file or settings.encryption_keys_command)


def write_secrets(path: Path, known: dict[str, str]) -> None:
    """Write secrets in one step into a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(known, file, indent=1)
    temporary.replace(path)
