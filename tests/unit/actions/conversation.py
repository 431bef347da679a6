"""A conversation without Rasa: the actions' steps in the order in which the form and the rules call them."""

from dataclasses import dataclass, field
from typing import Any

from bot.actions.dialogue import interrupt, is_interrupt, say_next, take
from bot.actions.memory import MemoryWorld
from bot.actions.state import Event, State
from bot.actions.world import Place, Service

SMALLVILLE = Place("p1", "Smallville, North", "BR", -23.5, -46.6)
SMALLVILLE_SOUTH = Place("p2", "Smallville, South", "BR", -30.0, -51.2)
TOWN_CALLED_STOP = Place("p9", "Stop, North", "BR", -23.0, -46.0)
CLINIC = Service("s1", {"name": "Example clinic", "distance_km": 1.2}, is_example=True)
HOUSE = Service("s2", {"name": "Example house"}, is_example=True)


def world(**values: Any) -> MemoryWorld:
    return MemoryWorld(
        **{
            "places": {"smallville": [SMALLVILLE, SMALLVILLE_SOUTH], "stop": [TOWN_CALLED_STOP]},
            "listed": {"health": [CLINIC], "shelter": [HOUSE]},
            "numbers": {"BR": "100"},
        }
        | values
    )


@dataclass
class Conversation:
    """Keeps the state as Rasa would: through the slots, after each turn."""

    world: MemoryWorld = field(default_factory=world)
    language: str | None = "en"
    slots: dict[str, Any] = field(default_factory=dict)
    last: list[dict[str, Any]] = field(default_factory=list)

    @property
    def state(self) -> State:
        return State.from_slots(self.slots)

    def turn(self, intent: str, **values: Any) -> list[dict[str, Any]]:
        state = self.state
        event = Event(intent, language=self.language, **values)
        step = interrupt if is_interrupt(state, event, self.world) else take
        self.last = step(state, event, self.world) + say_next(state, event, self.world)
        self.slots = state.slots()
        for item in self.last:
            if item.get("do") == "set_language":
                self.language = item["language"]
        return self.last

    def pick(self, value: str, question: str | None = None) -> list[dict[str, Any]]:
        return self.turn("answer", question=question or self.question, value=value)

    def write(self, text: str, intent: str = "other", **values: Any) -> list[dict[str, Any]]:
        return self.turn(intent, text=text, **({"confidence": 0.7} | values))

    def answer(self, **answers: str) -> "Conversation":
        """Answer the questions in the order given; each must be the one now asked."""
        for question, value in answers.items():
            assert self.question == question, f"asked {self.question}, not {question}"
            self.pick(value)
        return self

    @property
    def question(self) -> str | None:
        asked = [item["question"] for item in self.last if item.get("question")]
        assert len(asked) <= 1, "two questions in one turn"
        return asked[0] if asked else None

    @property
    def offered(self) -> list[str]:
        """Values of the choices that the last turn's question offers."""
        return [choice["value"] for item in self.last if item.get("question") for choice in item["choices"]]

    @property
    def said(self) -> list[str]:
        """Keys said in the last turn; the introduction has a test of its own."""
        return [item["say"] for item in self.last if "say" in item and item["say"] != "say_intro"]

    @property
    def done(self) -> list[str]:
        return [item["do"] for item in self.last if "do" in item]

    def did(self, what: str) -> dict[str, Any]:
        return next(item for item in self.last if item.get("do") == what)


def begun(**values: Any) -> Conversation:
    conversation = Conversation(**values)
    conversation.write("hello", "greet")
    return conversation


SAFE = {
    "safe": "yes",
    "danger": "no",
    "consent": "agree",
    "shared_phone": "no",
    "for_whom": "me",
    "under_18": "no",
    "medical": "no",
}
