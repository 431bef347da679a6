"""The only door of the engine: the worker posts a turn and gets what to say. Loopback, a shared secret, a bounded body, no commands."""

from __future__ import annotations

import hmac
import logging
from typing import Any, Awaitable, Callable

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.engine.logs import describe
from bot.engine.processor import TurnFailed
from bot.engine.turns import LARGEST, InvalidTurn, read_turn

logger = logging.getLogger("waymark.engine")

SECRET_HEADER = "X-Waymark-Secret"  # noqa: S105 (a name, not a secret)


class WaymarkChannel(InputChannel):
    """Rasa's own channels take any sender from anybody who reaches the port; this one takes turns from the worker alone."""

    def __init__(self, secret: str) -> None:
        if not secret:
            raise ValueError("the channel needs a secret")
        self._secret = secret.encode()

    @classmethod
    def name(cls) -> str:
        return "waymark"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:  # noqa: ARG002 (the processor answers)
        routes = Blueprint("waymark")

        @routes.post("/turn", name="turn")
        async def turn(request: Request) -> HTTPResponse:
            return await self.turn(request)

        @routes.get("/health", name="health")
        async def health(request: Request) -> HTTPResponse:
            return await self.health(request)

        return routes

    def _allowed(self, request: Request) -> bool:
        given = request.headers.get(SECRET_HEADER, "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._secret)

    async def turn(self, request: Request) -> HTTPResponse:
        """200 with the reply; 400 not a turn; 403 wrong secret; 413 too large; 500 with a code when the bot failed."""
        if not self._allowed(request):
            return _error(403, "forbidden")
        if len(request.body) > LARGEST:
            return _error(413, "too_large")
        try:
            turn = read_turn(request.body)
        except InvalidTurn as error:
            return _error(400, f"invalid_{error.field}")
        try:
            return response.json(await request.app.ctx.processor.turn(turn))
        except TurnFailed as error:
            logger.error(  # noqa: TRY400 (a traceback would show what the person wrote)
                "turn %s of conversation %s failed: %s: %s",
                turn.turn_id,
                turn.conversation_id,
                error.code,
                describe(error),
            )
            return _error(500, error.code)

    async def health(self, request: Request) -> HTTPResponse:
        """Ready means: the model is loaded and the tracker's database answers."""
        if not self._allowed(request):
            return _error(403, "forbidden")
        ready = request.app.ctx.processor.tracker_store.ready()
        return response.json({"ready": ready, "model": request.app.ctx.model}, status=200 if ready else 503)


def _error(status: int, code: str) -> HTTPResponse:
    return response.json({"error": code}, status=status)
