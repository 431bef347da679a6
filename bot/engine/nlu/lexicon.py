"""Rasa component: known words, read from `bot/data/<code>/lexicon.yml` when training and kept in the model."""

# ruff: noqa: ARG002, ARG003 (Rasa calls these methods by the names of their arguments)

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_yaml_file

from bot.engine.nlu.words import Lexicon

KNOWN = "waymark_known"  # the intent found here, for the components that follow


def read_lexicons(folder: Path) -> Dict[str, Dict[str, Any]]:
    """{language code: the file's lists} for every language folder that has a lexicon."""
    return {path.parent.name: dict(read_yaml_file(path)) for path in sorted(folder.glob("*/lexicon.yml"))}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LexiconComponent(GraphComponent):
    """Marks messages whose meaning is known word for word; the components behind it spend no time on them."""

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._lexicon = Lexicon({})

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {"folder": "bot/data"}

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LexiconComponent:
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """The files' content: without it Rasa's training cache would keep an old word list after a correction."""
        folder = Path(config.get("folder", cls.get_default_config()["folder"]))
        return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*/lexicon.yml")))).hexdigest()

    def train(self, training_data: TrainingData) -> Resource:
        data = read_lexicons(Path(self._config["folder"]))
        with self._model_storage.write_to(self._resource) as folder:
            (folder / "lexicon.json").write_text(json.dumps(data, ensure_ascii=False, sort_keys=True), encoding="utf-8")
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LexiconComponent:
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._lexicon = Lexicon(json.loads((folder / "lexicon.json").read_text(encoding="utf-8")))
        return component

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            language = (message.get(METADATA) or {}).get("language")
            message.set(KNOWN, self._lexicon.match(message.get(TEXT) or "", language))
        return messages
