"""The one way to the dialogue engine: a turn in, a reply out, on loopback. What comes back is untrusted: every field is checked."""

import itertools
import json
import threading
import time
from collections import Counter
from typing import Protocol

import httpx
from pydantic import ValidationError

from core.settings import Settings
from core.turns import TurnReply, TurnRequest
from gateway.errors import EngineError

MAX_REPLY = 256 * 1024
_PAUSE = 0.2
_CONNECT = 1.0


class DialogueEngine(Protocol):
    """Decides what is said next."""

    def turn(self, request: TurnRequest) -> TurnReply:
        """One turn. The same turn_id again gives the same reply. Raises EngineError, and nothing else."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class HttpEngine:
    """Rasa behind its channel of ours. Of several processes any answers any conversation: they share what they remember.

    A process that is just restarting is waited for until the timeout, if no other answers; then the bot counts as down.
    """

    def __init__(self, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> None:
        secret = settings.engine_secret.get_secret_value() if settings.engine_secret else ""
        self._seconds = settings.engine_timeout.total_seconds()
        self._engines = [f"{each}/webhooks/waymark/turn" for each in settings.engine_addresses()]
        self._under_way: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._first = itertools.count()
        self._client = httpx.Client(
            headers={"X-Waymark-Secret": secret, "Content-Type": "application/json"},
            timeout=self._seconds,
            trust_env=False,  # a proxy in the environment must not see what people write
            follow_redirects=False,
            transport=transport,
        )

    def turn(self, request: TurnRequest) -> TurnReply:
        deadline = time.monotonic() + self._seconds
        body = request.model_dump_json().encode()
        broke = False
        while True:
            for engine in self._in_turn():
                try:
                    return self._parse(request, self._post(engine, body, deadline))
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    continue
                except httpx.TimeoutException:
                    raise EngineError("timeout") from None
                except httpx.HTTPError:
                    # It died with the turn. A turn may be asked for again, but one that kills must not kill all of them, one by one.
                    if broke:
                        raise EngineError("down") from None
                    broke = True
            if time.monotonic() + _PAUSE >= deadline:
                raise EngineError("down")
            time.sleep(_PAUSE)

    def _in_turn(self) -> list[str]:
        """The engines in the order in which to ask: the one with the fewest turns of ours first, by turns where they are even."""
        first = next(self._first) % len(self._engines)
        return sorted(self._engines[first:] + self._engines[:first], key=lambda engine: self._under_way[engine])

    def close(self) -> None:
        self._client.close()

    def _post(self, engine: str, body: bytes, deadline: float) -> bytes:
        self._count(engine, 1)
        try:
            return self._read(engine, body, deadline)
        finally:
            self._count(engine, -1)

    def _count(self, engine: str, more: int) -> None:
        with self._counting:
            self._under_way[engine] += more

    def _read(self, engine: str, body: bytes, deadline: float) -> bytes:
        left = max(0.05, deadline - time.monotonic())
        # A machine that is gone does not refuse, it is silent: the other must be asked in time.
        patience = httpx.Timeout(left, connect=min(left, _CONNECT))
        with self._client.stream("POST", engine, content=body, timeout=patience) as response:
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
