"""What the bot understands, without a conversation: JSON lines {"text", "language"?} in, {"intent", "confidence"} out, in order.

The same model, the same cleaning and the same decision as in a turn; for evaluation and for people who write training examples.
"""

# ruff: noqa: I001, PLC0415 (Rasa is imported late, after its environment is set and only when needed)

from bot.engine import quiet  # noqa: F401 (must come before Rasa)

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, TextIO

from bot.engine import logs
from bot.engine.model import ModelError, checked
from bot.engine.nlu.text import spoken

MODEL = "models/waymark.tar.gz"
PROBABILITIES = "waymark_probabilities"  # as in bot.engine.nlu.classifier, which imports Rasa


class Understanding:
    """The language part of a trained model."""

    def __init__(self, model: Path) -> None:
        checked(model)
        import tempfile

        from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
        from rasa.engine.loader import load_predict_graph_runner
        from rasa.engine.runner.dask import DaskGraphRunner
        from rasa.engine.storage.local_model_storage import LocalModelStorage
        from rasa.shared.core.trackers import DialogueStateTracker

        logs.configure()
        self._placeholders = (PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER)
        self._tracker = DialogueStateTracker.from_events("understand", [])
        with tempfile.TemporaryDirectory() as folder:
            self._metadata, self._runner = load_predict_graph_runner(
                Path(folder), model, LocalModelStorage, DaskGraphRunner
            )

    def parse(self, text: str, language: Optional[str] = None) -> Dict[str, Any]:
        from rasa.core.channels.channel import UserMessage

        asked = UserMessage(spoken(text), sender_id="understand", metadata={"language": language})
        results = self._runner.run(
            inputs={self._placeholders[0]: [asked], self._placeholders[1]: self._tracker},
            targets=[self._metadata.nlu_target],
        )
        message = results[self._metadata.nlu_target][0]
        return {**message.as_dict(only_output_properties=True), "probabilities": message.get(PROBABILITIES) or {}}


def answer(understanding: Understanding, source: TextIO, target: TextIO, *, details: bool = False) -> None:
    """One line out for each line in; a line that is no such object gives {"error": "line"} and the rest goes on."""
    for line in source:
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            text, language = given["text"], given.get("language")
        except (ValueError, KeyError, TypeError, AttributeError):
            text, language = None, None
        if not isinstance(text, str) or not (language is None or isinstance(language, str)):
            target.write('{"error": "line"}\n')
            continue
        parsed = understanding.parse(text, language)
        result = {"intent": parsed["intent"]["name"], "confidence": parsed["intent"]["confidence"]}
        if details:
            result["possible"] = next(
                (each["value"] for each in parsed["entities"] if each["entity"] == "possible"), None
            )
            result["probabilities"] = {intent: round(chance, 5) for intent, chance in parsed["probabilities"].items()}
        target.write(json.dumps(result) + "\n")
        target.flush()


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot.engine.understand", description=__doc__)
    parser.add_argument("--model", type=Path, default=Path(os.environ.get("WAYMARK_MODEL") or MODEL))
    parser.add_argument("--details", action="store_true", help="add every probability and the danger to ask about")
    options = parser.parse_args(arguments)
    try:
        understanding = Understanding(options.model)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    # Lone surrogates and broken bytes must reach the cleaning instead of ending the program.
    with open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False) as source:
        answer(understanding, source, sys.stdout, details=options.details)
    return 0


if __name__ == "__main__":
    sys.exit(main())
