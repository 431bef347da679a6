"""Beside Rasa's suggested pipeline, trained on the same examples: accuracy, safety, time and size of both."""

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.training import ENGINE_PYTHON, engine_environment
from app.understanding import ask
from benchmarks.answers import Answer
from benchmarks.figures import share, table
from benchmarks.messages import read
from benchmarks.parts import Run
from bot.engine.nlu.decide import SAFETY
from core.settings import PROJECT, read_settings

FOLDER = PROJECT / ".waymark" / "default_pipeline"
SUGGESTED = 100
EPOCHS = 8
"""Of the suggested: on two cores in use by others an epoch took one to three minutes, 20 epochs the better part of an hour."""
COLUMNS = ("language", "pipeline", "intent right", "cry for help right", "look-alike taken for a cry")
HEAD = (
    "## Beside Rasa's suggested pipeline",
    "",
    "Whitespace tokens, regular-expression, lexical and two count-vector features, DIET and the fallback classifier, trained",
)


def comparison(run: Run) -> list[str]:
    """Trains the other pipeline unless that was done with these examples and messages, or its rows of the earlier page are to be kept."""
    folder = FOLDER / fingerprint(run)
    if (folder / "run.json").is_file() or not run.earlier:
        return _measured(run, folder)
    return _kept(run)


def _measured(run: Run, folder: Path) -> list[str]:
    if not (folder / "run.json").is_file():
        _train(folder, run)
    theirs = json.loads((folder / "run.json").read_text())
    answers = [json.loads(line)["intent"] for line in (folder / "answers.jsonl").read_text().splitlines()]
    # What it falls back from is `other` in our words.
    names = (answer.message.name for answer in run.evaluation)
    taken = {name: intent.replace("nlu_fallback", "other") for name, intent in zip(names, answers, strict=True)}
    rows = []
    for code, mine in run.by_language():
        rows += [(code, "ours", *_cells(mine, _ours(run, mine))), (code, "Rasa's", *_cells(mine, taken))]
    return [
        *HEAD,
        "on the same examples and asked the same messages in the same run; classifiers alone, without phrases. DIET was trained for",
        f"{theirs['epochs']} epochs of the {SUGGESTED} that Rasa suggests{_whole(theirs)}. What the others would add was not measured.",
        "",
        *table(COLUMNS, rows),
        *_cost(
            (
                "Rasa's",
                _spent(theirs, "seconds"),
                _spent(theirs, "cpu_seconds"),
                "-",
                f"{theirs['bytes'] / 1e6:.1f}",
                f"{theirs['milliseconds_a_message']:.0f}",
            )
        ),
    ]


def _spent(theirs: Mapping[str, float], what: str) -> str:
    """A dash for a training that was ended before it had written down what it took."""
    return f"{theirs[what]:.0f}" if what in theirs else "-"


def _whole(theirs: Mapping[str, float]) -> str:
    if "cpu_seconds" not in theirs:
        return ""
    hours = theirs["cpu_seconds"] / theirs["epochs"] * SUGGESTED / 3600
    return f", which with these examples would take {hours:.1f} hours of a processor"


def _kept(run: Run) -> list[str]:
    """Rasa's rows as an earlier page has them, which says with what they were measured."""
    before = re.search(r"with the sources `(\w+)`", run.earlier) or re.search(r"of the sources `(\w+)`", run.earlier)
    rasas = [cells for cells in _rows(run.earlier) if cells[1] == "Rasa's"]
    theirs = {cells[0]: cells for cells in rasas if len(cells) == len(COLUMNS)}
    cost = next(cells for cells in _rows(run.earlier) if cells[0] == "Rasa's")
    if before is None or set(theirs) != {code for code, _ in run.by_language()}:
        raise RuntimeError("the earlier page has no comparison that could be kept")
    rows: list[tuple[str, ...]] = []
    for code, mine in run.by_language():
        rows += [(code, "ours", *_cells(mine, _ours(run, mine))), theirs[code]]
    return [
        *HEAD,
        "on the examples there were then and asked the same messages; classifiers alone, without phrases. Its training takes the better",
        f"part of an hour and was not repeated: Rasa's rows were measured with the sources `{before[1]}`, which had fewer examples.",
        "",
        *table(COLUMNS, rows),
        *_cost(cost),
    ]


def _rows(page: str) -> list[tuple[str, ...]]:
    lines = (line for line in page.splitlines() if line.startswith("| "))
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def _ours(run: Run, answers: Sequence[Answer]) -> dict[str, str]:
    return {answer.message.name: answer.alone(run.thresholds).intent for answer in answers}


def _cells(answers: Sequence[Answer], taken: Mapping[str, str]) -> tuple[str, str, str]:
    """Intent right, cry right, look-alike taken for a cry."""
    right = [(answer, taken[answer.message.name]) for answer in answers]
    return (
        share(intent == answer.message.intent for answer, intent in right),
        share(intent == answer.message.intent for answer, intent in right if answer.message.intent in SAFETY),
        share(intent in SAFETY for answer, intent in right if answer.message.look_alike),
    )


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


def _milliseconds(model: Path) -> float:
    """Our model's time for a message: what many take, less what one takes, because the program must start first."""
    rows = [{"text": message.text, "language": message.language} for message in read("development")[::10]]
    times = []
    for asked in (rows[:1], rows):
        started = time.monotonic()
        ask(model, asked)
        times.append(time.monotonic() - started)
    return (times[1] - times[0]) * 1000 / (len(rows) - 1)


def _cost(theirs: tuple[str, ...]) -> list[str]:
    model = read_settings().model
    ours = json.loads(model.with_name(model.name + ".training.json").read_text())
    rows = [
        (
            "ours", f"{ours['seconds']:.0f}", f"{ours['cpu_seconds']:.0f}", ours["encoded"],
            f"{model.stat().st_size / 1e6:.1f}", f"{_milliseconds(model):.0f}",
        ),
        theirs,
    ]  # fmt: skip
    head = ("pipeline", "training, s", "of processor, s", "examples encoded anew", "model, MB", "a message, ms")
    return [
        *table(head, rows),
        "Two cores that other work shared; the sentence encoder (91 MB) is a package and not part of the model file. *A message*: from its",
        "text to its intent inside Rasa, without the rest of a turn.",
        "",
    ]
