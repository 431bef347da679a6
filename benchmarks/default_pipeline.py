"""Rasa's suggested pipeline (DIET) trained on our examples and asked the same messages: what the model is compared with.

Run by Rasa's interpreter: `.venv-engine/bin/python -m benchmarks.default_pipeline --folder F --epochs N --language L`; never shipped.
Reads F/messages.jsonl, writes F/answers.jsonl and F/run.json.
"""

# ruff: noqa: I001, PLC0415 (Rasa is imported late, after its environment is set; Python 3.10)

from bot.engine import quiet  # noqa: F401 (must come before Rasa)

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

from bot.engine.model import seal

CONFIG = """
recipe: default.v1
assistant_id: default
language: {language}
pipeline:
  - name: WhitespaceTokenizer
  - name: RegexFeaturizer
  - name: LexicalSyntacticFeaturizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
    epochs: {epochs}
    constrain_similarities: true
    random_seed: 1
  - name: FallbackClassifier
    threshold: 0.3
    ambiguity_threshold: 0.1
policies: []
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--language", required=True)
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    (folder / "config.yml").write_text(
        CONFIG.format(epochs=options.epochs, language=options.language), encoding="utf-8"
    )
    examples = f"bot/data/{options.language}/nlu.yml"
    os.environ["RASA_CACHE_DIRECTORY"] = str(folder / "cache")
    from rasa.model_training import train_nlu

    kept = folder / "training.json"
    if not (folder / "model.tar.gz").is_file():
        started, spent = time.monotonic(), time.process_time()
        model = train_nlu(str(folder / "config.yml"), examples, str(folder), fixed_model_name="model.tar.gz")
        if not model:
            sys.stderr.write("Rasa wrote no model\n")
            return 1
        kept.write_text(
            json.dumps({"seconds": time.monotonic() - started, "cpu_seconds": time.process_time() - spent}),
            encoding="utf-8",
        )
    # A run that was ended behind its training goes on here: the training costs a quarter of an hour of a processor.
    model = str(folder / "model.tar.gz")
    run = {"epochs": options.epochs, **(json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {})}
    seal(Path(model))
    from bot.engine.understand import Understanding

    understanding = Understanding(Path(model))
    asked = [json.loads(line) for line in (folder / "messages.jsonl").read_text(encoding="utf-8").splitlines()]
    started = time.monotonic()
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as target:
        for row in asked:
            intent = understanding.parse(row["text"])["intent"]
            target.write(json.dumps({"intent": intent["name"], "confidence": intent["confidence"]}) + "\n")
    run["milliseconds_a_message"] = (time.monotonic() - started) * 1000 / len(asked)
    run["bytes"] = Path(model).stat().st_size
    run["memory_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
