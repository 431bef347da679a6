"""Beside Rasa's suggested pipeline, trained on the same examples: accuracy, safety, time and size of both."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from app.training import ENGINE_PYTHON, engine_environment
from benchmarks.figures import share, table
from benchmarks.parts import Run
from bot.engine.nlu.decide import SAFETY
from core.settings import PROJECT, read_settings

FOLDER = PROJECT / ".waymark" / "default_pipeline"
EPOCHS = 8
"""Of the suggested 100: on two cores in use by others an epoch took one to three minutes, 20 epochs the better part of an hour."""


def comparison(run: Run) -> list[str]:
    """Trains the other pipeline unless that was done with these examples and messages."""
    folder = FOLDER / fingerprint(run)
    if not (folder / "run.json").is_file():
        _train(folder, run)
    theirs = json.loads((folder / "run.json").read_text())
    answers = [json.loads(line)["intent"] for line in (folder / "answers.jsonl").read_text().splitlines()]
    taken = dict(zip((answer.message.name for answer in run.evaluation), answers, strict=True))
    rows = []
    for code, mine in run.by_language():
        cries = [answer for answer in mine if answer.message.intent in SAFETY]
        calm = [answer for answer in mine if answer.message.look_alike]
        # What it falls back from is `other` in our words.
        theirs_of = {a.message.name: taken[a.message.name].replace("nlu_fallback", "other") for a in mine}
        ours_of = {a.message.name: a.alone(run.thresholds).intent for a in mine}
        for name, of in (("ours", ours_of), ("Rasa's", theirs_of)):
            right = share(of[a.message.name] == a.message.intent for a in mine)
            heard = share(of[a.message.name] == a.message.intent for a in cries)
            rows.append((code, name, right, heard, share(of[a.message.name] in SAFETY for a in calm)))
    return [
        "## Beside Rasa's suggested pipeline",
        "",
        "Whitespace tokens, regular-expression, lexical and two count-vector features, DIET and the fallback classifier, trained",
        f"on the same examples ({theirs['epochs']} epochs) and asked the same messages; classifiers alone, without phrases.",
        "",
        *table(("language", "pipeline", "intent right", "cry for help right", "look-alike taken for a cry"), rows),
        *_cost(theirs),
    ]


def fingerprint(run: Run) -> str:
    """Of the examples, the messages and the other pipeline's settings."""
    found = hashlib.sha256(f"{EPOCHS}".encode() + Path(PROJECT, "benchmarks", "default_pipeline.py").read_bytes())
    for path in sorted((PROJECT / "bot" / "data").glob("*/nlu.yml")):
        found.update(path.read_bytes())
    found.update("\n".join(answer.message.text for answer in run.evaluation).encode())
    return found.hexdigest()[:16]


def _train(folder: Path, run: Run) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"text": answer.message.text}) for answer in run.evaluation]
    (folder / "messages.jsonl").write_text("\n".join(lines) + "\n")
    done = subprocess.run(  # noqa: S603 (our own interpreter and module)
        [ENGINE_PYTHON, "-m", "benchmarks.default_pipeline", "--folder", folder, "--epochs", str(EPOCHS)],
        cwd=PROJECT,
        env=engine_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"Rasa's pipeline could not be trained:\n{done.stderr[-2000:]}")


def _cost(theirs: dict[str, Any]) -> list[str]:
    model = read_settings().model
    ours = json.loads(model.with_name(model.name + ".training.json").read_text())
    rows = [
        ("ours", f"{ours['seconds']:.0f}", f"{ours['cpu_seconds']:.0f}", ours["encoded"], f"{model.stat().st_size / 1e6:.1f}"),
        ("Rasa's", f"{theirs['seconds']:.0f}", f"{theirs['cpu_seconds']:.0f}", "-", f"{theirs['bytes'] / 1e6:.1f}"),
    ]  # fmt: skip
    head = ("pipeline", "training, s", "of processor, s", "examples encoded anew", "model, MB")
    return [
        *table(head, rows),
        "Two shared cores; the sentence encoder (91 MB) is a package and not part of the model file.",
        "",
    ]
