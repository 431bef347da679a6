"""Trains the model with Rasa's interpreter, and knows whether the one at hand is still that of the sources."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from core.settings import PROJECT

ENGINE_PYTHON = PROJECT / ".venv-engine" / "bin" / "python"

SOURCES = ("config.yml", "bot/domain", "bot/data", "bot/engine")
"""What the model is made of."""


class TrainingError(Exception):
    """The model could not be trained; the text says why and where the log is."""


def engine_environment() -> dict[str, str]:
    """Environment of Rasa's interpreter: nothing of ours but the path, so that it holds no secret it does not need."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | {
        "RASA_TELEMETRY_ENABLED": "false",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "OMP_NUM_THREADS": "2",
    }


def sources() -> Iterator[Path]:
    """Every file the model depends on, in a fixed order."""
    for name in SOURCES:
        path = PROJECT / name
        files = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())
        yield from (
            item for item in files if item.suffix in {".yml", ".py", ".txt"} and "__pycache__" not in item.parts
        )


def fingerprint() -> str:
    """SHA-256 of the sources."""
    digest = hashlib.sha256()
    for path in sources():
        digest.update(f"{path.relative_to(PROJECT)}\x00".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current(model: Path) -> bool:
    """Whether the model exists and was trained from the sources as they are."""
    mark = model.with_name(model.name + ".sources")
    return model.is_file() and mark.is_file() and mark.read_text().strip() == fingerprint()


def train(model: Path, log: Path | None = None) -> bool:
    """Train when needed. Returns whether it trained. Raises TrainingError."""
    if is_current(model):
        return False
    if not ENGINE_PYTHON.exists():
        raise TrainingError("Rasa's environment is missing; `make setup` installs it")
    before = fingerprint()
    model.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(  # noqa: S603 (our own interpreter and module)
        [str(ENGINE_PYTHON), "-m", "bot.engine.train", "--out", str(model)],
        cwd=PROJECT,
        env=engine_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(done.stdout)
    if done.returncode != 0:
        tail = done.stdout.decode("utf-8", "replace").strip().splitlines()[-12:]
        raise TrainingError("the model could not be trained:\n  " + "\n  ".join(tail))
    model.with_name(model.name + ".sources").write_text(before + "\n")
    return True
