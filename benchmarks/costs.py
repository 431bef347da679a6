"""What a conversation costs: messages and SMS segments of a few ways through the questions, in every enabled language.

The ways are played through the assistant's own dialogue and the gateway's own rendering, with one invented service; no figure is typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from bot.actions.dialogue import interrupt, is_interrupt, say_next, take
from bot.actions.memory import MemoryWorld
from bot.actions.state import Event, State
from bot.actions.world import Service
from core.catalogues import Catalogues
from core.languages import load_languages
from core.settings import PROJECT, read_settings
from core.turns import Say
from gateway.rendering import Manner, render
from gateway.segments import count_segments
from gateway.wording import CatalogueWording

PRICES = (0.01, 0.05, 0.10)
"""Prices of a segment out, in any currency: two-way SMS costs from one to ten cents in the countries of the programmes."""

CORE = {
    "safe": "yes", "danger": "no", "consent": "agree", "shared_phone": "no", "for_whom": "me", "under_18": "no", "medical": "no",
    "place": "skip", "needs": "food_cash", "block_2": "no", "contact": "write_here", "contact_time": "evening", "contact_gender": "any",
    "safe_word": "skip",
}  # fmt: skip
"""Q0 to Q8 and Q20 to Q22, with one need."""

WAYS: Mapping[str, Mapping[str, str]] = {
    "core path, a person writes": CORE,
    "with the questions about work": CORE | {
        "block_2": "yes", "can_leave": "yes", "papers_kept": "no", "unpaid": "no", "threatened": "no", "promise_broken": "no",
        "made_to": "no",
    },
    "information only": {"safe": "yes", "danger": "no", "consent": "no", "place": "skip", "needs": "food_cash", "anything_else": "finish"},
    "danger": {"safe": "yes", "danger": "yes"},
    "not safe": {"safe": "no"},
}  # fmt: skip


@dataclass(slots=True)
class Cost:
    """Messages and segments of one way in one language."""

    messages_out: int = 0
    segments_out: int = 0
    messages_in: int = 0
    said: list[str] = field(default_factory=list)


def walk(code: str, answers: Mapping[str, str], wording: CatalogueWording, service: Service) -> Cost:
    """Play one way by SMS. Raises ValueError when a question comes that the way has no answer for."""
    world = MemoryWorld(countries=("ZA",), listed={"food_cash": [service]}, numbers={"ZA": "100"})
    manner = Manner(code, "sms", UTC, datetime(2026, 1, 5, 12, 0, tzinfo=UTC))
    cost, slots = Cost(), dict[str, Any]()
    event: Event | None = Event("greet", text="hello", language=code)
    while event is not None:
        state = State.from_slots(slots)
        step = interrupt if is_interrupt(state, event, world) else take
        items = step(state, event, world) + say_next(state, event, world)
        slots = state.slots()
        cost.messages_in += 1
        question = None
        for item in items:
            if "say" not in item:
                continue
            for part in render(Say.model_validate(item), manner, wording):
                cost.messages_out += 1
                cost.segments_out += count_segments(part.body).segments
            cost.said.append(item["say"])
            question = item["question"] or question
        if question is not None and question not in answers:
            raise ValueError(f"the way has no answer to {question}")
        event = Event("answer", question=question, value=answers[question], language=code) if question else None
    return cost


def measure(codes: tuple[str, ...]) -> dict[str, dict[str, Cost]]:
    """Way to language to cost."""
    languages = load_languages(codes)
    wording = CatalogueWording(languages, Catalogues.load(PROJECT / "locale", codes))
    return {
        way: {code: walk(code, answers, wording, _service(code)) for code in codes} for way, answers in WAYS.items()
    }


def section() -> list[str]:
    """The part of the report: a table of segments, and the price as a function of the price of a segment."""
    codes = read_settings().languages
    costs = measure(codes)
    lines = [
        "## What a conversation costs",
        "",
        "Messages the person gets by SMS and the segments they are paid for, with one service shown; the person's own messages come on",
        "top, one for each of theirs. Each cell: messages / segments.",
        "",
        f"| way | {' | '.join(codes)} |",
        f"|---|{'---|' * len(codes)}",
    ]
    for way, by_language in costs.items():
        cells = (f"{by_language[code].messages_out} / {by_language[code].segments_out}" for code in codes)
        lines.append(f"| {way} | {' | '.join(cells)} |")
    lines += [
        "",
        "Price of the core path = segments out x price of a segment out (+ messages in x price in):",
        "",
        f"| price of a segment | {' | '.join(codes)} |",
        f"|---|{'---|' * len(codes)}",
    ]
    core = next(iter(costs.values()))
    for price in PRICES:
        lines.append(f"| {price:.2f} | {' | '.join(f'{core[code].segments_out * price:.2f}' for code in codes)} |")
    first = core[codes[0]]
    return [*lines, "", f"The core path takes {first.messages_in} messages of the person.", ""]


def _service(code: str) -> Service:
    kinds = yaml.safe_load((PROJECT / "directory" / "data" / "examples" / "kinds.yml").read_text(encoding="utf-8"))
    texts = kinds["food"]["texts"]
    name = texts.get(code, texts["en"])["name"].replace("{city}", "Johannesburg")
    values = {
        "name": name,
        "distance_km": 2.4,
        "hours": "",
        "notes": "",
        "phones": "+27000000000",
        "address": "1 Example Street",
        "languages": "",
    }
    return Service("example", values, is_example=True)
