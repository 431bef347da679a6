"""Stock Rasa as its documentation starts it: `rasa run` and the action server, with the same PostgreSQL, places and services."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from app.data import load_data
from app.migrations import migrate
from app.processes import Program, stoppable
from app.training import ENGINE_PYTHON, engine_environment
from app.up import resources
from benchmarks.line.provider import ACCOUNT, TOKEN
from core.database import Sessions, make_engine
from core.logging import set_up_logging
from core.settings import PROJECT, Settings, read_settings
from gateway.simulator.addresses import OUR_NUMBER

HOME = PROJECT / "benchmarks" / "stock_rasa"
EXAMPLES = PROJECT / "bot" / "data" / "en" / "nlu.yml"
MODELS = PROJECT / ".waymark" / "stock_rasa"


def main() -> None:
    """Run until told to stop."""
    asked = read_settings()
    set_up_logging("up")
    supervisor = stoppable(asked.data_dir / "logs")
    model, _ = trained()
    with resources(asked) as (settings, _made):
        _prepare(settings)
        for program in _programs(settings, model):
            supervisor.start(program)
        supervisor.watch()
        supervisor.stop()


def trained() -> tuple[Path, dict[str, float]]:
    """The model of these sources, and what its training took (`seconds`, `cpu_seconds`); trained when it is not there."""
    digest = hashlib.sha256()
    for path in [*sorted(HOME.rglob("*.yml")), EXAMPLES]:
        digest.update(path.read_bytes())
    folder = MODELS / digest.hexdigest()[:16]
    kept = folder / "training.json"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        begun, worked = time.monotonic(), _worked()
        files = [str(HOME / "data"), str(EXAMPLES)]
        options = ["--domain", str(HOME / "domain.yml"), "--config", str(HOME / "config.yml"), "--data", *files]
        done = subprocess.run(  # noqa: S603 - Rasa's own command
            [*_rasa(), "train", *options, "--out", str(folder), "--fixed-model-name", "stock", "--force"],
            cwd=PROJECT,
            env=engine_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"stock Rasa could not be trained:\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}")
        kept.write_text(json.dumps({"seconds": time.monotonic() - begun, "cpu_seconds": _worked() - worked}))
    return folder / "stock.tar.gz", json.loads(kept.read_text())


def _worked() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _prepare(settings: Settings) -> None:
    url = settings.database_url or ""
    migrate(url)
    sessions = Sessions(make_engine(url))
    load_data(sessions, settings)
    sessions.engine.dispose()
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS stock_case (reference text, sender text, at timestamptz DEFAULT now())"
        )


def _programs(settings: Settings, model: Path) -> list[Program]:
    actions, database = settings.port_of("actions"), settings.database_url or ""
    ours = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    engine = engine_environment() | {
        "STOCK_TWILIO_API": settings.twilio_api_url or "",
        "STOCK_TWILIO_ACCOUNT_SID": ACCOUNT,
        "STOCK_TWILIO_AUTH_TOKEN": TOKEN,
        "STOCK_TWILIO_NUMBER": OUR_NUMBER,
        "STOCK_ACTIONS_URL": f"http://127.0.0.1:{actions}/webhook",
        "STOCK_DATABASE_URL": database.replace("postgresql://", "postgresql+psycopg2://"),
        "PGAPPNAME": "engine",
    }
    run = ["run", "--model", str(model), "--interface", "127.0.0.1", "--port", str(settings.port)]
    return [
        Program(
            "actions",
            [sys.executable, "-m", "rasa_sdk", "--actions", "benchmarks.stock_rasa.actions", "--port", str(actions)],
            ours | {"STOCK_APPLICATION_URL": database, "PGAPPNAME": "actions", "PYTHONUNBUFFERED": "1"},
        ),
        Program(
            "engine",
            [
                *_rasa(),
                *run,
                "--endpoints",
                str(HOME / "endpoints.yml"),
                "--credentials",
                str(HOME / "credentials.yml"),
            ],
            engine,
        ),
    ]


def _rasa() -> list[str]:
    return [str(ENGINE_PYTHON), "-m", "benchmarks.stock_rasa.serve"]


if __name__ == "__main__":
    main()
