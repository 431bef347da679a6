"""The action server: `python -m bot.actions.server`. Loopback only, one secret before everything else, no person's word in its logs."""

import hmac
import signal
import sys
from contextlib import suppress
from typing import Any

from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionNotFoundException
from sanic import Request, Sanic
from sanic.exceptions import SanicException
from sanic.response import HTTPResponse, json

from bot.actions.actions import make_executor
from bot.actions.live import LiveWorlds
from cases.owned import Follower
from core.logging import get_logger, set_up_logging
from core.reviews import require_reviewed
from core.settings import Settings, SettingsError, get_settings
from screening.phrases import self_harm_is_now
from screening.questions import questionnaire

log = get_logger(__name__)

SECRET_HEADER = "X-Waymark-Secret"  # noqa: S105 - its name, not its value
LARGEST = 8 * 1024 * 1024
"""Bytes of a request: Rasa sends the whole session's events with every call."""


def make_app(executor: ActionExecutor, secret: str, *, name: str = "waymark-actions") -> Sanic[Any, Any]:
    """The web application. The SDK's own would list its actions to everybody and repeat a request's body in its errors."""
    if not secret:
        raise SettingsError("WAYMARK_ACTIONS_SECRET: missing; anybody on this machine could open cases without it")
    app: Sanic[Any, Any] = Sanic(name, configure_logging=False)
    app.config.REQUEST_MAX_SIZE = LARGEST
    app.config.KEEP_ALIVE_TIMEOUT = 75
    app.config.FALLBACK_ERROR_FORMAT = "json"
    expected = secret.encode()

    async def check_secret(request: Request) -> HTTPResponse | None:
        given = request.headers.get(SECRET_HEADER, "")
        return None if hmac.compare_digest(given.encode("utf-8", "replace"), expected) else _error(403, "forbidden")

    async def health(request: Request) -> HTTPResponse:  # noqa: ARG001
        return json({"ready": True})

    async def actions(request: Request) -> HTTPResponse:  # noqa: ARG001
        return json([{"name": name} for name in sorted(executor.actions)])

    async def webhook(request: Request) -> HTTPResponse:
        call = request.json
        if not isinstance(call, dict) or not isinstance(call.get("tracker"), dict) or "next_action" not in call:
            return _error(400, "not an action call")
        try:
            result = await executor.run(call)
        except ActionNotFoundException:
            return _error(404, "unknown action")
        return json(result.model_dump() if result else {"events": [], "responses": []})

    async def failed(request: Request, error: Exception) -> HTTPResponse:  # noqa: ARG001
        status = error.status_code if isinstance(error, SanicException) else 500
        if status >= 500:
            # Type and place only: the text of an exception can quote what a person wrote.
            log.error("action failed", exc_info=error)
        return _error(status, "failed" if status >= 500 else "refused")

    app.register_middleware(check_secret, "request")
    app.add_route(health, "/health", methods=["GET"])
    app.add_route(actions, "/actions", methods=["GET"])
    app.add_route(webhook, "/webhook", methods=["POST"])
    app.exception(Exception)(failed)
    return app


def _error(status: int, code: str) -> HTTPResponse:
    return json({"error": code}, status=status)


def serve(settings: Settings) -> None:
    """Answer until asked to stop; running calls are finished first. Raises SettingsError."""
    require_reviewed(settings)
    worlds = LiveWorlds.from_settings(settings)
    follower = Follower(settings, worlds.catalogues, worlds.sessions)
    follower.start()
    secret = settings.actions_secret.get_secret_value() if settings.actions_secret else ""
    # Read once, now: the first people to write would otherwise wait for it, all at once, until the engine gives up.
    questionnaire()
    self_harm_is_now("hello", settings.languages)
    app = make_app(make_executor(worlds.open), secret)
    port = settings.port_of("actions")
    log.info("listening", port=port)
    try:
        app.run(host="127.0.0.1", port=port, single_process=True, motd=False, access_log=False)
    finally:
        follower.stop()
        worlds.close()
        log.info("stopped")


def main() -> int:
    """Exit code 0 after a clean stop, 1 when a setting is wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the server takes the signal over
    try:
        settings = get_settings()
        set_up_logging("actions", settings.log_level)
        with suppress(KeyboardInterrupt):
            serve(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
