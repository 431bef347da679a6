"""Where the keys of the copy come from: a setting, a file, or a command that asks a key service. They seal the data keys of people.

A file is read again when it changed, and when an envelope names a key that is not known yet: so keys are exchanged while everything runs.
"""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core.logging import get_logger
from core.settings import Settings, SettingsError, decode_key

log = get_logger(__name__)

LOOK_SECONDS = 5.0
"""How often at most a source is looked at for new keys."""
COMMAND_SECONDS = 20.0


class KeyProvider(Protocol):
    """Where the keys come from. The first key encrypts; every known key decrypts."""

    def primary(self) -> tuple[str, bytes]:
        """Id and bytes of the key that new envelopes are sealed with."""
        ...

    def key(self, key_id: str) -> bytes | None:
        """The key of this id, or None."""
        ...


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Keys held in memory, from a setting or a file."""

    keys: Mapping[str, bytes] = field(repr=False)
    primary_id: str = ""

    @classmethod
    def parse(cls, text: str) -> "StaticKeys":
        """Read `id:base64,id:base64`; raises SettingsError without showing a key."""
        keys: dict[str, bytes] = {}
        for part in text.split(","):
            key_id, separator, encoded = part.strip().partition(":")
            if not separator or not key_id or not key_id.isascii() or len(key_id) > 255:
                raise SettingsError("each key of WAYMARK_ENCRYPTION_KEYS is written id:base64")
            try:
                keys[key_id] = decode_key(encoded)
            except ValueError as error:
                raise SettingsError(f"WAYMARK_ENCRYPTION_KEYS: key {key_id}: {error}") from None
        return cls(keys=keys, primary_id=next(iter(keys)))

    def primary(self) -> tuple[str, bytes]:
        return self.primary_id, self.keys[self.primary_id]

    def key(self, key_id: str) -> bytes | None:
        return self.keys.get(key_id)


class ReloadedKeys:
    """Keys that are read again from their source: `read` gives the text, `version` something that differs when the text does."""

    def __init__(self, read: Callable[[], str], version: Callable[[], object]) -> None:
        self._read, self._version = read, version
        self._seen: object = None
        self._looked = 0.0
        self._keys = StaticKeys({})
        self._load()

    def primary(self) -> tuple[str, bytes]:
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._load()
        return self._keys.primary()

    def key(self, key_id: str) -> bytes | None:
        found = self._keys.key(key_id)
        # Another process may have sealed with a key that came a moment ago. A damaged envelope must not make us ask again and again.
        if found is None and time.monotonic() - self._looked > LOOK_SECONDS / 5:
            self._load(anyway=True)
            found = self._keys.key(key_id)
        return found

    def _load(self, *, anyway: bool = False) -> None:
        self._looked = time.monotonic()
        version = self._version()
        if not anyway and version == self._seen:
            return
        try:
            self._keys, self._seen = StaticKeys.parse(self._read()), version
        except SettingsError as error:
            if not self._keys.keys:
                raise
            # A file that is being written, a service that does not answer: what is known goes on sealing, and it is asked again.
            log.error("the keys could not be read again", reason=str(error))  # noqa: TRY400 - its text names no key


def provider_of(settings: Settings) -> KeyProvider:
    """The provider that the settings name. Raises SettingsError when there is none, or several, or it gives no keys."""
    given = [
        name
        for name in ("encryption_keys", "encryption_keys_file", "encryption_keys_command")
        if getattr(settings, name) is not None
    ]
    if not given:
        raise SettingsError("WAYMARK_ENCRYPTION_KEYS: missing; without it nothing that people write could be stored")
    # A file or a command wins: the setting is what `waymark up` makes for a copy that has neither.
    if settings.encryption_keys_file is not None:
        path = settings.encryption_keys_file
        return ReloadedKeys(lambda: read_key_file(path), lambda: _stamp(path))
    if settings.encryption_keys_command is not None:
        command = settings.encryption_keys_command
        return ReloadedKeys(lambda: _ask(command), lambda: int(time.monotonic() // 300))
    return StaticKeys.parse(settings.encryption_keys.get_secret_value() if settings.encryption_keys else "")


def keys_text(settings: Settings) -> str:
    """The keys as they are written (`id:base64,…`), for a backup of them. Raises SettingsError."""
    if settings.encryption_keys_file is not None:
        return read_key_file(settings.encryption_keys_file)
    if settings.encryption_keys_command is not None:
        return _ask(settings.encryption_keys_command)
    return settings.encryption_keys.get_secret_value() if settings.encryption_keys else ""


def read_key_file(path: Path) -> str:
    """The keys of a file, a line or a comma between them. Raises SettingsError when others may read it."""
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"WAYMARK_ENCRYPTION_KEYS_FILE: others may read {path.name}: chmod 600")
        return ",".join(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except OSError as error:
        raise SettingsError(f"WAYMARK_ENCRYPTION_KEYS_FILE: {os.strerror(error.errno or 0)}") from None


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _ask(command: str) -> str:
    """What the command prints. It is never shown: neither its output nor its errors get into a log."""
    try:
        done = subprocess.run(  # noqa: S602 - the operator's own command, as they would type it
            command, shell=True, capture_output=True, timeout=COMMAND_SECONDS, check=True, text=True
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise SettingsError(f"WAYMARK_ENCRYPTION_KEYS_COMMAND: {type(error).__name__}") from None
    return ",".join(line.strip() for line in done.stdout.splitlines() if line.strip())
