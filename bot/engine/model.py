"""The model file and the sum beside it. Loading a model runs what the file names, so only a file we trained is opened."""

import hashlib
import hmac
from pathlib import Path


class ModelError(Exception):
    """There is no model, or it is not the one that was trained."""


def sum_file(model: Path) -> Path:
    return model.with_name(model.name + ".sha256")


def digest(model: Path) -> str:
    sha256 = hashlib.sha256()
    with model.open("rb") as file:
        for block in iter(lambda: file.read(1024 * 1024), b""):
            sha256.update(block)
    return sha256.hexdigest()


def seal(model: Path) -> str:
    """Writes the sum beside the model, in the format of `sha256sum`."""
    value = digest(model)
    sum_file(model).write_text(f"{value}  {model.name}\n", encoding="ascii")
    return value


def checked(model: Path) -> str:
    """The model's SHA-256, or `ModelError` when the file or its sum is missing or they differ."""
    if not model.is_file():
        raise ModelError(f"no model at {model}: train one with python -m bot.engine.train --out {model}")
    try:
        expected = sum_file(model).read_text(encoding="ascii").split()[0]
    except (OSError, IndexError, UnicodeDecodeError):
        raise ModelError(f"no sum beside the model: {sum_file(model)} is missing or unreadable") from None
    value = digest(model)
    if not hmac.compare_digest(value.encode(), expected.lower().encode()):
        raise ModelError(f"the model at {model} is not the one its sum was written for")
    return value
