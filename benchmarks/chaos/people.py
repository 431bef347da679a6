"""Who writes during the storm, and what: people with a conversation each, from one seed."""

import random
from dataclasses import dataclass, field
from typing import Any

TEXTS = (
    "hello", "hi there", "1", "2", "3", "1", "2", "yes", "no", "1", "I need a doctor", "where can I sleep tonight",
    "I lost my papers",
    "my boss keeps my passport", "bonjour, j'ai besoin d'aide", "مرحبا", "I have two children with me",
    "ok", "thank you", "9", "i dont know",
    "???",
    "necesito un abogado", "২", "٣", "What happens with what I tell you?", "Casablanca", "Johannesburg",
)  # fmt: skip
DANGER = "he says he will kill me"
"""A phrase of the list `danger_now`: whoever writes it must have a case, whatever is dead at that moment."""
TOLD = 6
"""One person in so many writes it."""
HUMAN = "0"
"""Asks for a person in every state."""

SPECIAL: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.004, {"text": DANGER}),
    (0.004, {"text": HUMAN}),
    (0.01, {"location": {"latitude": 33.57, "longitude": -7.59}}),
    (0.01, {"media": "voice"}),
    (0.005, {"text": "STOP"}),
    (0.005, {"text": "START"}),
)
"""What is written now and then, and how often."""


@dataclass(slots=True)
class Person:
    """One phone. `number` lies in Twilio's range for tests."""

    number: str
    channel: str
    script: list[dict[str, Any]]
    sent: list[str] = field(default_factory=list)
    """Ids of what was written, in order."""
    danger: list[str] = field(default_factory=list)
    """Those of them that told of danger."""


def people(conversations: int, messages: int, dice: random.Random) -> list[Person]:
    """So many people who write so many messages between them, each at least one."""
    made = [
        Person(f"+1500{5_560_000 + index:07d}", "whatsapp" if dice.random() < 0.3 else "sms", [])
        for index in range(conversations)
    ]
    for index in range(messages):
        person = made[index] if index < conversations else dice.choice(made)
        person.script.append(_message(person, dice))
    # Chance alone would leave a small storm without anybody in danger.
    for person in made[::TOLD]:
        person.script[len(person.script) // 3] = {"text": DANGER}
    return made


def _message(person: Person, dice: random.Random) -> dict[str, Any]:
    roll = dice.random()
    for share, what in SPECIAL:
        if roll < share:
            return what if person.channel == "whatsapp" or "location" not in what else {"text": HUMAN}
        roll -= share
    return {"text": dice.choice(TEXTS)}
