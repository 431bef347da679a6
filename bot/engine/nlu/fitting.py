"""Fits the classifier: multinomial logistic regression, every example weighing the same.

Weighing rare intents up was tried and is worse: there are many harmless examples because there are many ways to sound dangerous.

The optimum that scikit-learn's solver finds, ten times sooner: the sentence vectors stay dense, and both kinds of features are first
scaled by how much the examples bend them, so that a hundred steps do what took several hundred.
"""

from typing import Any, List, Tuple

import numpy as np

STEPS = 500  # about sixty are needed
CLOSE = 3e-4  # the steepest slope that may be left, as a share of that at the start: the loss then stands still in its fifth digit
BEND = 0.01  # p(1-p) of a usual example near the end: how curved the loss is
MEMORY = 5  # earlier steps the solver looks back on
Fitted = Tuple[List[str], np.ndarray, np.ndarray]


class NotFitted(Exception):  # noqa: N818
    """The solver did not come to an end: the weights would be arbitrary."""


class Problem:
    """The loss and its slope over scaled weights: dense columns first, then sparse ones, then the bias."""

    def __init__(self, dense: np.ndarray, sparse: Any, truth: np.ndarray, trust: float) -> None:
        self._truth, self._kinds, self._width = truth, int(truth.max()) + 1, dense.shape[1]
        self._everyone = np.arange(len(truth))
        self._trust = np.float32(trust)
        self._dense, self._sparse = dense.astype(np.float32), sparse.astype(np.float32)
        self._dense_back, self._sparse_back = np.ascontiguousarray(self._dense.T), self._sparse.T.tocsr()
        bent = BEND * trust
        values, vectors = np.linalg.eigh(bent * (dense.T @ dense) + np.eye(self._width))
        self._turn = ((vectors * values**-0.5) @ vectors.T).astype(np.float32)
        squares = np.asarray(sparse.multiply(sparse).sum(axis=0)).ravel()
        self._scale = (1 / np.sqrt(bent * squares + 1)).astype(np.float32)[:, None]
        self._lift = np.float32(1 / np.sqrt(bent * len(truth)))
        self.size = (self._width + len(self._scale) + 1) * self._kinds

    def weights(self, flat: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Dense weights, sparse weights and bias, as they are used, one column per kind."""
        scaled = flat.reshape(-1, self._kinds).astype(np.float32)
        return self._turn @ scaled[: self._width], self._scale * scaled[self._width : -1], self._lift * scaled[-1]

    def loss(self, flat: np.ndarray) -> Tuple[float, np.ndarray]:
        dense, sparse, bias = self.weights(flat)
        chances = self._dense @ dense + self._sparse @ sparse + bias
        chances -= chances.max(axis=1, keepdims=True)
        np.exp(chances, out=chances)
        chances /= chances.sum(axis=1, keepdims=True)
        right = np.maximum(chances[self._everyone, self._truth], 1e-30).astype(np.float64)
        value = -float(self._trust * np.log(right).sum())
        value += 0.5 * float(np.sum(dense.astype(np.float64) ** 2) + np.sum(sparse.astype(np.float64) ** 2))
        chances[self._everyone, self._truth] -= 1.0
        chances *= self._trust
        slope = (
            self._turn @ (self._dense_back @ chances + dense),
            self._scale * (self._sparse_back @ chances + sparse),
            self._lift * chances.sum(axis=0, keepdims=True),
        )
        return value, np.concatenate(slope).astype(np.float64).ravel()


def fit(dense: np.ndarray, sparse: Any, labels: List[str], trust: float) -> Fitted:
    """(labels in order, a row of weights per label: dense columns first, a bias per label). `trust` is the C of the literature."""
    from scipy.optimize import minimize  # noqa: PLC0415 (an import that only training pays)

    classes, truth = np.unique(np.asarray(labels), return_inverse=True)
    problem = Problem(dense, sparse, truth, trust)
    start = np.zeros(problem.size)
    steepest = float(np.abs(problem.loss(start)[1]).max())
    options = {"maxiter": STEPS, "maxfun": 2 * STEPS, "gtol": CLOSE * steepest, "ftol": 0.0, "maxcor": MEMORY}
    found = minimize(problem.loss, start, jac=True, method="L-BFGS-B", options=options)
    # Near the end single precision can stop the line search: ten times the goal is still far below what changes a decision.
    if float(np.abs(found.jac).max()) > 10 * CLOSE * steepest:
        raise NotFitted(f"the classifier did not settle after {found.nit} steps: {found.message}")
    first, second, bias = problem.weights(found.x)
    return [str(each) for each in classes], np.concatenate([first, second]).T, bias
