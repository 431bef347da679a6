"""Beside Rasa's suggested pipeline, trained on the same examples: accuracy, safety, time and size of both."""

import hashlib
import json
import re
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.training import ENGINE_PYTHON, engine_environment
from app.understanding import ask
from benchmarks.answers import Answer, of_language
from benchmarks.figures import share, table
from benchmarks.messages import read
from benchmarks.parts import Run
from bot.engine.nlu.decide import SAFETY
from core.settings import PROJECT, read_settings

FOLDER = PROJECT / ".waymark" / "default_pipeline"
EPOCHS = 100
"""What Rasa suggests."""
COLUMNS = ("language", "pipeline", "intent right", "cry for help right", "look-alike taken for a cry")
HEAD = (
    "## Beside Rasa's suggested pipeline",
    "",
    "Whitespace tokens, regular-expression, lexical and two count-vector features, DIET and the fallback classifier, trained",
)


def comparison(run: Run) -> list[str]:
    """Trains the other pipeline where these examples and messages are new, unless its rows of the earlier page are to be kept."""
    if run.earlier and not all((_folder(run, code) / "run.json").is_file() for code in _codes(run)):
        return _kept(run)
    return _measured(run)


def train(run: Run) -> None:
    """Train and ask the other pipeline, one language after another: minutes of a processor each. What is done stays done."""
    for code in sorted(_codes(run), key=lambda code: len((PROJECT / "bot" / "data" / code / "nlu.yml").read_bytes())):
        if not (_folder(run, code) / "run.json").is_file():
            _train(_folder(run, code), code, of_language(run.evaluation, code))


def _codes(run: Run) -> list[str]:
    return [code for code, _ in run.by_language() if code != "all"]


def _measured(run: Run) -> list[str]:
    train(run)
    taken: dict[str, str] = {}
    runs: list[Mapping[str, float]] = []
    for code in _codes(run):
        folder = _folder(run, code)
        runs.append(json.loads((folder / "run.json").read_text()))
        answers = [json.loads(line)["intent"] for line in (folder / "answers.jsonl").read_text().splitlines()]
        names = (answer.message.name for answer in of_language(run.evaluation, code))
        # What it falls back from is `other` in our words.
        taken |= {name: intent.replace("nlu_fallback", "other") for name, intent in zip(names, answers, strict=True)}
    rows = []
    for code, mine in run.by_language():
        rows += [(code, "ours", *_cells(mine, _ours(run, mine))), (code, "Rasa's", *_cells(mine, taken))]
    return [
        *HEAD,
        f"for the {EPOCHS} epochs that Rasa suggests, a model for each language as Rasa's documentation has it (ours is one for all),",
        "on the same examples and asked the same messages; classifiers alone, without phrases.",
        "",
        *table(COLUMNS, rows),
        *_cost(
            (
                "Rasa's",
                *(f"{sum(each[what] for each in runs):.0f}" for what in ("seconds", "cpu_seconds")),
                "-",
                f"{sum(each['bytes'] for each in runs) / 1e6:.1f}",
                f"{statistics.median(each['milliseconds_a_message'] for each in runs):.0f}",
            )
        ),
    ]


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


def _folder(run: Run, code: str) -> Path:
    """Named by the examples, the messages and the other pipeline's settings."""
    found = hashlib.sha256(f"{EPOCHS}".encode() + Path(PROJECT, "benchmarks", "default_pipeline.py").read_bytes())
    found.update((PROJECT / "bot" / "data" / code / "nlu.yml").read_bytes())
    found.update("\n".join(answer.message.text for answer in of_language(run.evaluation, code)).encode())
    return FOLDER / f"{code}-{found.hexdigest()[:16]}"


def _train(folder: Path, code: str, asked: Sequence[Answer]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "training.json").is_file():
        (folder / "model.tar.gz").unlink(missing_ok=True)  # half of one: the run was ended while it wrote it
    lines = [json.dumps({"text": answer.message.text}) for answer in asked]
    (folder / "messages.jsonl").write_text("\n".join(lines) + "\n")
    options = ["--folder", folder, "--epochs", str(EPOCHS), "--language", code]
    done = subprocess.run(  # noqa: S603 (our own interpreter and module)
        [ENGINE_PYTHON, "-m", "benchmarks.default_pipeline", *options],
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
