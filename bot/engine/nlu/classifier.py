"""Rasa component: logistic regression over sentence vectors and character sequences.

Kept as plain arrays, so that loading runs no code and takes no time.
"""

# ruff: noqa: ARG003 (Rasa calls these methods by the names of their arguments)

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine.nlu import characters
from bot.engine.nlu.decide import combine
from bot.engine.nlu.fitting import fit
from bot.engine.nlu.text import pieces

PROBABILITIES = "waymark_probabilities"  # {intent: probability}, for the component that decides


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentenceClassifier(GraphComponent):
    """Gives every intent a probability; which one the bot acts on is decided elsewhere."""

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._labels: List[str] = []
        self._weights = np.zeros((0, 0), dtype=np.float32)
        self._bias = np.zeros(0, dtype=np.float32)
        self._character_weights = np.zeros((0, characters.BUCKETS), dtype=np.float32)
        self._rarity = np.ones(characters.BUCKETS, dtype=np.float32)

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {"C": 10.0, "characters": 1.4}

    @classmethod
    def required_components(cls) -> List[type]:
        return [Featurizer]

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceClassifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        from scipy.sparse import csr_matrix  # noqa: PLC0415 (seconds of imports that only training pays)

        examples = [
            each for each in training_data.intent_examples if each.get(INTENT) and sentence_vectors(each) is not None
        ]
        labels = [each.get(INTENT) for each in examples]
        if len(set(labels)) < 3:
            raise ValueError("the classifier needs training examples of at least three intents")
        counted = [characters.weights(pieces(each.get(TEXT))[0]) for each in examples]
        self._rarity = rarity(counted)
        sparse = [self._characters(counts) for counts in counted]
        ends = np.cumsum([0, *(len(buckets) for buckets, _ in sparse)])
        buckets, values = (np.concatenate(column) for column in zip(*sparse, strict=True))
        matrix = csr_matrix((values, buckets, ends), shape=(len(examples), characters.BUCKETS))
        dense = np.stack([sentence_vectors(each)[0] for each in examples])  # type: ignore[index]
        self._labels, weights, bias = fit(dense, matrix, labels, float(self._config["C"]))
        with self._model_storage.write_to(self._resource) as folder:
            np.savez_compressed(
                folder / "classifier.npz",
                labels=np.array(self._labels),
                weights=weights[:, : dense.shape[1]].astype(np.float32),
                character_weights=weights[:, dense.shape[1] :].astype(np.float32),
                rarity=self._rarity.astype(np.float32),
                bias=bias.astype(np.float32),
            )
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceClassifier:
        component = cls(config, model_storage, resource)
        with (
            model_storage.read_from(resource) as folder,
            np.load(folder / "classifier.npz", allow_pickle=False) as stored,
        ):
            component._labels = [str(label) for label in stored["labels"]]
            component._weights = stored["weights"]
            component._bias = stored["bias"]
            component._character_weights = stored["character_weights"]
            component._rarity = stored["rarity"]
        return component

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            vectors = sentence_vectors(message)
            if vectors is not None:
                parts = zip(vectors, pieces(message.get(TEXT)), strict=True)
                message.set(PROBABILITIES, combine([self._probabilities(vector, piece) for vector, piece in parts]))
        return messages

    def _characters(self, counts: Dict[int, float]) -> Tuple[np.ndarray, np.ndarray]:
        """Buckets and their values: rare sequences weigh more, the whole has the length set by `characters`."""
        buckets = np.fromiter(counts, dtype=np.int64, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float64, count=len(counts)) * self._rarity[buckets]
        length = float(np.linalg.norm(values))
        return buckets, values * (self._config["characters"] / length if length else 0.0)

    def _probabilities(self, vector: np.ndarray, piece: str) -> Dict[str, float]:
        buckets, values = self._characters(characters.weights(piece))
        scores = self._weights @ vector + self._character_weights[:, buckets] @ values + self._bias
        scores = np.exp(scores - scores.max())
        scores /= scores.sum()
        return {label: float(score) for label, score in zip(self._labels, scores, strict=True)}


def rarity(counted: List[Dict[int, float]]) -> np.ndarray:
    """For every bucket, how few of the examples have it (smoothed inverse document frequency)."""
    having = np.zeros(characters.BUCKETS)
    for counts in counted:
        having[list(counts)] += 1
    return np.asarray(np.log((1 + len(counted)) / (1 + having)) + 1)


def sentence_vectors(message: Message) -> Optional[np.ndarray]:
    """The message's sentence features, or None for a message without text or one the lexicon settled."""
    _, sentence = message.get_dense_features(TEXT)
    return None if sentence is None else sentence.features
