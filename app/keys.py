"""`waymark keys`: a new key for what is stored, taken into use while everything runs, and the old one laid aside when nothing needs it."""

import base64
import json
import os
from pathlib import Path
from typing import IO

from app.secrets import FILE
from core.database import Sessions
from core.encryption import cipher
from core.key_providers import StaticKeys, read_key_file
from core.resealing import left, rotate
from core.settings import Settings, SettingsError


def add_key(settings: Settings) -> tuple[str, Path]:
    """Put a new key before the others, where this copy keeps its keys; its id and the file. The old ones stay: they open what is stored.

    Raises SettingsError when the keys come from where a command cannot write.
    """
    if settings.encryption_keys_file is not None:
        path = settings.encryption_keys_file
        keys = read_key_file(path)
        key_id, line = _new(keys)
        _write(path, "\n".join([line, *keys.split(",")]) + "\n")
        return key_id, path
    path = settings.data_dir / FILE
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if "encryption_keys" not in known:
        raise SettingsError(
            "WAYMARK_ENCRYPTION_KEYS: the keys come from the environment or a command: put a new one first there, start the processes "
            "anew one after the other, then run `waymark keys rotate`"
        )
    key_id, line = _new(known["encryption_keys"])
    known["encryption_keys"] = f"{line},{known['encryption_keys']}"
    _write(path, json.dumps(known, indent=1))
    return key_id, path


def rotate_all(sessions: Sessions, out: IO[str]) -> int:
    """Seal everything with the first key, a line for each step; exit code 1 when something was left (locked, or it cannot be opened)."""
    for progress in rotate(sessions, cipher()):
        print(f"{progress.label}: {progress.done} sealed anew, {progress.left} left", file=out, flush=True)
    with sessions.begin() as session:
        remaining = left(session, cipher())
    if remaining:
        print(f"{remaining} are still sealed with an older key: run it again; keep that key", file=out)
        return 1
    print(f"everything is sealed with {cipher().primary_id}; older keys are needed for backups only", file=out)
    return 0


def standing(sessions: Sessions, out: IO[str]) -> int:
    """Which key seals, and how much older ones still hold."""
    with sessions.begin() as session:
        remaining = left(session, cipher())
    print(f"{cipher().primary_id} seals; {remaining} stored values need an older key", file=out)
    return 0


def _new(keys: str) -> tuple[str, str]:
    known = StaticKeys.parse(keys).keys
    key_id = next(f"k{number}" for number in range(1, 10**6) if f"k{number}" not in known)
    return key_id, f"{key_id}:{base64.b64encode(os.urandom(32)).decode()}"


def _write(path: Path, content: str) -> None:
    """In one step: a process that reads it at this moment sees all of the old or all of the new."""
    temporary = path.with_name(path.name + ".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
