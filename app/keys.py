"""`waymark keys`: a new key for what is stored, taken into use while everything runs, and the old one laid aside when nothing needs it.

There are three: of the data, of the hashes by which numbers and words are found, and of what Rasa remembers.
"""

import base64
import json
import os
from pathlib import Path
from typing import IO

from app import rehashing, tracker_keys
from app.secrets import FILE
from bot.engine.sealing import Seal
from core import hash_keys
from core.database import Sessions
from core.encryption import cipher
from core.hash_keys import HashKeyMissing, HashKeys
from core.key_providers import StaticKeys, read_key_file
from core.resealing import left, rotate
from core.settings import Settings, SettingsError, variable_of

DATA, NUMBERS, BOT = KINDS = ("data", "numbers", "bot")
_SETTINGS = {NUMBERS: "hash_key", BOT: "engine_key"}


def add_key(settings: Settings, kind: str = DATA) -> tuple[str, Path]:
    """Put a new key before the others, where this copy keeps its keys; its id and the file. The old ones stay: they open what is stored.

    Raises SettingsError when the keys come from where a command cannot write.
    """
    if kind != DATA:
        return _add_nameless(settings, kind)
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


def _add_nameless(settings: Settings, kind: str) -> tuple[str, Path]:
    """A key of the hashes or of Rasa's memory: written without an id."""
    name = _SETTINGS[kind]
    path = settings.data_dir / FILE
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if getattr(settings, name) is not None or name not in known:
        raise SettingsError(
            f"{variable_of(name)}: it comes from the environment: put a new key first there and a comma behind it, start all processes "
            "anew, then run `waymark keys rotate`"
        )
    made = base64.b64encode(os.urandom(32)).decode()
    known[name] = f"{made},{known[name]}"
    _write(path, json.dumps(known, indent=1))
    return (HashKeys.parse(made).names[0] if kind == NUMBERS else "a new key"), path


def rotate_all(sessions: Sessions, settings: Settings, out: IO[str]) -> int:
    """Bring everything under the newest keys, a line for each step; exit code 1 when something was left."""
    try:
        codes = [_rotate_data(sessions, out), _rotate_tracker(settings, out), _rotate_hashes(sessions, out)]
    except HashKeyMissing as error:
        print(error, file=out)
        return 1
    return max(codes)


def _rotate_data(sessions: Sessions, out: IO[str]) -> int:
    """Seal everything with the first key; 1 when something was left (locked, or it cannot be opened)."""
    for progress in rotate(sessions, cipher()):
        print(f"{progress.label}: {progress.done} sealed anew, {progress.left} left", file=out, flush=True)
    with sessions.begin() as session:
        remaining = left(session, cipher())
    if remaining:
        print(f"{remaining} are still sealed with an older key: run it again; keep that key", file=out)
        return 1
    print(f"everything is sealed with {cipher().primary_id}; older keys are needed for backups only", file=out)
    return 0


def _rotate_hashes(sessions: Sessions, out: IO[str]) -> int:
    for progress in rehashing.rehash(sessions):
        print(f"{progress.label}: {progress.done} hashed anew, {progress.left} to look at", file=out, flush=True)
    with sessions.begin() as session:
        found = rehashing.standing(session)
        older = not any(found.again.values())
        # What no key finds may be found by one that is not there: nothing is let go on such a day.
        if not found.needs_older and not any(found.lost.values()):
            hash_keys.let_go(session)
    _tell_hashes(sessions, found, out)
    return 0 if older and not any(found.lost.values()) else 1


def _rotate_tracker(settings: Settings, out: IO[str]) -> int:
    if not settings.engine_database_url or settings.engine_key is None:
        return 0
    seal = Seal(settings.engine_key.get_secret_value())
    for progress in tracker_keys.reseal(settings.engine_database_url, seal):
        print(f"{progress.label}: {progress.done} sealed anew, {progress.left} to look at", file=out, flush=True)
    return _tell_tracker(settings.engine_database_url, seal, out)


def let_go(sessions: Sessions, out: IO[str], *, lost: bool = False) -> int:
    """Do without the older keys of the hashes although something is kept that only they find; 1 when it could still be hashed anew.

    `lost`: a key is there no more. People are known again by their sealed numbers all the same.
    """
    if lost:
        for progress in rehashing.rehash(sessions, without=True):
            print(f"{progress.label}: {progress.done} hashed anew, {progress.left} to look at", file=out, flush=True)
    with sessions.begin() as session:
        found = rehashing.standing(session)
        older_writes = cipher().hash_keys.writer != cipher().hash_keys.names[0]
        if not lost and (older_writes or any(found.again.values()) or any(found.lost.values())):
            print("not now: people are found by the older key only: run `waymark keys rotate` first", file=out)
            return 1
        names = hash_keys.let_go(session)
    print(f"let go: {', '.join(names) or 'none'}; without them is not found any more: {found.told()}", file=out)
    print("take them out of WAYMARK_HASH_KEY and start the processes anew", file=out)
    return 0


def standing(sessions: Sessions, settings: Settings, out: IO[str]) -> int:
    """Which keys are in use, and how much older ones still hold; 1 when one is missing."""
    with sessions.begin() as session:
        remaining = left(session, cipher())
        print(f"{cipher().primary_id} seals; {remaining} stored values need an older key", file=out)
        found = rehashing.standing(session)
        missing = [name for name in hash_keys.needed(session) if name not in cipher().hash_keys.names]
    _tell_hashes(sessions, found, out)
    code = 0
    if settings.engine_database_url and settings.engine_key is not None:
        code = _tell_tracker(settings.engine_database_url, Seal(settings.engine_key.get_secret_value()), out, told=True)
    return 1 if missing or any(found.lost.values()) else code


def _tell_hashes(sessions: Sessions, found: rehashing.Standing, out: IO[str]) -> None:
    keys = cipher().hash_keys
    with sessions.begin() as session:
        needed = hash_keys.needed(session)
    try:
        keys.heed(needed)
    except HashKeyMissing as error:
        print(error, file=out)
    for name, count in found.lost.items():
        if count:
            print(
                f"{count} {name} of those looked at are found by no key: is one missing in WAYMARK_HASH_KEY?", file=out
            )
    if keys.writer != keys.names[0]:
        # What is kept without the name of its key is of this one, as far as anybody can say.
        print(f"{keys.writer} finds numbers and words", file=out)
        print(f"{keys.names[0]} waits: once every process knows it, run `waymark keys rotate`", file=out)
        return
    needs = f"{found.told()} need" if found.needs_older else "nothing needs"
    print(f"{keys.writer} finds numbers and words; {needs} an older key", file=out)
    if keys.several and found.kept and found.needs_older and not any(found.again.values()):
        print("what is left cannot be hashed again: keep the older key until it is set anew or over, or", file=out)
        print("run `waymark keys let-go`: then these words, codes and reports hold no more", file=out)
    elif keys.several and not set(needed) - {keys.writer}:
        print(f"older keys are needed for backups only: {keys.writer} may stand alone in WAYMARK_HASH_KEY", file=out)


def _tell_tracker(url: str, seal: Seal, out: IO[str], *, told: bool = False) -> int:
    found = tracker_keys.left(url, seal)
    if found.unopened:
        print(f"{tracker_keys.LABEL}: {found.unopened} conversations open with no key of WAYMARK_ENGINE_KEY", file=out)
    print(f"{tracker_keys.LABEL}: {found.older} conversations need an older key", file=out)
    return 1 if found.unopened or (found.older and not told) else 0


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
