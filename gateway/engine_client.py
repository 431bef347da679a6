"""The one way to the dialogue engine: a turn in, a reply out, on loopback. What comes back is untrusted: every field is checked."""

import json
import time
from typing import Protocol

import httpx
from pydantic import ValidationError

from core.settings import Settings
from core.turns import TurnReply, TurnRequest
from gateway.errors import EngineError

MAX_REPLY = 256 * 1024
_PAUSE = 0.2


class DialogueEngine(Protocol):
    """Decides what is said next."""

    def turn(self, request: TurnRequest) -> TurnReply:
        """One turn. The same turn_id again gives the same reply. Raises EngineError, and nothing else."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class HttpEngine:
    """Rasa behind its channel of ours. A process that is just restarting is waited for until the timeout; then it counts as down."""

    def __init__(self, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> None:
        secret = settings.engine_secret.get_secret_value() if settings.engine_secret else ""
        self._seconds = settings.engine_timeout.total_seconds()
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{settings.port_of('engine')}",
            headers={"X-Waymark-Secret": secret, "Content-Type": "application/json"},
            timeout=self._seconds,
            trust_env=False,  # a proxy in the environment must not see what people write
            follow_redirects=False,
            transport=transport,
        )

    def turn(self, request: TurnRequest) -> TurnReply:
        deadline = time.monotonic() + self._seconds
        body = request.model_dump_json().encode()
        while True:
            try:
                return self._parse(request, self._post(body, deadline))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if time.monotonic() + _PAUSE >= deadline:
                    raise EngineError("down") from None
                time.sleep(_PAUSE)
            except httpx.TimeoutException:
                raise EngineError("timeout") from None
            except httpx.HTTPError:
                raise EngineError("down") from None

    def close(self) -> None:
        self._client.close()

    def _post(self, body: bytes, deadline: float) -> bytes:
        left = max(0.05, deadline - time.monotonic())
        with self._client.stream("POST", "/webhooks/waymark/turn", content=body, timeout=left) as response:
            if response.status_code != httpx.codes.OK:
                raise EngineError("refused")
            received = bytearray()
            for chunk in response.iter_bytes():
                received += chunk
                if len(received) > MAX_REPLY:
                    raise EngineError("too_large")
                # The client's timeout is for each read: a reply that trickles would hold the conversation for ever.
                if time.monotonic() > deadline:
                    raise EngineError("timeout")
            return bytes(received)

    @staticmethod
    def _parse(request: TurnRequest, raw: bytes) -> TurnReply:
        try:
            reply = TurnReply.model_validate(json.loads(raw))
        except (ValidationError, ValueError, RecursionError):
            # `from None`: the text of a validation error quotes what it refuses.
            raise EngineError("garbage") from None
        if reply.turn_id != request.turn_id:
            raise EngineError("garbage")
        return reply
