"""`waymark templates`: the one message that may open a WhatsApp conversation, and what WhatsApp thinks of it in each language."""

from typing import IO, Literal

from app.bootstrap import make_rooms
from core.settings import Settings
from gateway.templates import refresh, standings_of, submit


def templates(settings: Settings, action: Literal["list", "submit", "refresh"], out: IO[str]) -> int:
    """Do it and print the states; 1 while no language can be used: then no late answer reaches anybody. Raises ProviderError."""
    rooms = make_rooms(settings)
    try:
        if action == "submit":
            submit(rooms.gateway)
        if action == "refresh":
            refresh(rooms.gateway)
        found = standings_of(rooms.gateway)
    finally:
        rooms.close()
    for code, approval, reason in found:
        print(f"{code:<4} {approval}{f' ({reason})' if reason else ''}", file=out)
    return 0 if any(approval == "approved" for _, approval, _ in found) else 1
