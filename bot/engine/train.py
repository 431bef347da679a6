"""Trains the model: `python -m bot.engine.train --out models/waymark.tar.gz`, from config.yml, bot/domain and bot/data."""

# ruff: noqa: I001, PLC0415 (Rasa is imported late, after its environment is set and only when needed)

from bot.engine import quiet  # noqa: F401 (must come before Rasa)

import argparse
import contextlib
import io
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import List, Optional

from bot.engine.model import seal
from bot.engine.nlu.vectors import VARIABLE, cost

ROOT = Path(__file__).resolve().parents[2]


def one_file(data: Path, folder: Path) -> str:
    """The examples of all languages in one file. Rasa copies everything it has read so far for each file it adds: minutes for nothing."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parts = [yaml.load(path.read_bytes(), Loader=loader) for path in sorted(data.glob("*/nlu.yml"))]  # noqa: S506 (safe loaders)
    blocks = [block for part in parts for block in part["nlu"]]
    target = folder / "nlu.yml"
    # Rasa takes a file for examples when a line begins with this key; JSON is YAML.
    target.write_text(f'version: "3.1"\nnlu: {json.dumps(blocks, ensure_ascii=False)}\n', encoding="utf-8")
    return str(target)


def train(out: Path, project: Path) -> str:
    """Trains from the project's folder into `out`; the model's SHA-256. A failed training leaves an older model as it was."""
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    here = Path.cwd()
    os.chdir(project)
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["RASA_CACHE_DIRECTORY"] = str(Path(folder, "cache"))
            os.environ.setdefault(VARIABLE, str(out.with_name("vectors.npz")))
            from rasa.model_training import train as rasa_train

            logging.getLogger().setLevel(logging.ERROR)
            import structlog

            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
            result = rasa_train(
                domain="bot/domain",
                config="config.yml",
                training_files=[one_file(Path("bot/data"), Path(folder)), "bot/data/rules.yml"],
                output=folder,
                force_training=True,
                fixed_model_name="model.tar.gz",
            )
            if result.code != 0 or not result.model:
                raise RuntimeError("Rasa did not write a model")
            partial = out.with_name(out.name + ".partial")
            shutil.move(result.model, partial)
            partial.replace(out)
    finally:
        os.chdir(here)
    return seal(out)


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot.engine.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where to write the model (.tar.gz)")
    parser.add_argument("--project", type=Path, default=ROOT, help="the folder with config.yml and bot/")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    chatter = io.StringIO()
    try:
        with contextlib.redirect_stdout(chatter):
            value = train(options.out, options.project.resolve())
    except Exception as error:  # noqa: BLE001 (the trainer reads files of ours only: its errors may be shown whole)
        sys.stderr.write(f"{chatter.getvalue()[-2000:]}\ntraining failed: {type(error).__name__}: {error}\n")
        return 1
    spent = {"seconds": time.monotonic() - started, "cpu_seconds": time.process_time(), **cost}
    options.out.with_name(options.out.name + ".training.json").write_text(json.dumps(spent), encoding="ascii")
    sys.stdout.write(f"trained {options.out} in {spent['seconds']:.0f} s, sha256 {value}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
