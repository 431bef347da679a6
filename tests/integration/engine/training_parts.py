"""Run by Rasa's interpreter for `test_training_parts.py`: numpy and scipy live only there. Prints what it saw as JSON."""

# ruff: noqa: UP006, UP035, I001 (Python 3.10)
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
from scipy.sparse import hstack, csr_matrix, random as random_matrix
from sklearn.linear_model import LogisticRegression

from bot.engine.nlu import vectors
from bot.engine.nlu.fitting import fit


class Counting:
    """An encoder that remembers what it was asked."""

    dim = 4

    def __init__(self) -> None:
        self.asked: List[str] = []

    def query(self, texts: List[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text), 0, 0, 1] for text in texts], dtype=np.float32)


def kept() -> Dict[str, Any]:
    seen: Dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vectors.npz")
        os.environ[vectors.VARIABLE] = str(path)

        def asked(texts: List[str], model: bytes) -> List[str]:
            encoder = Counting()
            found = vectors.encode_all(texts, encoder, model)
            assert {text: float(vector[0]) for text, vector in found.items()} == {t: float(len(t)) for t in texts}
            return encoder.asked

        seen["first"] = asked(["bb", "a", "bb"], b"1")
        seen["again"] = asked(["a", "bb"], b"1")
        seen["one_new"] = asked(["a", "bb", "ccc"], b"1")
        seen["one_gone"] = asked(["a"], b"1")
        seen["gone_is_forgotten"] = asked(["a", "bb"], b"1")
        seen["other_model"] = asked(["a", "bb"], b"2")
        path.write_bytes(path.read_bytes()[:100])
        seen["damaged"] = asked(["a"], b"2")
        path.write_bytes(b"")
        seen["empty"] = asked(["a"], b"2")
        del os.environ[vectors.VARIABLE]
        seen["kept_nowhere"] = asked(["a"], b"2")
    return seen


def fitted() -> Dict[str, float]:
    """Ours beside scikit-learn's, on data with uneven classes."""
    chance = np.random.RandomState(1)
    rows, width, wide = 1500, 20, 300
    kinds = chance.choice(["a", "b", "c", "d"], size=rows, p=[0.6, 0.25, 0.1, 0.05])
    dense = chance.normal(size=(rows, width)) * np.linspace(0.02, 0.5, width)
    dense[:, :4] += 0.3 * (kinds[:, None] == np.array(["a", "b", "c", "d"]))
    sparse = random_matrix(rows, wide, density=0.03, random_state=chance, format="csr")
    labels, weights, bias = fit(dense, sparse, list(kinds), 20.0)
    model = LogisticRegression(C=20.0, max_iter=5000, tol=1e-6)
    both = hstack([csr_matrix(dense), sparse]).tocsr()
    expected = model.fit(both, kinds).predict_proba(both)
    scores = both @ weights.T + bias
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    assert labels == list(model.classes_)
    return {"largest": float(abs(chances - expected).max()), "usual": float(abs(chances - expected).mean())}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"kept": kept(), "fitted": fitted()}) + "\n")
