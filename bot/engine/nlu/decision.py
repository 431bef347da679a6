"""Rasa component, last in the pipeline: writes the one intent the bot acts on, and `possible` when a danger must be asked about.

An alarm in the turn's metadata (phrases, found by the gateway) is heeded here: whichever of the two is more urgent.
"""

# ruff: noqa: ARG003 (Rasa calls these methods by the names of their arguments)

from __future__ import annotations

from typing import Any, Dict, List

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, METADATA
from rasa.shared.nlu.training_data.message import Message

from bot.engine.nlu.classifier import PROBABILITIES
from bot.engine.nlu.decide import Thresholds, decide, heed
from bot.engine.nlu.lexicon import KNOWN

POSSIBLE = "possible"  # the entity's name


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class DecisionComponent(GraphComponent):
    """Applies the thresholds of `config.yml`; the ranking is kept short because every message of it lies in the tracker."""

    def __init__(self, config: Dict[str, Any]) -> None:
        self._thresholds = Thresholds(
            understood=float(config["understood"]),
            act=float(config["act"]),
            ask=float(config["ask"]),
            end=float(config["end"]),
            needs={str(intent): float(value) for intent, value in (config["needs"] or {}).items()},
        )
        self._length = int(config["ranking_length"])

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        defaults = Thresholds()
        return {
            "understood": defaults.understood,
            "act": defaults.act,
            "ask": defaults.ask,
            "end": defaults.end,
            "needs": {},
            "ranking_length": 4,
        }

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> DecisionComponent:
        return cls(config)

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            decision = decide(message.get(PROBABILITIES) or {}, message.get(KNOWN), self._thresholds, self._length)
            decision = heed(decision, (message.get(METADATA) or {}).get("alarm"))
            message.set(
                INTENT, {"name": decision.intent, "confidence": round(decision.confidence, 4)}, add_to_output=True
            )
            ranking = [{"name": intent, "confidence": round(chance, 4)} for intent, chance in decision.ranking]
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
            entities = list(message.get(ENTITIES) or [])
            if decision.possible:
                intent, chance = decision.possible
                entities.append(
                    {"entity": POSSIBLE, "value": intent, "confidence": round(chance, 4), "extractor": "Decision"}
                )
            message.set(ENTITIES, entities, add_to_output=True)
        return messages
