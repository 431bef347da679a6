"""Starts the engine: `python -m bot.engine.server`. One model that we trained, one channel, loopback only, no HTTP API of Rasa's."""

# ruff: noqa: I001, PLC0415 (Rasa is imported late, after its environment is set and only when needed)

from bot.engine import quiet  # noqa: F401 (must come before Rasa)

import argparse
import asyncio
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Mapping, Optional

from bot.engine import logs
from bot.engine.model import ModelError, checked
from bot.engine.sealing import Seal, SealError

logger = logging.getLogger("waymark.engine")

ENDPOINTS = Path(__file__).resolve().parents[2] / "endpoints.yml"
HOST = "127.0.0.1"  # never configurable: nothing of Rasa's faces a network
NEEDED = (
    "WAYMARK_ENGINE_PORT",
    "WAYMARK_ENGINE_SECRET",
    "WAYMARK_ENGINE_KEY",
    "WAYMARK_ENGINE_DATABASE_URL",
    "WAYMARK_ACTIONS_URL",
    "WAYMARK_ACTIONS_SECRET",
    "WAYMARK_MODEL",
)
EXIT_SETTINGS, EXIT_MODEL = 2, 3
HOUR = 3600


@dataclass(frozen=True)
class Settings:
    """What the launcher itself reads; the rest reaches Rasa through endpoints.yml."""

    port: int
    model: Path
    secret: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        missing = [name for name in NEEDED if not environment.get(name)]
        if missing:
            raise ValueError(f"not set: {', '.join(missing)}")
        if not environment["WAYMARK_ENGINE_PORT"].isascii() or not environment["WAYMARK_ENGINE_PORT"].isdigit():
            raise ValueError("WAYMARK_ENGINE_PORT is not a number")
        Seal(environment["WAYMARK_ENGINE_KEY"])  # refuses a wrong key now, not at the first message
        return cls(
            int(environment["WAYMARK_ENGINE_PORT"]),
            Path(environment["WAYMARK_MODEL"]),
            environment["WAYMARK_ENGINE_SECRET"],
        )


def build_app(secret: str) -> Any:
    """The web application with our channel and nothing else, not even Rasa's page at `/` that tells its version."""
    from rasa.core.channels.channel import register
    from sanic import Sanic
    from sanic.response import json as json_response

    from bot.engine.channel import WaymarkChannel
    from bot.engine.turns import LARGEST

    app = Sanic("waymark_engine", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = LARGEST
    app.config.REQUEST_TIMEOUT = 10
    app.config.RESPONSE_TIMEOUT = 60
    app.config.KEEP_ALIVE_TIMEOUT = 60
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.config.MOTD = False

    async def failed(_: Any, error: Exception) -> Any:
        # Sanic's own pages repeat the exception's message, and Rasa's messages repeat people.
        status = getattr(error, "status_code", 500)
        if status >= 500:
            logger.error("request failed: %s", logs.describe(error))
        return json_response({"error": "too_large" if status == 413 else "failed"}, status=status)

    app.error_handler.add(Exception, failed)
    register([WaymarkChannel(secret)], app, route="/webhooks/")
    return app


def routes(app: Any) -> List[str]:
    """Every method and path the application answers."""
    return sorted(
        f"{method} /{route.path}"
        for route in app.router.routes_all.values()
        for method in route.methods
        if method != "OPTIONS"
    )


def load(model: Path, sum_: str, app: Any) -> None:
    """Reads endpoints.yml and loads the model into the application's context."""
    from rasa.core.lock_store import InMemoryLockStore
    from rasa.core.nlg import NaturalLanguageGenerator
    from rasa.core.tracker_store import TrackerStore
    from rasa.core.utils import AvailableEndpoints

    from bot.engine import remote_action
    from bot.engine.processor import TurnProcessor

    remote_action.install()
    endpoints = AvailableEndpoints.read_endpoints(str(ENDPOINTS))
    store = TrackerStore.create(endpoints.tracker_store)
    actions = remote_action.ActionServer.of(endpoints.action)
    processor = TurnProcessor(
        model_path=str(model),
        tracker_store=store,  # not inside Rasa's FailSafeTrackerStore: it would answer a database failure with a fresh conversation
        lock_store=InMemoryLockStore(),
        generator=NaturalLanguageGenerator.create(None, None),
        action_endpoint=actions,
    )
    store.domain = processor.domain
    app.ctx.processor, app.ctx.actions, app.ctx.model = processor, actions, sum_


async def _forget(app: Any) -> None:
    """Once an hour, conversations that nobody touched for the kept days are deleted."""
    while True:
        try:
            while await app.ctx.processor.tracker_store.forget_old():  # noqa: ASYNC110 (a clock, nobody signals it)
                await asyncio.sleep(1)
        except Exception as error:  # noqa: BLE001
            logger.warning("old conversations were not deleted: %s", logs.describe(error))
        await asyncio.sleep(HOUR)


async def _close(app: Any, _: Any) -> None:
    await app.ctx.actions.close()
    app.ctx.processor.tracker_store.close()


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot.engine.server", description=__doc__)
    parser.add_argument("--routes", action="store_true", help="list what the engine answers, and stop")
    options = parser.parse_args(arguments)
    if options.routes:
        sys.stdout.write("\n".join(routes(build_app("-"))) + "\n")
        return 0
    try:
        settings = Settings.read(os.environ)
        sum_ = checked(settings.model)
    except (ValueError, SealError) as error:
        sys.stderr.write(f"engine not started: {error}\n")
        return EXIT_SETTINGS
    except ModelError as error:
        sys.stderr.write(f"engine not started: {error}\n")
        return EXIT_MODEL
    app = build_app(settings.secret)
    logs.configure()
    try:
        load(settings.model, sum_, app)
    except Exception as error:  # noqa: BLE001 (whatever it is, its text may hold a password of the URL)
        sys.stderr.write(f"engine not started: {logs.describe(error)}\n")
        return EXIT_MODEL
    logs.configure()  # once more for the loggers that loading brought

    def announce() -> None:
        sys.stdout.write(f"engine ready on {HOST}:{settings.port}, model {sum_[:12]}\n")
        sys.stdout.flush()

    async def ready(_: Any, __: Any) -> None:
        # While listeners still run, a signal stops their loop and not the one that serves: who stops us then would wait for ever.
        asyncio.get_running_loop().call_later(0.1, announce)

    app.register_listener(ready, "after_server_start")
    app.register_listener(_close, "after_server_stop")
    app.add_task(_forget)
    app.run(host=HOST, port=settings.port, access_log=False, debug=False, workers=1, motd=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
