"""A dialogue engine in memory, for tests and for trying the channels without Rasa: it says what it was told to say."""

from collections.abc import Callable, Sequence
from uuid import UUID

from core.turns import Item, TurnReply, TurnRequest, Understood
from gateway.errors import EngineError

Step = Sequence[Item] | EngineError | Callable[[TurnRequest], Sequence[Item]]


class ScriptedEngine:
    """Plays its steps, one a turn, in order; then raises EngineError("empty"). A repeated turn gets the same reply."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[TurnRequest] = []
        self._said: dict[UUID, TurnReply] = {}

    def close(self) -> None:
        """There is nothing to give back."""

    def turn(self, request: TurnRequest) -> TurnReply:
        self.requests.append(request)
        if request.turn_id in self._said:
            return self._said[request.turn_id]
        if not self.steps:
            raise EngineError("empty")
        step = self.steps.pop(0)
        if isinstance(step, EngineError):
            raise step
        output = step(request) if callable(step) else step
        reply = TurnReply(
            turn_id=request.turn_id, understood=Understood(intent="other", confidence=0.0), output=tuple(output)
        )
        self._said[request.turn_id] = reply
        return reply
